package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

func TestBlueskyConformance(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	providertest.Run(t, bskyHarness{n: n, ben: bskyAccount(t, n, "ben")})
}

// TestBlueskyModeratorConformance tries the rules of moderating once more, as somebody of
// the labeler's team.
func TestBlueskyModeratorConformance(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	h := bskyHarness{n: n, ben: bskyAccount(t, n, "ben"), team: true}
	tried := 0
	for _, c := range providertest.Cases() {
		if topic, _, _ := strings.Cut(c.Name, "/"); !slices.Contains([]string{"support", "moderate", "undo", "pending", "log"}, topic) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			r := h.Open(t)
			if why := c.Applies; why != nil && why(t.Context(), r) != nil {
				return
			}
			tried++
			if err := c.Run(t.Context(), r); err != nil {
				t.Errorf("%v\nthe rule: %s", err, c.Explanation)
			}
		})
	}
	assert.GreaterOrEqual(t, tried, 15)
}

// TestBlueskyRestartsDoNotLogIn: a program that is restarted forty times, and keeps its
// token, has logged in once, and posts on when the allowance of logins is used up.
func TestBlueskyRestartsDoNotLogIn(t *testing.T) {
	t.Parallel()
	n := bskyLimited(t)
	a := bskyAccount(t, n, "again")
	var logins atomic.Int32
	front := bskyProxy(t, n, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "createSession") {
				logins.Add(1)
			}
			h.ServeHTTP(w, r)
		})
	})
	kept := bskyToken(t, n, front, a)
	for i := range 40 {
		if i == 20 {
			useUpLogins(t, n, a)
		}
		c, err := bluesky.New(bluesky.Config{Tokens: heldToken{kept}, Server: front, Video: front}, nil)
		require.NoError(t, err)
		_, err = publish.To(t.Context(), c, publish.Draft{Text: "start " + strconv.Itoa(i)})
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, logins.Load())
}

// useUpLogins logs in until the PDS refuses, which says when it will not.
func useUpLogins(t *testing.T, n *network.Network, a network.Account) {
	t.Helper()
	var err error
	for range 31 {
		if _, err = n.Login(t.Context(), a, a.AppPassword); err != nil {
			break
		}
	}
	refusal := new(network.Refusal)
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, "RateLimitExceeded", refusal.Name)
	assert.Positive(t, refusal.RetryAfter)
}

// TestBlueskyNetworkIsWhole goes through all services of the network past the provider.
func TestBlueskyNetworkIsWhole(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ctx := t.Context()
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	post, cid, err := n.As(ana).Say(ctx, "Bonjour @"+ben.Handle, "")
	require.NoError(t, err)
	_, _, err = n.As(ben).Say(ctx, "an answer", post)
	require.NoError(t, err)
	bskySettled(t, n)

	var thread struct {
		Thread struct {
			Replies []struct {
				Post struct{ Record struct{ Text string } }
			}
		}
	}
	require.NoError(t, n.As(ana).Get(ctx, "app.bsky.feed.getPostThread", url.Values{"uri": {post}}, &thread))
	require.Len(t, thread.Thread.Replies, 1)
	assert.Equal(t, "an answer", thread.Thread.Replies[0].Post.Record.Text)
	var heard struct{ Notifications []struct{ Reason string } }
	require.NoError(t, n.As(ben).Get(ctx, "app.bsky.notification.listNotifications", nil, &heard))
	require.Len(t, heard.Notifications, 1)
	assert.Equal(t, "mention", heard.Notifications[0].Reason)

	moderator := n.As(n.Moderator).Proxy(n.OzoneDID + "#atproto_labeler")
	require.NoError(t, moderator.Post(ctx, "tools.ozone.moderation.emitEvent", map[string]any{
		"event":     map[string]any{"$type": "tools.ozone.moderation.defs#modEventTakedown", "comment": "tried"},
		"subject":   map[string]any{"$type": "com.atproto.repo.strongRef", "uri": post, "cid": cid},
		"createdBy": n.Moderator.DID,
	}, nil))
	bskySettled(t, n)
	var seen struct{ Posts []struct{} }
	require.NoError(t, n.As(ben).Get(ctx, "app.bsky.feed.getPosts", url.Values{"uris": {post}}, &seen))
	assert.Empty(t, seen.Posts, "a post that is taken down is not shown")
	refused := n.As(ana).Proxy(n.OzoneDID+"#atproto_labeler").Get(ctx, "tools.ozone.moderation.queryStatuses", nil, nil)
	refusal := new(network.Refusal)
	require.ErrorAs(t, refused, &refusal)
	assert.Equal(t, 401, refusal.Status)

	require.NoError(t, n.Admin().Get(ctx, "com.atproto.admin.getAccountInfo", url.Values{"did": {ana.DID}}, nil))
	require.NoError(t, n.Anyone().Post(ctx, "com.atproto.server.requestPasswordReset", map[string]string{"email": ana.Email}, nil))
	mails, err := n.Mails(ctx, ana.Email)
	require.NoError(t, err)
	assert.Len(t, mails, 1)
}
