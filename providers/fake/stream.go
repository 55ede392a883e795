package fake

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

// An entry is something that happened. Its position in the network's log, from 1 on, is
// what cursors hold.
type entry struct {
	wire wireEvent
	to   hears       // who hears of it, and as what
	kind listen.Kind // as what those hear it who listen to its place or thread; 0 is not at all
	it   *item       // what it is about; nil for follows
}

// emit appends to the log and wakes those who wait.
func (n *Network) emit(e *entry) {
	e.wire.Seq = len(n.entries) + 1
	n.entries = append(n.entries, e)
	n.stir()
}

// stir wakes everybody who waits, to look again.
func (n *Network) stir() {
	if n.wake != nil {
		close(n.wake)
		n.wake = nil
	}
}

// eventID names the present version of the item.
func (it *item) eventID() string {
	if it.version <= 1 {
		return it.id
	}
	return it.id + "/v" + strconv.Itoa(it.version)
}

// kind is what the item is to those whom it does not concern.
func (it *item) eventKind() listen.Kind {
	switch {
	case it.kind == parvis.KindMessage:
		return listen.Message
	case it.parent != "":
		return listen.Reply
	}
	return listen.Post
}

// announce tells of an item that has come out, or come back: those who have heard of it
// learn that it has changed, the others that it is there.
func (n *Network) announce(it *item) {
	n.tell(it, n.audience(it), it.eventKind())
}

// tell tells the persons in to of the item, and those who know it that it has changed.
// Kind is for those who listen to its place or thread; 0 leaves them out.
func (n *Network) tell(it *item, to hears, kind listen.Kind) {
	if len(it.heard) > 0 {
		it.version++
	}
	for id, k := range to {
		if _, knows := it.heard[id]; !knows {
			it.heard[id] = k
			continue
		}
		to[id] = listen.Edit
	}
	for id := range it.heard {
		to.add(listen.Edit, id)
	}
	if it.public && kind != 0 {
		kind = listen.Edit
	}
	it.public = it.public || kind != 0
	n.emit(&entry{to: to, kind: kind, it: it, wire: wireEvent{ID: it.eventID(), Time: n.opt.Now(), By: n.wirePerson(it.author), Post: n.wirePost(it)}})
}

// withdraw tells those who have heard of the item that it is gone, or, if they may still
// see it, that it has changed.
func (n *Network) withdraw(it *item) {
	if len(it.heard) == 0 {
		return
	}
	it.version++
	to, kind := hears{}, listen.Kind(0)
	for id := range it.heard {
		if to[id] = listen.Delete; n.sees(n.person(id), it) {
			to[id] = listen.Edit
		}
	}
	if it.public {
		kind = listen.Delete
	}
	n.emit(&entry{to: to, kind: kind, it: it, wire: wireEvent{ID: it.eventID(), Time: n.opt.Now(), By: n.wirePerson(it.author), Post: n.wirePost(it)}})
}

// audience is who hears of the item when it comes out.
func (n *Network) audience(it *item) hears {
	to := hears{}
	to.add(it.eventKind(), it.author.id)
	if it.to != nil {
		to.add(listen.Message, it.to.id)
	}
	if it.visibility == publish.Private || it.kind == parvis.KindMessage {
		return to
	}
	for _, id := range [...]string{it.parent, it.root} {
		if above := n.byID[id]; above != nil && above != it && !above.gone() {
			to.add(listen.Reply, above.author.id)
		}
	}
	for _, e := range it.text.Entities {
		if p := n.handles[e.Value]; e.Kind == parvis.EntityMention && p != nil {
			to.add(listen.Mention, p.id)
		}
	}
	above := n.byID[it.parent]
	if it.visibility != publish.Direct && (above == nil || above.author == it.author) {
		for id := range it.author.followers {
			to.add(listen.Post, id)
		}
	}
	now := n.opt.Now()
	limited := it.author.marks.has(mark{"limited", ""}, now)
	for id := range to {
		p := n.person(id)
		if p != it.author && (n.apart(p, it.author) || limited && !it.author.followers[id]) {
			delete(to, id)
		}
	}
	return to
}

// apart tells that one of the two has blocked the other.
func (n *Network) apart(p, q *person) bool {
	now := n.opt.Now()
	return p.marks.has(mark{"blocked", q.id}, now) || q.marks.has(mark{"blocked", p.id}, now)
}

