package contract_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/internal/e2e/contract"
)

// leastServer is what the walk through the test server must cover at least.
func leastServer() contract.Coverage {
	return contract.Coverage{Requests: 170, Operations: 122, Fields: 630, Events: 45}
}

// TestMastodonServerKeepsTheContract calls every endpoint of the test server by hand and
// holds all that was said against the description of the Mastodon API. What the server
// says wrongly, a provider would learn wrongly.
func TestMastodonServerKeepsTheContract(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	var v contract.Coverage
	walk(t, func(s *mastodontest.Server) {
		for _, x := range s.Exchanges() {
			v.Add(c, x)
			for _, p := range c.Exchange(x) {
				t.Errorf("%s\n\tit said: %.300s", p, x.Body)
			}
		}
		for _, e := range s.Sent() {
			v.Events++
			for _, p := range c.Event(e.Event, e.Payload) {
				t.Error(p)
			}
		}
		assert.Empty(t, s.Unvisited(), "endpoints that the walk leaves out")
		assert.Empty(t, s.Unknown())
	})
	t.Logf("the test server: %s", &v)
	assert.Empty(t, v.Below(leastServer()))
}

// tour is a walk through a server with some people on it.
type tour struct {
	s                  *mastodontest.Server
	me, bob, mod, none hand
	carla, boss, mine  *mastodontest.User
}

func walk(t *testing.T, check func(*mastodontest.Server)) {
	t.Helper()
	s := mastodontest.New(t, mastodontest.Options{RateLimits: true, Thump: time.Hour})
	mine := s.AddUser("acme")
	w := tour{
		s: s, mine: mine, me: hand{t, s, mine.Token}, bob: hand{t, s, s.AddUser("bob").Token}, none: hand{t, s, ""},
		carla: s.AddUser("carla@else.example"), boss: s.AddUser("boss", mastodontest.RoleOwner),
	}
	w.mod = hand{t, s, w.boss.Token}
	stop := w.listen(t)
	w.posting(t)
	w.reacting()
	w.people()
	w.hearing()
	w.moderating()
	w.connecting()
	stop()
	check(s)
}

// listen opens streams, so that events are sent.
func (w tour) listen(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	for _, path := range []string{"user", "user/notification", "public", "public/local?only_media=true", "public/remote", "hashtag?tag=go", "hashtag/local?tag=go", "direct"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.s.URL+"/api/v1/streaming/"+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+w.me.token)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	require.NoError(t, w.s.WaitStreams(t.Context(), 8))
	w.none.get("/api/v1/streaming/user")
	w.none.get("/api/v1/streaming/health")
	return cancel
}

func (w tour) posting(t *testing.T) {
	me := w.me
	pic := me.upload("/api/v2/media", "image/png", picture(t))
	video := me.upload("/api/v2/media", "video/mp4", []byte("v"))
	me.post("/api/v1/statuses", "status", "too early", "media_ids[]", video)
	me.get("/api/v1/media/" + video)
	me.get("/api/v1/media/" + video)
	me.get("/api/v1/media/1")
	me.form(http.MethodPut, "/api/v1/media/"+pic, "description", "other words", "focus", "0,0")
	me.form(http.MethodDelete, "/api/v1/media/"+me.upload("/api/v1/media", "image/png", picture(t)))
	me.upload("/api/v2/media", "text/plain", []byte("x"))

	first := me.post("/api/v1/statuses", "status", "Hello @bob #go https://example.com/a/long/address/to/be/cut/off?q=1", "media_ids[]", pic, "language", "fr",
		"spoiler_text", "careful", "sensitive", "true", "visibility", "public")
	poll := me.json(http.MethodPost, "/api/v1/statuses", map[string]any{"status": "?", "poll": map[string]any{
		"options":    []string{"a", "b"},
		"expires_in": 600, "multiple": true, "hide_totals": true,
	}})
	vote := id(poll["poll"].(map[string]any))
	w.bob.post("/api/v1/polls/"+vote+"/votes", "choices[]", "1")
	me.post("/api/v1/polls/"+vote+"/votes", "choices[]", "1")
	me.get("/api/v1/polls/" + vote)
	me.post("/api/v1/statuses", "status", "")
	me.post("/api/v1/statuses", "status", "x", "in_reply_to_id", "1")
	answer := w.bob.post("/api/v1/statuses", "status", "@acme yes", "in_reply_to_id", id(first))
	w.bob.post("/api/v1/statuses", "status", "look", "quoted_status_id", id(first), "quote_approval_policy", "followers")
	me.json(http.MethodPut, "/api/v1/statuses/"+id(first), map[string]any{
		"status": "Hello again @bob #go", "media_ids": []string{pic},
		"media_attributes": []any{map[string]any{"id": pic, "description": "third words"}},
	})
	for _, what := range []string{"", "/context", "/source", "/history"} {
		me.get("/api/v1/statuses/" + id(first) + what)
		w.none.get("/api/v1/statuses/" + id(answer) + what)
	}
	me.get("/api/v1/statuses?id[]=" + id(first) + "&id[]=" + id(answer))
	me.form(http.MethodDelete, "/api/v1/statuses/"+id(poll)+"?delete_media=true")
	me.form(http.MethodDelete, "/api/v1/statuses/"+id(answer))

	w.scheduling(id(first))
}

