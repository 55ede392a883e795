package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// The names under which a token's Extra holds what a session needs.
const (
	ExtraDID    = "did"
	ExtraHandle = "handle"
	ExtraPDS    = "pds"
	ExtraKey    = "dpop_key"
)

// TypeDPoP is the type of tokens that are bound to a key.
const TypeDPoP = "DPoP"

// Who is what a token says of its account; each part may be empty.
type Who struct{ DID, Handle, PDS string }

// A Session gives each call its address and its credentials. It is safe for concurrent use.
type Session struct {
	tokens parvis.TokenSource
	server string
	nonces dpop.Nonces

	mu   sync.Mutex
	who  Who
	key  *dpop.Key
	text string   // what key was read from
	hide []string // the last token's secrets
}

// NewSession returns a session that takes its tokens from there. server is the address of
// the PDS; empty is the one that the token names.
func NewSession(tokens parvis.TokenSource, server string) *Session {
	s := &Session{tokens: tokens, server: strings.TrimRight(server, "/")}
	s.who.PDS = s.server
	return s
}

// Peek returns what the last token said, without asking for one.
func (s *Session) Peek() Who {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

// Who returns what the token of now says.
func (s *Session) Who(ctx context.Context) (Who, error) {
	t, err := s.tokens.Token(sending.Unfenced(ctx)) // renewing it is no part of an attempt
	if err != nil {
		return Who{}, err
	}
	return s.note(t), nil
}

func (s *Session) note(t parvis.Token) Who {
	who := Who{t.Extra[ExtraDID], t.Extra[ExtraHandle], cmp.Or(s.server, strings.TrimRight(t.Extra[ExtraPDS], "/"))}
	if who.DID == "" && t.Type != TypeDPoP {
		who.DID = ParseJWT(t.Value).DID()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hide = []string{t.Value, t.Refresh, t.Extra[ExtraKey]}
	if who.DID == "" || who.DID == s.who.DID { // what was learned since stays
		who.DID, who.Handle = s.who.DID, cmp.Or(who.Handle, s.who.Handle)
	}
	s.who = who
	return who
}

// Learn keeps what the server said of the account.
func (s *Session) Learn(did, handle string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who.DID, s.who.Handle = cmp.Or(did, s.who.DID), cmp.Or(handle, s.who.Handle)
}

func (s *Session) secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hide
}

// an attempt is what the tries of one call share.
type attempt struct {
	used parvis.Token
	next *parvis.Token // to be used instead of the source's
	err  error         // why there is none
}

type attemptKey struct{}

func (s *Session) begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, new(attempt))
}

// authorize sets the credentials of one try.
//
// https://atproto.com/specs/xrpc#authentication and https://www.rfc-editor.org/rfc/rfc9449#section-7.1
func (s *Session) authorize(ctx context.Context, r *http.Request) error {
	t, err := s.take(ctx)
	if err != nil {
		return err
	}
	if who := s.note(t); !onServer(r.URL, who.PDS) {
		return &parvis.Error{
			Code: parvis.ErrUnavailable, Message: "the account has moved to another server",
			Help: "try again: the next call goes to the new one",
		}
	}
	if t.Type != TypeDPoP {
		r.Header.Set("Authorization", "Bearer "+t.Value)
		return nil
	}
	key, err := s.keyOf(t)
	if err != nil {
		return err
	}
	proof, err := key.Proof(dpop.Proof{
		Method: r.Method, URL: r.URL, Nonce: s.nonces.Get(dpop.Origin(r.URL), 0), Token: t.Value, Time: time.Now(),
	})
	if err != nil {
		return &parvis.Error{Code: parvis.ErrInvalid, Message: "the request cannot be signed", Err: err}
	}
	r.Header.Set("Authorization", "DPoP "+t.Value)
	r.Header.Set("Dpop", proof)
	return nil
}

// take returns the token for one try.
func (s *Session) take(ctx context.Context) (parvis.Token, error) {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	if a == nil {
		a = new(attempt)
	}
	if a.err != nil {
		return parvis.Token{}, a.err
	}
	if a.next != nil {
		a.used = *a.next
		return a.used, nil
	}
	t, err := s.tokens.Token(ctx)
	if err == nil && t.Value == "" {
		err = &parvis.Error{Code: parvis.ErrAuth, Message: "there is no token", Help: "connect the account first"}
	}
	a.used = t
	return t, err
}

func onServer(u *url.URL, pds string) bool {
	base, err := url.Parse(pds)
	return err == nil && dpop.Origin(base) == dpop.Origin(u)
}

// keyOf returns the key that t is bound to.
func (s *Session) keyOf(t parvis.Token) (*dpop.Key, error) {
	text := t.Extra[ExtraKey]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil && s.text == text {
		return s.key, nil
	}
	key, err := dpop.ParseKey(text)
	if err != nil {
		return nil, &parvis.Error{
			Code: parvis.ErrAuth, Message: "the key that the token is bound to is missing or broken",
			Help: "connect the account again, and keep all of the token, Extra too", Err: err,
		}
	}
	s.key, s.text = key, text
	return key, nil
}

// challenge answers what a server asks for with an error: a nonce, or another token.
func (s *Session) challenge(ctx context.Context, _ *http.Request, answer *httpx.Response) bool {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	if a == nil {
		return false
	}
	switch name := nameOf(answer); {
	case name == "use_dpop_nonce":
		// The nonce itself was learned with the headers.
		return a.used.Type == TypeDPoP && answer.Header.Get("Dpop-Nonce") != ""
	case !staleToken(name) || a.next != nil:
		return false
	}
	renewer, ok := s.tokens.(parvis.Renewer)
	if !ok {
		return false
	}
	t, err := renewer.Renew(ctx, a.used)
	if a.err = err; err == nil {
		a.next = &t
	}
	return true // authorize gives the error, which says more than the refusal
}

// limits returns a reader of the headers of all answers of a PDS.
func (s *Session) limits(pds string) func(http.Header) []parvis.Limit {
	origin := ""
	if u, err := url.Parse(pds); err == nil {
		origin = dpop.Origin(u)
	}
	return func(h http.Header) []parvis.Limit {
		s.nonces.Learn(origin, h)
		return Limits(h)
	}
}

// Limits reads the rate headers of a PDS. Each of its limits is named by its policy, such
// as "3000;w=300"; the answer shows the one that is nearest to its end. An answer without
// any gives a zero limit, so that a limiter knows that one came.
//
// https://docs.bsky.app/docs/advanced-guides/rate-limits
func Limits(h http.Header) []parvis.Limit {
	all := httpx.DefaultLimits(h)
	if len(all) == 0 {
		return []parvis.Limit{{}}
	}
	for i := range all {
		all[i].Name = strings.ReplaceAll(h.Get("Ratelimit-Policy"), " ", "")
	}
	return all
}
