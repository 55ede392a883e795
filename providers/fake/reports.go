package fake

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// A report is what somebody told the moderators. Guarded by Network.mu.
type report struct {
	id, on         string   // on is the ID of what is reported
	with           []string // further things that belong to it
	by, about      *person
	note, category string
	resolved       bool
	assigned       *person
	when           time.Time
}

// logged is a line of the network's moderation log.
type logged struct {
	id  string
	by  *person
	act moderate.Act
}

// Report reports a post, message or person to the moderators, as a user does by hand.
// A reference that names nothing does nothing.
func (n *Network) Report(by *Account, on parvis.Ref, note string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	_, _ = by.report(on, nil, moderate.Reason{Note: note})
}

// Message makes from write to to, as a user does by hand, and returns the message as the
// account to sees it.
func (n *Network) Message(from, to *Account, text string) parvis.Ref {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	it := n.message(from.p, to.p, text)
	return to.ref(it.kind, it.id)
}

func (n *Network) message(from, to *person, text string) *item {
	it := &item{
		kind: parvis.KindMessage, author: from, to: to, visibility: publish.Direct, created: n.opt.Now(), version: 1,
		state: visible, marks: marks{}, reactions: map[reaction]bool{}, heard: hears{},
	}
	it.text = parvis.Text{Plain: text, Entities: n.entities(text)}
	n.add(it)
	n.announce(it)
	return it
}

// report files a report and tells the moderators.
func (a *Account) report(on parvis.Ref, with []parvis.Ref, why moderate.Reason) (*report, error) {
	r := &report{on: on.ID, by: a.p, note: cmp.Or(why.Text, why.Note, why.Rule), category: why.Category, when: a.n.opt.Now()}
	var it *item
	var err error
	if on.Kind == parvis.KindPerson {
		r.about, err = a.findPerson(on)
	} else if it, err = a.find(on); err == nil {
		r.about = it.author
	}
	if err != nil {
		return nil, err
	}
	for _, ref := range with {
		if _, err := a.find(ref); err != nil {
			return nil, err
		}
		r.with = append(r.with, ref.ID)
	}
	r.id = a.n.next("r")
	a.n.reports = append(a.n.reports, r)
	to := hears{}
	for _, p := range a.n.people {
		if p.moderator {
			to[p.id] = listen.Report
		}
	}
	a.n.emit(&entry{to: to, it: it, wire: wireEvent{ID: r.id, Time: r.when, By: a.n.wirePerson(a.p), On: r.on, Note: r.note}})
	return r, nil
}

// file is the act of reporting.
func (a *Account) file(act moderate.Action) (moderate.Act, error) {
	r, err := a.report(act.On, act.With, act.Reason)
	if err != nil {
		return moderate.Act{}, err
	}
	return moderate.Act{After: "reported", Made: a.ref(parvis.KindReport, r.id)}, nil
}

// settle resolves, reopens, assigns and unassigns reports.
func (a *Account) settle(act moderate.Action) (moderate.Act, error) {
	i := slices.IndexFunc(a.n.reports, func(r *report) bool { return r.id == act.On.ID })
	if i < 0 {
		return moderate.Act{}, missing("report")
	}
	r := a.n.reports[i]
	done := moderate.Act{Inverse: &moderate.Action{Do: act.Do.Inverse(), On: act.On}}
	switch act.Do {
	case moderate.DoResolve, moderate.DoReopen:
		done.Before = r.state()
		r.resolved = act.Do == moderate.DoResolve
		done.After = r.state()
	default:
		done.Before = r.assignment()
		if r.assigned != nil && r.assigned != a.p {
			done.Inverse = nil // nobody can give it back to somebody else
		}
		if r.assigned = nil; act.Do == moderate.DoAssign {
			r.assigned = a.p
		}
		done.After = r.assignment()
	}
	if done.Before == done.After {
		done.Inverse = nil
	}
	return done, nil
}

