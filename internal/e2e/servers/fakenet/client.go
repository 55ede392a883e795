package fakenet

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

// A Provider acts as one account on a [Server]. It is safe for concurrent use.
type Provider struct {
	account parvis.Account
	class   Class
	http    *httpx.Client
	degree  *atomic.Pointer[degree] // to nil until the network has said it
	first   bool                    // files are uploaded by themselves
}

var (
	_ publish.Publisher  = (*Provider)(nil)
	_ publish.Supporter  = (*Provider)(nil)
	_ publish.Getter     = (*Provider)(nil)
	_ publish.Editor     = (*Provider)(nil)
	_ publish.Deleter    = (*Provider)(nil)
	_ publish.Reconciler = (*Provider)(nil)
	_ publish.Metrics    = (*Provider)(nil)
)

// Open returns the provider of an account that [Server.Join] returned, without calling the
// network; base is [Server.URL]. The class must be the one that the account joined with:
// every door refuses another with [parvis.ErrInvalid]. Nil options are the defaults of all
// providers; with [Server.Transport] as that of HTTPClient no socket is used.
func Open(base string, a parvis.Account, c Class, opts *providers.Options) (*Provider, error) {
	if opts == nil {
		opts = &providers.Options{}
	}
	if a.ID == "" || !c.known() {
		return nil, &parvis.Error{
			Op: "open", Network: a.Network, Account: a.String(), Code: parvis.ErrInvalid,
			Message: "the account has no ID, or its class is none", Help: "use the account and the class of Server.Join",
		}
	}
	p := &Provider{account: a, class: c, degree: &atomic.Pointer[degree]{}}
	var err error
	p.http, err = httpx.New(httpx.Config{
		Account: p.Account, Base: base, Limiter: opts.Limiter, Meter: opts.Meter, Client: opts.HTTPClient, Logger: opts.Logger,
		Timeout: opts.Timeout, MaxBody: opts.MaxAnswer, UserAgent: opts.UserAgent, Retry: httpx.RetryPolicy(opts.Retry), Errors: understand,
	})
	if err != nil {
		return nil, parvis.In(err, a, "open", parvis.ErrInvalid)
	}
	return p, nil
}

// Account names the account.
func (p *Provider) Account() parvis.Account { return p.account }

// Class returns what the network offers the account against posting twice.
func (p *Provider) Class() Class { return p.class }

// The network's words for what a status alone does not tell.
const (
	wordTaken    = "id_taken"
	wordUsed     = "key_used"
	wordDeleted  = "deleted"
	wordRejected = "rejected"
	wordNoFile   = "media_gone"
)

// codes are the words that say more than their status.
var codes = map[string]parvis.Code{
	wordUsed: parvis.ErrDuplicate, wordDeleted: parvis.ErrConflict, wordRejected: parvis.ErrRejected,
	"immutable": parvis.ErrUnsupported, "edit_window_closed": parvis.ErrTooLate, "version_retired": parvis.ErrAPIVersionRetired,
}

// understand reads the network's errors.
func understand(r *httpx.Response) *parvis.Error {
	if r.Status < 400 {
		return nil
	}
	var said problem
	_ = json.Unmarshal(r.Body, &said) // what is no problem is judged by its status
	if said.Error == "" {
		return nil
	}
	return &parvis.Error{Code: codes[said.Error], Vendor: said.Error, Message: said.Message, Help: said.Help}
}

