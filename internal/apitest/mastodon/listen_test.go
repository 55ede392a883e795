package mastodontest_test

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

var linkTo = regexp.MustCompile(`<([^>]+)>; rel="(\w+)"`)

// link is the address of a page, without the server.
func link(s *mastodontest.Server, a answer, rel string) string {
	for _, m := range linkTo.FindAllStringSubmatch(a.header.Get("Link"), -1) {
		if m[2] == rel {
			return m[1][len(s.URL):]
		}
	}
	return ""
}

func ids(list []obj) []string {
	var out []string
	for _, o := range list {
		out = append(out, o["id"].(string))
	}
	return out
}

func TestPagingForwardSkipsNothing(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	first := s.Say(bob, "@acme zero", "")
	start := cl.get("/api/v1/notifications").list(t)[0]["id"].(string)
	want := []string{}
	for i := range 25 {
		want = append(want, s.Say(bob, "@acme "+strconv.Itoa(i), ""))
	}
	_, _ = u, first

	newest := cl.get("/api/v1/notifications?limit=10&since_id=" + start).list(t)
	assert.Equal(t, want[24], newest[0]["status"].(obj)["id"], "since_id gives the newest and skips the rest")

	var got []string
	for cursor := start; ; {
		page := cl.get("/api/v1/notifications?limit=10&min_id=" + cursor).list(t)
		if len(page) == 0 {
			break
		}
		cursor = page[0]["id"].(string)
		for _, p := range slices.Backward(page) {
			got = append(got, p["status"].(obj)["id"].(string))
		}
	}
	assert.Equal(t, want, got)

	var back []string
	for path := "/api/v1/accounts/" + bob.ID + "/statuses?limit=7"; path != ""; {
		a := cl.get(path)
		back = append(back, ids(a.list(t))...)
		path = link(s, a, "next")
	}
	assert.Len(t, back, 26)
	assert.Equal(t, want[24], back[0])
	both := cl.get("/api/v1/accounts/" + bob.ID + "/statuses?min_id=" + want[3] + "&max_id=" + want[7]).list(t)
	assert.Equal(t, []string{want[6], want[5], want[4]}, ids(both))
}

func TestLimitsOfPages(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	for range 90 {
		s.Say(bob, "@acme x", "")
	}
	assert.Len(t, cl.get("/api/v1/notifications").list(t), 40)
	assert.Len(t, cl.get("/api/v1/notifications?limit=1000").list(t), 80)
	assert.Len(t, cl.get("/api/v1/accounts/"+bob.ID+"/statuses").list(t), 20)
	assert.Len(t, cl.get("/api/v1/accounts/"+bob.ID+"/statuses?limit=100").list(t), 40)
}

func TestFollowersPageByIDsThatOnlyTheLinkShows(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	for i := range 5 {
		s.AddUser("fan" + strconv.Itoa(i)).Follow(u)
	}
	var names []string
	for path := "/api/v1/accounts/" + u.ID + "/followers?limit=2"; path != ""; {
		a := cl.get(path)
		for _, o := range a.list(t) {
			names = append(names, o["acct"].(string))
		}
		path = link(s, a, "next")
	}
	assert.Equal(t, []string{"fan4", "fan3", "fan2", "fan1", "fan0"}, names)
}

func TestNotificationsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob@else.example")
	id := cl.status("hear me")
	reply := s.Say(bob, "heard", id)
	s.Favourite(bob, id)
	s.Boost(bob, id)
	bob.Follow(u)
	quoter := client{t, s, s.AddUser("carla").Token}
	quoter.post("/api/v1/statuses", url.Values{"status": {"see"}, "quoted_status_id": {id}})
	list := cl.get("/api/v1/notifications").list(t)
	var kinds []string
	for _, n := range list {
		kinds = append(kinds, n["type"].(string))
	}
	assert.Equal(t, []string{"quote", "follow", "reblog", "favourite", "mention"}, kinds)
	assert.Equal(t, reply, list[4]["status"].(obj)["id"])
	assert.Equal(t, id, list[2]["status"].(obj)["id"], "a boost tells of what was boosted")
	assert.Equal(t, "bob@else.example", list[4]["account"].(obj)["acct"])

	assert.Len(t, cl.get("/api/v1/notifications?types[]=mention&types[]=follow").list(t), 2)
	assert.Len(t, cl.get("/api/v1/notifications?exclude_types[]=mention").list(t), 4)
	assert.Len(t, cl.get("/api/v1/notifications?account_id="+bob.ID).list(t), 4)
	first := list[0]["id"].(string)
	assert.Equal(t, 200, cl.post("/api/v1/notifications/"+first+"/dismiss", nil).status)
	assert.Equal(t, 404, cl.get("/api/v1/notifications/"+first).status)
	assert.InDelta(t, 4, cl.get("/api/v1/notifications/unread_count").obj(t)["count"], 0)
}

func TestAnAnswerWithoutAMentionTellsNobody(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := client{t, s, s.AddUser("bob").Token}
	id := cl.status("hello")
	bob.post("/api/v1/statuses", url.Values{"status": {"no mention"}, "in_reply_to_id": {id}})
	assert.Empty(t, cl.get("/api/v1/notifications").list(t))
}

