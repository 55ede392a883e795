package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
)

// timeOut is how long a time-out lasts.
const timeOut = time.Hour

// atOnce is how many cases are shown before the rest is folded away.
const atOnce = 5

// What the buttons do: those always in sight, those for rarer days, and those about the
// person who wrote.
var (
	oftenDos  = []moderate.Do{moderate.DoHide, moderate.DoRemove, moderate.DoSpam, moderate.DoApprove, moderate.DoReject}
	heldDos   = []moderate.Do{moderate.DoApprove, moderate.DoReject, moderate.DoSpam, moderate.DoHide, moderate.DoRemove}
	rareDos   = []moderate.Do{moderate.DoUnhide, moderate.DoRestore, moderate.DoUnspam, moderate.DoHold, moderate.DoLock, moderate.DoUnlock, moderate.DoPin, moderate.DoUnpin, moderate.DoReport, moderate.DoPurge}
	personDos = []moderate.Do{moderate.DoWarn, moderate.DoMute, moderate.DoTimeOut, moderate.DoLimit, moderate.DoBan, moderate.DoBlock}
	reportDos = []moderate.Do{moderate.DoResolve, moderate.DoAssign}
)

// A button is one act that can be done to something, or why it cannot.
type button struct {
	Do moderate.Do
	// Field is the form field that names what it is done to: "on", "person" or "report".
	Field string
	Label string
	Can   parvis.Support
	// Undo tells that it can be taken back.
	Undo bool
}

// Grave tells that it cannot be taken back.
func (b button) Grave() bool { return b.Can.OK() && !b.Undo }

// Hint is the button's title.
func (b button) Hint() string {
	if !b.Can.OK() {
		return "Not possible here: " + b.Can.Why
	}
	hint := "Cannot be undone"
	if b.Undo {
		hint = "Can be undone"
	}
	if b.Can.Why != "" {
		hint += "; only " + b.Can.Why
	}
	return hint
}

// buttons are those for things of the kind on, which the form field names.
func buttons(sup moderate.Support, field string, on parvis.Kind, dos []moderate.Do) []button {
	var bs []button
	for _, do := range dos {
		b := button{Do: do, Field: field, Label: strings.ToUpper(string(do[:1])) + string(do[1:]), Can: sup.Can(do, on)}
		for _, a := range sup.Actions {
			b.Undo = b.Undo || a.Do == do && a.Undo && slices.Contains(a.On, on)
		}
		if do == moderate.DoTimeOut {
			b.Label += " 1 h"
		}
		bs = append(bs, b)
	}
	return bs
}

// A ruling is something that can be moderated, with its buttons.
type ruling struct {
	Account *Account
	Item    *Item          // what was said, or
	Case    *moderate.Case // what the network keeps for a decision
	On      parvis.Ref
	Person  parvis.Person
	Often   []button
	Report  []button
	Rare    []button
	People  []button
	Done    []Done
	CSRF    string
	Client  *Client
	Query   string // the filter of the page
}

// A moderationBody is what the moderation page shows.
type moderationBody struct {
	Comments []ruling
	Pending  []ruling
	Later    []ruling // pending too, but folded away
	Silent   []health // accounts that did not say what is pending
	Acts     []Done
	Log      []parvis.Record
	Network  string
	Query    string
}

// Waiting is how much waits for a decision.
func (b moderationBody) Waiting() int { return len(b.Pending) + len(b.Later) }

func (s *server) moderationPage(v visit) error {
	ctx, f := v.r.Context(), filterOf(v.r)
	acts := v.client.Book.Acts()
	body := moderationBody{Acts: acts[:min(12, len(acts))], Log: v.client.Book.Records(40), Network: f.Network, Query: f.Query()}
	sups := map[*Account]moderate.Support{}
	for _, a := range v.client.Accounts() {
		sup, err := moderate.SupportOf(ctx, a, parvis.Place{})
		sups[a] = sup
		if err == nil && f.match(Item{Account: a}) {
			body.Pending, err = v.pending(ctx, a, sup, body.Pending)
		}
		if err != nil {
			body.Silent = append(body.Silent, health{Account: a, Trouble: explain(err)})
		}
	}
	waits := map[parvis.Ref]bool{}
	for _, r := range body.Pending {
		waits[r.On] = r.Case.Why == "held"
	}
	if len(body.Pending) > atOnce {
		body.Pending, body.Later = body.Pending[:atOnce], body.Pending[atOnce:]
	}
	comments, _ := v.client.Feed.Newest(40, func(i Item) bool {
		const kinds = listen.Reply | listen.Comment | listen.Mention | listen.Post
		return !waits[i.Event.Ref] && !i.Mine && !i.Gone && kinds&i.Event.Kind != 0 && (f.Network == "" || f.Network == i.Account.Key())
	})
	for _, it := range comments {
		r := v.ruling(it.Account, sups[it.Account], it.Event.Ref, it.Event.Author)
		r.Item = &it
		for _, d := range acts {
			if d.Act.Action.On == it.Event.Ref {
				r.Done = append(r.Done, d)
			}
		}
		body.Comments = append(body.Comments, r)
	}
	return s.render(v, http.StatusOK, "moderation", "Moderation", body)
}

