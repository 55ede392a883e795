package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// A Gate says who may answer a thread and quote its first post. The zero Gate lets everybody.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/threadgate.json and
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/postgate.json
type Gate struct {
	// Closed lets nobody answer but those whom the next four fields let, which mean
	// nothing without it: whoever is mentioned in the post, those who follow the author,
	// those whom the author follows, and the members of lists.
	Closed                          bool
	Mentioned, Followers, Following bool
	// Lists are places whose IDs are lists: at://did/app.bsky.graph.list/rkey, with or
	// without list/ in front. With the three above there are up to five rules.
	Lists []parvis.Ref
	// NoQuotes keeps others from quoting the post. Quotes that are there stay.
	NoQuotes bool
}

// The rules of gates, and how many a gate has.
const (
	ruleMention   = api.ThreadGates + "#mentionRule"
	ruleFollower  = api.ThreadGates + "#followerRule"
	ruleFollowing = api.ThreadGates + "#followingRule"
	ruleList      = api.ThreadGates + "#listRule"
	ruleNoQuotes  = api.PostGates + "#disableRule"
	maxRules      = 5
	maxHidden     = 300
	listType      = "app.bsky.graph.list"
)

// A rule is one of a gate's.
type rule struct {
	Type string `json:"$type"`
	List string `json:"list,omitempty"`
}

// Gate changes who may answer the thread that post begins, and who may quote it, and
// returns the gate that was there before: passing that to Gate undoes the change. Which
// answers are hidden stays as it is.
//
// The post is one of the account's own, else the error matches [parvis.ErrPermission],
// and answers no other, else it matches [parvis.ErrInvalid].
func (c *Client) Gate(ctx context.Context, post parvis.Ref, g Gate) (Gate, error) {
	before, err := c.setGate(ctx, post, g)
	return before, parvis.In(err, c.Account(), "gate", parvis.ErrUnknownOutcome)
}

func (c *Client) setGate(ctx context.Context, post parvis.Ref, g Gate) (Gate, error) {
	if err := c.Account().Owns(post); err != nil {
		return Gate{}, err
	}
	allow, err := g.rules(c.Account())
	if err != nil {
		return Gate{}, err
	}
	at, err := c.root(ctx, post)
	if err != nil {
		return Gate{}, notSent(err)
	}
	var before Gate
	_, err = c.amend(ctx, "gate", c.gateAt(at, api.ThreadGates), func(r record) (record, bool) {
		before.read(c, r)
		return r.ruled("allow", allow, g.Closed), true
	})
	if err != nil {
		return Gate{}, err
	}
	_, err = c.amend(ctx, "gate", c.gateAt(at, api.PostGates), func(r record) (record, bool) {
		before.NoQuotes = len(r.rules("embeddingRules")) > 0
		return r.ruled("embeddingRules", []rule{{Type: ruleNoQuotes}}, g.NoQuotes), true
	})
	return before, err
}

// rules returns the rules of the gate.
func (g Gate) rules(a parvis.Account) ([]rule, error) {
	rules := []rule{}
	for _, r := range []struct {
		on   bool
		kind string
	}{{g.Mentioned, ruleMention}, {g.Followers, ruleFollower}, {g.Following, ruleFollowing}} {
		if r.on {
			rules = append(rules, rule{Type: r.kind})
		}
	}
	for _, list := range g.Lists {
		if err := a.Owns(list); err != nil {
			return nil, err
		}
		id := strings.TrimPrefix(list.ID, "list/")
		if at, err := api.ParseURI(id); err != nil || at.Collection != listType {
			return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "a reference in Gate.Lists is not to a list", Help: "its ID looks like at://did/" + listType + "/rkey"}
		}
		rules = append(rules, rule{Type: ruleList, List: id})
	}
	if len(rules) > maxRules {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the gate has more than the five rules that the network takes", Help: "leave some out"}
	}
	return rules, nil
}

// read takes over what a threadgate says; none lets everybody.
func (g *Gate) read(c *Client, r record) {
	quotes := g.NoQuotes
	*g = Gate{NoQuotes: quotes}
	_, g.Closed = r["allow"]
	for _, x := range r.rules("allow") {
		switch x.Type {
		case ruleMention:
			g.Mentioned = true
		case ruleFollower:
			g.Followers = true
		case ruleFollowing:
			g.Following = true
		case ruleList:
			g.Lists = append(g.Lists, c.placeRef(x.List))
		}
	}
}

// root returns the address of a post of the account that begins a thread.
func (c *Client) root(ctx context.Context, post parvis.Ref) (api.URI, error) {
	at, err := postAt(post)
	if err != nil {
		return at, err
	}
	if at.Authority, err = c.ownAuthority(ctx, at); err != nil {
		return at, err
	}
	v, err := c.kept(ctx, "gate", at)
	if err == nil && v.Parent.URI != "" {
		err = &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the post is an answer: only the first post of a thread has a gate",
			Help: "pass the post that begins the thread",
		}
	}
	return at, err
}

// ownAuthority returns the account's DID if the record is in its repository.
func (c *Client) ownAuthority(ctx context.Context, at api.URI) (string, error) {
	did, err := c.did(ctx)
	if err == nil && !c.own(at) {
		err = notOwn("gate")
	}
	return did, err
}

// gateAt returns where a gate of the post lies: under the post's record key.
func (c *Client) gateAt(post api.URI, collection string) api.URI {
	return api.URI{Authority: post.Authority, Collection: collection, RKey: post.RKey}
}

