package wordpress

import (
	"context"
	"net/http"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// fields are those of a post or comment that a request sets.
type fields map[string]any

// Publish writes a post or page, or a comment if the draft is an answer. A contributor's
// post is held as pending; so is a comment that the site moderates. A file that an earlier
// attempt with the same [publish.Stages] has uploaded is not uploaded again.
//
// https://developer.wordpress.org/rest-api/reference/posts/#create-a-post
func (c *Client) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	const op = "publish"
	if !d.ReplyTo.IsZero() {
		return c.comment(ctx, op, d)
	}
	me, err := c.whoami(ctx, op)
	if err != nil {
		return publish.Post{}, err
	}
	where, err := c.locate(op, d.Place.Ref)
	if err != nil {
		return publish.Post{}, err
	}
	if err := rightsOf(me, where.route).write.Err(c.Account(), op); err != nil {
		return publish.Post{}, err
	}
	f, files, err := c.compose(ctx, op, d, where)
	if err != nil {
		return publish.Post{}, c.notSent(op, err)
	}
	f["status"] = c.statusFor(me, where, d)
	body, _ := f["content"].(string)
	if !c.cfg.NoMark && d.Key != "" {
		f["content"] = mark{hash: hashOf(d.Key)}.with(body)
	}
	var p api.Post
	raw, err := c.api.Get(ctx, api.Call{Op: op, Method: http.MethodPost, Route: where.path(), Body: httpx.JSON(f)}, &p)
	if err != nil {
		return publish.Post{}, err
	}
	post := c.post(p, raw)
	post.Key, post.Place = d.Key, d.Place
	if len(files) > 0 {
		post.Media = c.mediaOf(files)
	}
	return post, nil
}

// notSent is the error of a draft whose files or terms did not arrive for certain. The
// post itself was not sent, and what no page shows does no harm, so that the draft may be
// sent again: the outcome is not unknown.
func (c *Client) notSent(op string, err error) error {
	if parvis.CodeOf(err) != parvis.ErrUnknownOutcome {
		return err
	}
	return &parvis.Error{
		Op: op, Network: Network, Account: c.Account().String(), Code: parvis.ErrUnavailable,
		Message: "a file, tag or category did not arrive, and the post was not sent", Help: "try again later", Err: words(err.Error()),
	}
}

// words are an error of which only the text counts: what it matched does not hold for
// the call as a whole.
type words string

func (w words) Error() string { return string(w) }

// statusFor returns the status that a new post gets. A post with a date ahead is kept by
// WordPress whichever of publish and future it is sent with.
func (c *Client) statusFor(me api.User, where spot, d publish.Draft) string {
	switch {
	case !rightsOf(me, where.route).publish.OK():
		return statusPending
	case d.Visibility == publish.Private:
		return statusPrivate
	case !d.At.IsZero():
		return statusFuture
	}
	return statusPublish
}

// compose uploads a draft's files, finds its terms and returns the fields of the post, all but
// the status.
func (c *Client) compose(ctx context.Context, op string, d publish.Draft, where spot) (fields, []upload, error) {
	if d.Visibility == publish.Private && !d.At.IsZero() {
		return nil, nil, c.refuse(op, parvis.ErrUnsupported, "WordPress keeps no private post until a time", "schedule it as public, or publish it now")
	}
	if where.route == pages && (len(d.Tags) > 0 || len(d.Categories) > 0 || d.Sticky) {
		return nil, nil, c.refuse(op, parvis.ErrUnsupported, "pages have no tags, categories and stickiness", "leave them out, or post to the blog")
	}
	files, err := c.uploads(ctx, op, d)
	if err != nil {
		return nil, nil, err
	}
	f := fields{}
	if f["content"], err = bodyOf(d, files); err != nil {
		return nil, nil, err
	}
	for _, up := range files {
		if up.isImage() {
			f["featured_media"] = up.ID
			break
		}
	}
	for name, v := range map[string]string{"title": d.Title, "slug": d.Slug, "excerpt": d.Excerpt} {
		if v != "" {
			f[name] = v
		}
	}
	if !d.At.IsZero() {
		f["date_gmt"] = api.FormatTime(d.At)
	}
	if d.Sticky {
		f["sticky"] = true
	}
	return f, files, c.classify(ctx, op, d, where, f)
}

// classify adds the draft's tags and categories to f.
func (c *Client) classify(ctx context.Context, op string, d publish.Draft, where spot, f fields) error {
	ids, err := c.terms(ctx, op, tags, d.Tags)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		f[tags] = ids
	}
	if ids, err = c.terms(ctx, op, categories, d.Categories); err != nil {
		return err
	}
	if where.category != 0 {
		ids = append([]int{where.category}, ids...)
	}
	if len(ids) > 0 {
		f[categories] = ids
	}
	return nil
}

func (c *Client) mediaOf(files []upload) []parvis.Media {
	out := make([]parvis.Media, len(files))
	for i, f := range files {
		out[i] = parvis.Media{Ref: c.ref(parvis.KindMedia, itoa(f.ID)), Name: f.name, Type: f.MIME, Alt: f.alt, URL: f.SourceURL}
	}
	return out
}

// comment answers a post or another comment.
//
// https://developer.wordpress.org/rest-api/reference/comments/#create-a-comment
func (c *Client) comment(ctx context.Context, op string, d publish.Draft) (publish.Post, error) {
	if err := c.commentable(op, d); err != nil {
		return publish.Post{}, err
	}
	f, err := c.replyTo(ctx, op, d.ReplyTo)
	if err != nil {
		return publish.Post{}, err
	}
	if f["content"], err = commentBody(d); err != nil {
		return publish.Post{}, err
	}
	var m api.Comment
	raw, err := c.api.Get(ctx, api.Call{Op: op, Method: http.MethodPost, Route: "/wp/v2/comments", Body: httpx.JSON(f)}, &m)
	if err != nil {
		return publish.Post{}, err
	}
	post := c.answer(m, raw)
	post.ReplyTo, post.Key = d.ReplyTo, d.Key
	return post, nil
}

// commentable refuses what posts can have and comments cannot.
func (c *Client) commentable(op string, d publish.Draft) error {
	if len(d.Media) > 0 || d.Title != "" || d.Slug != "" || d.Excerpt != "" || d.Link != "" || d.Sticky ||
		len(d.Tags) > 0 || len(d.Categories) > 0 || !d.At.IsZero() || d.Visibility == publish.Private {
		return c.refuse(op, parvis.ErrUnsupported, "a comment takes a text and nothing else", "leave out the rest of the draft")
	}
	return nil
}

// replyTo returns the fields that place a comment: its post, and the comment that it
// answers. WordPress itself does not check that this one is there.
func (c *Client) replyTo(ctx context.Context, op string, to parvis.Ref) (fields, error) {
	t, err := c.find(op, to)
	if err != nil {
		return nil, err
	}
	if t.kind == parvis.KindPost {
		return fields{"post": t.id}, nil
	}
	var m api.Comment
	if _, err := c.api.Do(ctx, api.Call{Op: op, Route: t.path(), Endpoint: t.endpoint()}, &m); err != nil {
		return nil, err
	}
	return fields{"post": m.Post, "parent": m.ID}, nil
}
