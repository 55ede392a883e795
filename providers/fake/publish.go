package fake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// keyed is what became of an idempotency key.
type keyed struct {
	it   *item
	when time.Time
}

// Publish uploads the draft's media, each with a call of its own, and posts it. What an
// earlier attempt with the same [publish.Stages] has uploaded is not uploaded again. A draft
// that answers a message is a message itself. A Key that the account used within the
// last hour gives the post that it stands for. Long texts and other broken rules give
// [parvis.ErrInvalid] with [publish.Problems], bans and blocks [parvis.ErrPermission].
func (a *Account) Publish(ctx context.Context, d publish.Draft) (post publish.Post, err error) {
	bad := a.check(ctx, d)
	files, err := a.upload(ctx, d)
	if err != nil {
		return publish.Post{}, err
	}
	c := changing("publish")
	if d.Link != "" || strings.Contains(d.Text, "://") {
		c.item = "publish with link"
	}
	err = a.do(ctx, c, func() error {
		it, err := a.known(d.Key)
		if err == nil && it == nil {
			if err = bad; err == nil {
				it, err = a.accept(d, files, c)
			}
		}
		if err != nil {
			return err
		}
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}

// check measures the draft as the network does. It leaves out the media, which are judged
// as they are read, and the time, which is judged by the network's clock.
func (a *Account) check(ctx context.Context, d publish.Draft) error {
	media := len(d.Media) > 0
	d.Media, d.At = nil, time.Time{}
	problems, err := publish.Check(ctx, a, d)
	if err != nil {
		return err
	}
	problems = slices.DeleteFunc(problems, func(p publish.Problem) bool {
		return media && (p.Field == "text" && p.Rule == "empty" || p.Field == "media" && p.Rule == "count")
	})
	if media && d.Poll != nil && !a.n.sup.Media.WithPoll {
		problems = append(problems, publish.Problem{
			Network: a.n.opt.Name, Field: "poll", Rule: "unsupported",
			Text: "the network takes either a poll or media, not both",
		})
	}
	if len(problems) == 0 {
		return nil
	}
	e := fail(parvis.ErrInvalid, "validation_failed", "the draft does not fit", "publish.Check lists the problems")
	e.Err = problems
	return e
}

// known returns the item for which the account used the key, if that is still remembered.
func (a *Account) known(key string) (*item, error) {
	k, ok := a.n.keys[a.p.id+" "+key]
	if key == "" || !ok || a.n.opt.Now().Sub(k.when) >= keyLife {
		return nil, nil
	}
	if k.it.gone() {
		return nil, fail(parvis.ErrDuplicate, "key_used", "the post of this key was deleted since", "use another key to post it anew")
	}
	return k.it, nil
}

// accept makes an item of the draft.
func (a *Account) accept(d publish.Draft, files []*upload, c call) (*item, error) {
	n := a.n
	it := &item{
		content: a.content(d, files), kind: parvis.KindPost, author: a.p, visibility: cmp.Or(d.Visibility, publish.Public),
		place: d.Place.Ref.ID, poll: d.Poll, key: d.Key, created: n.opt.Now(), version: 1, state: pending,
		marks: marks{}, reactions: map[reaction]bool{}, heard: hears{},
	}
	if err := a.connect(it, d); err != nil {
		return nil, err
	}
	if err := a.free(it.place); err != nil {
		return nil, err
	}
	f := cmp.Or(a.fault(c.ops, HeldPost, RejectedPost, StillProcessing), &Fault{})
	if f.Kind == RejectedPost {
		return nil, fail(parvis.ErrRejected, "content_policy", "the post breaks the rules of the network", "change it")
	}
	switch now := n.opt.Now(); {
	case !d.At.IsZero():
		if err := n.inWindow(d.At); err != nil {
			return nil, err
		}
		it.state, it.at = scheduled, plain(d.At)
	case f.Kind == StillProcessing:
		it.at = now.Add(f.Delay)
	}
	if d.Sticky {
		it.marks[mark{"pinned", ""}] = time.Time{}
	}
	n.add(it)
	if it.at.IsZero() {
		n.release(it, f.Kind == HeldPost)
	}
	n.stir() // followers look anew when the next post is due
	return it, nil
}

// add stores a new item.
func (n *Network) add(it *item) {
	prefix := "p"
	if it.kind == parvis.KindMessage {
		prefix = "m"
	}
	it.id = n.next(prefix)
	n.items = append(n.items, it)
	n.byID[it.id] = it
	if it.waits() {
		n.waiting = append(n.waiting, it)
	}
	if it.key != "" {
		n.keys[it.author.id+" "+it.key] = keyed{it, n.opt.Now()}
	}
}

// connect finds what the draft answers and quotes, and where it goes.
func (a *Account) connect(it *item, d publish.Draft) error {
	if it.place != "" {
		if _, err := a.findPlace(d.Place.Ref); err != nil {
			return err
		}
	}
	if !d.Quote.IsZero() {
		quoted, err := a.find(d.Quote)
		if err != nil {
			return err
		}
		it.quote = quoted.id
	}
	if d.ReplyTo.IsZero() {
		return nil
	}
	if above := a.n.byID[d.ReplyTo.ID]; above != nil && !above.gone() && a.n.apart(a.p, above.author) {
		return forbidden("blocked", "one of you has blocked the other", "leave this person alone")
	}
	above, err := a.find(d.ReplyTo)
	if err != nil {
		return err
	}
	it.parent, it.root = above.id, cmp.Or(above.root, above.id)
	if above.kind == parvis.KindMessage {
		it.kind, it.visibility, it.to = parvis.KindMessage, publish.Direct, above.author
		if above.author == a.p {
			it.to = above.to
		}
		return nil
	}
	it.place = cmp.Or(it.place, above.place)
	return a.unlocked(above)
}

// unlocked returns an error if nobody may answer the item: it, or what it answers, is locked.
func (a *Account) unlocked(it *item) error {
	for ; it != nil; it = a.n.byID[it.parent] {
		if it.marks.has(mark{"locked", ""}, a.n.opt.Now()) && !a.p.moderator && it.author != a.p {
			return forbidden("locked", "the conversation is locked", "it takes no more answers")
		}
	}
	return nil
}

// free returns an error if the account is banned or timed out in the place, or
// everywhere, or if the place is locked.
func (a *Account) free(placeID string) error {
	now := a.n.opt.Now()
	if pl := a.n.place(placeID); pl != nil && pl.marks.has(mark{"locked", ""}, now) && !a.p.moderator {
		return forbidden("locked", "the place is locked", "choose another place, or ask a moderator")
	}
	for _, where := range [...]string{"", placeID} {
		for _, what := range [...]string{"banned", "timed out"} {
			k := mark{what, where}
			if !a.p.marks.has(k, now) {
				continue
			}
			help := "ask the moderators"
			if until := a.p.marks[k]; !until.IsZero() {
				help = "wait until " + until.UTC().Format(time.RFC3339)
			}
			return forbidden(what, "the account is "+what, help)
		}
	}
	return nil
}

// release lets an item out, or holds it for approval.
func (n *Network) release(it *item, hold bool) {
	if it.state == scheduled {
		it.created = it.at
		if (&Account{n: n, p: it.author}).free(it.place) != nil {
			it.state = rejected
			return
		}
	}
	if hold || n.stranger(it) {
		it.state = held
		n.tell(it, n.deciders(it), 0)
		return
	}
	it.state = visible
	n.announce(it)
}

// stranger tells that the item is an answer that waits for approval; see [Options.HoldReplies].
func (n *Network) stranger(it *item) bool {
	root := n.byID[it.root]
	return n.opt.HoldReplies && it.kind == parvis.KindPost && root != nil && root.author != it.author &&
		!it.author.moderator && !root.author.follows[it.author.id]
}

// Get returns a post or message as it is now.
func (a *Account) Get(ctx context.Context, r parvis.Ref) (post publish.Post, err error) {
	err = a.do(ctx, reading("get"), func() error {
		it, err := a.find(r)
		if err != nil {
			return err
		}
		if it.author != a.p {
			it.views++
		}
		post = a.post(it)
		return nil
	})
	if err != nil {
		return publish.Post{}, err
	}
	return post, nil
}