func (w tour) scheduling(first string) {
	me := w.me
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	later := me.post("/api/v1/statuses", "status", "later", "scheduled_at", at, "in_reply_to_id", first)
	me.post("/api/v1/statuses", "status", "too soon", "scheduled_at", time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	me.get("/api/v1/scheduled_statuses?limit=5")
	me.get("/api/v1/scheduled_statuses/" + id(later))
	me.json(http.MethodPut, "/api/v1/scheduled_statuses/"+id(later), map[string]any{"scheduled_at": at})
	me.form(http.MethodDelete, "/api/v1/scheduled_statuses/"+id(later))
	me.get("/api/v1/scheduled_statuses/" + id(later))
}

func (w tour) reacting() {
	theirs := w.s.Say(w.carla, "from far away #go", "")
	own := id(w.me.post("/api/v1/statuses", "status", "to pin"))
	w.me.post("/api/v1/statuses/" + theirs + "/pin")
	for _, verb := range []string{"favourite", "bookmark", "mute", "reblog", "pin"} {
		to := theirs
		if verb == "pin" {
			to = own
		}
		w.me.post("/api/v1/statuses/" + to + "/" + verb)
		w.me.get("/api/v1/" + map[string]string{
			"favourite": "favourites", "bookmark": "bookmarks", "reblog": "statuses/" + to + "/reblogged_by",
			"mute": "statuses/" + to + "/favourited_by", "pin": "accounts/" + w.mine.ID + "/statuses?pinned=true",
		}[verb])
		w.me.post("/api/v1/statuses/" + to + "/un" + verb)
	}
	w.me.post("/api/v1/statuses/1/favourite")
	w.s.Favourite(w.carla, own)
	w.s.Boost(w.carla, own)
}

func (w tour) people() {
	for _, path := range []string{
		"accounts/verify_credentials", "apps/verify_credentials", "accounts/" + w.carla.ID, "accounts?id[]=" + w.carla.ID,
		"accounts/lookup?acct=bob", "accounts/lookup?acct=nobody", "accounts/search?q=carla&limit=3", "accounts/relationships?id[]=" + w.carla.ID, "preferences",
		"accounts/" + w.mine.ID + "/statuses?limit=3&exclude_replies=true&exclude_reblogs=true",
	} {
		w.me.get("/api/v1/" + path)
	}
	w.none.get("/api/v1/accounts/verify_credentials")
	at := "/api/v1/accounts/" + w.carla.ID + "/"
	w.carla.Follow(w.mine)
	for _, verb := range []string{"follow", "mute", "block"} {
		w.me.post(at + verb)
		for _, path := range []string{"mutes", "blocks", "accounts/" + w.mine.ID + "/following", "accounts/" + w.mine.ID + "/followers?limit=1"} {
			w.me.get("/api/v1/" + path)
		}
		w.me.post(at + "un" + verb)
	}
	w.me.post(at+"mute", "duration", "3600", "notifications", "false")
	w.me.post(at + "unmute")
	w.me.post(at + "remove_from_followers")
	w.me.post("/api/v1/domain_blocks", "domain", "bad.example")
	w.me.get("/api/v1/domain_blocks")
	w.me.form(http.MethodDelete, "/api/v1/domain_blocks?domain=bad.example")
	w.me.post(at + "follow")
	made := id(w.me.post("/api/v1/lists", "title", "friends"))
	w.me.post("/api/v1/lists/"+made+"/accounts", "account_ids[]", w.carla.ID)
	for _, path := range []string{"lists", "lists/" + made, "lists/" + made + "/accounts", "timelines/list/" + made} {
		w.me.get("/api/v1/" + path)
	}
	w.me.form(http.MethodDelete, "/api/v1/lists/"+made)
}

func (w tour) hearing() {
	w.s.Say(w.carla, "@acme a mention", "")
	w.s.SayTo(w.carla, "@acme in secret", "", "direct")
	filter := id(w.me.post("/api/v2/filters", "title", "noise", "context[]", "home", "filter_action", "warn", "keywords_attributes[][keyword]", "mention"))
	heard := w.me.get("/api/v1/notifications?limit=2&types[]=mention&exclude_types[]=follow")
	w.me.get("/api/v1/notifications")
	w.me.get("/api/v1/notifications/" + id(heard))
	w.me.get("/api/v1/notifications/unread_count")
	w.me.post("/api/v1/notifications/" + id(heard) + "/dismiss")
	for _, path := range []string{"home", "public?local=true", "tag/go?any[]=parvis"} {
		w.me.get("/api/v1/timelines/" + path)
	}
	conversation := id(w.me.get("/api/v1/conversations"))
	w.me.post("/api/v1/conversations/" + conversation + "/read")
	w.me.form(http.MethodDelete, "/api/v1/conversations/"+conversation)
	w.me.get("/api/v2/search?q=go&limit=3")
	w.none.get("/api/v2/search?q=carla&resolve=true")
	w.me.get("/api/v2/filters")
	w.me.get("/api/v2/filters/" + filter)
	w.me.json(http.MethodPut, "/api/v2/filters/"+filter, map[string]any{"title": "other", "context": []string{"public"}, "expires_in": 3600})
	word := id(w.me.post("/api/v2/filters/"+filter+"/keywords", "keyword", "spam", "whole_word", "true"))
	w.me.get("/api/v2/filters/" + filter + "/keywords")
	w.me.form(http.MethodDelete, "/api/v2/filters/keywords/"+word)
	w.me.form(http.MethodDelete, "/api/v2/filters/"+filter)
	w.me.post("/api/v1/notifications/clear")
}

func (w tour) moderating() {
	bad := w.s.AddUser("bad")
	said := w.s.Say(bad, "buy now", "")
	w.me.post("/api/v1/reports", "account_id", bad.ID, "status_ids[]", said, "comment", "spam", "category", "spam", "forward", "false")
	w.me.json(http.MethodPost, "/api/v1/reports", map[string]any{"account_id": bad.ID, "rule_ids": []string{"2"}})
	w.me.post("/api/v1/reports", "account_id", bad.ID, "rule_ids[]", "9")
	w.mod.get("/api/v1/notifications?types[]=admin.report")
	w.me.get("/api/v1/admin/reports")
	report := id(w.mod.get("/api/v1/admin/reports?resolved=false&target_account_id=" + bad.ID))
	at := "/api/v1/admin/reports/" + report
	w.mod.get(at)
	w.mod.json(http.MethodPut, at, map[string]any{"category": "violation", "rule_ids": []int{1}})
	for _, verb := range []string{"assign_to_self", "unassign", "resolve", "reopen"} {
		w.mod.post(at + "/" + verb)
	}
	w.mod.get("/api/v1/admin/accounts?username=bad")
	w.mod.get("/api/v2/admin/accounts?origin=local&status=active")
	of := "/api/v1/admin/accounts/" + bad.ID
	w.mod.get(of)
	for kind, undo := range map[string]string{"disable": "enable", "silence": "unsilence", "sensitive": "unsensitive", "suspend": "unsuspend"} {
		w.mod.post(of+"/action", "type", kind, "text", "because", "send_email_notification", "true")
		w.mod.post(of + "/" + undo)
	}
	w.mod.post(of + "/unsuspend")
	waiting, other := w.s.AddUser("new"), w.s.AddUser("newer")
	waiting.SetState(mastodontest.Pending, true)
	other.SetState(mastodontest.Pending, true)
	w.mod.post("/api/v1/admin/accounts/" + waiting.ID + "/approve")
	w.mod.post("/api/v1/admin/accounts/" + other.ID + "/reject")
	w.mod.post(of+"/action", "type", "suspend")
	w.mod.form(http.MethodDelete, of)
}

func (w tour) connecting() {
	for _, path := range []string{
		"/api/v1/instance", "/api/v2/instance", "/api/v1/instance/rules", "/api/v1/custom_emojis", "/health",
		"/.well-known/nodeinfo", "/nodeinfo/2.0", "/.well-known/oauth-authorization-server",
	} {
		w.none.get(path)
	}
	app := w.none.json(http.MethodPost, "/api/v1/apps", map[string]any{"client_name": "tool", "redirect_uris": []string{"https://tool.example/cb"}, "scopes": "read write"})
	key, secret := app["client_id"].(string), app["client_secret"].(string)
	token := w.none.post("/oauth/token", "grant_type", "client_credentials", "client_id", key, "client_secret", secret, "scope", "read")
	w.none.post("/oauth/token", "grant_type", "client_credentials", "client_id", key, "client_secret", "wrong")
	w.none.post("/oauth/revoke", "client_id", key, "client_secret", secret, "token", token["access_token"].(string))
}
