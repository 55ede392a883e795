package api

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// PerPage is how many items a list gives at a time; the API allows 1 to 100.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/
const PerPage = 100

// A Client calls one site as one user. It is safe for concurrent use.
type Client struct {
	http *httpx.Client
	site url.URL
	root *Lazy[root]
}

// New returns a client that calls the site through h, whose base is the site's origin.
// api is the root of the API, such as "https://blog.example/wp-json/" or
// "https://blog.example/?rest_route=/", or empty to ask the site.
func New(h *httpx.Client, site *url.URL, api string) (*Client, error) {
	c := &Client{http: h, site: *site, root: NewLazy[root]()}
	if api == "" {
		return c, nil
	}
	r, ok := parseRoot(site, api)
	if !ok {
		return nil, &parvis.Error{
			Op: "configure", Code: parvis.ErrInvalid,
			Message: "the API's root is not an address on the site's own host",
			Help:    "write it as https://host/wp-json/ or https://host/?rest_route=/",
		}
	}
	c.root.Set(r)
	return c, nil
}

// A Call is one request below the API's root.
type Call struct {
	// Op is what the user was doing.
	Op string
	// Method is the HTTP method; GET if empty.
	Method string
	// Route is the route, such as "/wp/v2/posts/12", and Endpoint the same without
	// identifiers.
	Route, Endpoint string
	Query           url.Values
	Body            httpx.Body
	Header          http.Header
	// Safe tells that the call may be repeated although it changes something.
	Safe bool
}

// Do makes the call and decodes the answer into out, unless that is nil.
func (c *Client) Do(ctx context.Context, k Call, out any) (*httpx.Response, error) {
	r, err := c.root.Get(ctx, func(ctx context.Context) (root, error) { return c.discover(ctx, k.Op) })
	if err != nil {
		return nil, err
	}
	return c.http.JSON(ctx, r.request(k), out)
}

// Get reads one thing and returns it as it came, too.
func (c *Client) Get(ctx context.Context, k Call, out any) (json.RawMessage, error) {
	resp, err := c.Do(ctx, k, out)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// A Page is one page of a list.
type Page struct {
	Items []json.RawMessage
	// Total is the number of items on all pages, Pages the number of pages.
	Total, Pages int
	// Header is that of the answer.
	Header http.Header
}

// List reads one page of a list.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/
func (c *Client) List(ctx context.Context, k Call) (Page, error) {
	var p Page
	resp, err := c.Do(ctx, k, &p.Items)
	if err != nil {
		return Page{}, err
	}
	p.Header = resp.Header
	p.Total, _ = strconv.Atoi(resp.Header.Get("X-WP-Total"))
	p.Pages, _ = strconv.Atoi(resp.Header.Get("X-WP-TotalPages"))
	return p, nil
}

// root is where the API of a site is.
type root struct {
	path  string // without a slash at its end, unless plain
	plain bool   // the route is the parameter rest_route, as on sites without pretty permalinks
}

// parseRoot reads the address of the root of an API and reports whether it is on the
// host of site.
func parseRoot(site *url.URL, s string) (root, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host != site.Host || u.Scheme != site.Scheme {
		return root{}, false
	}
	if u.Query().Has("rest_route") {
		return root{path: cmp.Or(u.EscapedPath(), "/"), plain: true}, true
	}
	return root{path: strings.TrimRight(u.EscapedPath(), "/")}, true
}

func (r root) request(k Call) httpx.Request {
	req := httpx.Request{
		Method: k.Method, Path: r.path + k.Route, Endpoint: k.Endpoint, Query: k.Query,
		Header: k.Header, Body: k.Body, Safe: k.Safe, Op: k.Op,
	}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if req.Endpoint == "" {
		req.Endpoint = k.Route
	}
	req.Endpoint = req.Method + " " + req.Endpoint
	if !r.plain {
		return req
	}
	req.Path, req.Query = r.path, url.Values{"rest_route": {k.Route}}
	maps.Copy(req.Query, k.Query)
	return req
}
