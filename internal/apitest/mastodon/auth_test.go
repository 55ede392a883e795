package mastodontest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

func TestTokensAndScopes(t *testing.T) {
	t.Parallel()
	s, u, _ := rig(t, mastodontest.Options{})
	revoked := u.NewToken("write")
	s.Revoke(revoked)
	for name, c := range map[string]struct {
		token  string
		status int
		want   string
	}{
		"none":                   {"", 401, "The access token is invalid"},
		"unknown":                {"nonsense", 401, "The access token is invalid"},
		"revoked":                {revoked, 401, "The access token was revoked"},
		"another scope":          {u.NewToken("read"), 403, "This action is outside the authorized scopes"},
		"a narrower other scope": {u.NewToken("write:media"), 403, "This action is outside the authorized scopes"},
		"no user":                {s.AppToken("write"), 422, "This method requires an authenticated user"},
		"the scope itself":       {u.NewToken("write:statuses"), 200, ""},
		"a wider scope":          {u.NewToken("write"), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := client{t, s, c.token}.post("/api/v1/statuses", url.Values{"status": {"x"}})
			assert.Equal(t, c.status, a.status)
			assert.Equal(t, c.want, a.err(t))
			assert.Equal(t, c.status == 401, a.header.Get("WWW-Authenticate") != "")
		})
	}
}

func TestFollowStandsForItsScopes(t *testing.T) {
	t.Parallel()
	s, u, _ := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	cl := client{t, s, u.NewToken("follow")}
	assert.Equal(t, 200, cl.post("/api/v1/accounts/"+bob.ID+"/mute", nil).status)
	assert.Equal(t, 403, cl.get("/api/v1/notifications").status)
}

func TestStatesOfTheUser(t *testing.T) {
	t.Parallel()
	for state, want := range map[mastodontest.State]string{
		mastodontest.Disabled:    "Your login is currently disabled",
		mastodontest.Suspended:   "Your login is currently disabled",
		mastodontest.Unconfirmed: "Your login is missing a confirmed e-mail address",
		mastodontest.Pending:     "Your login is currently pending approval",
	} {
		_, u, cl := rig(t, mastodontest.Options{})
		u.SetState(state, true)
		a := cl.get("/api/v1/accounts/verify_credentials")
		assert.Equal(t, 403, a.status)
		assert.Equal(t, want, a.err(t))
	}
}

func TestOpenEndpointsAndPrivateServers(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	nobody := client{t, s, ""}
	id := cl.status("hello")
	assert.Equal(t, 200, nobody.get("/api/v1/statuses/"+id).status)
	hidden := cl.post("/api/v1/statuses", url.Values{"status": {"psst"}, "visibility": {"private"}}).obj(t)["id"].(string)
	assert.Equal(t, 404, nobody.get("/api/v1/statuses/"+hidden).status)
	assert.Equal(t, 200, nobody.get("/api/v2/instance").status)

	p := mastodontest.New(t, mastodontest.Options{Private: true})
	a := client{t, p, ""}.get("/api/v1/timelines/public")
	assert.Equal(t, 401, a.status)
	assert.Equal(t, "This API requires an authenticated user", a.err(t))
}

func TestWhatTheServerDoesNotKnow(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{Path: "/social"})
	cl.post("/api/v1/statuses", url.Values{"status": {"x"}, "txt": {"y"}, "poll[title]": {"z"}})
	a := cl.get("/api/v9/everything")
	assert.Equal(t, 404, a.status)
	assert.Equal(t, "Not Found", a.err(t))
	assert.Equal(t, []string{"POST /api/v1/statuses: poll[title]", "POST /api/v1/statuses: txt", "GET /api/v9/everything"}, s.Unknown())
	page := cl.send(http.MethodGet, "/api/v9/x", "", nil, "Accept", "*/*")
	assert.Contains(t, page.header.Get("Content-Type"), "text/html")
	assert.Equal(t, 1, s.Count("x"))
	assert.Equal(t, 3, s.Calls())
}

func TestWhatAFlavourLacks(t *testing.T) {
	t.Parallel()
	for flavour, path := range map[mastodontest.Flavour]string{
		mastodontest.Pixelfed:  "/api/v1/scheduled_statuses",
		mastodontest.Friendica: "/api/v1/streaming/user",
		mastodontest.Pleroma:   "",
	} {
		_, _, cl := rig(t, mastodontest.Options{Flavour: flavour})
		if path != "" {
			assert.Equal(t, 404, cl.get(path).status, flavour)
		}
		v := cl.get("/api/v1/instance").obj(t)["version"].(string)
		assert.Contains(t, strings.ToLower(v), string(flavour))
	}
}

