package blueskytest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
)

// same compares what must not be printed.
func same(a, b string) bool { return a == b }

const refreshCall = "com.atproto.server.refreshSession"

func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	s, ana, _, c := town(t, blueskytest.Options{Grace: time.Minute})
	s.SetNow(time.Now())
	first := c.as(ana.Refresh).post(refreshCall, nil)
	require.Equal(t, 200, first.status)
	again := c.as(ana.Refresh).post(refreshCall, nil)
	assert.True(t, same(first.text("refreshJwt"), again.text("refreshJwt")), "within the grace time the same token comes again")
	s.Advance(2 * time.Minute)
	late := c.as(ana.Refresh).post(refreshCall, nil)
	assert.Equal(t, "ExpiredToken", late.name())
	assert.Equal(t, 200, c.as(first.text("refreshJwt")).post(refreshCall, nil).status)
	assert.Equal(t, "InvalidToken", c.as(ana.Refresh).get("com.atproto.server.getSession").name())
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s, ana, _, c := town(t, blueskytest.Options{})
	ana.ExpireAccess()
	assert.Equal(t, "ExpiredToken", c.get("com.atproto.server.getSession").name())
	fresh := c.as(ana.Refresh).post(refreshCall, nil)
	require.Equal(t, 200, fresh.status)
	c.token = fresh.text("accessJwt")
	require.Equal(t, 200, c.get("com.atproto.server.getSession").status)
	s.SetNow(ana.Expiry().Add(time.Hour))
	assert.Equal(t, "ExpiredToken", c.get("com.atproto.server.getSession").name())
	ana.EndSessions()
	gone := c.as(fresh.text("refreshJwt")).post(refreshCall, nil)
	assert.Equal(t, []any{400, "ExpiredToken", "Token has been revoked"}, []any{gone.status, gone.name(), gone.text("message")})
	login := c.as("").post("com.atproto.server.createSession", obj{"identifier": ana.Handle, "password": ana.Password})
	assert.Equal(t, 200, login.status)
}

func TestLoginQuota(t *testing.T) {
	t.Parallel()
	s, ana, ben, c := town(t, blueskytest.Options{RateLimits: true})
	s.SetNow(time.Now())
	login := func(u *blueskytest.User) answer {
		return c.as("").post("com.atproto.server.createSession", obj{"identifier": u.Handle, "password": "wrong"})
	}
	for i := range 30 {
		a := login(ana)
		require.Equal(t, 401, a.status, "wrong passwords count too")
		assert.Equal(t, strconv.Itoa(29-i), a.header.Get("RateLimit-Remaining"))
	}
	a := login(ana)
	assert.Equal(t, []any{429, "RateLimitExceeded"}, []any{a.status, a.name()})
	assert.Equal(t, "30;w=300", a.header.Get("RateLimit-Policy"))
	assert.Equal(t, "300", a.header.Get("Retry-After"))
	reset, err := strconv.ParseInt(a.header.Get("RateLimit-Reset"), 10, 64)
	require.NoError(t, err)
	assert.Equal(t, s.Clock().Add(5*time.Minute).Unix(), reset)
	assert.Equal(t, 401, login(ben).status, "it is counted for each account")
	s.Advance(5 * time.Minute)
	assert.Equal(t, 401, login(ana).status)
}

func TestWritesCostPoints(t *testing.T) {
	t.Parallel()
	s, ana, _, c := town(t, blueskytest.Options{RateLimits: true})
	s.SetNow(time.Now())
	posts := 0
	for posts < 2000 {
		a := c.say(ana, "x")
		if a.status == 429 {
			assert.Equal(t, "5000;w=3600", a.header.Get("RateLimit-Policy"))
			assert.Equal(t, "3600", a.header.Get("Retry-After"))
			break
		}
		if posts++; posts == 1 {
			assert.Equal(t, "2999", a.header.Get("RateLimit-Remaining"), "the nearest limit is that of the address")
		}
	}
	assert.Equal(t, 5000/3, posts)
	s.Advance(time.Hour)
	gone := c.post("com.atproto.repo.deleteRecord", obj{"repo": ana.DID, "collection": "app.bsky.feed.post", "rkey": "3lbabcdefgh2a"})
	assert.Equal(t, 200, gone.status)
}

func TestUnknownIsNoted(t *testing.T) {
	t.Parallel()
	s, ana, _, c := town(t, blueskytest.Options{})
	assert.Equal(t, 501, c.get("app.bsky.feed.nothing").status)
	assert.Equal(t, 200, c.get("app.bsky.feed.getTimeline?max=5").status)
	c.post("app.bsky.graph.muteActor", obj{"actor": ana.Handle, "for": "ever"})
	assert.Equal(t, []string{"app.bsky.feed.nothing", "app.bsky.feed.getTimeline: max", "app.bsky.graph.muteActor: for"}, s.Unknown())
	assert.Equal(t, 3, s.Calls())
	assert.Len(t, s.Exchanges(), 3)
}

