package main

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// bookLen is how many entries of each sort a client's book remembers.
const bookLen = 300

// A Book is what was done for a client, and by whom. It is safe for concurrent use.
type Book struct {
	mu      sync.Mutex
	made    int
	records []parvis.Record
	done    []*Done
	sent    []*Sent
	answers map[parvis.Ref]*Answer
}

func newBook() *Book { return &Book{answers: map[parvis.Ref]*Answer{}} }

// A Done is an act of moderation that can still be looked at, and perhaps taken back.
type Done struct {
	ID  string
	Act moderate.Act
	// Undone tells that it was taken back, or is just being.
	Undone bool
}

// A Sent is one click on Publish: a draft, and how each target ended.
type Sent struct {
	ID, Key, By string
	Time        time.Time
	Form        composeForm
	Targets     []Target
}

// A Target is one account of a Sent.
type Target struct {
	Account *Account
	Outcome publish.Outcome
	// Note says what was found out later.
	Note string
}

// An Answer is the one reply that the desk gives to something.
type Answer struct {
	By    string
	Time  time.Time
	Text  string
	State publish.State
}

// Record adds a line to the activity log.
func (b *Book) Record(r parvis.Record, actor string) {
	if r.Actor == "" {
		r.Actor = actor
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = capped(append(b.records, r))
}

// Records returns the last n lines of the activity log, newest first.
func (b *Book) Records(n int) []parvis.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	rs := slices.Clone(b.records[max(0, len(b.records)-n):])
	slices.Reverse(rs)
	return rs
}

// Did keeps an act so that it can be undone.
func (b *Book) Did(act moderate.Act) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	b.done = capped(append(b.done, &Done{ID: "a" + strconv.Itoa(b.made), Act: act}))
}

// Acts returns the acts that are not taken back, newest first.
func (b *Book) Acts() []Done {
	b.mu.Lock()
	defer b.mu.Unlock()
	var acts []Done
	for _, d := range slices.Backward(b.done) {
		if !d.Undone {
			acts = append(acts, *d)
		}
	}
	return acts
}

// TakeBack hands out an act to be undone, once; giveBack makes it available again.
func (b *Book) TakeBack(id string) (act moderate.Act, giveBack func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.done, func(d *Done) bool { return d.ID == id && !d.Undone })
	if i < 0 {
		return moderate.Act{}, nil, false
	}
	d := b.done[i]
	d.Undone = true
	return d.Act, func() { b.mu.Lock(); d.Undone = false; b.mu.Unlock() }, true
}

// Send makes the entry of one click on Publish. A second click with the same key gives
// the entry of the first, and fresh is false: nothing must be sent then.
func (b *Book) Send(key, by string, f composeForm) (sent Sent, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.sent, func(s *Sent) bool { return s.Key == key }); i >= 0 {
		return b.sent[i].clone(), false
	}
	b.made++
	s := &Sent{ID: "s" + strconv.Itoa(b.made), Key: key, By: by, Time: time.Now(), Form: f}
	b.sent = capped(append(b.sent, s))
	return s.clone(), true
}

// Sent returns an entry by its ID.
func (b *Book) Sent(id string) (Sent, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.sent, func(s *Sent) bool { return s.ID == id })
	if i < 0 {
		return Sent{}, false
	}
	return b.sent[i].clone(), true
}

// Ended notes how a target of an entry ended, the first time or after asking again.
func (b *Book) Ended(id string, t Target) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sent {
		if s.ID != id {
			continue
		}
		if i := slices.IndexFunc(s.Targets, func(o Target) bool { return o.Account == t.Account }); i >= 0 {
			s.Targets[i] = t
		} else {
			s.Targets = append(s.Targets, t)
		}
	}
}

// Begin takes a target that is ready to be tried again, and makes it pending, so that
// of two clicks only one sends.
func (b *Book) Begin(id, network string, ready func(Target) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sent {
		if s.ID != id {
			continue
		}
		for i, t := range s.Targets {
			if t.Account.Key() == network && ready(t) {
				s.Targets[i].Outcome.State, s.Targets[i].Outcome.Err = publish.Pending, nil
				return true
			}
		}
	}
	return false
}

func (s *Sent) clone() Sent {
	c := *s
	c.Targets = slices.Clone(s.Targets)
	return c
}

// Target returns how the account on a network ended.
func (s Sent) Target(network string) (Target, bool) {
	i := slices.IndexFunc(s.Targets, func(t Target) bool { return t.Account.Key() == network })
	if i < 0 {
		return Target{}, false
	}
	return s.Targets[i], true
}

// Claim makes by the one who answers what ref names. If somebody has answered it
// already, or is just doing so, it returns their answer and false.
func (b *Book) Claim(ref parvis.Ref, by, text string) (Answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.answers[ref]; a != nil {
		return *a, false
	}
	a := &Answer{By: by, Time: time.Now(), Text: text, State: publish.Pending}
	b.answers[ref] = a
	return *a, true
}

// Answered notes how the answer to ref ended. One that surely was not sent is given up,
// so that somebody may try again.
func (b *Book) Answered(ref parvis.Ref, state publish.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if state == publish.NotSent || state == publish.Rejected {
		delete(b.answers, ref)
	} else if a := b.answers[ref]; a != nil {
		a.State = state
	}
}

// Answer returns the answer to ref, or nil.
func (b *Book) Answer(ref parvis.Ref) *Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.answers[ref]; a != nil {
		c := *a
		return &c
	}
	return nil
}

// capped drops what is older than the last bookLen of s.
func capped[T any](s []T) []T {
	if len(s) > bookLen {
		s = slices.Delete(s, 0, len(s)-bookLen)
	}
	return s
}