// deciders are those who hear of an item that is held.
func (n *Network) deciders(it *item) hears {
	to := hears{}
	to.add(it.eventKind(), it.author.id)
	for _, id := range [...]string{it.parent, it.root} {
		if above := n.byID[id]; above != nil && above != it && !above.gone() {
			to.add(listen.Reply, above.author.id)
		}
	}
	return to
}

func (n *Network) emitFollow(who, whom *person) {
	id := fmt.Sprintf("%s/follows/%s/%d", who.id, whom.id, len(n.entries)+1)
	n.emit(&entry{to: hears{whom.id: listen.Follow}, wire: wireEvent{ID: id, Time: n.opt.Now(), By: n.wirePerson(who)}})
}

func (n *Network) emitReaction(it *item, by *person, what string) {
	it.reacted++
	id := fmt.Sprintf("%s/%s/%s/%d", it.id, what, by.id, it.reacted)
	n.emit(&entry{
		to: hears{it.author.id: listen.Reaction}, it: it,
		wire: wireEvent{ID: id, Time: n.opt.Now(), By: n.wirePerson(by), Reaction: what, Post: n.wirePost(it)},
	})
}

// kindFor is what the entry is to the person who asks q; 0 is nothing.
func (n *Network) kindFor(p *person, e *entry, q listen.Query) listen.Kind {
	kind, direct := e.to[p.id]
	special := !q.Place.Ref.IsZero() || !q.Thread.IsZero()
	if !direct && special {
		kind = e.kind
	}
	switch {
	case kind == 0 || !q.Wants(kind) || e.when(kind).Before(q.After):
		return 0
	case special && !n.within(e.it, q):
		return 0
	case kind == listen.Delete:
		if e.it.author == p && !q.Own {
			return 0
		}
		return kind
	case e.it != nil && kind != listen.Report && !n.sees(p, e.it), n.muted(p, e):
		return 0
	}
	return kind
}

// when is when the entry was said, for those who hear it for the first time, or done.
func (e *entry) when(kind listen.Kind) time.Time {
	if kind&(listen.Post|listen.Reply|listen.Mention|listen.Message) != 0 && e.wire.Post != nil {
		return e.wire.Post.Created
	}
	return e.wire.Time
}

// within tells whether the item is in the query's place and thread.
func (n *Network) within(it *item, q listen.Query) bool {
	if it == nil || !q.Place.Ref.IsZero() && it.place != q.Place.Ref.ID {
		return false
	}
	return q.Thread.IsZero() || n.below(it, q.Thread.ID)
}

// below tells whether the item answers the one with the ID, at any depth.
func (n *Network) below(it *item, id string) bool {
	for it != nil && it.parent != "" {
		if it.parent == id {
			return true
		}
		it = n.byID[it.parent]
	}
	return false
}

// muted tells whether p does not want to hear of the entry. Nobody mutes himself.
func (n *Network) muted(p *person, e *entry) bool {
	now := n.opt.Now()
	if e.wire.By.ID == p.id {
		return false
	}
	if p.marks.has(mark{"muted", e.wire.By.ID}, now) {
		return true
	}
	if e.it == nil {
		return false
	}
	for k := range p.marks {
		if k.what != "muted" || !p.marks.has(k, now) {
			continue
		}
		word, isWord := strings.CutPrefix(k.where, "keyword ")
		if isWord && strings.Contains(strings.ToLower(e.it.text.Plain), word) {
			return true
		}
		if k.where == e.it.id || n.below(e.it, k.where) {
			return true
		}
	}
	return false
}

// await returns when the log is longer than pos, when something may have become due, or
// when ctx ends.
func (n *Network) await(ctx context.Context, pos int) error {
	n.mu.Lock()
	n.tick()
	if len(n.entries) > pos {
		n.mu.Unlock()
		return ctx.Err()
	}
	if n.wake == nil {
		n.wake = make(chan struct{})
	}
	wake, due := n.wake, n.nextDue()
	n.mu.Unlock()
	var alarm <-chan time.Time
	if due > 0 {
		t := time.NewTimer(due)
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-wake:
	case <-alarm:
	case <-ctx.Done():
	}
	return ctx.Err()
}