func TestTakedown(t *testing.T) {
	t.Parallel()
	s, ana, ben, c := town(t, blueskytest.Options{})
	uri, err := ben.Say("hello @ana.test", "")
	require.NoError(t, err)
	seen := func() int { return len(c.get("app.bsky.feed.getPosts?uris=" + uri).list("posts")) }
	heard := func() int { return len(c.get("app.bsky.notification.listNotifications").list("notifications")) }
	assert.Equal(t, []int{1, 1}, []int{seen(), heard()})
	s.TakeDown(uri, true)
	assert.Equal(t, []int{0, 0}, []int{seen(), heard()})
	s.TakeDown(uri, false)
	assert.Equal(t, []int{1, 1}, []int{seen(), heard()})
	s.Label(uri, "rude")
	post := c.get("app.bsky.feed.getPosts?uris=" + uri).list("posts")[0].(obj)
	assert.Equal(t, "rude", post["labels"].([]any)[0].(obj)["val"])

	s.TakeDown(ana.DID, true)
	assert.Equal(t, "AccountTakedown", c.say(ana, "x").name())
	assert.Equal(t, "AccountTakedown", c.as(ana.Refresh).post(refreshCall, nil).name())
	login := c.as("").post("com.atproto.server.createSession", obj{"identifier": ana.Handle, "password": ana.Password})
	assert.Equal(t, "AccountTakedown", login.name())
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	s, ana, _, c := town(t, blueskytest.Options{})
	assert.Equal(t, ana.DID, c.get("com.atproto.identity.resolveHandle?handle=ana.test").text("did"))
	doc := c.get("../" + ana.DID)
	assert.Equal(t, ana.DID, doc.text("id"))
	service := doc.list("service")[0].(obj)
	assert.Equal(t, s.URL, service["serviceEndpoint"])
	assert.Equal(t, 404, c.get("../did:plc:nobody").status)
	c.say(ana, "x")
	assert.Equal(t, []any{"app.bsky.feed.post"}, c.get("com.atproto.repo.describeRepo?repo=ana.test").list("collections"))
	assert.EqualValues(t, 5<<20, c.get("com.atproto.server.describeServer").body["blobUploadLimit"])
}

func TestBlobLimit(t *testing.T) {
	t.Parallel()
	_, _, _, c := town(t, blueskytest.Options{BlobLimit: 10})
	assert.Equal(t, 200, c.upload("com.atproto.repo.uploadBlob", "text/plain", "0123456789").status)
	large := c.upload("com.atproto.repo.uploadBlob", "text/plain", "0123456789a")
	assert.Equal(t, []any{413, "PayloadTooLarge"}, []any{large.status, large.name()})
}

func TestVideo(t *testing.T) {
	t.Parallel()
	_, ana, _, c := town(t, blueskytest.Options{})
	assert.Equal(t, "InvalidToken", c.get("app.bsky.video.getUploadLimits").name(), "it takes tokens for itself only")
	token := c.get("com.atproto.server.getServiceAuth?aud=did:web:video.invalid&lxm=app.bsky.video.uploadVideo").text("token")
	v := c.as(token)
	assert.Equal(t, true, v.get("app.bsky.video.getUploadLimits").body["canUpload"])
	job := v.upload("app.bsky.video.uploadVideo?did="+ana.DID+"&name=a.mp4", "video/mp4", "film").body["jobStatus"].(obj)
	ask := func() obj {
		return v.get("app.bsky.video.getJobStatus?jobId=" + job["jobId"].(string)).body["jobStatus"].(obj)
	}
	assert.Equal(t, "JOB_STATE_ENCODING", ask()["state"])
	done := ask()
	require.Equal(t, "JOB_STATE_COMPLETED", done["state"])
	made := c.post("com.atproto.repo.createRecord", obj{"repo": ana.DID, "collection": "app.bsky.feed.post", "record": obj{
		"$type": "app.bsky.feed.post", "text": "film", "createdAt": "2026-01-01T00:00:00.000Z",
		"embed": obj{"$type": "app.bsky.embed.video", "video": done["blob"]},
	}})
	require.Equal(t, 200, made.status)
	post := c.get("app.bsky.feed.getPosts?uris=" + made.text("uri")).list("posts")[0].(obj)
	assert.Contains(t, post["embed"].(obj)["playlist"], ".m3u8")
	assert.Equal(t, 400, v.get("app.bsky.video.getJobStatus?jobId=none").status)
}

func TestThreadgate(t *testing.T) {
	t.Parallel()
	_, ana, ben, c := town(t, blueskytest.Options{})
	root, err := ana.Say("root", "")
	require.NoError(t, err)
	disabled := func() any {
		post := c.as(ben.Access).get("app.bsky.feed.getPosts?uris=" + root).list("posts")[0].(obj)
		return post["viewer"].(obj)["replyDisabled"]
	}
	assert.Nil(t, disabled())
	gate := func(rules ...obj) {
		a := c.post("com.atproto.repo.putRecord", obj{
			"repo": ana.DID, "collection": "app.bsky.feed.threadgate", "rkey": root[strings.LastIndex(root, "/")+1:],
			"record": obj{"$type": "app.bsky.feed.threadgate", "post": root, "createdAt": "2026-01-01T00:00:00.000Z", "allow": append([]obj{}, rules...)},
		})
		require.Equal(t, 200, a.status, a.body)
	}
	gate()
	assert.Equal(t, true, disabled())
	gate(obj{"$type": "app.bsky.feed.threadgate#followerRule"})
	assert.Equal(t, true, disabled())
	require.NoError(t, ben.Follow(ana))
	assert.Equal(t, false, disabled())
}

// TestNotificationsOfOneMomentCanBeCut is a trait of the app view that clients must know of.
func TestNotificationsOfOneMomentCanBeCut(t *testing.T) {
	t.Parallel()
	s, _, ben, c := town(t, blueskytest.Options{})
	s.SetNow(time.Now())
	for i := range 3 {
		_, err := ben.Say("@ana.test "+strconv.Itoa(i), "")
		require.NoError(t, err)
	}
	page := c.get("app.bsky.notification.listNotifications?limit=2")
	assert.Len(t, page.list("notifications"), 2)
	rest := c.get("app.bsky.notification.listNotifications?limit=2&cursor=" + page.text("cursor"))
	assert.Empty(t, rest.list("notifications"), "the third happened at the moment of the cursor")
}
