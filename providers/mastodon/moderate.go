package mastodon

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// Moderate does what a says. The state before is read first, so that what is so already
// is not done again, and the act's inverse restores what was.
func (c *Client) Moderate(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	s, err := c.info(ctx)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	id, err := idOf(a.On, a.On.Kind)
	if err != nil {
		return moderate.Act{}, err
	}
	switch a.On.Kind {
	case parvis.KindPerson:
		switch a.Do {
		case moderate.DoBlock, moderate.DoUnblock, moderate.DoMute, moderate.DoUnmute:
			return c.relate(ctx, a, id)
		case moderate.DoReport:
			if s.reports {
				return c.fileReport(ctx, a, id, nil)
			}
		}
		if s.staff {
			return c.administer(ctx, s, a, id)
		}
	case parvis.KindPost, parvis.KindMessage, parvis.KindComment:
		return c.onPost(ctx, s, a)
	case parvis.KindDomain:
		if s.domains {
			return c.onDomain(ctx, a, id)
		}
	case parvis.KindKeyword:
		if s.filters {
			return c.onKeyword(ctx, a, id)
		}
	case parvis.KindReport:
		if s.staff {
			return c.onReport(ctx, s, a, id)
		}
	}
	return moderate.Act{}, c.cannot(a)
}

// cannot is the error of an action that this server does not have.
func (c *Client) cannot(a moderate.Action) error {
	if a.Do == moderate.DoRemove || a.Do == moderate.DoPurge {
		return parvis.Unsupported(c.Account(), string(a.Do), whyNoRemoval)
	}
	return parvis.Unsupported(c.Account(), string(a.Do), "the server cannot "+string(a.Do)+" a "+string(a.On.Kind))
}

const whyNoRemoval = "the API deletes the account's own posts only, by publish.Delete; report the post, or act on its author"

// act is what was done to something that was in the state before; same tells that
// nothing had to be done.
func act(a moderate.Action, before, after string, same bool) moderate.Act {
	done := moderate.Act{Before: before, After: after}
	if inv := a.Do.Inverse(); inv != "" && !same {
		done.Inverse = &moderate.Action{Do: inv, On: a.On, Reason: a.Reason, Label: a.Label}
	}
	return done
}

// mustBe turns the doubt about a call that sets a state into certainty: if the state is
// read and is the wanted one, the call succeeded.
func mustBe(err error, now func() (bool, error)) error {
	if !errors.Is(err, parvis.ErrUnknownOutcome) {
		return err
	}
	if is, again := now(); again == nil && is {
		return nil
	}
	return err
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// relate blocks or mutes a person, or takes it back; see
// https://docs.joinmastodon.org/methods/accounts/#block and #mute. A mute ends at a.Until.
func (c *Client) relate(ctx context.Context, a moderate.Action, id string) (moderate.Act, error) {
	rels, err := c.api.Relationships(ctx, id)
	if err != nil {
		return moderate.Act{}, err
	}
	if len(rels) == 0 {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "the server does not know the person"}
	}
	rel := rels[0]
	muting := a.Do == moderate.DoMute || a.Do == moderate.DoUnmute
	was, yes, no := rel.Blocking, "blocked", "not blocked"
	if muting {
		was, yes, no = rel.Muting, "muted", "not muted"
	}
	want := a.Do == moderate.DoBlock || a.Do == moderate.DoMute
	until := when(rel.MutingExpiresAt)
	if was == want && (!muting || !want || until.Equal(a.Until.Truncate(time.Second))) {
		return act(a, word(was, yes, no), word(want, yes, no), true), nil
	}
	var d time.Duration
	if want && muting && !a.Until.IsZero() {
		d = time.Until(a.Until)
	}
	got, err := c.api.Relate(ctx, id, string(a.Do), d)
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, word(was, yes, no), word(want, yes, no), false)
	if muting && was {
		// The mute that was there comes back, with its end if that is still to come.
		done.Inverse = &moderate.Action{Do: moderate.DoMute, On: a.On, Reason: a.Reason, Until: until}
		if !until.IsZero() && !until.After(time.Now()) {
			done.Inverse = nil
		}
	}
	done.Raw = got.Raw
	return done, nil
}

