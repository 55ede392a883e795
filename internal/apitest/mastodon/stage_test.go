package mastodontest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/providers/providertest"
)

// try posts once, as a client that follows no redirect and waits no longer than a moment.
func try(t testing.TB, s *mastodontest.Server, token, text string) (status int, header http.Header, body string, err error) {
	t.Helper()
	r, rerr := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/statuses", strings.NewReader(url.Values{"status": {text}}.Encode()))
	require.NoError(t, rerr)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	cl := &http.Client{Timeout: 500 * time.Millisecond, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := cl.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, resp.Header, string(b), err
}

func TestStagedFailures(t *testing.T) {
	t.Parallel()
	for kind, want := range map[providertest.FaultKind]struct {
		status int
		posts  int
		text   string
		broken bool
	}{
		providertest.RateLimited:       {429, 0, `{"error":"Too many requests"}`, false},
		providertest.ServerErrorBefore: {500, 0, "something went wrong", false},
		providertest.ServerErrorAfter:  {500, 1, "something went wrong", false},
		providertest.CutBefore:         {0, 0, "", true},
		providertest.CutAfter:          {0, 1, "", true},
		providertest.Timeout:           {0, 1, "", true},
		providertest.BadToken:          {401, 0, `{"error":"The access token is invalid"}`, false},
		providertest.Forbidden:         {403, 0, `{"error":"This action is not allowed"}`, false},
		providertest.Truncated:         {200, 1, `{"`, true},
		providertest.TooLarge:          {200, 1, `{"filler":"x`, false},
		providertest.Redirect:          {307, 0, "", false},
		providertest.VersionRetired:    {426, 0, "", false},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, u, _ := rig(t, mastodontest.Options{})
			require.True(t, s.Stage(t)(providertest.Fault{Kind: kind, Op: "publish", RetryAfter: time.Minute}))
			status, header, body, err := try(t, s, u.Token, "staged")
			assert.Equal(t, want.broken, err != nil, "%v", err)
			assert.Equal(t, want.status, status)
			assert.Contains(t, body, want.text)
			assert.Equal(t, want.posts, s.Count("staged"))
			if kind == providertest.RateLimited {
				assert.Empty(t, header.Get("Retry-After"))
				at, perr := time.Parse(time.RFC3339Nano, header.Get("X-RateLimit-Reset"))
				require.NoError(t, perr)
				assert.WithinDuration(t, time.Now().Add(time.Minute), at, 10*time.Second)
			}
			status, _, _, err = try(t, s, u.Token, "after")
			require.NoError(t, err)
			assert.Equal(t, 200, status, "a staged failure happens once")
		})
	}
	s, _, _ := rig(t, mastodontest.Options{})
	assert.False(t, s.Stage(t)(providertest.Fault{Kind: "earthquake", Op: "publish"}))
}

// someone is a provider that knows its account and nothing else.
type someone struct{ host string }

func (p someone) Account() parvis.Account {
	return parvis.Account{Client: "acme", Network: "mastodon", Host: p.host}
}

func TestRigOfTheSuite(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	r := s.Rig(t, someone{s.Host()}, u, s.AddUser("bob"))
	mention, err := r.Say(t.Context(), providertest.Saying{Text: "hello there"})
	require.NoError(t, err)
	assert.Equal(t, parvis.Ref{Client: "acme", Network: "mastodon", Host: s.Host(), Kind: parvis.KindPost, ID: mention.ID}, mention)
	root := cl.status("root")
	reply, err := r.Say(t.Context(), providertest.Saying{Text: "an answer", ReplyTo: parvis.Ref{ID: root}})
	require.NoError(t, err)
	heard := cl.get("/api/v1/notifications?types[]=mention").list(t)
	assert.Equal(t, []string{reply.ID, mention.ID}, []string{heard[0]["status"].(obj)["id"].(string), heard[1]["status"].(obj)["id"].(string)})
	cl.post("/api/v1/statuses", url.Values{"status": {"an answer, later"}, "scheduled_at": {time.Now().Add(time.Hour).Format(time.RFC3339)}})
	n, err := r.Count(t.Context(), "an answer")
	require.NoError(t, err)
	assert.Equal(t, 2, n, "what waits for its time counts")
	assert.Equal(t, []string{u.Token}, r.Secrets)
	assert.Equal(t, 3, r.Calls())
	assert.Empty(t, r.Moderate(reply), "it cannot moderate")
}

func TestBrokenKeysPostOnce(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{BrokenKeys: true})
	for _, want := range []int{200, 500, 500} {
		assert.Equal(t, want, cl.post("/api/v1/statuses", url.Values{"status": {"once"}}, "Idempotency-Key", "k").status)
	}
	assert.Equal(t, 1, s.Count("once"))
}

func TestParametersOfOneFlavour(t *testing.T) {
	t.Parallel()
	for flavour, unknown := range map[mastodontest.Flavour]int{mastodontest.Mastodon: 1, mastodontest.GoToSocial: 0, mastodontest.Pleroma: 0} {
		s, _, cl := rig(t, mastodontest.Options{Flavour: flavour})
		cl.post("/api/v1/statuses", url.Values{"status": {"x"}, "content_type": {"text/markdown"}})
		assert.Len(t, s.Unknown(), unknown, flavour)
	}
}

func TestUnvisited(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{Flavour: mastodontest.Pixelfed})
	before := s.Unvisited()
	assert.Contains(t, before, "GET /api/v1/statuses/{id}")
	assert.NotContains(t, before, "GET /api/v1/scheduled_statuses", "it has no such endpoint")
	cl.get("/api/v1/statuses/1")
	assert.Len(t, s.Unvisited(), len(before)-1)
}
