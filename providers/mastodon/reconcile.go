package mastodon

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// pageSize is how many items a page has: what every server of the family grants.
const pageSize = "40"

const (
	// clockSkew is how far this machine's clock may be ahead of a server's that does not
	// tell its own, and roundoff how exact those are that do.
	clockSkew = 2 * time.Minute
	roundoff  = 5 * time.Second
)

// Reconcile looks for the post among what the account has posted since the attempt began,
// and among what waits for its time. It never sends anything. A post is the one if its
// text, its files, its poll and what it answers are those of the draft.
//
// If a post since then is like the draft and not the same, such as with another text on a
// server that does not keep what was sent, the error is [parvis.ErrUnknownOutcome]: the
// server may have changed it. [parvis.ErrNotFound] means that none is, or that the draft can
// be sent again under its Key without making a second post.
func (c *Client) Reconcile(ctx context.Context, t publish.Attempt) (publish.Post, error) {
	s, err := c.info(ctx)
	if err != nil {
		return publish.Post{}, err
	}
	look := lookout{draft: t.Draft, since: t.Started, safe: s.again(t)}
	post, err := c.find(ctx, look)
	// Where the server honours keys, being early does no harm.
	if early := min(c.cfg.Settle-time.Since(t.Started), c.cfg.Settle); errors.Is(err, parvis.ErrNotFound) && !s.honours(!t.Draft.At.IsZero()) && early > 0 {
		if err := pause(ctx, early); err != nil {
			return publish.Post{}, err
		}
		post, err = c.find(ctx, look)
	}
	return post, err
}

// again reports whether the attempt can be made again under its key without harm: the
// server honours keys, and still knows this one.
func (s *server) again(t publish.Attempt) bool {
	return t.Draft.Key != "" && s.honours(!t.Draft.At.IsZero()) && (s.keyFor == 0 || time.Since(t.Started) < s.keyFor)
}

// lookout is what is looked for among the account's own posts.
type lookout struct {
	draft  publish.Draft
	plain  string    // the draft's text
	since  time.Time // by this machine's clock
	newest bool      // of several matches, the newest counts instead of the oldest
	safe   bool      // to take what is like it, but not the same, for another post
}

// start returns when, by the server's clock, the look back ends.
func (l lookout) start(server time.Time) time.Time {
	if server.IsZero() {
		return l.since.Add(-clockSkew)
	}
	return l.since.Add(time.Until(server) - roundoff)
}

// find looks for what the draft became.
func (c *Client) find(ctx context.Context, l lookout) (publish.Post, error) {
	var err error
	if l.plain, err = l.draft.TextIn(parvis.Plain); err != nil {
		return publish.Post{}, err
	}
	if !l.draft.At.IsZero() {
		all, err := c.scheduled(ctx)
		if err != nil {
			return publish.Post{}, err
		}
		for _, p := range all {
			if l.waits(p) {
				p.Key = l.draft.Key
				return p, nil
			}
		}
	}
	found, err := c.findStatus(ctx, l)
	if err != nil {
		return publish.Post{}, err
	}
	post := c.post(found)
	post.Key = l.draft.Key
	return post, nil
}

// waits reports whether the waiting post p is the draft.
func (l lookout) waits(p publish.Post) bool {
	d := l.draft
	return p.At.Sub(d.At).Abs() < time.Second && p.ReplyTo.ID == d.ReplyTo.ID && len(p.Media) == len(d.Media) && same(p.Text.Plain, l.plain)
}

// likeness is how much a post is what was looked for.
type likeness int

const (
	other likeness = iota
	alike          // it may be, as changed by the server
	equal
)