// onPost mutes a thread, pins one of the account's own posts, or reports a post.
func (c *Client) onPost(ctx context.Context, s *server, a moderate.Action) (moderate.Act, error) {
	id, err := liveID(a.On)
	if err != nil {
		return moderate.Act{}, err
	}
	muting := a.Do == moderate.DoMute || a.Do == moderate.DoUnmute
	pinning := a.Do == moderate.DoPin || a.Do == moderate.DoUnpin
	switch {
	case a.Do == moderate.DoReport && s.reports, muting && s.thread, pinning && s.pin:
	default:
		return moderate.Act{}, c.cannot(a)
	}
	st, err := c.api.Status(ctx, id)
	if err != nil {
		return moderate.Act{}, err
	}
	if a.Do == moderate.DoReport {
		return c.fileReport(ctx, a, st.Account.ID, []string{id})
	}
	was, yes, no := st.Pinned, "pinned", "not pinned"
	if muting {
		was, yes, no = st.Muted, "muted", "not muted"
	}
	want := a.Do == moderate.DoPin || a.Do == moderate.DoMute
	if was == want {
		return act(a, word(was, yes, no), word(want, yes, no), true), nil
	}
	got, err := c.api.Act(ctx, id, string(a.Do))
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, word(was, yes, no), word(want, yes, no), false)
	done.Raw = got.Raw
	return done, nil
}

// onDomain blocks a whole server for the account, or takes that back; see
// https://docs.joinmastodon.org/methods/domain_blocks/. Followers that a block has taken
// away do not come back.
func (c *Client) onDomain(ctx context.Context, a moderate.Action, domain string) (moderate.Act, error) {
	if a.Do != moderate.DoBlock && a.Do != moderate.DoUnblock {
		return moderate.Act{}, c.cannot(a)
	}
	was, err := c.blocksDomain(ctx, domain)
	if err != nil {
		return moderate.Act{}, err
	}
	want := a.Do == moderate.DoBlock
	if was != want {
		if err := c.api.BlockDomain(ctx, domain, want); err != nil {
			return moderate.Act{}, err
		}
	}
	return act(a, word(was, "blocked", "not blocked"), word(want, "blocked", "not blocked"), was == want), nil
}

func (c *Client) blocksDomain(ctx context.Context, domain string) (bool, error) {
	q := url.Values{"limit": {pageSize}}
	for {
		page, err := c.api.DomainBlocks(ctx, q)
		if err != nil {
			return false, err
		}
		for _, d := range page.Items {
			if strings.EqualFold(d, domain) {
				return true, nil
			}
		}
		if q = further(q, page.Next, len(page.Items)); q == nil {
			return false, nil
		}
	}
}

// onKeyword hides whatever has a word or phrase, or takes that back; see
// https://docs.joinmastodon.org/methods/filters/. The filter ends at a.Until.
func (c *Client) onKeyword(ctx context.Context, a moderate.Action, word string) (moderate.Act, error) {
	if a.Do != moderate.DoMute && a.Do != moderate.DoUnmute {
		return moderate.Act{}, c.cannot(a)
	}
	f, keyword, err := c.filterOf(ctx, word)
	switch {
	case err != nil:
		return moderate.Act{}, err
	case a.Do == moderate.DoMute && f != nil:
		return act(a, "muted", "muted", true), nil
	case a.Do == moderate.DoUnmute && f == nil:
		return act(a, "not muted", "not muted", true), nil
	case a.Do == moderate.DoMute:
		var d time.Duration
		if !a.Until.IsZero() {
			d = time.Until(a.Until)
		}
		got, err := c.api.CreateFilter(ctx, word, d)
		err = mustBe(err, func() (bool, error) { f, _, err := c.filterOf(ctx, word); return f != nil, err })
		if err != nil {
			return moderate.Act{}, err
		}
		done := act(a, "not muted", "muted", false)
		done.Raw = got.Raw
		return done, nil
	}
	drop := func() error { return c.api.DeleteKeyword(ctx, keyword) }
	if len(f.Keywords) == 1 {
		drop = func() error { return c.api.DeleteFilter(ctx, f.ID) }
	}
	err = mustBe(drop(), func() (bool, error) { f, _, err := c.filterOf(ctx, word); return f == nil, err })
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, "muted", "not muted", false)
	done.Inverse.Until = when(f.ExpiresAt)
	return done, nil
}

// filterOf returns the filter that hides a keyword, and the keyword's ID; nil if none does.
func (c *Client) filterOf(ctx context.Context, word string) (*api.Filter, string, error) {
	all, err := c.api.Filters(ctx)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		if end := when(all[i].ExpiresAt); !end.IsZero() && end.Before(time.Now()) {
			continue
		}
		for _, k := range all[i].Keywords {
			if strings.EqualFold(k.Keyword, word) {
				return &all[i], k.ID, nil
			}
		}
	}
	return nil, "", nil
}