// query names the account, and adds pairs of names and values.
func (p *Provider) query(pairs ...string) url.Values {
	q := url.Values{"account": {p.account.ID}}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// post calls the network for a post, whose Raw is the answer.
func (p *Provider) post(ctx context.Context, r httpx.Request) (publish.Post, error) {
	var got publish.Post
	answer, err := p.http.JSON(ctx, r, &got)
	if err != nil {
		return publish.Post{}, err
	}
	got.Raw = answer.Body
	return got, nil
}

// degrees are what the network says of the account, asked once.
func (p *Provider) degrees(ctx context.Context) (*degree, error) {
	if d := p.degree.Load(); d != nil {
		return d, nil
	}
	d := &degree{}
	r := httpx.Request{Path: "/support", Query: p.query(), Op: "ask for support"}
	if _, err := p.http.JSON(ctx, r, d); err != nil {
		return nil, err
	}
	if d.Class != p.class {
		return nil, &parvis.Error{
			Op: r.Op, Network: p.account.Network, Account: p.account.String(), Code: parvis.ErrInvalid,
			Message: "the account was opened as " + string(p.class) + ", and has joined as " + string(d.Class),
			Help:    "open it with the class that it has",
		}
	}
	p.degree.Store(d)
	return d, nil
}

// PublishSupport asks the network once, and remembers. The degrees are those of the town,
// the same in every place.
func (p *Provider) PublishSupport(ctx context.Context, _ parvis.Place) (publish.Support, error) {
	d, err := p.degrees(ctx)
	if err != nil {
		return publish.Support{}, err
	}
	return clone(d.Support), nil
}

// postPath is the path of one of the account's posts, or of another's.
func postPath(r parvis.Ref, more string) string { return "/posts/" + url.PathEscape(r.ID) + more }

// Get returns the post as it is now.
func (p *Provider) Get(ctx context.Context, post parvis.Ref) (publish.Post, error) {
	return p.post(ctx, httpx.Request{Path: postPath(post, ""), Endpoint: "GET /posts/:id", Query: p.query(), Op: "get post"})
}

// Delete removes a post for good. It is never repeated by itself: the second time the
// post is not found.
func (p *Provider) Delete(ctx context.Context, post parvis.Ref) error {
	_, err := p.http.Do(ctx, httpx.Request{
		Method: http.MethodDelete, Path: postPath(post, ""), Endpoint: "DELETE /posts/:id", Query: p.query(), Op: "delete",
	})
	return err
}

// Metrics returns the figures that the town has about the post.
func (p *Provider) Metrics(ctx context.Context, post parvis.Ref) ([]publish.Metric, error) {
	var out []publish.Metric
	_, err := p.http.JSON(ctx, httpx.Request{
		Path: postPath(post, "/metrics"), Endpoint: "GET /posts/:id/metrics", Query: p.query(), Op: "metrics",
	}, &out)
	return out, err
}

// letter is the body that carries a draft: JSON, or a form with the files that have bytes.
func (p *Provider) letter(ctx context.Context, l letter) httpx.Body {
	var files []httpx.File
	for i, m := range l.Draft.Media {
		if m.CanOpen() && m.Ref.IsZero() {
			files = append(files, httpx.MediaFile(mediaField+itoa(i), publish.Tracked(ctx, p.account, m)))
		}
	}
	l.Draft.Key, l.Draft.On = "", nil
	if len(files) == 0 {
		return httpx.JSON(l)
	}
	b, err := json.Marshal(l)
	if err != nil {
		return httpx.JSON(l) // whose failure is that of the call
	}
	return httpx.Multipart(url.Values{letterField: {string(b)}}, files...)
}

// Publish sends a draft. What the network offers against posting twice decides how: see
// [Class]. A key of the class [Keyed], and an ID, let the client repeat the call by itself;
// an ID that is taken is that of an earlier attempt, whose post is read back.
func (p *Provider) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	key := d.Key
	d = d.For(p.account.Network)
	post, err := p.withFiles(ctx, d, func(sent publish.Draft) (publish.Post, error) {
		return p.post(ctx, p.publication(ctx, sent, key))
	})
	if p.class == ClientID && key != "" && vendor(err) == wordTaken {
		post, err = p.readBack(ctx, idFor(p.account.ID, key))
	}
	if err != nil {
		return publish.Post{}, err
	}
	post.Key = cmp.Or(post.Key, key)
	return post, nil
}

// publication is the request that makes a post.
func (p *Provider) publication(ctx context.Context, d publish.Draft, key string) httpx.Request {
	r := httpx.Request{Method: http.MethodPost, Path: "/publish", Query: p.query(), Op: "publish", Safe: p.class.once() && key != ""}
	l := letter{Draft: d}
	switch {
	case key == "":
	case p.class == Keyed:
		r.Header = http.Header{keyHeader: {key}}
	case p.class == ClientID:
		l.ID = idFor(p.account.ID, key)
	case p.class == Lookup:
		l.Mark = key
	}
	r.Body = p.letter(ctx, l)
	return r
}

// Edit replaces the content of a post. Doing it twice is doing it once, so that the call
// is repeated by itself.
func (p *Provider) Edit(ctx context.Context, post parvis.Ref, d publish.Draft) (publish.Post, error) {
	return p.withFiles(ctx, d.For(p.account.Network), func(sent publish.Draft) (publish.Post, error) {
		return p.post(ctx, httpx.Request{
			Method: http.MethodPost, Path: postPath(post, "/edit"), Endpoint: "POST /posts/:id/edit", Query: p.query(), Op: "edit",
			Body: p.letter(ctx, letter{Draft: sent}), Safe: true,
		})
	})
}
