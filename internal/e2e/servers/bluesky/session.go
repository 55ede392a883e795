package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// A Session calls XRPC methods at the PDS as somebody.
type Session struct {
	base  string
	did   string
	proxy string
	auth  func(*http.Request)
}

// A Refusal is an answer of the network that is an error.
type Refusal struct {
	NSID   string
	Status int
	// Name and Message are its "error" and "message".
	Name, Message string
	// RetryAfter is when to come back, in seconds; 0 where the network does not say.
	RetryAfter int
}

// Error names the method and what the network said.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", r.NSID, r.Status, r.Name, r.Message)
}

// As calls as the account, with the session of its app password.
func (n *Network) As(a Account) *Session {
	return &Session{base: n.PDS, did: a.DID, auth: bearer(a.Access)}
}

// Anyone calls without a session.
func (n *Network) Anyone() *Session {
	return &Session{base: n.PDS, auth: func(*http.Request) {}}
}

// adminPassword is the one that the development network gives to its PDS.
const adminPassword = "admin-pass"

// Admin calls as the administrator of the PDS: com.atproto.admin and the like.
func (n *Network) Admin() *Session {
	return &Session{base: n.PDS, auth: func(r *http.Request) { r.SetBasicAuth("admin", adminPassword) }}
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// Proxy is the session with its calls passed on to a service: a DID, "#" and its name.
func (s *Session) Proxy(service string) *Session {
	proxied := *s
	proxied.proxy = service
	return &proxied
}

// Get calls a query and decodes the answer into out, unless that is nil.
func (s *Session) Get(ctx context.Context, nsid string, q url.Values, out any) error {
	return s.do(ctx, http.MethodGet, nsid+"?"+q.Encode(), "", nil, out)
}

// Post calls a procedure; a nil in sends no body.
func (s *Session) Post(ctx context.Context, nsid string, in, out any) error {
	if in == nil {
		return s.do(ctx, http.MethodPost, nsid, "", nil, out)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return s.do(ctx, http.MethodPost, nsid, "application/json", body, out)
}

// Upload stores a blob, and returns what records name it by.
func (s *Session) Upload(ctx context.Context, mime string, body []byte) (map[string]any, error) {
	var out struct{ Blob map[string]any }
	err := s.do(ctx, http.MethodPost, "com.atproto.repo.uploadBlob", mime, body, &out)
	return out.Blob, err
}

func (s *Session) do(ctx context.Context, method, call, mime string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.base+"/xrpc/"+call, bytes.NewReader(body))
	if err != nil {
		return err
	}
	s.auth(req)
	if mime != "" {
		req.Header.Set("Content-Type", mime)
	}
	if s.proxy != "" {
		req.Header.Set("Atproto-Proxy", s.proxy)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var e struct{ Error, Message string }
		_ = json.Unmarshal(answer, &e) // the status says enough
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &Refusal{call, resp.StatusCode, e.Error, e.Message, after}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