func (r *report) state() string {
	if r.resolved {
		return "resolved"
	}
	return "open"
}

func (r *report) assignment() string {
	if r.assigned == nil {
		return "unassigned"
	}
	return "assigned to " + r.assigned.handle
}

// Pending lists what waits for a decision, oldest first: held answers on which the account
// may decide, and for moderators everything that is held, and open reports.
func (a *Account) Pending(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Case, error] {
	c := call{ops: []string{"pending"}, scope: scopeModerate}
	return list(ctx, a, c, func() ([]moderate.Case, error) {
		in := place.Ref.ID
		if in != "" {
			if _, err := a.findPlace(place.Ref); err != nil {
				return nil, err
			}
		}
		var cases []moderate.Case
		for _, it := range a.n.items {
			if it.state == held && a.n.decides(a.p, it) && a.n.sees(a.p, it) && (in == "" || it.place == in) {
				ref := a.ref(it.kind, it.id)
				cases = append(cases, moderate.Case{
					Ref: ref, Why: "held", On: ref, Author: a.who(it.author), Text: it.text,
					State: string(held), Time: it.created, URL: a.n.address("moderation/" + it.id), Raw: marshal(a.n.wirePost(it)),
				})
			}
		}
		for _, r := range a.n.reports {
			if it := a.n.byID[r.on]; a.p.moderator && !r.resolved && (in == "" || it != nil && it.place == in) {
				cases = append(cases, a.reported(r))
			}
		}
		slices.SortStableFunc(cases, func(x, y moderate.Case) int { return x.Time.Compare(y.Time) })
		return cases, nil
	})
}

// reported is an open report as a case.
func (a *Account) reported(r *report) moderate.Case {
	c := moderate.Case{
		Ref: a.ref(parvis.KindReport, r.id), Why: "reported", On: a.refOf(r.on), Author: a.who(r.about),
		Reporter: a.who(r.by), Note: r.note, Category: r.category, State: r.state(), Time: r.when, URL: a.n.address("moderation/" + r.id),
	}
	for _, id := range r.with {
		c.Also = append(c.Also, a.refOf(id))
	}
	if it := a.n.byID[r.on]; it != nil && !it.gone() {
		c.Text = it.text
	}
	c.Raw = marshal(struct {
		ID       string    `json:"id"`
		On       string    `json:"on"`
		With     []string  `json:"with,omitempty"`
		By       string    `json:"by"`
		Note     string    `json:"note"`
		Category string    `json:"category,omitempty"`
		Assigned string    `json:"assigned"`
		When     time.Time `json:"when"`
	}{r.id, r.on, r.with, r.by.id, r.note, r.category, r.assignment(), r.when})
	return c
}

// Log gives what was done by moderation, newest first: all of it to moderators, its own
// acts to anybody else. Mutes, blocks and reports are private and not in it.
func (a *Account) Log(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Entry, error] {
	c := call{ops: []string{"log"}, scope: scopeModerate}
	return list(ctx, a, c, func() ([]moderate.Entry, error) {
		in := place.Ref.ID
		if in != "" {
			if _, err := a.findPlace(place.Ref); err != nil {
				return nil, err
			}
		}
		var entries []moderate.Entry
		for _, l := range slices.Backward(a.n.acts) {
			act := l.act.Action
			it := a.n.byID[act.On.ID]
			if l.by != a.p && !a.p.moderator || in != "" && act.Place.Ref.ID != in && act.On.ID != in && (it == nil || it.place != in) {
				continue
			}
			entries = append(entries, moderate.Entry{
				ID: l.id, Time: l.act.Time, By: a.who(l.by), Do: act.Do, Vendor: string(act.Do),
				On: a.ref(act.On.Kind, act.On.ID), Note: cmp.Or(act.Reason.Note, act.Reason.Rule, act.Reason.Text), Raw: l.act.Raw,
			})
		}
		return entries, nil
	})
}
