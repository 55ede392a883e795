package bluesky

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Publish posts d, with its files and its card sent first. Until the post itself is sent
// nothing can be out, so that a file that fails is never an unknown outcome.
//
// The record key is made of Draft.Key, so that sending a draft again under its Key is safe
// for ever: if the post is there it is returned, and if another one is there under the Key
// the error matches [parvis.ErrConflict]. A Key that is a TID is the record key itself.
// What has been deleted can be posted again under its old Key.
//
// A file that an earlier attempt with the same [publish.Stages] has sent is not sent again,
// as long as the server has it; of a video the job is kept too.
//
// Mentions of handles that nobody has stay plain text, and a page that cannot be read gets
// a card with its address; Post.Warnings tells.
func (c *Client) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	if err := c.allowed(d); err != nil {
		return publish.Post{}, err
	}
	did, err := c.did(ctx)
	if err != nil {
		return publish.Post{}, notSent(err)
	}
	at := api.URI{Authority: did, Collection: api.Posts, RKey: api.NowTID()}
	if d.Key != "" {
		at.RKey = api.KeyTID(did, d.Key)
	}
	made, warnings, err := c.send(ctx, at, d)
	if err != nil && len(d.Media) > 0 && blobGone(err) {
		if err = dropMedia(ctx, d); err == nil {
			made, warnings, err = c.send(ctx, at, d)
		}
	}
	if err != nil {
		return publish.Post{}, err
	}
	post := c.post(made.view)
	post.Raw, post.Key, post.Warnings = made.raw, d.Key, warnings
	return post, nil
}

// send makes the record of d, with its files, and posts it.
func (c *Client) send(ctx context.Context, at api.URI, d publish.Draft) (made, []publish.Warning, error) {
	rec, warnings, err := c.record(ctx, d)
	if err != nil {
		return made{}, nil, notSent(err)
	}
	out, err := c.create(ctx, at, rec)
	return out, warnings, err
}

// allowed refuses what the network has no place for, before anything is sent. What
// [publish.Check] finds out for itself is not looked at again, but for what would make
// another post than was meant.
func (c *Client) allowed(d publish.Draft) error {
	no := func(why string) error { return parvis.Unsupported(c.Account(), "publish", why) }
	switch {
	case !d.Place.IsZero():
		return no(noPlaces)
	case !d.At.IsZero():
		return no(noSchedule)
	case d.Poll != nil:
		return no("the network has no polls")
	case d.Visibility != "" && d.Visibility != publish.Public:
		return no("every post is public")
	}
	ps := c.CheckDraft(d)
	switch {
	case len(ps) == 0:
		return nil
	case ps[0].Rule == "unsupported":
		return no(ps[0].Text)
	}
	return &parvis.Error{Code: parvis.ErrInvalid, Message: ps[0].Text, Help: ps[0].Help, Err: ps}
}

// CheckDraft finds a link card beside files, too many or too long tags, and a warning
// that no label can hold. See [publish.Checker].
func (c *Client) CheckDraft(d publish.Draft) publish.Problems {
	var ps publish.Problems
	if d.Link != "" && len(d.Media) > 0 {
		ps = append(ps, publish.Problem{Field: "link", Rule: "unsupported", Text: linkOrMedia, Help: "leave out the link card or the files"})
	}
	if n := len(d.Tags); n > maxTags {
		ps = append(ps, publish.Problem{
			Field: "tags", Rule: "count", Value: int64(n), Limit: maxTags,
			Text: fmt.Sprintf("there are %d tags, %d allowed", n, maxTags), Help: "leave some out",
		})
	}
	for i, tag := range d.Tags {
		if !fitsTag(strings.TrimPrefix(tag, "#")) {
			ps = append(ps, publish.Problem{
				Field: fmt.Sprintf("tags[%d]", i), Rule: "length", Value: int64(text.CountUnit(tag, parvis.Graphemes)), Limit: maxTagGraphemes,
				Text: fmt.Sprintf("tags[%d] is empty or longer than %d characters", i, maxTagGraphemes), Help: "shorten it",
			})
		}
	}
	if _, _, err := selfLabels(d); err != nil {
		ps = append(ps, publish.Problem{
			Field: "warning", Rule: "length", Value: int64(len(d.Warning)), Limit: maxLabelBytes,
			Text: "the warning cannot be kept: the network has labels only, of up to 128 bytes", Help: "use one of " + strings.Join(ownLabels, ", "),
		})
	}
	return ps
}

