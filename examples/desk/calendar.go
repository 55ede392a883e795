package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish/outbox"
)

// monthForm is how addresses name a month.
const monthForm = "2006-01"

// A chip is an entry as the calendar shows it.
type chip struct {
	outbox.Entry
	Client     *Client
	Day, Clock string // on the wall of the desk; empty if it has no time
}

func (s *server) chip(c *Client, e outbox.Entry) chip {
	ch := chip{Entry: e, Client: c}
	if !e.At.IsZero() {
		at := e.At.In(s.desk.planner.at)
		ch.Day, ch.Clock = at.Format(time.DateOnly), at.Format("15:04")
	}
	return ch
}

// signs tell states apart for those who do not see colours.
var signs = map[outbox.State]string{
	outbox.Draft: "✎", outbox.Review: "◔", outbox.Approved: "☑", outbox.Scheduled: "◷", outbox.Sending: "➤",
	outbox.Published: "✓", outbox.Pending: "…", outbox.Native: "⇪", outbox.Held: "‖", outbox.Failed: "✕",
	outbox.Unknown: "?", outbox.Cancelled: "⊘", outbox.Withdrawn: "↩",
}

func sign(s outbox.State) string { return signs[s] }

// Fixed tells that the post can no more be moved.
func (c chip) Fixed() bool {
	switch c.State {
	case outbox.Draft, outbox.Review, outbox.Approved, outbox.Scheduled, outbox.Native, outbox.Held:
		return false
	}
	return true
}

// Brief is the post on one line.
func (c chip) Brief() string { return brief(c.Entry) }

func brief(e outbox.Entry) string {
	s, _, _ := strings.Cut(strings.TrimSpace(cmp.Or(e.Draft.Title, e.Draft.Text, e.Draft.Link, "a picture")), "\n")
	if r := []rune(s); len(r) > 60 {
		s = string(r[:59]) + "…"
	}
	return s
}

// Networks are where it goes, each once.
func (c chip) Networks() []string { return networksOf(c.Entry) }

func networksOf(e outbox.Entry) (names []string) {
	for _, t := range e.Targets {
		if n := string(t.Account.Network); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// A day is one cell of the month.
type day struct {
	Date    time.Time
	Chips   []chip
	Outside bool // of the month
	Today   bool
	Past    bool
}

// Key is the day as addresses and the page's script name it.
func (d day) Key() string { return d.Date.Format(time.DateOnly) }

// A calendarBody is what the calendar page shows.
type calendarBody struct {
	Month          time.Time
	Before, After  string
	Weeks          [][]day
	Zone, Stream   string
	Side           side
	Client         *Client
	CSRF           string
	Scopes         []scope
	NewPost, Today string
}

// A side is what stands beside the month: what wants somebody, and what holds everything.
type side struct {
	Client    *Client
	CSRF      string
	Attention []outbox.Entry
	Pauses    []outbox.Pause
	Undated   []chip
	Log       []audit.Entry
}

// A scope is something that can be paused.
type scope struct{ Key, Label string }

// logLen is how many acts the calendar lists.
const logLen = 12

func (s *server) calendarPage(v visit) error {
	at := s.desk.planner.at
	now := time.Now().In(at)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, at)
	if asked := v.r.URL.Query().Get("month"); asked != "" {
		t, err := time.ParseInLocation(monthForm, asked, at)
		if err != nil || t.Year() < 1970 || t.Year() > 2100 {
			return refusal{http.StatusNotFound, "There is no such month."}
		}
		month = t
	}
	seq := v.client.Live.Seq() // before reading, so that nothing is missed
	weeks, err := s.weeks(v, month, now)
	if err != nil {
		return err
	}
	beside, err := s.side(v)
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "calendar", "Calendar", calendarBody{
		Month: month, Before: month.AddDate(0, -1, 0).Format(monthForm), After: month.AddDate(0, 1, 0).Format(monthForm),
		Weeks: weeks, Zone: zone, Stream: v.stream(seq, ""), Side: beside, Client: v.client, CSRF: v.sess.csrf,
		Scopes: scopes(v.client), Today: now.Format(time.DateOnly),
	})
}

// weeks are the weeks of a month, from Monday to Sunday, with what is on them.
func (s *server) weeks(v visit, month, now time.Time) ([][]day, error) {
	first := month.AddDate(0, 0, -int(month.Weekday()+6)%7)
	next := month.AddDate(0, 1, 0)
	last := next.AddDate(0, 0, (8-int(next.Weekday()))%7)
	entries, err := s.calendar(v).Entries(v.r.Context(), outbox.Query{From: first, To: last})
	if err != nil {
		return nil, err
	}
	on := map[string][]chip{}
	for _, e := range entries {
		if e.State != outbox.Cancelled {
			c := s.chip(v.client, e)
			on[c.Day] = append(on[c.Day], c)
		}
	}
	today := now.Format(time.DateOnly)
	var weeks [][]day
	for d := first; d.Before(last); d = d.AddDate(0, 0, 1) {
		if d.Weekday() == time.Monday {
			weeks = append(weeks, nil)
		}
		w := &weeks[len(weeks)-1]
		key := d.Format(time.DateOnly)
		*w = append(*w, day{Date: d, Chips: on[key], Outside: d.Month() != month.Month(), Today: key == today, Past: key < today})
	}
	return weeks, nil
}