func TestIDsLookAsTheFlavourMakesThem(t *testing.T) {
	t.Parallel()
	for flavour, form := range map[mastodontest.Flavour]string{
		mastodontest.Mastodon: `^\d{17,20}$`, mastodontest.GoToSocial: `^[0-9A-HJKMNP-TV-Z]{26}$`, mastodontest.Pleroma: `^[0-9A-Za-z]{18}$`,
	} {
		_, _, cl := rig(t, mastodontest.Options{Flavour: flavour})
		last := ""
		for range 30 {
			id := cl.status("x")
			assert.Regexp(t, form, id)
			assert.True(t, len(last) < len(id) || last < id, "%s after %s", id, last)
			assert.Equal(t, 200, cl.get("/api/v1/statuses/"+id).status)
			last = id
		}
	}
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	s, u, _ := rig(t, mastodontest.Options{})
	nobody := client{t, s, ""}
	app := nobody.post("/api/v1/apps", url.Values{"client_name": {"tool"}, "redirect_uris": {"https://tool.example/cb"}, "scopes": {"read write:statuses"}}).obj(t)
	q := url.Values{
		"response_type": {"code"}, "client_id": {app["client_id"].(string)}, "redirect_uri": {"https://tool.example/cb"}, "scope": {"write:statuses"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	code, problem := s.Authorize(u, s.URL+"/oauth/authorize?"+q.Encode())
	require.Empty(t, problem)
	v := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {app["client_id"].(string)}, "client_secret": {app["client_secret"].(string)},
		"redirect_uri": {"https://tool.example/cb"}, "code_verifier": {"wrong"},
	}
	assert.Equal(t, "invalid_grant", nobody.post("/oauth/token", v).err(t))
	v.Set("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
	token := nobody.post("/oauth/token", v).obj(t)["access_token"].(string)
	assert.Equal(t, "invalid_grant", nobody.post("/oauth/token", v).err(t), "a code is good once")
	cl := client{t, s, token}
	assert.Equal(t, 200, cl.post("/api/v1/statuses", url.Values{"status": {"x"}}).status)
	assert.Equal(t, 403, cl.get("/api/v1/accounts/verify_credentials").status)
	assert.Equal(t, "tool", client{t, s, u.NewToken("read")}.get("/api/v1/statuses/" + strings.Trim(cl.status("y"), " ")).obj(t)["application"].(obj)["name"])
	v2 := url.Values{"client_id": v["client_id"], "client_secret": v["client_secret"], "token": {token}}
	assert.Equal(t, 200, nobody.post("/oauth/revoke", v2).status)
	assert.Equal(t, "The access token was revoked", cl.get("/api/v1/accounts/verify_credentials").err(t))
	q.Set("scope", "write")
	_, problem = s.Authorize(u, s.URL+"/oauth/authorize?"+q.Encode())
	assert.Equal(t, "invalid_scope", problem)
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{RateLimits: true})
	now := time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)
	s.SetNow(now)
	for i := range 300 {
		a := cl.get("/api/v1/accounts/verify_credentials")
		require.Equal(t, 200, a.status, i)
		assert.Equal(t, "300", a.header.Get("X-RateLimit-Limit"))
		assert.Equal(t, 299-i, atoi(a.header.Get("X-RateLimit-Remaining")))
		assert.Equal(t, "2026-03-01T12:05:00.000000Z", a.header.Get("X-RateLimit-Reset"))
	}
	a := cl.get("/api/v1/accounts/verify_credentials")
	assert.Equal(t, 429, a.status)
	assert.JSONEq(t, `{"error":"Too many requests"}`, string(a.body))
	assert.Empty(t, a.header.Get("Retry-After"))
	assert.Equal(t, 200, client{t, s, u.NewToken("read")}.get("/api/v1/accounts/verify_credentials").status, "the limit is the token's")
	s.Advance(4 * time.Minute)
	assert.Equal(t, 200, cl.get("/api/v1/accounts/verify_credentials").status)
}

func TestTighterRateLimits(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{RateLimits: true})
	s.SetNow(time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC))
	for range 30 {
		require.Equal(t, 200, cl.upload("/api/v2/media", "image/png", picture(t)).status)
	}
	a := cl.upload("/api/v2/media", "image/png", picture(t))
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "30", a.header.Get("X-RateLimit-Limit"))
	assert.Equal(t, "2026-03-01T12:30:00.000000Z", a.header.Get("X-RateLimit-Reset"))
	assert.Equal(t, 30, s.Uploads())
	for range 30 {
		id := cl.status("x")
		require.Equal(t, 200, cl.send(http.MethodDelete, "/api/v1/statuses/"+id, "", nil).status)
	}
	id := cl.status("stays")
	assert.Equal(t, 429, cl.send(http.MethodDelete, "/api/v1/statuses/"+id, "", nil).status)
	assert.Equal(t, 1, s.Count("stays"))
}

func TestStatusesPerThreeHours(t *testing.T) {
	t.Parallel()
	s, u, _ := rig(t, mastodontest.Options{RateLimits: true})
	s.SetNow(time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC))
	for range 300 {
		require.Equal(t, 200, client{t, s, u.NewToken("write")}.post("/api/v1/statuses", url.Values{"status": {"x"}}).status)
	}
	a := client{t, s, u.NewToken("write")}.post("/api/v1/statuses", url.Values{"status": {"x"}})
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "2026-03-01T15:00:00.000000Z", a.header.Get("X-RateLimit-Reset"))
	assert.Equal(t, 300, s.Count("x"))
}

func atoi(text string) int {
	n := 0
	for _, r := range text {
		n = n*10 + int(r-'0')
	}
	return n
}