func TestMutesAndBlocksAreHeeded(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob@else.example")
	u.Follow(bob)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.SetNow(now)
	muted := cl.post("/api/v1/accounts/"+bob.ID+"/mute", url.Values{"duration": {"60"}}).obj(t)
	assert.Equal(t, "2026-03-01T12:01:00.000Z", muted["muting_expires_at"])
	s.Say(bob, "@acme quiet", "")
	assert.Empty(t, cl.get("/api/v1/notifications").list(t))
	assert.Empty(t, cl.get("/api/v1/timelines/home").list(t))
	s.Advance(time.Minute)
	s.Say(bob, "@acme loud", "")
	assert.Len(t, cl.get("/api/v1/notifications").list(t), 1)
	cl.post("/api/v1/accounts/"+bob.ID+"/block", nil)
	assert.Equal(t, false, cl.get("/api/v1/accounts/relationships?id[]=" + bob.ID).list(t)[0]["following"])
	s.Say(bob, "@acme blocked", "")
	assert.Len(t, cl.get("/api/v1/notifications").list(t), 1)
	assert.Len(t, cl.get("/api/v1/blocks").list(t), 1)
	cl.post("/api/v1/accounts/"+bob.ID+"/unblock", nil)
	assert.Equal(t, 200, cl.post("/api/v1/domain_blocks", url.Values{"domain": {"else.example"}}).status)
	s.Say(bob, "@acme whole server", "")
	assert.Len(t, cl.get("/api/v1/notifications").list(t), 1)
	assert.JSONEq(t, `["else.example"]`, string(cl.get("/api/v1/domain_blocks").body))
}

func TestTimelines(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	bob, carla := s.AddUser("bob"), s.AddUser("carla@else.example")
	u.Follow(bob)
	s.Say(bob, "one #Parvis", "")
	s.Say(carla, "two #parvis #go", "")
	s.SayTo(bob, "followers only", "", "private")
	s.SayTo(bob, "@acme secret", "", "direct")
	texts := func(path string) (out []string) {
		for _, o := range cl.get(path).list(t) {
			out = append(out, o["id"].(string))
		}
		return out
	}
	assert.Len(t, texts("/api/v1/timelines/home"), 2)
	assert.Len(t, texts("/api/v1/timelines/public"), 2)
	assert.Len(t, texts("/api/v1/timelines/public?local=true"), 1)
	assert.Len(t, texts("/api/v1/timelines/tag/parvis"), 2)
	assert.Len(t, texts("/api/v1/timelines/tag/parvis?all[]=go"), 1)
	assert.Len(t, texts("/api/v1/timelines/tag/parvis?none[]=go"), 1)
	list := cl.post("/api/v1/lists", url.Values{"title": {"friends"}}).obj(t)["id"].(string)
	assert.Equal(t, 404, cl.post("/api/v1/lists/"+list+"/accounts", url.Values{"account_ids[]": {carla.ID}}).status)
	assert.Equal(t, 200, cl.post("/api/v1/lists/"+list+"/accounts", url.Values{"account_ids[]": {bob.ID}}).status)
	assert.Len(t, texts("/api/v1/timelines/list/"+list), 2)
	conv := cl.get("/api/v1/conversations").list(t)
	require.Len(t, conv, 1)
	assert.Equal(t, true, conv[0]["unread"])
	assert.Equal(t, false, cl.post("/api/v1/conversations/"+conv[0]["id"].(string)+"/read", nil).obj(t)["unread"])
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	id := s.Say(bob, "a square before a #cathedral", "")
	found := cl.get("/api/v2/search?q=square").obj(t)
	assert.Len(t, found["statuses"], 1)
	assert.Len(t, cl.get("/api/v2/search?q=bob&type=accounts").obj(t)["accounts"], 1)
	assert.Len(t, cl.get("/api/v2/search?q=cath&type=hashtags").obj(t)["hashtags"], 1)
	assert.Len(t, cl.get("/api/v2/search?resolve=true&q=" + url.QueryEscape(s.URL+"/@bob/"+id)).obj(t)["statuses"], 1)
	nobody := client{t, s, ""}
	assert.Empty(t, nobody.get("/api/v2/search?q=square").obj(t)["statuses"])
	assert.Equal(t, 401, nobody.get("/api/v2/search?q=x&resolve=true").status)
	assert.Equal(t, bob.ID, cl.get("/api/v1/accounts/lookup?acct=bob").obj(t)["id"])
	assert.Equal(t, 404, cl.get("/api/v1/accounts/lookup?acct=nobody").status)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	f := cl.post("/api/v2/filters", url.Values{
		"title": {"noise"}, "context[]": {"home", "notifications"}, "filter_action": {"hide"},
		"keywords_attributes[][keyword]": {"buy"}, "keywords_attributes[][whole_word]": {"true"},
	})
	require.Equal(t, 200, f.status, "%s", f.body)
	bob := s.AddUser("bob")
	hit, miss := s.Say(bob, "Buy now", ""), s.Say(bob, "a buyer", "")
	assert.Len(t, cl.get("/api/v1/statuses/" + hit).obj(t)["filtered"], 1)
	assert.Empty(t, cl.get("/api/v1/statuses/" + miss).obj(t)["filtered"])
	bad := cl.post("/api/v2/filters", url.Values{"title": {"x"}, "context[]": {"everywhere"}})
	assert.Equal(t, 422, bad.status)
	id := f.obj(t)["id"].(string)
	assert.Equal(t, 200, cl.send("DELETE", "/api/v2/filters/"+id, "", nil).status)
	assert.Empty(t, cl.get("/api/v2/filters").list(t))
}
