package blueskytest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/providertest"
)

// readTries is more than a provider tries a read that fails, which is three times.
const readTries = 4

// Rig is what the conformance suite needs to know of the server: p acts as u, and other
// is who else is there.
func (s *Server) Rig(t testing.TB, p providers.Provider, u, other *User) *providertest.Rig {
	t.Helper()
	return &providertest.Rig{
		Account: p,
		Say: func(_ context.Context, x providertest.Saying) (parvis.Ref, error) {
			words := x.Text
			if x.ReplyTo.IsZero() {
				words = "@" + u.Handle + " " + words
			}
			uri, err := other.Say(words, x.ReplyTo.ID)
			a := p.Account()
			return parvis.Ref{Client: a.Client, Network: a.Network, Host: a.Host, Kind: parvis.KindPost, ID: uri}, err
		},
		Count:    func(_ context.Context, words string) (int, error) { return s.Count(words), nil },
		Calls:    s.Calls,
		Break:    Stage(t, &s.Faults),
		Secrets:  []string{u.Access, u.Refresh, u.Password, u.AppPassword},
		Moderate: func(on parvis.Ref) []moderate.Action { return Actions(t, p, on) },
	}
}

// Actions are all that the provider lists for things of that kind, but for pinning: one
// pins one's own.
func Actions(t testing.TB, p providers.Provider, on parvis.Ref) []moderate.Action {
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
		switch {
		case len(ab.Labels) > 0:
			a.Label = ab.Labels[0]
		case ab.Do == moderate.DoLabel || ab.Do == moderate.DoUnlabel:
			a.Label = "rude" // any will do
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b moderate.Action) int { return gentle(a.Do) - gentle(b.Do) })
	return out
}

// gentle is 1 for what only changes what is seen: it comes last, since no journal has it.
func gentle(do moderate.Do) int {
	if do == moderate.DoHide || do == moderate.DoUnhide {
		return 1
	}
	return 0
}

// Stage returns the Break of a rig in front of a PDS: each failure as the PDS words it. A
// server at another address waits for redirects, and fails the test if a token arrives there.
func Stage(t testing.TB, faults *apitest.Faults) func(providertest.Fault) bool {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to another host")
		}
	}))
	t.Cleanup(elsewhere.Close)
	return func(x providertest.Fault) bool {
		f, ok := fault(x, elsewhere.URL)
		if ok {
			faults.Clear()
			faults.Inject(f)
		}
		return ok
	}
}

// fault is a failure of the suite as the network's own.
func fault(x providertest.Fault, elsewhere string) (apitest.Fault, bool) {
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
	f := apitest.Fault{Kind: kind, To: elsewhere, Match: meaning(x.Op), Times: 1, Header: http.Header{}, RetryAfter: x.RetryAfter}
	if x.Op == "listen" || kind == apitest.Unauthorized {
		f.Times = readTries
	}
	switch kind {
	case apitest.RateLimited:
		f.Header.Set("RateLimit-Limit", "3000")
		f.Header.Set("RateLimit-Remaining", "0")
		f.Header.Set("RateLimit-Policy", "3000;w=300")
		f.Header.Set("RateLimit-Reset", strconv.FormatInt(time.Now().Add(x.RetryAfter).Unix(), 10))
		f.Body = `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`
	case apitest.Unauthorized:
		f.Status, f.Body = http.StatusBadRequest, `{"error":"InvalidToken","message":"Token could not be verified"}`
	case apitest.Forbidden:
		f.Body = `{"error":"Forbidden","message":"Forbidden"}`
	case apitest.ErrorBefore, apitest.ErrorAfter:
		f.Body = `{"error":"InternalServerError","message":"Internal Server Error"}`
	}
	return f, ok
}

// meaning picks the calls that do the work of an operation of the suite.
func meaning(op string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		nsid := strings.TrimPrefix(r.URL.Path, "/xrpc/")
		switch {
		case op == "listen":
			return r.Method == http.MethodGet && (strings.HasPrefix(nsid, "app.bsky.notification.") || strings.HasPrefix(nsid, "app.bsky.feed."))
		case r.Method != http.MethodPost || nsid == uploadCall || strings.HasPrefix(nsid, "com.atproto.server."):
			return false
		case op == "publish":
			return posts(r)
		}
		return !posts(r)
	}
}

// posts reports whether a call writes a post, and leaves its body as it is.
func posts(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct{ Collection string }
	return json.Unmarshal(body, &in) == nil && in.Collection == postType && !strings.HasSuffix(r.URL.Path, deleteCall)
}
