package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// OpenStream opens a stream of server-sent events below base, the address of the server's
// streaming API. The route is "user", "hashtag", "list" and so on; see
// https://docs.joinmastodon.org/methods/streaming/. Only ctx ends it.
func (c *Client) OpenStream(ctx context.Context, base, route string, q url.Values) (io.ReadCloser, error) {
	cfg := c.cfg
	cfg.Base = base
	cfg.Retry = httpx.RetryPolicy{Max: 1} // whoever follows a stream has a patience of their own
	h, err := httpx.New(cfg)
	if err != nil {
		return nil, err
	}
	r := at("GET", "/api/v1/streaming/"+route, "")
	r.Query, r.Header = q, http.Header{"Accept": {"text/event-stream"}}
	resp, err := h.Stream(ctx, r)
	if err != nil {
		return nil, err
	}
	if t := resp.Header.Get("Content-Type"); !strings.HasPrefix(t, "text/event-stream") {
		_ = resp.Body.Close()
		return nil, &parvis.Error{Code: parvis.ErrUnsupported, Message: "the server answers " + r.Endpoint + " with something else than a stream"}
	}
	return resp.Body, nil
}

// DialStream opens a WebSocket for one stream, as q names it: stream=user. The token goes
// into the headers that https://docs.joinmastodon.org/methods/streaming/#authorization names.
func (c *Client) DialStream(ctx context.Context, base string, q url.Values) (*websocket.Conn, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the address of the streaming API is none"}
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/api/v1/streaming"
	u.RawQuery = q.Encode()
	probe := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"User-Agent": {c.cfg.UserAgent}}}
	if c.cfg.Auth != nil {
		if err := c.cfg.Auth(ctx, probe); err != nil {
			return nil, err
		}
	}
	token := strings.TrimPrefix(probe.Header.Get("Authorization"), "Bearer ")
	o := &websocket.DialOptions{HTTPHeader: probe.Header, HTTPClient: &http.Client{CheckRedirect: noRedirect}}
	if c.cfg.Client != nil {
		o.HTTPClient.Transport = c.cfg.Client.Transport
	}
	if token != "" {
		o.Subprotocols = []string{token}
	}
	conn, resp, err := websocket.Dial(ctx, u.String(), o) //nolint:bodyclose // Dial has taken and closed it
	if err != nil {
		return nil, dialError(resp, err, token)
	}
	conn.SetReadLimit(-1) // the reader has a limit of its own
	return conn, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// dialError says why no WebSocket came about.
func dialError(resp *http.Response, err error, token string) error {
	e := &parvis.Error{
		Code: parvis.ErrUnavailable, Message: "the stream cannot be opened", Help: "try again later",
		Vendor: httpx.Redact(err.Error(), token),
	}
	if resp == nil {
		return e
	}
	var body []byte
	if resp.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(resp.Body, 1024))
	}
	e.Status = resp.StatusCode
	if v := verdict(&httpx.Response{Status: resp.StatusCode, Header: resp.Header, Body: body}); v != nil && v.Code != "" {
		v.Status, v.Message = resp.StatusCode, e.Message
		return v
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		e.Code, e.Help = parvis.ErrAuth, "connect the account again"
	case resp.StatusCode == http.StatusForbidden:
		e.Code, e.Help = parvis.ErrPermission, "check the scopes of the account"
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Code = parvis.ErrRateLimited
	case resp.StatusCode < 500:
		e.Code, e.Help = parvis.ErrUnsupported, ""
	}
	return e
}
