package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// A row is one line of what an account can do. Level is empty where it is no question of
// yes or no.
type row struct {
	What, Level, How string
}

// A sheet is what one account can do, verb by verb.
type sheet struct {
	Account            *Account
	Speak, Hear, Order []row
	Trouble            *trouble
	Calls, Faults      int
	Health             providers.Health
	Client             *Client
	CSRF               string
	Mischiefs          []mischief
	Strikes            []strike
	Listening          *trouble
}

// An accountsBody is what the page of accounts shows.
type accountsBody struct {
	Sheets []sheet
	// Connect is where one connects another account.
	Connect string
}

func (s *server) accountsPage(v visit) error {
	var sheets []sheet
	for _, a := range v.client.Accounts() {
		sh := v.sheet(a)
		for _, h := range v.client.Troubled() {
			if h.Account == a {
				sh.Listening = h.Trouble
			}
		}
		sheets = append(sheets, sh)
	}
	return s.render(v, http.StatusOK, "accounts", "Accounts", accountsBody{sheets, s.connectAt[v.client]})
}

// sheet asks the account of each verb what it can do.
func (v visit) sheet(a *Account) sheet {
	sh := sheet{
		Account: a, Calls: a.Net.Calls(), Faults: a.Net.Faults(), Client: v.client, CSRF: v.sess.csrf,
		Mischiefs: mischiefs, Strikes: strikes,
	}
	ctx := v.r.Context()
	speak, err := publish.SupportOf(ctx, a, parvis.Place{})
	if err == nil {
		sh.Speak = speakRows(speak)
		var hear listen.Support
		if hear, err = listen.SupportOf(ctx, a, parvis.Place{}); err == nil {
			sh.Hear = hearRows(hear)
		}
	}
	if err == nil {
		var order moderate.Support
		if order, err = moderate.SupportOf(ctx, a, parvis.Place{}); err == nil {
			sh.Order = orderRows(order)
		}
	}
	sh.Trouble = explain(err)
	if sh.Health, err = providers.Probe(ctx, a); err != nil {
		sh.Health = providers.HealthOf(a.Account(), err)
	}
	return sh
}

func can(what string, s parvis.Support) row { return row{what, s.Level.String(), s.Why} }

func speakRows(s publish.Support) []row {
	schedule := can("Scheduling by the network", s.Schedule.Support)
	if s.Schedule.OK() {
		schedule.How = "at least " + span(s.Schedule.Least) + " ahead, at most " + span(s.Schedule.Most)
	}
	title := can("Title", s.Headline)
	if s.Headline.OK() {
		title.How = s.Title.String()
	}
	key := can("Sending twice is sending once", s.Key.Support)
	if s.Key.OK() {
		key.How = "keys are remembered for " + span(s.Key.For)
	}
	return []row{
		{"Text", "", s.Text.String()},
		title,
		{"Media", "", mediaWords(s.Media)},
		{"Poll", level(s.Poll.OK()), strings.TrimPrefix(s.Poll.String(), "no")},
		can("Language", s.Lang), can("Warning", s.Warning), can("Link card", s.Link), can("Tags", s.Tags), can("Categories", s.Categories),
		schedule, can("Places to post in", s.Places), can("Edit", s.Edit), can("Delete", s.Delete), can("Trash and restore", s.Trash),
		can("React", s.React), key, can("Reconcile a lost answer", s.Reconcile), can("Metrics", s.Metrics),
	}
}

func hearRows(s listen.Support) []row {
	var ways []string
	for i, way := range [...]string{"polling", "push", "webhooks"} {
		if s.Delivery&(1<<i) != 0 {
			ways = append(ways, way)
		}
	}
	return []row{
		{"Kinds", "", strings.ReplaceAll(s.Kinds.String(), "|", ", ")},
		{"Delivery", "", strings.Join(ways, ", ")},
		can("Resume from a cursor", s.Resume), can("History", s.History), can("Search", s.Search),
		can("Webhooks", s.Webhooks), can("Members", s.Members),
	}
}

