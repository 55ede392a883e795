package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// Client calls one server as one account. It is safe for concurrent use.
type Client struct {
	cfg  httpx.Config
	http *httpx.Client
}

// New returns a client. It sets the dialect of errors and, if there is none, the limiter.
func New(cfg httpx.Config) (*Client, error) {
	cfg.Errors = verdict
	if cfg.Limiter == nil {
		cfg.Limiter = httpx.NewLimiter(httpx.Options{Family: family})
	}
	c, err := httpx.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, http: c}, nil
}

// family groups the endpoints that share an allowance; the servers tell how much of it is
// left with every answer. See https://docs.joinmastodon.org/api/rate-limits/.
func family(endpoint string) string {
	switch endpoint {
	case "POST /api/v1/media", "POST /api/v2/media":
		return "media"
	case "DELETE /api/v1/statuses/:id", "POST /api/v1/statuses/:id/unreblog":
		return "delete"
	case "POST /api/v1/statuses":
		return "post"
	}
	return "api"
}

// do sends r and decodes the answer. What cannot be read is [parvis.ErrBadAnswer], or
// [parvis.ErrUnknownOutcome] if r may have changed something.
func do[T any](ctx context.Context, c *Client, r httpx.Request, decode func([]byte) (T, error)) (T, http.Header, error) {
	var zero T
	answer, err := c.http.JSON(ctx, r, nil)
	if err != nil {
		return zero, nil, err
	}
	v, err := decode(answer.Body)
	if err != nil {
		return zero, nil, unreadable(r, answer.Status, err)
	}
	return v, answer.Header, nil
}

// take is do for those who have no use for the header.
func take[T any](ctx context.Context, c *Client, r httpx.Request, decode func([]byte) (T, error)) (T, error) {
	v, _, err := do(ctx, c, r, decode)
	return v, err
}

// send is do for those who have no use for the answer, which may be empty.
func (c *Client) send(ctx context.Context, r httpx.Request) error {
	_, err := c.http.JSON(ctx, r, nil)
	return err
}

func unreadable(r httpx.Request, status int, err error) error {
	e := &parvis.Error{
		Code: parvis.ErrBadAnswer, Message: "the answer to " + r.Endpoint + " cannot be read", Status: status, Err: err,
		Help: "try again; if it persists, check the address and version of the server",
	}
	if r.Method != "" && r.Method != http.MethodGet && !r.Safe {
		e.Code, e.Help = parvis.ErrUnknownOutcome, "find out what became of it before sending it again"
	}
	return e
}

// into decodes by [encoding/json].
func into[T any](b []byte) (T, error) {
	var v T
	err := json.Unmarshal(b, &v)
	return v, err
}

// Whole is a value with the answer that it came in.
type Whole[T any] struct {
	Value T
	Raw   json.RawMessage
}

func whole[T any](b []byte) (Whole[T], error) {
	v, err := into[T](b)
	return Whole[T]{v, b}, err
}

// at returns a request for the endpoint, such as "POST /api/v1/statuses/:id/pin", with id
// in the place of :id.
func at(method, route, id string) httpx.Request {
	r := httpx.Request{Method: method, Path: route, Endpoint: method + " " + route}
	if i := indexID(route); i >= 0 {
		r.Path = route[:i] + url.PathEscape(id) + route[i+len(":id"):]
	}
	return r
}

func indexID(route string) int {
	for i := 0; i+3 <= len(route); i++ {
		if route[i:i+3] == ":id" {
			return i
		}
	}
	return -1
}
