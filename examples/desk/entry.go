package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// An entryBody is what the page of one entry shows.
type entryBody struct {
	Progress progress
	Comments []outbox.Comment
	Stream   string
	At       string // its time for the form
	Form     composeForm
	// What can be done with it.
	Submit, Cancel, Withdraw, Movable, Editable bool
	Accounts                                    []*Account
	Langs                                       []string
}

// A progress is the part of an entry's page that goes on by itself.
type progress struct {
	Entry     outbox.Entry
	When      string // on the wall of the desk; empty if it has no time
	Client    *Client
	CSRF      string
	Approvals []outbox.Approval
	Missing   []outbox.Rule
	Items     map[string][]publish.Draft // exactly what goes out, by target
	Posts     map[string][]candidate     // of targets that are unknown
}

// A candidate is a post of the account that may be the one that nobody knows about.
type candidate struct {
	Ref  parvis.Ref
	Text string
}

// progress reads how an entry stands.
func (s *server) progress(v visit, id string) (progress, error) {
	ctx, cal := v.r.Context(), s.calendar(v)
	p := progress{Client: v.client, CSRF: v.sess.csrf, Items: map[string][]publish.Draft{}, Posts: map[string][]candidate{}}
	var err error
	if p.Entry, err = cal.Get(ctx, id); err == nil {
		p.Approvals, err = cal.Approvals(ctx, id)
	}
	if err == nil {
		p.Missing, err = cal.Missing(ctx, id)
	}
	if err != nil {
		return p, notThere(err)
	}
	p.When = s.desk.planner.wall(p.Entry.At)
	for _, t := range p.Entry.Targets {
		if p.Items[t.ID], err = cal.Items(ctx, id, t.ID); err != nil {
			return p, err
		}
		if t.State == outbox.Unknown {
			p.Posts[t.ID] = candidates(v.client, t.Account)
		}
	}
	return p, nil
}

// notThere says in the words of the desk that the client has no such entry.
func notThere(err error) error {
	if errors.Is(err, parvis.ErrNotFound) {
		return refusal{http.StatusNotFound, "This client has no such entry on its calendar."}
	}
	return err
}

// candidates are the last posts of an account on its network, the newest first.
func candidates(c *Client, a parvis.Account) []candidate {
	own, ok := c.Acting(a)
	if !ok {
		return nil
	}
	var cs []candidate
	for _, p := range slices.Backward(own.Net.Posts()) {
		if p.Author.Handle == own.Handle() && len(cs) < 5 {
			text, _, _ := strings.Cut(p.Text.Plain, "\n")
			cs = append(cs, candidate{p.Ref, text})
		}
	}
	return cs
}

func (s *server) entryPage(v visit) error {
	id := v.r.PathValue("id")
	seq := v.client.Live.Seq()
	p, err := s.progress(v, id)
	if err != nil {
		return err
	}
	body := entryBody{Progress: p, Stream: v.stream(seq, id), Langs: langs, Accounts: v.client.Accounts(), Form: formOf(p.Entry)}
	if body.Comments, err = s.calendar(v).Comments(v.r.Context(), id); err != nil {
		return err
	}
	e := p.Entry
	if !e.At.IsZero() {
		body.At = e.At.In(s.desk.planner.at).Format(localTime)
	}
	waits := slices.ContainsFunc(e.Targets, func(t outbox.Target) bool {
		return t.State != outbox.Cancelled && len(t.Posts) == 0 && t.State != outbox.Sending && t.State != outbox.Unknown
	})
	out := slices.ContainsFunc(e.Targets, func(t outbox.Target) bool { return len(t.Posts) > 0 && t.State != outbox.Withdrawn })
	body.Submit = e.State == outbox.Draft
	body.Cancel, body.Withdraw = waits, out
	body.Movable = !s.chip(v.client, e).Fixed()
	body.Editable = body.Movable || e.State == outbox.Published
	return s.render(v, http.StatusOK, "entry", brief(e), body)
}

var langs = []string{"fr", "en", "de", "es"}

// formOf is an entry as the form shows it.
func formOf(e outbox.Entry) composeForm {
	d := e.Draft
	return composeForm{Text: d.Text, Title: d.Title, Link: d.Link, Lang: d.Lang, Tags: strings.Join(d.Tags, ", ")}
}

// A newBody is what the page for a new post shows.
type newBody struct {
	Form     composeForm
	Accounts []*Account
	At       string
	Note     string
	Langs    []string
}

// newPage is the form for a post on a day.
func (s *server) newPage(v visit) error {
	body := newBody{Form: composeForm{Lang: "fr", To: map[string]bool{}}, Accounts: v.client.Accounts(), Langs: langs}
	for _, a := range body.Accounts {
		body.Form.To[a.Key()] = true
	}
	if d, err := time.Parse(time.DateOnly, v.r.URL.Query().Get("day")); err == nil {
		body.At = d.Format(time.DateOnly) + "T10:00"
	}
	v.sess.keep(nil)
	return s.render(v, http.StatusOK, "plan", "New post", body)
}

