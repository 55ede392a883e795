package mastodontest_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

func TestReactionsAndTheirUndoing(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	id := s.Say(s.AddUser("bob"), "hello", "")
	for do, field := range map[string]string{"favourite": "favourited", "bookmark": "bookmarked", "mute": "muted"} {
		assert.Equal(t, true, cl.post("/api/v1/statuses/"+id+"/"+do, nil).obj(t)[field], do)
		assert.Equal(t, false, cl.post("/api/v1/statuses/"+id+"/un"+do, nil).obj(t)[field], do)
	}
	boost := cl.post("/api/v1/statuses/"+id+"/reblog", nil).obj(t)
	assert.Equal(t, id, boost["reblog"].(obj)["id"])
	again := cl.post("/api/v1/statuses/"+id+"/reblog", nil).obj(t)
	assert.Equal(t, boost["id"], again["id"], "one boost a person")
	assert.InDelta(t, 1, cl.get("/api/v1/statuses/" + id).obj(t)["reblogs_count"], 0)
	assert.Len(t, cl.get("/api/v1/statuses/"+id+"/reblogged_by").list(t), 1)
	assert.Equal(t, false, cl.post("/api/v1/statuses/"+id+"/unreblog", nil).obj(t)["reblogged"])
	assert.Equal(t, 404, cl.post("/api/v1/statuses/1/favourite", nil).status)
	cl.post("/api/v1/statuses/"+id+"/favourite", nil)
	assert.Len(t, cl.get("/api/v1/favourites").list(t), 1)
	assert.Len(t, cl.get("/api/v1/statuses/"+id+"/favourited_by").list(t), 1)
}

func TestPins(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	theirs := s.Say(s.AddUser("bob"), "theirs", "")
	assert.Equal(t, "Validation failed: Someone else's post cannot be pinned", cl.post("/api/v1/statuses/"+theirs+"/pin", nil).err(t))
	for i := range 5 {
		assert.Equal(t, true, cl.post("/api/v1/statuses/"+cl.status(strconv.Itoa(i))+"/pin", nil).obj(t)["pinned"])
	}
	sixth := cl.post("/api/v1/statuses/"+cl.status("six")+"/pin", nil)
	assert.Equal(t, 422, sixth.status)
	assert.Equal(t, "Validation failed: You have already pinned the maximum number of posts", sixth.err(t))
	assert.Len(t, cl.get("/api/v1/accounts/"+u.ID+"/statuses?pinned=true").list(t), 5)
}

func TestReports(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	mod := s.AddUser("mod", mastodontest.RoleModerator)
	bob := s.AddUser("bob@else.example")
	id := s.Say(bob, "buy now", "")
	v := url.Values{"account_id": {bob.ID}, "status_ids[]": {id}, "comment": {"spam again"}, "category": {"spam"}, "forward": {"true"}}
	a := cl.post("/api/v1/reports", v)
	require.Equal(t, 200, a.status, "%s", a.body)
	assert.Equal(t, "spam", a.obj(t)["category"])
	assert.Equal(t, []mastodontest.Report{{
		ID: a.obj(t)["id"].(string), By: "acme", Target: "bob@else.example", Comment: "spam again", Category: "spam",
		Statuses: []string{id}, Forwarded: true,
	}}, s.Reports())
	v.Set("rule_ids[]", "2")
	assert.Equal(t, "violation", cl.post("/api/v1/reports", v).obj(t)["category"], "rules make it a violation")
	v.Set("rule_ids[]", "9")
	assert.Equal(t, "Validation failed: Rule ids does not reference valid rules", cl.post("/api/v1/reports", v).err(t))
	v.Del("rule_ids[]")
	v.Set("comment", strings.Repeat("é", 1000))
	assert.Equal(t, 200, cl.post("/api/v1/reports", v).status)
	v.Set("comment", strings.Repeat("é", 1001))
	assert.Equal(t, "Validation failed: Comment is too long (maximum is 1000 characters)", cl.post("/api/v1/reports", v).err(t))
	heard := client{t, s, mod.Token}.get("/api/v1/notifications?types[]=admin.report").list(t)
	require.Len(t, heard, 3)
	assert.Equal(t, "bob@else.example", heard[0]["report"].(obj)["target_account"].(obj)["acct"])
}

