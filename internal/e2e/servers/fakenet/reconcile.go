package fakenet

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/publish"
)

// clockSlack is how far the clocks of the client and of the network may differ, where a
// post is looked for by its text.
const clockSlack = time.Minute

// readBack returns the post that has taken an ID of this account's own.
func (p *Provider) readBack(ctx context.Context, id string) (publish.Post, error) {
	r := parvis.Ref{ID: id}
	post, err := p.Get(ctx, r)
	switch {
	case err == nil:
		return post, nil
	case errors.Is(err, parvis.ErrNotFound):
		return post, p.fail(parvis.ErrDuplicate, "publish", "the post of this key was deleted since", "use another key to post it anew")
	}
	e := p.fail(parvis.ErrUnknownOutcome, "publish", "it is there, and cannot be read back", "find it with publish.Reconcile")
	e.Err = err
	return post, e
}

func (p *Provider) fail(code parvis.Code, op, message, help string) *parvis.Error {
	return &parvis.Error{Op: op, Network: p.account.Network, Account: p.account.String(), Code: code, Message: message, Help: help}
}

// Reconcile looks for the post of an attempt by the draft's key, and by text and time if it
// has none or the network may have forgotten it. It never sends anything. A post that was
// deleted since gives [parvis.ErrConflict].
//
// Where a second post with the same key is none, what is not there may be sent again at
// once. Elsewhere that is believed only when the network's time to settle has passed since
// the attempt; before, the error is [parvis.ErrUnknownOutcome] with the time to wait.
func (p *Provider) Reconcile(ctx context.Context, t publish.Attempt) (publish.Post, error) {
	const op = "reconcile"
	if !p.class.finds() {
		return publish.Post{}, parvis.Unsupported(p.account, op, "this network has no way to look for a post")
	}
	deg, err := p.degrees(ctx)
	if err != nil {
		return publish.Post{}, err
	}
	age := max(time.Since(t.Started), 0) // before the look, which itself takes time
	d := t.Draft.For(p.account.Network)
	keyed := d.Key != "" && p.remembered(deg, age)
	post, err := p.look(ctx, d, t.Started, keyed)
	if !errors.Is(err, parvis.ErrNotFound) {
		return post, err
	}
	harmless := keyed && p.class.once() // being early is
	if left := deg.Settle - age; deg.Settle > 0 && left > 0 && !harmless {
		e := p.fail(parvis.ErrUnknownOutcome, op, "it is not there, but the network may still be at work on it", "ask again later")
		e.RetryAfter = left
		return publish.Post{}, e
	}
	return publish.Post{}, p.fail(parvis.ErrNotFound, op, "the network does not have it", "it may be sent again with the same key")
}

// remembered tells that the network still knows a key of that age.
func (p *Provider) remembered(deg *degree, age time.Duration) bool {
	life := deg.Support.Key.For
	return p.class != Keyed || life == 0 || age < life
}

// look asks the network for a post, by key or by text and time.
func (p *Provider) look(ctx context.Context, d publish.Draft, since time.Time, keyed bool) (publish.Post, error) {
	r := httpx.Request{Path: "/reconcile", Query: p.query("key", d.Key), Op: "reconcile"}
	if !keyed {
		text, err := d.TextIn(parvis.Plain)
		if err != nil {
			return publish.Post{}, err
		}
		r.Query = p.query("text", text, "since", since.Add(-clockSlack).UTC().Format(time.RFC3339Nano))
	}
	post, err := p.post(ctx, r)
	if err == nil {
		post.Key = d.Key
	}
	return post, err
}

// vendor is the network's own word in err, or "".
func vendor(err error) string {
	if e, ok := errors.AsType[*parvis.Error](err); ok {
		return e.Vendor
	}
	return ""
}

func itoa(i int) string { return strconv.Itoa(i) }

// clone keeps callers from sharing what they may change.
func clone(s publish.Support) publish.Support {
	s.Text, s.Title, s.Formats = slices.Clone(s.Text), slices.Clone(s.Title), slices.Clone(s.Formats)
	s.Media.Rules, s.Media.Alone, s.Media.Refused = slices.Clone(s.Media.Rules), slices.Clone(s.Media.Alone), slices.Clone(s.Media.Refused)
	s.Visibilities, s.MissingScopes, s.Prices = slices.Clone(s.Visibilities), slices.Clone(s.MissingScopes), slices.Clone(s.Prices)
	return s
}