// side reads what stands beside the month.
func (s *server) side(v visit) (side, error) {
	ctx, cal := v.r.Context(), s.calendar(v)
	b := side{Client: v.client, CSRF: v.sess.csrf}
	var err error
	if b.Attention, err = cal.Attention(ctx); err != nil {
		return b, err
	}
	if b.Pauses, err = cal.Pauses(ctx); err != nil {
		return b, err
	}
	waiting, err := cal.Entries(ctx, outbox.Query{States: []outbox.State{outbox.Draft, outbox.Review, outbox.Approved}})
	if err != nil {
		return b, err
	}
	for _, e := range waiting {
		if e.At.IsZero() {
			b.Undated = append(b.Undated, s.chip(v.client, e))
		}
	}
	for r, err := range s.desk.planner.trail.For(v.client.Slug).Records(ctx, audit.Query{Newest: true, Limit: logLen}) {
		if err != nil {
			return b, err
		}
		b.Log = append(b.Log, r)
	}
	return b, nil
}

// scopes are what of a client can be paused.
func scopes(c *Client) []scope {
	all := []scope{{"", "everything"}}
	for _, a := range c.Accounts() {
		if n := (scope{"network:" + a.Network(), "all on " + a.Network()}); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	for _, a := range c.Accounts() {
		all = append(all, scope{"account:" + a.Key(), a.Account().String()})
	}
	return all
}

// scopeOf finds what a key of scopes means.
func scopeOf(c *Client, key string) (outbox.Scope, error) {
	if !slices.ContainsFunc(scopes(c), func(s scope) bool { return s.Key == key }) {
		return outbox.Scope{}, refusal{http.StatusNotFound, "This client has nothing of the kind."}
	}
	if name, ok := strings.CutPrefix(key, "network:"); ok {
		return outbox.OnNetwork(parvis.Network(name)), nil
	}
	if name, ok := strings.CutPrefix(key, "account:"); ok {
		a, _ := c.Account(name)
		return outbox.OnAccount(a.Account()), nil
	}
	return outbox.Everything, nil
}

// pause stops what is about to go out, at once.
func (s *server) pause(v visit) error {
	at, err := scopeOf(v.client, v.r.PostForm.Get("scope"))
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(v.r.PostForm.Get("reason"))
	if reason == "" {
		return v.back("calendar", flash{Text: "Say why, so that everybody knows. Nothing is paused."})
	}
	return s.decide(v, "calendar", at.String()+" is paused.", func(ctx context.Context, cal *outbox.Client) error {
		return cal.Pause(ctx, at, reason)
	})
}

// resume ends a pause; what came due meanwhile goes out or is held.
func (s *server) resume(v visit) error {
	pauses, err := s.calendar(v).Pauses(v.r.Context())
	if err != nil {
		return err
	}
	for _, p := range pauses {
		if p.Client == v.client.Slug && p.Scope.String() == v.r.PostForm.Get("scope") {
			return s.decide(v, "calendar", p.Scope.String()+" goes on.", func(ctx context.Context, cal *outbox.Client) error {
				return cal.Resume(ctx, p.Scope)
			})
		}
	}
	return v.back("calendar", flash{Text: "That is not paused any more."})
}

// decide does something with the calendar for the person at the desk, and goes to a page
// that says how it went.
func (s *server) decide(v visit, to, done string, do func(context.Context, *outbox.Client) error) error {
	ctx, cancel := v.doing()
	defer cancel()
	err := do(ctx, s.calendar(v))
	v.client.Live.Touch("")
	if id := v.r.PathValue("id"); id != "" {
		v.client.Live.Touch(id)
	}
	if err != nil {
		return v.back(to, flash{Text: "That was not done.", Trouble: explain(err)})
	}
	return v.back(to, flash{Text: done})
}

// moveEntry gives an entry another time. The page's script wants the chip back, or words.
func (s *server) moveEntry(v visit) error {
	id := v.r.PathValue("id")
	w, err := whenOf(v.r.PostForm.Get("at"))
	if err == nil && v.r.PostForm.Get("now") != "" {
		w = outbox.Now()
	}
	if err == nil && w.IsZero() {
		err = refusal{http.StatusBadRequest, "Say when."}
	}
	if err != nil {
		return err
	}
	if v.r.Header.Get("X-Fragment") == "" {
		done := "Moved to " + w.String() + "."
		if v.r.PostForm.Get("now") != "" {
			done = "It goes out now."
		}
		return s.decide(v, "calendar/"+id, done, func(ctx context.Context, cal *outbox.Client) error {
			_, err := cal.Move(ctx, id, w)
			return err
		})
	}
	ctx, cancel := v.doing()
	defer cancel()
	e, err := s.calendar(v).Move(ctx, id, w)
	v.client.Live.Touch(id)
	if err != nil {
		t := explain(err)
		http.Error(v.w, t.Message+". "+t.Help, statusOf(err))
		return nil
	}
	b, err := s.fragment("calendar", "chip", s.chip(v.client, e))
	if err == nil {
		v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err = v.w.Write(b)
	}
	return err
}

// statusOf is the HTTP status of an error of the calendar.
func statusOf(err error) int {
	switch {
	case errors.Is(err, parvis.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, parvis.ErrPermission):
		return http.StatusForbidden
	case errors.Is(err, parvis.ErrInvalid):
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// whenOf reads a time as browsers write it, on the wall of the desk; "" is none.
func whenOf(s string) (outbox.When, error) {
	if s == "" {
		return outbox.When{}, nil
	}
	w := outbox.At(zone, strings.Replace(s, "T", " ", 1))
	if _, err := w.Time(); err != nil {
		return w, refusal{http.StatusBadRequest, "The time is not one."}
	}
	return w, nil
}
