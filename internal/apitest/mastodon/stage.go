package mastodontest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/providertest"
)

// readTries is more than a provider tries a read that fails.
const readTries = 10

// Rig is what the conformance suite needs to know of the server: p acts as u, and other
// is who else is there.
func (s *Server) Rig(t testing.TB, p providers.Provider, u, other *User) *providertest.Rig {
	t.Helper()
	return &providertest.Rig{
		Account: p,
		Say: func(_ context.Context, x providertest.Saying) (parvis.Ref, error) {
			text := x.Text
			if x.ReplyTo.IsZero() {
				text = "@" + u.Name + " " + text
			}
			a := p.Account()
			id := s.Say(other, text, x.ReplyTo.ID)
			return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: parvis.KindPost, ID: id}, nil
		},
		Count:    func(_ context.Context, text string) (int, error) { return s.Count(text) + s.Scheduled(text), nil },
		Calls:    s.Calls,
		Break:    s.Stage(t),
		Secrets:  []string{u.Token},
		Moderate: func(on parvis.Ref) []moderate.Action { return actions(t, p, on) },
	}
}

// actions are all that the provider lists for things of that kind, but for pinning: one
// pins one's own.
func actions(t testing.TB, p providers.Provider, on parvis.Ref) []moderate.Action {
	t.Helper()
	m, ok := p.(moderate.Moderator)
	if !ok {
		return nil
	}
	support, err := moderate.SupportOf(t.Context(), m, parvis.Place{})
	if err != nil {
		t.Errorf("asking for support: %v", err)
	}
	var out []moderate.Action
	for _, ab := range support.Actions {
		if ab.Do == moderate.DoPin || ab.Do == moderate.DoUnpin || !ab.OK() || !slices.Contains(ab.On, on.Kind) {
			continue
		}
		a := moderate.Action{Do: ab.Do, On: on, Reason: moderate.Reason{Text: "tried by the suite"}}
		if len(ab.Labels) > 0 {
			a.Label = ab.Labels[0]
		}
		out = append(out, a)
	}
	return out
}

// Stage returns the Break of a rig on the server: each failure as Mastodon words it. A
// server at another address waits for redirects, and fails the test if a token arrives there.
func (s *Server) Stage(t testing.TB) func(providertest.Fault) bool {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to another host")
		}
	}))
	t.Cleanup(elsewhere.Close)
	return func(x providertest.Fault) bool {
		f, ok := s.fault(x, elsewhere.URL)
		if ok {
			s.Faults.Clear()
			s.Faults.Inject(f)
		}
		return ok
	}
}

// fault is a failure of the suite as the server's own.
func (s *Server) fault(x providertest.Fault, elsewhere string) (apitest.Fault, bool) {
	kind, ok := map[providertest.FaultKind]apitest.Kind{
		providertest.RateLimited:       apitest.RateLimited,
		providertest.ServerErrorBefore: apitest.ErrorBefore,
		providertest.ServerErrorAfter:  apitest.ErrorAfter,
		providertest.CutBefore:         apitest.CutBefore,
		providertest.CutAfter:          apitest.CutAfter,
		providertest.Timeout:           apitest.Hang,
		providertest.BadToken:          apitest.Unauthorized,
		providertest.Truncated:         apitest.Truncated,
		providertest.TooLarge:          apitest.Huge,
		providertest.Redirect:          apitest.Redirect,
		providertest.Forbidden:         apitest.Forbidden,
		providertest.VersionRetired:    apitest.Gone426,
	}[x.Kind]
	f := apitest.Fault{Kind: kind, To: elsewhere, Match: matches(x.Op), Times: 1, Header: http.Header{}}
	if x.Op == "listen" {
		f.Times = readTries
	}
	switch kind {
	case apitest.RateLimited:
		// No Retry-After: https://docs.joinmastodon.org/api/rate-limits/.
		f.Header.Set("X-RateLimit-Limit", "300")
		f.Header.Set("X-RateLimit-Remaining", "0")
		f.Header.Set("X-RateLimit-Reset", s.Clock().Add(x.RetryAfter).UTC().Format("2006-01-02T15:04:05.000000Z"))
		f.Body = `{"error":"` + textTooMany + `"}`
	case apitest.Unauthorized:
		f.Body = `{"error":"` + textInvalidToken + `"}`
	case apitest.Forbidden:
		f.Body = `{"error":"` + textForbidden + `"}`
	case apitest.ErrorBefore, apitest.ErrorAfter:
		f.Header.Set("Content-Type", "text/html; charset=utf-8")
		f.Body = "<!DOCTYPE html><title>We're sorry, but something went wrong on our end.</title>"
	}
	return f, ok
}

// matches picks the calls that do the work of an operation of the suite. Streams are left
// to CutStreams, since a fault that waits for the whole answer would wait forever.
func matches(op string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		path, reads := r.URL.Path, r.Method == http.MethodGet
		switch op {
		case "publish":
			return r.Method == http.MethodPost && strings.HasSuffix(path, "/api/v1/statuses")
		case "listen":
			return reads && (strings.Contains(path, "/notifications") || strings.Contains(path, "/timelines/") || strings.Contains(path, "/conversations"))
		}
		return !reads && strings.Contains(path, "/api/") && !strings.HasSuffix(path, "/api/v1/statuses") && !strings.HasSuffix(path, "/media")
	}
}
