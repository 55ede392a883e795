package fake

import (
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

// A toggle is a pair of acts that set a mark and take it away.
type toggle struct {
	set, unset moderate.Do
	mark       string
	mine       bool // the account itself bears the mark, about the other
	expires    bool // the mark can end by itself
}

// toggle sets or takes away the mark. Its inverse brings back the mark as it was, with
// its end.
func (a *Account) toggle(t toggle, act moderate.Action) (moderate.Act, error) {
	m, k, err := a.marked(t, act)
	if err != nil {
		return moderate.Act{}, err
	}
	now, until := a.n.opt.Now(), act.Until
	switch {
	case !t.expires:
		until = time.Time{}
	case act.Do == moderate.DoTimeOut && until.IsZero():
		return moderate.Act{}, invalid("until_missing", "the end of the time-out is missing", "set Action.Until")
	case act.Do == t.set && !until.IsZero() && !until.After(now):
		return moderate.Act{}, invalid("until_past", "the end is past", "set Action.Until to a later time")
	}
	was, wasSet := m[k], m.has(k, now)
	before := m.say(k, now)
	inverse := &moderate.Action{Do: t.unset, On: act.On, Place: act.Place, Label: act.Label}
	if act.Do == t.set {
		m[k] = until
	} else {
		delete(m, k)
	}
	if wasSet {
		inverse.Do, inverse.Until = t.set, was
	}
	if t.mark == "blocked" && act.Do == t.set {
		a.part(a.n.person(k.where))
	}
	done := moderate.Act{Before: before, After: m.say(k, now), Inverse: inverse}
	if done.Before == done.After {
		done.Inverse = nil
	}
	return done, nil
}

// part ends whatever the two follow of each other.
func (a *Account) part(other *person) {
	a.p.unfollow(other)
	other.unfollow(a.p)
}

// marked returns the marks that the act is about, and which of them.
func (a *Account) marked(t toggle, act moderate.Action) (marks, mark, error) {
	theirs, err := a.bearer(act.On)
	if err != nil {
		return nil, mark{}, err
	}
	switch {
	case t.mine && act.On.ID == a.p.id:
		return nil, mark{}, invalid("yourself", "the account cannot do this to itself", "name somebody else")
	case t.mine && act.On.Kind == parvis.KindKeyword:
		return a.p.marks, mark{t.mark, "keyword " + strings.ToLower(act.On.ID)}, nil
	case t.mine:
		return a.p.marks, mark{t.mark, act.On.ID}, nil
	case t.mark == "labelled" && act.Label == "":
		return nil, mark{}, invalid("label_missing", "the label is missing", "set Action.Label")
	case t.mark == "labelled":
		return theirs, mark{t.mark, act.Label}, nil
	case act.On.Kind == parvis.KindPerson:
		return theirs, mark{t.mark, act.Place.Ref.ID}, nil
	}
	return theirs, mark{t.mark, ""}, nil
}

// bearer returns the marks of the person, post or place that r names; keywords have none.
func (a *Account) bearer(r parvis.Ref) (marks, error) {
	switch r.Kind {
	case parvis.KindPerson:
		p, err := a.findPerson(r)
		if err != nil {
			return nil, err
		}
		return p.marks, nil
	case parvis.KindPost:
		it, err := a.find(r)
		if err != nil {
			return nil, err
		}
		return it.marks, nil
	case parvis.KindPlace:
		pl, err := a.findPlace(r)
		if err != nil {
			return nil, err
		}
		return pl.marks, nil
	}
	return nil, nil
}

// say says how the mark stands: "banned", "not banned", "timed out until …".
func (m marks) say(k mark, now time.Time) string {
	what := k.what
	if what == "labelled" {
		what += " " + k.where
	}
	if !m.has(k, now) {
		return "not " + what
	}
	if until := m[k]; !until.IsZero() {
		what += " until " + until.UTC().Format(time.RFC3339)
	}
	return what
}