// HideReply hides an answer below the account's own thread: apps show it only to who asks
// for it. root is the post that begins the thread. Doing so twice is no error; a thread
// hides up to 300 answers.
//
// The answer may be anybody's. A root of somebody else's gives [parvis.ErrPermission].
func (c *Client) HideReply(ctx context.Context, root, reply parvis.Ref) error {
	_, err := c.hideReply(ctx, root, reply, true)
	return parvis.In(err, c.Account(), "hide reply", parvis.ErrUnknownOutcome)
}

// UnhideReply shows an answer again that [Client.HideReply] has hidden.
func (c *Client) UnhideReply(ctx context.Context, root, reply parvis.Ref) error {
	_, err := c.hideReply(ctx, root, reply, false)
	return parvis.In(err, c.Account(), "unhide reply", parvis.ErrUnknownOutcome)
}

// hideReply hides or shows an answer, and reports whether that changed anything.
func (c *Client) hideReply(ctx context.Context, root, reply parvis.Ref, hide bool) (changed bool, err error) {
	if err := errors.Join(c.Account().Owns(root), c.Account().Owns(reply)); err != nil {
		return false, err
	}
	answer, err := postAt(reply)
	if err != nil {
		return false, err
	}
	at, err := postAt(root)
	if err != nil {
		return false, err
	}
	if at.Authority, err = c.ownAuthority(ctx, at); err != nil {
		return false, notSent(err)
	}
	var full bool
	changed, err = c.amend(ctx, "hide", c.gateAt(at, api.ThreadGates), func(r record) (record, bool) {
		hidden := field[[]string](r, "hiddenReplies")
		full = hide && len(hidden) >= maxHidden
		if slices.Contains(hidden, answer.String()) == hide || full {
			return r, false
		}
		if hide {
			hidden = append(hidden, answer.String())
		} else {
			hidden = slices.DeleteFunc(hidden, func(s string) bool { return s == answer.String() })
		}
		return r.with("hiddenReplies", hidden, len(hidden) > 0), true
	})
	if err == nil && !changed && full {
		err = &parvis.Error{Code: parvis.ErrConflict, Message: "the thread hides 300 answers already, which is all that the network takes", Help: "show some again, or close the thread with Gate"}
	}
	return changed, err
}

// A record is one whose unknown fields must not be lost.
type record map[string]json.RawMessage

// field reads a field, or the zero value if it is missing or of another type.
func field[T any](r record, name string) T {
	var v T
	if json.Unmarshal(r[name], &v) != nil {
		var zero T
		return zero
	}
	return v
}

func (r record) rules(name string) []rule { return field[[]rule](r, name) }

// ruled sets a field to rules if on, and else takes it away.
func (r record) ruled(name string, rules []rule, on bool) record { return r.with(name, rules, on) }

// with returns r with another value in a field, or without the field if on is false.
func (r record) with(name string, value any, on bool) record {
	out := record{}
	maps.Copy(out, r)
	delete(out, name)
	if on {
		raw, err := json.Marshal(value)
		if err != nil {
			return r // strings and rules can always be encoded
		}
		out[name] = raw
	}
	return out
}

// empty reports whether a gate says nothing beside whose it is.
func (r record) empty() bool {
	for _, name := range []string{"allow", "hiddenReplies", "embeddingRules", "detachedEmbeddingUris"} {
		if raw, there := r[name]; there && (name == "allow" || len(field[[]json.RawMessage](record{name: raw}, name)) > 0) {
			return false
		}
	}
	return true
}

// amends is how often a record is read again that was changed meanwhile.
const amends = 5

// amend changes a gate: it reads it, and writes it only if nobody else has changed it
// meanwhile, else it begins anew. A gate that says nothing is removed. change gets an
// empty record where there is none, and reports false for nothing to do. It may be called
// several times.
func (c *Client) amend(ctx context.Context, op string, at api.URI, change func(record) (record, bool)) (bool, error) {
	sent := false
	for try := 1; ; try++ {
		old, cid, err := c.gate(ctx, op, at)
		if err != nil {
			return false, err
		}
		next, wanted := change(old)
		if !wanted || equal(old, next) || cid == "" && next.empty() {
			return sent, nil
		}
		sent = true
		if next.empty() {
			err = c.api.DeleteIf(ctx, op, at, cid)
		} else {
			err = c.api.Swap(ctx, op, at, c.stamped(at, next), cid)
		}
		again := errors.Is(err, parvis.ErrConflict) || errors.Is(err, parvis.ErrUnknownOutcome)
		if !again || try == amends || ctx.Err() != nil {
			return err == nil, err
		}
	}
}

// gate reads a gate and its version; none is empty.
func (c *Client) gate(ctx context.Context, op string, at api.URI) (record, string, error) {
	got, err := c.api.Get(ctx, op, at)
	if errors.Is(err, parvis.ErrNotFound) {
		return record{}, "", nil
	}
	if err != nil {
		return nil, "", notSent(err)
	}
	r := record{}
	if err := json.Unmarshal(got.Value, &r); err != nil {
		return nil, "", &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the gate is no record", Err: err}
	}
	return r, got.CID, nil
}

// stamped adds what every gate has.
func (c *Client) stamped(at api.URI, r record) record {
	r = r.with("$type", at.Collection, true)
	r = r.with("post", api.URI{Authority: at.Authority, Collection: api.Posts, RKey: at.RKey}.String(), true)
	if _, there := r["createdAt"]; !there {
		r = r.with("createdAt", api.FormatTime(time.Now()), true)
	}
	return r
}

func equal(a, b record) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
