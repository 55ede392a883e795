package mastodon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

// TestConformance runs the suite on every server of the family.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			o := mastodontest.Options{Flavour: f, Thump: time.Second}
			if f == mastodontest.Friendica {
				o.Limits.Characters = 5000 // its own 200,000 would time the machine, not the rule
			}
			providertest.Run(t, harness{o})
		})
	}
}

// harness opens a server of its own for each case.
type harness struct{ o mastodontest.Options }

// settle is how long the account waits before it believes that a post is not there.
const settle = 300 * time.Millisecond

func (h harness) Open(t testing.TB) *providertest.Rig {
	s := mastodontest.New(t, h.o)
	user, ana := s.AddUser("acme", mastodontest.RoleAdmin), s.AddUser("ana")
	user.Follow(ana)
	log := new(logBuffer)
	c, err := mastodon.New(mastodon.Config{Server: s.URL, Client: "acme", Tokens: granted{user.Token, mastodontest.RoleAdmin}, Settle: settle},
		&providers.Options{Timeout: patience, Retry: providers.Retry{MinWait: 10 * time.Millisecond}, MaxAnswer: 1 << 20, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	r := &providertest.Rig{Account: c, Calls: s.Calls, Secrets: []string{user.Token}, Log: log}
	r.Say = func(_ context.Context, say providertest.Saying) (parvis.Ref, error) {
		text := say.Text
		if say.ReplyTo.IsZero() {
			text = "@acme " + text
		}
		id := s.Say(ana, text, say.ReplyTo.ID)
		if id == "" {
			return parvis.Ref{}, errors.New("there is nothing to answer")
		}
		return parvis.Ref{Client: "acme", Network: mastodon.Network, Host: s.Host(), Kind: parvis.KindPost, ID: id}, nil
	}
	r.Count = func(_ context.Context, text string) (int, error) { return s.Count(text) + s.Scheduled(text), nil }
	r.Draft = func(text string) publish.Draft { return draft(t, h.o.Flavour, text) }
	r.Break = func(f providertest.Fault) bool { return stage(t, s, f) }
	r.Moderate = func(on parvis.Ref) []moderate.Action { return actions(t, c, on) }
	return r
}

// actions are those worth trying on an answer by somebody else, or on its author, that
// the server has.
func actions(t testing.TB, c *mastodon.Client, on parvis.Ref) []moderate.Action {
	sup, err := moderate.SupportOf(t.Context(), c, parvis.Place{})
	if err != nil {
		t.Fatal(err)
	}
	var all []moderate.Action
	for _, do := range []moderate.Do{moderate.DoMute, moderate.DoBlock, moderate.DoLimit, moderate.DoBan, moderate.DoReport} {
		if sup.Can(do, on.Kind).OK() {
			all = append(all, moderate.Action{Do: do, On: on, Reason: moderate.Because("courtesy", "rude")})
		}
	}
	return all
}

// stage sets up a failure of the next calls with that meaning.
func stage(t testing.TB, s *mastodontest.Server, f providertest.Fault) bool {
	kinds := map[providertest.FaultKind]apitest.Kind{
		providertest.RateLimited: apitest.RateLimited, providertest.ServerErrorBefore: apitest.ErrorBefore, providertest.ServerErrorAfter: apitest.ErrorAfter,
		providertest.CutBefore: apitest.CutBefore, providertest.CutAfter: apitest.CutAfter, providertest.Timeout: apitest.Hang,
		providertest.BadToken: apitest.Unauthorized, providertest.Truncated: apitest.Truncated, providertest.TooLarge: apitest.Huge,
		providertest.Redirect: apitest.Redirect, providertest.Forbidden: apitest.Forbidden, providertest.VersionRetired: apitest.Gone426,
	}
	kind, ok := kinds[f.Kind]
	if !ok {
		return false
	}
	x := apitest.Fault{Kind: kind, RetryAfter: f.RetryAfter, Match: meaning(f.Op), Times: 5}
	if f.Kind == providertest.Redirect {
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			_ = r.Write(&b)
			if strings.Contains(b.String(), "Bearer") {
				t.Error("the token went to another host")
			}
		}))
		t.Cleanup(other.Close)
		x.To = other.URL
	}
	if f.Op == "publish" {
		x.Times = 1
	}
	s.Faults.Inject(x)
	return true
}

// meaning matches the calls of a verb.
func meaning(op string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		switch op {
		case "publish":
			return posting(r)
		case "listen":
			return r.URL.Path == "/api/v1/notifications"
		}
		return r.Method == http.MethodPost && !posting(r) && !strings.HasPrefix(r.URL.Path, "/api/v2/media")
	}
}
