package fake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// The scopes that an account can be granted.
const (
	scopeRead     = "read"
	scopeWrite    = "write"
	scopeModerate = "moderate"
)

// keyLife is how long the network remembers idempotency keys.
const keyLife = time.Hour

// degrees are what accounts can do unless [Options.Limits] says otherwise.
func degrees(o Options) publish.Support {
	yes, headline := parvis.Full(), parvis.Never("the network has no titles")
	edit := yes
	if o.EditWindow > 0 {
		edit = parvis.Partly(fmt.Sprintf("within %v of publication", o.EditWindow))
	}
	blog := parvis.Never("the network is no blog")
	return publish.Support{
		Text:    parvis.TextLimits{{Max: 500, Unit: parvis.Graphemes, Link: 23}},
		Formats: []parvis.Format{parvis.Plain},
		Media: publish.MediaSupport{
			Max: 4, Alone: []string{"video"}, Alt: parvis.TextLimit{Max: 1500, Unit: parvis.Graphemes},
			Rules: []publish.MediaRule{{Type: "image/*", MaxBytes: 8 << 20}, {Type: "video/*", MaxBytes: 40 << 20}}, URL: true, Bytes: true,
		},
		Poll: publish.PollSupport{
			MinOptions: 2, MaxOptions: 4, Option: parvis.TextLimit{Max: 50, Unit: parvis.Graphemes},
			Shortest: 5 * time.Minute, Longest: 30 * 24 * time.Hour, Multiple: true,
		},
		Visibilities: []publish.Visibility{publish.Public, publish.Unlisted, publish.Followers, publish.Direct, publish.Private},
		Headline:     headline, Slug: blog, Excerpt: blog, Canonical: blog,
		Link: yes, Reply: yes, Quote: yes, Lang: yes, Warning: yes, Tags: yes, Categories: yes, Sticky: yes,
		Schedule: publish.WindowSupport{Support: yes, Least: 5 * time.Minute, Most: 365 * 24 * time.Hour},
		Get:      yes, Edit: edit, Delete: yes, Trash: yes, React: yes, Reconcile: yes, Metrics: yes, Places: yes, PlaceEdit: yes,
		Key: publish.KeySupport{Support: yes, For: keyLife},
	}
}

// PublishSupport gives the degrees of [Options.Limits], narrowed to the account's scopes.
// It calls nobody. A place that is not there gives [parvis.ErrNotFound].
func (a *Account) PublishSupport(_ context.Context, place parvis.Place) (publish.Support, error) {
	if err := a.knows(place); err != nil {
		return publish.Support{}, err
	}
	s := a.n.sup
	s.Text, s.Title, s.Formats = slices.Clone(s.Text), slices.Clone(s.Title), slices.Clone(s.Formats)
	s.Media.Rules, s.Media.Alone = slices.Clone(s.Media.Rules), slices.Clone(s.Media.Alone)
	s.Visibilities, s.Reactions = slices.Clone(s.Visibilities), slices.Clone(s.Reactions)
	need := func(scope string, powers ...*parvis.Support) {
		if a.granted(scope) {
			return
		}
		s.MissingScopes = append(s.MissingScopes, scope)
		for _, p := range powers {
			*p = without(scope)
		}
	}
	need(scopeWrite, &s.Edit, &s.Delete, &s.Trash, &s.React, &s.Schedule.Support, &s.PlaceEdit)
	need(scopeRead, &s.Get, &s.Metrics, &s.Places, &s.Reconcile)
	return s, nil
}

// ListenSupport gives what the account hears. It calls nobody.
func (a *Account) ListenSupport(_ context.Context, place parvis.Place) (listen.Support, error) {
	if err := a.knows(place); err != nil {
		return listen.Support{}, err
	}
	yes := parvis.Full()
	s := listen.Support{
		Delivery: listen.Push | listen.Webhook, Resume: yes, History: yes, Search: yes, Webhooks: yes, Members: yes,
		Kinds: listen.Post | listen.Reply | listen.Mention | listen.Message | listen.Reaction | listen.Follow | listen.Edit | listen.Delete,
	}
	if a.p.moderator {
		s.Kinds |= listen.Report
	}
	if !a.granted(scopeRead) {
		no := without(scopeRead)
		s.MissingScopes, s.Resume, s.History, s.Search, s.Members = []string{scopeRead}, no, no, no, no
	}
	return s, nil
}

// ModerateSupport gives what the account may do. It calls nobody.
func (a *Account) ModerateSupport(_ context.Context, place parvis.Place) (moderate.Support, error) {
	if err := a.knows(place); err != nil {
		return moderate.Support{}, err
	}
	s := moderate.Support{Pending: parvis.Full(), Log: parvis.Full()}
	if !a.p.moderator {
		s.Pending, s.Log = parvis.Partly("answers below your own posts"), parvis.Partly("your own acts")
	}
	granted := a.granted(scopeModerate)
	if !granted {
		s.MissingScopes = []string{scopeModerate}
		s.Pending, s.Log = without(scopeModerate), without(scopeModerate)
	}
	for _, r := range rules() {
		ab := moderate.Ability{Do: r.do, On: slices.Clone(r.on), Undo: r.undo, Expires: r.expires, Support: parvis.Full()}
		switch {
		case !granted:
			ab.Support = without(scopeModerate)
		case a.p.moderator || r.who == anybody:
		case r.who == moderators:
			ab.Support = parvis.Support{Why: "only moderators may " + string(r.do), Scope: "the role of a moderator"}
		case r.who == owners:
			ab.Support = parvis.Partly("answers below your own posts")
		case r.who == authors:
			ab.Support = parvis.Partly("your own posts")
		}
		s.Actions = append(s.Actions, ab)
	}
	return s, nil
}

func without(scope string) parvis.Support {
	return parvis.Support{Why: "the scope " + scope + " was not granted", Scope: scope}
}

func (a *Account) granted(scope string) bool {
	return scope == "" || a.scopes == nil || slices.Contains(a.scopes, scope)
}

// knows returns an error unless the place is there; the zero place always is.
func (a *Account) knows(place parvis.Place) error {
	if place.Ref.IsZero() {
		return nil
	}
	a.n.mu.Lock()
	defer a.n.mu.Unlock()
	_, err := a.findPlace(place.Ref)
	return err
}
