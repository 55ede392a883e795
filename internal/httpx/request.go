package httpx

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Request is one call, before it is bound to a host and to credentials.
type Request struct {
	// Method is the HTTP method; GET if empty.
	Method string
	// Path is relative to [Config].Base and escaped as in URLs (use [url.PathEscape] for
	// what comes from outside). It may carry a query, and may be a whole address on the
	// very same host, as links to next pages are. A segment . or .. is refused.
	Path string
	// Endpoint names the call without identifiers, for the limiter and errors:
	// "GET /api/v1/statuses/:id". Empty means method and path.
	Endpoint string
	// Query is added to the path's own.
	Query url.Values
	// Header is added to the client's own, and wins over it.
	Header http.Header
	// Body is the content: [JSON], [Form], [Multipart] or [Raw]; nil means none.
	Body Body
	// Safe tells that the call may be repeated although it is a mutation: the network
	// honours a key that it carries, or it is idempotent by nature. GET and HEAD always are.
	Safe bool
	// Cost is the price for the limiter; 0 counts as 1.
	Cost int
	// Item is the name of the call in the network's price list; empty is Endpoint.
	Item string
	// Things is how many things the answer may hold that the network charges for one by
	// one; 0 counts as 1. Count returns how many it does hold; nil means all.
	Things int
	Count  func(*Response) int
	// Op is what the user was doing, for [parvis.Error].Op.
	Op string
	// Timeout replaces [Config].Timeout for this call, as long polls need;
	// 0 keeps it, a negative one means that only the context bounds the call.
	Timeout time.Duration
}

// A Response is an answer that has been read to its end.
type Response struct {
	// Status is the HTTP status.
	Status int
	// Header is the answer's header.
	Header http.Header
	// Body is the whole answer, decompressed.
	Body []byte
	// URL is the address that answered, after redirects.
	URL *url.URL
}

func (r *Request) invalid(why, help string) *parvis.Error {
	return &parvis.Error{Op: r.Op, Code: parvis.ErrInvalid, Message: why, Help: help}
}

func (r *Request) invalidPath() *parvis.Error {
	return r.invalid("the path holds a character or segment that is not allowed there",
		"escape each part with url.PathEscape, and use no . or .. segment")
}

// url returns the address of r below base.
func (c *Client) url(r *Request) (*url.URL, *parvis.Error) {
	u := &url.URL{Scheme: c.base.Scheme, Host: c.base.Host, User: c.base.User}
	path, prefix := r.Path, true
	if strings.ContainsFunc(path, notInURL) {
		return nil, r.invalidPath()
	}
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		abs, err := url.Parse(path)
		if err != nil || !sameOrigin(abs, &c.base) {
			return nil, r.invalid("the path is an address on another host",
				"call "+c.base.Host+" only, or make a client for the other host")
		}
		path, prefix = abs.EscapedPath(), false
		u.RawQuery = abs.RawQuery
	} else {
		path, u.RawQuery, _ = strings.Cut(path, "?")
	}
	if path != "" && path[0] != '/' {
		path = "/" + path
	}
	if strings.IndexByte(path, '\\') >= 0 || hasDots(path) || setPath(u, path) != nil {
		return nil, r.invalidPath()
	}
	if prefix && c.base.Path != "" {
		escaped := c.base.EscapedPath() + path
		u.Path = c.base.Path + u.Path
		if u.RawPath != "" || c.base.RawPath != "" {
			u.RawPath = escaped
		}
	}
	addQuery(u, r.Query)
	return u, nil
}

// setPath sets the path of u from its escaped form.
func setPath(u *url.URL, escaped string) error {
	u.Path = escaped
	if strings.IndexByte(escaped, '%') < 0 {
		return nil
	}
	p, err := url.PathUnescape(escaped)
	if err != nil {
		return err
	}
	u.Path, u.RawPath = p, escaped
	if hasDots(p) {
		return url.EscapeError(escaped)
	}
	return nil
}

func addQuery(u *url.URL, q url.Values) {
	if len(q) == 0 {
		return
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
}

// notInURL reports whether r must be escaped wherever it stands in a path or query.
func notInURL(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' }

// hasDots reports whether p has a segment . or .. that a server would resolve.
func hasDots(p string) bool {
	if !strings.Contains(p, "/.") {
		return false
	}
	for s := range strings.SplitSeq(p, "/") {
		if s == "." || s == ".." {
			return true
		}
	}
	return false
}

// header returns the header of r, with the client's own where r has none.
func (k *call) header() http.Header {
	h := make(http.Header)
	h["User-Agent"] = k.c.agent
	if k.mode == wholeJSON {
		h["Accept"] = acceptJSON
	}
	if k.body != nil {
		h["Content-Type"] = k.body.kind
	}
	for name, v := range k.req.Header {
		h[http.CanonicalHeaderKey(name)] = v
	}
	return h
}

// acceptJSON is shared by all requests; net/http does not write to header values.
var acceptJSON = []string{"application/json"}