func TestStaffOnly(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	mod := s.AddUser("mod", mastodontest.RoleModerator)
	bob := s.AddUser("bob")
	all := client{t, s, u.NewToken("admin:read", "admin:write")}
	paths := []string{
		"GET /api/v1/admin/accounts", "GET /api/v2/admin/accounts", "GET /api/v1/admin/reports", "POST /api/v1/admin/accounts/" + bob.ID + "/action",
		"POST /api/v1/admin/accounts/" + bob.ID + "/unsilence",
	}
	for _, at := range paths {
		method, path, _ := strings.Cut(at, " ")
		scope := cl.send(method, path, "", nil)
		assert.Equal(t, 403, scope.status, at)
		assert.Equal(t, "This action is outside the authorized scopes", scope.err(t), at)
		role := all.send(method, path, "", nil)
		assert.Equal(t, 403, role.status, at)
		assert.Equal(t, "This action is not allowed", role.err(t), at)
	}
	readOnly := client{t, s, mod.NewToken("admin:read:accounts")}
	assert.Equal(t, 200, readOnly.get("/api/v1/admin/accounts").status)
	assert.Equal(t, 403, readOnly.get("/api/v1/admin/reports").status)
	assert.Equal(t, 403, readOnly.post("/api/v1/admin/accounts/"+bob.ID+"/action", url.Values{"type": {"silence"}}).status)
	owner := s.AddUser("boss", mastodontest.RoleOwner)
	above := client{t, s, mod.Token}.post("/api/v1/admin/accounts/"+owner.ID+"/action", url.Values{"type": {"suspend"}})
	assert.Equal(t, "This action is not allowed", above.err(t), "nobody acts on those above")
	assert.False(t, owner.Is(mastodontest.Suspended))
}

func TestAdminActions(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	staff := client{t, s, s.AddUser("mod", mastodontest.RoleAdmin).Token}
	bob := s.AddUser("bob")
	at := "/api/v1/admin/accounts/" + bob.ID + "/"
	for kind, c := range map[string]struct {
		state mastodontest.State
		undo  string
	}{
		"disable": {mastodontest.Disabled, "enable"}, "silence": {mastodontest.Silenced, "unsilence"},
		"sensitive": {mastodontest.Sensitized, "unsensitive"}, "suspend": {mastodontest.Suspended, "unsuspend"},
	} {
		cl.post("/api/v1/reports", url.Values{"account_id": {bob.ID}})
		a := staff.post(at+"action", url.Values{"type": {kind}, "text": {"because"}})
		require.Equal(t, 200, a.status, "%s", a.body)
		assert.JSONEq(t, `{}`, string(a.body))
		assert.True(t, bob.Is(c.state), kind)
		reports := s.Reports()
		assert.True(t, reports[len(reports)-1].Resolved, "an action resolves the open reports")
		assert.Equal(t, 200, staff.post(at+c.undo, nil).status)
		assert.False(t, bob.Is(c.state), kind)
	}
	assert.Equal(t, 403, staff.post(at+"unsuspend", nil).status, "it is not suspended")
	assert.Equal(t, 422, staff.post(at+"action", url.Values{"type": {"banish"}}).status)
	assert.Equal(t, 404, staff.post("/api/v1/admin/accounts/1/action", url.Values{"type": {"silence"}}).status)

	waiting, other := s.AddUser("new"), s.AddUser("newer")
	waiting.SetState(mastodontest.Pending, true)
	other.SetState(mastodontest.Pending, true)
	assert.Len(t, staff.get("/api/v2/admin/accounts?status=pending").list(t), 2)
	assert.Equal(t, true, staff.post("/api/v1/admin/accounts/"+waiting.ID+"/approve", nil).obj(t)["approved"])
	assert.Equal(t, 403, staff.post("/api/v1/admin/accounts/"+waiting.ID+"/approve", nil).status, "it is not pending")
	assert.Equal(t, 200, staff.post("/api/v1/admin/accounts/"+other.ID+"/reject", nil).status)
	assert.Equal(t, 404, staff.get("/api/v1/admin/accounts/"+other.ID).status)
}

func TestSilencedAndSuspendedAccounts(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	id := s.Say(bob, "loud", "")
	bob.SetState(mastodontest.Silenced, true)
	assert.Equal(t, "unlisted", cl.get("/api/v1/statuses/" + s.Say(bob, "quiet", "")).obj(t)["visibility"])
	assert.Equal(t, true, cl.get("/api/v1/accounts/" + bob.ID).obj(t)["limited"])
	bob.SetState(mastodontest.Suspended, true)
	assert.Equal(t, 404, cl.get("/api/v1/statuses/"+id).status)
	assert.Equal(t, true, cl.get("/api/v1/accounts/" + bob.ID).obj(t)["suspended"])
}