func orderRows(s moderate.Support) []row {
	var rows []row
	for _, a := range s.Actions {
		kinds := make([]string, len(a.On))
		for i, k := range a.On {
			kinds[i] = string(k)
		}
		how := strings.Join(kinds, ", ")
		if a.Undo {
			how += " · can be undone"
		}
		if a.Why != "" {
			how += " · " + a.Why
		}
		rows = append(rows, row{strings.ToUpper(string(a.Do[:1])) + string(a.Do[1:]), a.Level.String(), how})
	}
	return append(rows, can("What waits for a decision", s.Pending), can("The network’s own log", s.Log))
}

func level(ok bool) string {
	if ok {
		return parvis.Yes.String()
	}
	return parvis.No.String()
}

func mediaWords(m publish.MediaSupport) string {
	if m.Max == 0 {
		return "none"
	}
	words := []string{fmt.Sprintf("up to %d", m.Max)}
	for _, r := range m.Rules {
		w := strings.TrimSuffix(r.Type, "/*")
		if r.MaxBytes > 0 {
			w += fmt.Sprintf(" of %d MiB", r.MaxBytes>>20)
		}
		words = append(words, w)
	}
	if m.Alt.Max > 0 {
		words = append(words, "descriptions of "+m.Alt.String())
	}
	return strings.Join(words, "; ")
}

// span is a duration in words, in its largest whole unit.
func span(d time.Duration) string {
	switch {
	case d == 0:
		return "no limit"
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

// A mischief is something that can go wrong at a network.
type mischief struct {
	Name, Label string
	fault       fake.Fault
}

var mischiefs = []mischief{
	{"rate", "Rate limit (20 seconds)", fake.Fault{Kind: fake.RateLimited, RetryAfter: 20 * time.Second}},
	{"lost", "Lost answer (it did happen)", fake.Fault{Kind: fake.CutAfter}},
	{"refused", "Connection refused", fake.Fault{Kind: fake.CutBefore}},
	{"outage", "Outage", fake.Fault{Kind: fake.Outage}},
	{"held", "Held for approval", fake.Fault{Kind: fake.HeldPost}},
	{"rejected", "Rejected post", fake.Fault{Kind: fake.RejectedPost}},
	{"slow", "Still processing (10 s)", fake.Fault{Kind: fake.StillProcessing, Delay: 10 * time.Second}},
	{"token", "Expired token", fake.Fault{Kind: fake.ExpiredToken}},
	{"scope", "Missing scope", fake.Fault{Kind: fake.MissingScope}},
	{"gap", "Gap in what is heard", fake.Fault{Kind: fake.StreamGap}},
	{"garbage", "Unreadable answer", fake.Fault{Kind: fake.TruncatedAnswer}},
}

// A strike is which calls a mischief hits.
type strike struct{ Op, Label string }

var strikes = []strike{{"publish", "publishing"}, {"listen", "listening"}, {"moderate", "moderating"}, {"", "any call"}}

// injectTrouble makes something go wrong at the network of one account, for that account.
func (s *server) injectTrouble(v visit) error {
	a, err := v.account()
	if err != nil {
		return err
	}
	f := v.r.PostForm
	i := slices.IndexFunc(mischiefs, func(m mischief) bool { return m.Name == f.Get("trouble") })
	j := slices.IndexFunc(strikes, func(s strike) bool { return s.Op == f.Get("op") })
	times, err := strconv.Atoi(f.Get("times"))
	if i < 0 || j < 0 || err != nil || times < -1 || times > 100 {
		return refusal{http.StatusBadRequest, "There is no such trouble."}
	}
	fault := mischiefs[i].fault
	fault.Op, fault.Times, fault.Account = strikes[j].Op, times, a.Account().Handle
	a.Net.Inject(fault)
	return v.back("accounts", flash{Text: "Trouble is set for " + a.Key() + ": " + mischiefs[i].Label + "."})
}

// clearTrouble ends every mischief at the network of one account.
func (s *server) clearTrouble(v visit) error {
	a, err := v.account()
	if err != nil {
		return err
	}
	a.Net.Clear()
	return v.back("accounts", flash{Text: "All is well at " + a.Key() + " again."})
}