// maxTags is how many tags a post takes beside its text.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json
const maxTags = 8

// record translates d. It asks the network for what d refers to, and sends the files.
func (c *Client) record(ctx context.Context, d publish.Draft) (api.Post, []publish.Warning, error) {
	rec := api.Post{Type: api.Posts, CreatedAt: api.FormatTime(time.Now())}
	s, es, err := body(d)
	if err != nil {
		return rec, nil, err
	}
	var warnings []publish.Warning
	rec.Text = s
	if rec.Facets, warnings, err = c.facets(ctx, es); err != nil {
		return rec, nil, err
	}
	if d.Lang != "" {
		rec.Langs = []string{d.Lang}
	}
	for _, tag := range d.Tags {
		rec.Tags = append(rec.Tags, strings.TrimPrefix(tag, "#"))
	}
	labels, more, err := selfLabels(d)
	if err != nil {
		return rec, nil, err
	}
	rec.Labels, warnings = labels, append(warnings, more...)
	if !d.ReplyTo.IsZero() {
		if rec.Reply, err = c.reply(ctx, d.ReplyTo); err != nil {
			return rec, nil, err
		}
	}
	rec.Embed, more, err = c.embed(ctx, d)
	return rec, append(warnings, more...), err
}

// notSent takes back the doubt of a call that came before the post.
func notSent(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Code != parvis.ErrUnknownOutcome && e.Code != parvis.ErrBadAnswer {
		return err
	}
	known := *e
	known.Code, known.Help = parvis.ErrUnavailable, "try again later: the post itself was not sent"
	return &known
}

// reply returns what a post that answers ref says of it.
func (c *Client) reply(ctx context.Context, ref parvis.Ref) (*api.Reply, error) {
	v, err := c.target(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.Viewer.NoReply {
		return nil, &parvis.Error{
			Code: parvis.ErrPermission, Message: "the author of the thread does not let this account answer",
			Help: "quote the post instead, if its author allows that",
		}
	}
	r := &api.Reply{Root: v.Root, Parent: v.Strong}
	if r.Root.URI == "" || r.Root.CID == "" {
		r.Root = v.Strong
	}
	return r, nil
}

// target reads a post that another one refers to. The account's own is read from its
// repository, where it is at once; another's as the app view shows it, or else from its
// repository, since the app view is late.
func (c *Client) target(ctx context.Context, ref parvis.Ref) (api.PostView, error) {
	at, err := postAt(ref)
	if err != nil {
		return api.PostView{}, err
	}
	if !c.own(at) {
		views, err := c.api.PostViews(ctx, "publish", c.cfg.AppView, at.String())
		if err != nil {
			return api.PostView{}, err
		}
		if len(views) > 0 {
			return views[0], nil
		}
	}
	return c.kept(ctx, "publish", at)
}

// creates is how often a post is sent whose answer does not come and that is not there.
const creates = 2

// made is a post that is there.
type made struct {
	view api.PostView
	raw  []byte
}

// create sends the post. Without a clear answer the record is read back: servers answer a
// record key that is taken with an internal error. If nothing is there it is sent once
// more, which the record key makes harmless; if there is still no answer, it may yet come.
func (c *Client) create(ctx context.Context, at api.URI, rec api.Post) (made, error) {
	wanted, err := written(rec, at)
	if err != nil {
		return made{}, err
	}
	var doubt error // that an earlier try has left
	for try := 1; ; try++ {
		out, err := c.api.CreatePost(ctx, at, rec)
		if err == nil {
			wanted.Strong = out.Strong
			return made{wanted, out.Raw}, nil
		}
		if doubt == nil && errors.Is(err, parvis.ErrUnknownOutcome) {
			doubt = err
		}
		if !errors.Is(err, parvis.ErrUnknownOutcome) && !errors.Is(err, parvis.ErrDuplicate) && !errors.Is(err, parvis.ErrConflict) {
			return made{}, cmp.Or(doubt, err)
		}
		there, look := c.kept(ctx, "publish", at)
		switch {
		case look == nil && contentOf(there).is(contentOf(wanted)):
			return made{there, there.Raw}, nil
		case look == nil:
			return made{}, taken()
		case !errors.Is(look, parvis.ErrNotFound) || try == creates:
			return made{}, cmp.Or(doubt, err)
		}
	}
}
