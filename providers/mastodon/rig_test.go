package mastodon_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon"
)

// flavours are the servers of the family.
var flavours = []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.GoToSocial, mastodontest.Pleroma, mastodontest.Pixelfed, mastodontest.Friendica}

// rig is a server with the account under test, acme, and somebody else, ana.
type rig struct {
	t         testing.TB
	server    *mastodontest.Server
	user, ana *mastodontest.User
	acme      *mastodon.Client
	log       *logBuffer
}

func newRig(t testing.TB, o mastodontest.Options, change ...func(*mastodon.Config)) *rig {
	t.Helper()
	return newStaffRig(t, o, mastodontest.RoleUser, change...)
}

func newStaffRig(t testing.TB, o mastodontest.Options, role mastodontest.Role, change ...func(*mastodon.Config)) *rig {
	t.Helper()
	s := mastodontest.New(t, o)
	r := &rig{t: t, server: s, user: s.AddUser("acme", role), ana: s.AddUser("ana"), log: new(logBuffer)}
	cfg := mastodon.Config{Server: s.URL, Client: "acme", Tokens: granted{r.user.Token, role}}
	for _, f := range change {
		f(&cfg)
	}
	c, err := mastodon.New(cfg, &providers.Options{Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	r.acme = c
	t.Cleanup(func() {
		for _, what := range s.Unknown() {
			// GoToSocial and Pleroma take it: https://docs.gotosocial.org/en/latest/api/swagger/
			if o.Flavour == mastodontest.Mastodon || o.Flavour == "" || !strings.HasSuffix(what, ": content_type") {
				t.Errorf("the server does not know %s", what)
			}
		}
		assert.NotContains(t, r.log.String(), r.user.Token)
	})
	return r
}

// granted is a token that knows its scopes: all that the role can be given.
type granted struct {
	value string
	role  mastodontest.Role
}

func (g granted) Token(context.Context) (parvis.Token, error) {
	t := parvis.Token{Value: g.value, Scopes: []string{"read", "write", "follow", "push"}}
	if g.role != mastodontest.RoleUser {
		t.Scopes = append(t.Scopes, "admin:read", "admin:write")
	}
	return t, nil
}

// as opens the server as somebody else, with the token.
func (r *rig) as(token string) *mastodon.Client {
	r.t.Helper()
	c, err := mastodon.New(mastodon.Config{Server: r.server.URL, Client: "acme", Tokens: parvis.StaticToken(token)}, nil)
	require.NoError(r.t, err)
	return c
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

// ref names a thing on the rig's server.
func (r *rig) ref(kind parvis.Kind, id string) parvis.Ref {
	return parvis.Ref{Client: "acme", Network: mastodon.Network, Host: r.server.Host(), Kind: kind, ID: id}
}

func (r *rig) place(id string) parvis.Place { return parvis.Place{Ref: r.ref(parvis.KindPlace, id)} }

// logBuffer collects a log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// picture is a small PNG.
func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 4))))
	return b.Bytes()
}

// film begins as MP4 files do.
var film = append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 64)...)

// collect reads a stream to its end, which must be without an error.
func collect[T any](t testing.TB, in iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range in {
		require.NoError(t, err)
		all = append(all, v)
	}
	return all
}

// texts are what events say.
func texts(evs []listen.Event) []string {
	out := []string{}
	for _, ev := range evs {
		out = append(out, ev.Text.Plain)
	}
	return out
}