// addEntry puts a post on the calendar, or keeps it as a draft.
func (s *server) addEntry(v visit) error {
	f, err := composeOf(v)
	if err != nil {
		return err
	}
	p, err := planOf(v, f)
	if err != nil {
		return err
	}
	ctx, cancel := v.doing()
	defer cancel()
	cal := s.calendar(v)
	put := cal.Add
	if v.r.PostForm.Get("do") == "save" {
		put = cal.Save
	}
	e, err := put(ctx, p)
	if err != nil {
		v.sess.say(flash{Text: "It is not on the calendar.", Trouble: explain(err)})
		f.Image = v.sess.kept()
		return s.render(v, http.StatusOK, "plan", "New post", newBody{
			Form: f, Accounts: v.client.Accounts(), At: v.r.PostForm.Get("at"), Note: p.Note, Langs: langs,
		})
	}
	v.sess.keep(nil)
	v.client.Live.Touch(e.ID)
	return v.back("calendar/"+e.ID, flash{Text: added[e.State]})
}

// added says what has become of a new post.
var added = map[outbox.State]string{
	outbox.Draft:     "It is kept as a draft.",
	outbox.Review:    "It waits for somebody else’s approval.",
	outbox.Approved:  "It is approved, and has no time yet.",
	outbox.Scheduled: "It is on the calendar.",
}

// planOf is the form as a plan.
func planOf(v visit, f composeForm) (outbox.Plan, error) {
	d, err := f.Draft()
	if err != nil {
		return outbox.Plan{}, err
	}
	d.Key = ""
	p := outbox.Plan{Draft: titled(d), Note: v.r.PostForm.Get("note")}
	if p.When, err = whenOf(v.r.PostForm.Get("at")); err != nil {
		return p, err
	}
	for _, a := range v.client.Accounts() {
		if f.To[a.Key()] {
			p.Targets = append(p.Targets, outbox.To(a.Account()))
		}
	}
	return p, nil
}

// editEntry changes what an entry says; approvals of what it said before hold no more.
func (s *server) editEntry(v visit) error {
	id := v.r.PathValue("id")
	f, err := composeOf(v)
	if err != nil {
		return err
	}
	d, err := f.Draft()
	if err != nil {
		return err
	}
	return s.decide(v, "calendar/"+id, "Changed.", func(ctx context.Context, cal *outbox.Client) error {
		e, err := cal.Get(ctx, id)
		if err != nil {
			return err
		}
		p := e.Plan
		p.Draft.Text, p.Draft.Title, p.Draft.Link, p.Draft.Lang, p.Draft.Tags = d.Text, d.Title, d.Link, d.Lang, d.Tags
		p.Draft = titled(p.Draft)
		_, err = cal.Edit(ctx, id, p)
		return err
	})
}

// entryActs are what people do with an entry by one button, and what is said afterwards.
var entryActs = map[string]struct {
	done string
	do   func(context.Context, *outbox.Client, string, actForm) error
}{
	"submit": {"It is on its way.", func(ctx context.Context, c *outbox.Client, id string, _ actForm) error {
		return second(c.Submit(ctx, id))
	}},
	"approve": {"Approved.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.Approve(ctx, id, f.hash))
	}},
	"changes": {"It goes back to its author.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.RequestChanges(ctx, id, f.hash, f.text))
	}},
	"comment": {"Noted.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.Comment(ctx, id, f.text))
	}},
	"cancel": {"It is off the calendar.", func(ctx context.Context, c *outbox.Client, id string, _ actForm) error {
		return second(c.Cancel(ctx, id))
	}},
	"withdraw": {"It is being taken back.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.Withdraw(ctx, id, f.text))
	}},
	"retry": {"It is tried again.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.Retry(ctx, id, f.target))
	}},
	"resend": {"It is sent again.", func(ctx context.Context, c *outbox.Client, id string, f actForm) error {
		return second(c.Resolve(ctx, id, f.target, outbox.Resolution{}))
	}},
	"found": {"So it is out.", found},
}

// An actForm is what such a button brings along.
type actForm struct{ hash, text, target, ref string }

// second is the error of a call that also returns something.
func second[T any](_ T, err error) error { return err }

// found settles a target whose post somebody has found on the network.
func found(ctx context.Context, c *outbox.Client, id string, f actForm) error {
	ref, err := parvis.ParseRef(strings.TrimSpace(f.ref))
	if err != nil || ref.IsZero() {
		return &parvis.Error{Code: parvis.ErrInvalid, Message: "that is no reference of a post", Help: "choose one of the list"}
	}
	return second(c.Resolve(ctx, id, f.target, outbox.Resolution{Out: true, Ref: ref}))
}

// actOn does one of entryActs, and goes back to the page that it was asked on.
func (s *server) actOn(v visit) error {
	id, form := v.r.PathValue("id"), v.r.PostForm
	act, ok := entryActs[form.Get("do")]
	if !ok {
		return refusal{http.StatusBadRequest, "There is no such act."}
	}
	to := "calendar/" + id
	if form.Get("from") == "calendar" {
		to = "calendar"
	}
	f := actForm{form.Get("hash"), strings.TrimSpace(unix(form.Get("text"))), form.Get("target"), form.Get("ref")}
	return s.decide(v, to, act.done, func(ctx context.Context, cal *outbox.Client) error { return act.do(ctx, cal, id, f) })
}