// findStatus reads what the account posted, newest first, until it is older than the attempt.
func (c *Client) findStatus(ctx context.Context, l lookout) (*api.Status, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	var found *api.Status
	doubt := false
	q := url.Values{"limit": {pageSize}, "exclude_reblogs": {"true"}}
	for {
		page, err := c.api.AccountStatuses(ctx, me.ID, q)
		if err != nil {
			return nil, err
		}
		start := l.start(page.Date)
		for i := range page.Items {
			st := &page.Items[i]
			if when(st.CreatedAt).Before(start) {
				return found, orNotFound(found, doubt && !l.safe)
			}
			how, err := c.matches(ctx, st, l)
			if err != nil {
				return nil, err
			}
			doubt = doubt || how == alike
			if how == equal {
				found = st
			}
			if how == equal && l.newest {
				return found, nil
			}
		}
		if len(page.Items) == 0 {
			return found, orNotFound(found, doubt && !l.safe)
		}
		last := page.Items[len(page.Items)-1].ID
		if last == q.Get("max_id") {
			return nil, &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server gives the same page again"}
		}
		q.Set("max_id", last)
	}
}

func orNotFound(found *api.Status, doubt bool) error {
	switch {
	case found != nil:
		return nil
	case doubt:
		return &parvis.Error{
			Code: parvis.ErrUnknownOutcome, Message: "a post since then is like it, but not the same",
			Help: "look at the account's posts before sending it again",
		}
	}
	return &parvis.Error{Code: parvis.ErrNotFound, Message: "the post is not there", Help: "it may be sent again under the same Key"}
}

// matches reports whether st is what the draft became. Where the text that people see
// differs, the text that was sent decides, as the server keeps it.
func (c *Client) matches(ctx context.Context, st *api.Status, l lookout) (likeness, error) {
	d := l.draft
	switch {
	case st.Reblog != nil, st.InReplyToID != d.ReplyTo.ID:
		return other, nil
	case d.Visibility != "" && (st.Visibility == "direct") != (d.Visibility == publish.Direct): // servers narrow the others
		return other, nil
	}
	sameForm := (st.Poll != nil) == (d.Poll != nil) && same(st.SpoilerText, d.Warning) &&
		slices.EqualFunc(st.Media, d.Media, func(a api.Media, b parvis.Media) bool { return b.Alt == "" || same(a.Description, b.Alt) })
	switch seen := words(st).Plain; {
	case same(seen, l.plain) && sameForm:
		return equal, nil
	case same(seen, l.plain) && l.plain != "":
		return alike, nil // some servers drop files and warnings that they do not like
	case !sameForm:
		return other, nil
	}
	source, err := c.api.Source(ctx, st.ID)
	switch {
	case err == nil && (same(source.Text, l.plain) || same(source.Text, d.Text)):
		return equal, nil
	case err == nil:
		return other, nil
	case errors.Is(err, parvis.ErrNotFound), errors.Is(err, parvis.ErrUnsupported), errors.Is(err, parvis.ErrInvalid):
		if akin(l.plain, words(st).Plain) { // the server keeps no sources
			return alike, nil
		}
		return other, nil
	}
	return other, err
}

// akin reports whether at least half of the words of a are in b.
func akin(a, b string) bool {
	in := map[string]bool{}
	for w := range strings.FieldsSeq(strings.ToLower(local(b))) {
		in[w] = true
	}
	all, there := strings.Fields(strings.ToLower(local(a))), 0
	for _, w := range all {
		if in[w] {
			there++
		}
	}
	return there > 0 && 2*there >= len(all)
}

// same compares two texts but for case, white space, and the servers in mentions, which
// are not shown.
func same(a, b string) bool { return text.Fingerprint(local(a)) == text.Fingerprint(local(b)) }

// local takes the server out of mentions: @user@host.example becomes @user.
func local(s string) string {
	if strings.Count(s, "@") < 2 {
		return s
	}
	var b strings.Builder
	pos := 0
	for _, e := range text.Entities(s) {
		if e.Kind != parvis.EntityMention {
			continue
		}
		if i := strings.IndexByte(s[e.Start+1:e.End], '@'); i >= 0 {
			b.WriteString(s[pos : e.Start+1+i])
			pos = e.End
		}
	}
	return b.String() + s[pos:]
}
