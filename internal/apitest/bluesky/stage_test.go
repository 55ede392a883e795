package blueskytest_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
)

// try posts once, as a client that follows no redirect and waits no longer than a moment.
func try(t testing.TB, s *blueskytest.Server, u *blueskytest.User, words string) (status int, header http.Header, body string, err error) {
	t.Helper()
	b := `{"repo":"` + u.DID + `","collection":"app.bsky.feed.post","record":{"$type":"app.bsky.feed.post","createdAt":"2026-01-01T00:00:00Z","text":"` + words + `"}}`
	r, rerr := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/xrpc/com.atproto.repo.createRecord", bytes.NewReader([]byte(b)))
	require.NoError(t, rerr)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+u.Access)
	cl := &http.Client{Timeout: time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := cl.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, resp.Header, string(got), err
}

func TestStagedFailures(t *testing.T) {
	t.Parallel()
	for kind, want := range map[providertest.FaultKind]struct {
		status, posts int
		text          string
		broken        bool
	}{
		providertest.RateLimited:       {429, 0, `"RateLimitExceeded"`, false},
		providertest.ServerErrorBefore: {500, 0, `"InternalServerError"`, false},
		providertest.ServerErrorAfter:  {500, 1, `"InternalServerError"`, false},
		providertest.CutBefore:         {0, 0, "", true},
		providertest.CutAfter:          {0, 1, "", true},
		providertest.Timeout:           {0, 1, "", true},
		providertest.BadToken:          {400, 0, `"InvalidToken"`, false},
		providertest.Forbidden:         {403, 0, `"Forbidden"`, false},
		providertest.Truncated:         {200, 1, `{"`, true},
		providertest.TooLarge:          {200, 1, `{"filler":"x`, false},
		providertest.Redirect:          {307, 0, "", false},
		providertest.VersionRetired:    {426, 0, "", false},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, ana, _, _ := town(t, blueskytest.Options{})
			require.True(t, blueskytest.Stage(t, &s.Faults)(providertest.Fault{Kind: kind, Op: "publish", RetryAfter: time.Minute}))
			status, header, body, err := try(t, s, ana, "staged")
			assert.Equal(t, want.broken, err != nil, "%v", err)
			assert.Equal(t, want.status, status)
			assert.Contains(t, body, want.text)
			assert.Equal(t, want.posts, s.Count("staged"))
			if kind == providertest.RateLimited {
				assert.Equal(t, "60", header.Get("Retry-After"))
			}
			s.Faults.Clear()
			status, _, _, err = try(t, s, ana, "after")
			require.NoError(t, err)
			assert.Equal(t, 200, status)
		})
	}
	s, _, _, _ := town(t, blueskytest.Options{})
	assert.False(t, blueskytest.Stage(t, &s.Faults)(providertest.Fault{Kind: "earthquake", Op: "publish"}))
}

// someone is a provider that knows its account and nothing else.
type someone struct{}

func (someone) Account() parvis.Account { return parvis.Account{Client: "acme", Network: "bluesky"} }

func TestRigOfTheSuite(t *testing.T) {
	t.Parallel()
	s, ana, ben, c := town(t, blueskytest.Options{})
	r := s.Rig(t, someone{}, ana, ben)
	mention, err := r.Say(t.Context(), providertest.Saying{Text: "hello there"})
	require.NoError(t, err)
	assert.Equal(t, parvis.Ref{Client: "acme", Network: "bluesky", Kind: parvis.KindPost, ID: mention.ID}, mention)
	root := c.say(ana, "root").text("uri")
	reply, err := r.Say(t.Context(), providertest.Saying{Text: "an answer", ReplyTo: parvis.Ref{ID: root}})
	require.NoError(t, err)
	heard := c.get("app.bsky.notification.listNotifications").list("notifications")
	require.Len(t, heard, 2)
	assert.Equal(t, []any{"reply", reply.ID}, []any{heard[0].(obj)["reason"], heard[0].(obj)["uri"]})
	assert.Equal(t, []any{"mention", mention.ID}, []any{heard[1].(obj)["reason"], heard[1].(obj)["uri"]})
	n, err := r.Count(t.Context(), "an answer")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, r.Calls())
	assert.Empty(t, r.Moderate(reply), "it cannot moderate")
	_, err = r.Say(t.Context(), providertest.Saying{Text: "x", ReplyTo: parvis.Ref{ID: "at://" + ana.DID + "/app.bsky.feed.post/3lbabcdefgh2a"}})
	require.Error(t, err)
}