func TestHandlingReports(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	mod := client{t, s, s.AddUser("mod", mastodontest.RoleModerator).Token}
	bob := s.AddUser("bob")
	for range 3 {
		cl.post("/api/v1/reports", url.Values{"account_id": {bob.ID}, "status_ids[]": {s.Say(bob, "x", "")}})
	}
	list := mod.get("/api/v1/admin/reports").list(t)
	require.Len(t, list, 3)
	id := list[0]["id"].(string)
	at := "/api/v1/admin/reports/" + id
	assert.Equal(t, "mod", mod.post(at+"/assign_to_self", nil).obj(t)["assigned_account"].(obj)["username"])
	assert.Equal(t, "mod", s.Reports()[2].AssignedTo)
	assert.Nil(t, mod.post(at+"/unassign", nil).obj(t)["assigned_account"])
	changed := mod.json(http.MethodPut, at, obj{"category": "violation", "rule_ids": []int{1}}).obj(t)
	assert.Equal(t, "Be kind", changed["rules"].([]any)[0].(obj)["text"])
	assert.Equal(t, true, mod.post(at+"/resolve", nil).obj(t)["action_taken"])
	assert.Len(t, mod.get("/api/v1/admin/reports").list(t), 2)
	assert.Len(t, mod.get("/api/v1/admin/reports?resolved=true").list(t), 1)
	assert.Equal(t, false, mod.post(at+"/reopen", nil).obj(t)["action_taken"])
	a := mod.get("/api/v1/admin/reports?limit=2")
	assert.Len(t, a.list(t), 2)
	assert.Len(t, mod.get(link(s, a, "next")).list(t), 1)
	assert.Equal(t, 404, mod.get("/api/v1/admin/reports/1").status)
	one := mod.post("/api/v1/admin/accounts/"+bob.ID+"/action", url.Values{"type": {"none"}, "report_id": {id}})
	assert.Equal(t, 200, one.status)
	assert.Len(t, mod.get("/api/v1/admin/reports").list(t), 2, "type none resolves the one report")
}

func TestInstance(t *testing.T) {
	t.Parallel()
	for flavour, want := range map[mastodontest.Flavour]struct {
		software string
		chars    float64
		api      bool
	}{
		mastodontest.Mastodon: {"mastodon", 500, true}, mastodontest.GoToSocial: {"gotosocial", 5000, false},
		mastodontest.Pleroma: {"pleroma", 5000, false}, mastodontest.Pixelfed: {"pixelfed", 500, false}, mastodontest.Friendica: {"friendica", 200000, false},
	} {
		s := mastodontest.New(t, mastodontest.Options{Flavour: flavour})
		nobody := client{t, s, ""}
		v2 := nobody.get("/api/v2/instance").obj(t)
		conf := v2["configuration"].(obj)
		assert.InDelta(t, want.chars, conf["statuses"].(obj)["max_characters"], 0)
		assert.Equal(t, strings.Replace(s.URL, "http", "ws", 1), conf["urls"].(obj)["streaming"])
		assert.Equal(t, want.api, v2["api_versions"].(obj)["mastodon"] != nil)
		assert.Equal(t, want.software, nobody.get("/nodeinfo/2.0").obj(t)["software"].(obj)["name"])
		assert.NotEmpty(t, nobody.get("/.well-known/nodeinfo").obj(t)["links"])
		assert.Equal(t, v2["version"], nobody.get("/api/v1/instance").obj(t)["version"])
	}
	s, _, _ := rig(t, mastodontest.Options{Version: "4.2.1", Limits: mastodontest.Limits{Characters: 42}})
	o := client{t, s, ""}.get("/api/v1/instance").obj(t)
	assert.Equal(t, "4.2.1", o["version"])
	assert.InDelta(t, 42, o["configuration"].(obj)["statuses"].(obj)["max_characters"], 0)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	o := cl.get("/api/v1/accounts/verify_credentials").obj(t)
	assert.Equal(t, u.ID, o["id"])
	assert.Equal(t, "public", o["source"].(obj)["privacy"])
	assert.Equal(t, "test application", cl.get("/api/v1/apps/verify_credentials").obj(t)["name"])
	assert.Equal(t, 200, client{t, s, s.AppToken("read")}.get("/api/v1/apps/verify_credentials").status)
	assert.Equal(t, 200, client{t, s, u.NewToken("profile")}.get("/api/v1/accounts/verify_credentials").status)
}