// ruling is what can be done about on, said by the person by.
func (v visit) ruling(a *Account, sup moderate.Support, on parvis.Ref, by parvis.Person) ruling {
	return ruling{
		Account: a, On: on, Person: by, Often: buttons(sup, "on", on.Kind, oftenDos), Rare: buttons(sup, "on", on.Kind, rareDos),
		People: buttons(sup, "person", parvis.KindPerson, personDos), CSRF: v.sess.csrf, Client: v.client, Query: filterOf(v.r).Query(),
	}
}

// pending adds to rs what a's network keeps for a decision.
func (v visit) pending(ctx context.Context, a *Account, sup moderate.Support, rs []ruling) ([]ruling, error) {
	if !sup.Pending.OK() {
		return rs, nil
	}
	for c, err := range moderate.PendingIn(ctx, a, parvis.Place{}) {
		if err != nil {
			return rs, err
		}
		r := v.ruling(a, sup, c.On, c.Author)
		r.Case, r.Often = &c, buttons(sup, "on", c.On.Kind, heldDos)
		if c.Ref.Kind == parvis.KindReport {
			r.Report = buttons(sup, "report", parvis.KindReport, reportDos)
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// undoable is an act with what its Undo button needs.
func undoable(d Done, p page, item string) map[string]any {
	return map[string]any{"Done": d, "Page": p, "Item": item}
}

// act does one thing to what was said, to who said it, or to a report about it.
func (s *server) act(v visit) error {
	a, err := v.account()
	if err != nil {
		return err
	}
	f := v.r.PostForm
	field, do, _ := strings.Cut(f.Get("do"), ":")
	on, err := parvis.ParseRef(f.Get(field))
	if err != nil {
		return refusal{http.StatusBadRequest, "That is nothing that can be acted on."}
	}
	action := moderate.Action{
		Do: moderate.Do(do), On: on, Actor: v.sess.Who(),
		Reason: moderate.Because(strings.TrimSpace(f.Get("why"))),
	}
	if action.Do == moderate.DoTimeOut {
		action.Until = time.Now().Add(timeOut)
	}
	ctx, cancel := v.doing()
	defer cancel()
	act, err := moderate.Apply(ctx, a, action)
	if err != nil {
		v.client.failed(a, action, err)
		return v.judged(flash{Text: "“" + do + "” was not done.", Trouble: explain(err)})
	}
	v.client.did(act)
	text := "Done: " + do + "."
	if act.Inverse == nil {
		text += " It cannot be undone."
	}
	return v.judged(flash{Text: text})
}

// undo takes an act back, once.
func (s *server) undo(v visit) error {
	act, giveBack, ok := v.client.Book.TakeBack(v.r.PostForm.Get("act"))
	if !ok {
		return refusal{http.StatusNotFound, "There is nothing to undo any more."}
	}
	a, ok := v.client.Acting(act.Account)
	if !ok {
		return refusal{http.StatusNotFound, "This client has no such account."}
	}
	if act.Inverse != nil {
		inverse := *act.Inverse
		inverse.Actor = v.sess.Who()
		act.Inverse = &inverse
	}
	ctx, cancel := v.doing()
	defer cancel()
	undone, err := moderate.Undo(ctx, a, act)
	if err != nil {
		giveBack()
		v.client.failed(a, moderate.Action{Do: "undo " + act.Action.Do, On: act.Action.On, Actor: v.sess.Who()}, err)
		return v.judged(flash{Text: "It was not undone.", Trouble: explain(err)})
	}
	v.client.Book.Record(undone.Record(), v.sess.Who())
	v.client.Feed.Touch(undone.Action.On, undone.After)
	return v.judged(flash{Text: "Undone: " + string(act.Action.Do) + "."})
}

// judged goes back to the moderation page as it was filtered, and to the item that the
// form was at.
func (v visit) judged(f flash) error {
	to := "moderation" + filterOf(v.r).Query()
	if item := v.r.PostForm.Get("item"); item != "" {
		to += "#" + url.PathEscape(item)
	}
	return v.back(to, f)
}

// did notes an act that was done.
func (c *Client) did(act moderate.Act) {
	c.Book.Record(act.Record(), act.Action.Actor)
	c.Feed.Touch(act.Action.On, act.After)
	c.Book.Did(act)
}

// failed notes an act that was not done, or perhaps was.
func (c *Client) failed(a *Account, action moderate.Action, err error) {
	r := moderate.Act{Action: action, Account: a.Account(), Time: time.Now()}.Record()
	r.Outcome, r.Detail = string(parvis.CodeOf(err)), err.Error()
	c.Book.Record(r, action.Actor)
}
