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

func TestLengthIsCountedAsTheFlavourDoes(t *testing.T) {
	t.Parallel()
	link := " https://example.com/" + strings.Repeat("p", 200) // a space and a link
	for name, c := range map[string]struct {
		flavour       mastodontest.Flavour
		text, warning string
		limit         int
		status        int
		want          string
	}{
		"at the limit":                    {"", strings.Repeat("a", 500), "", 500, 200, ""},
		"one over":                        {"", strings.Repeat("a", 501), "", 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"graphemes, not code points":      {"", strings.Repeat("👩‍👩‍👧", 500), "", 500, 200, ""},
		"a grapheme over":                 {"", strings.Repeat("👩‍👩‍👧", 501), "", 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"a link is 23":                    {"", strings.Repeat("a", 476) + link, "", 500, 200, ""},
		"a link is not less than 23":      {"", strings.Repeat("a", 477) + link, "", 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"a host without a dot is text":    {"", strings.Repeat("a", 470) + " http://localhost/" + strings.Repeat("b", 20), "", 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"a mention is without its host":   {"", "@b@" + strings.Repeat("x", 60) + ".example " + strings.Repeat("a", 497), "", 500, 200, ""},
		"the warning counts":              {"", strings.Repeat("a", 495), "12345", 500, 200, ""},
		"the warning counts too much":     {"", strings.Repeat("a", 496), "12345", 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"links in a warning are whole":    {"", strings.Repeat("a", 400), "https://example.com/" + strings.Repeat("b", 90), 500, 422, "Validation failed: Text character limit of 500 exceeded"},
		"GoToSocial counts code points":   {mastodontest.GoToSocial, strings.Repeat("é", 5001), "", 5000, 400, "Bad Request: text with spoiler exceed max chars (5000)"},
		"GoToSocial at the limit":         {mastodontest.GoToSocial, strings.Repeat("é", 5000), "", 5000, 200, ""},
		"Pleroma counts links as whole":   {mastodontest.Pleroma, strings.Repeat("a", 4850) + link, "", 5000, 422, "The status is over the character limit"},
		"nothing to say":                  {"", "  ", "", 500, 422, "Validation failed: Text can't be blank"},
		"nothing to say, GoToSocial":      {mastodontest.GoToSocial, "", "", 500, 400, "Bad Request: status contains no text, media or poll"},
		"a warning alone is the text":     {"", "", "only this", 500, 200, ""},
		"Pixelfed wants a picture":        {mastodontest.Pixelfed, "words", "", 500, 422, "The media ids field is required when in reply to id is not present."},
		"Friendica takes long texts":      {mastodontest.Friendica, strings.Repeat("a", 100000), "", 500, 200, ""},
		"a flag is one, family is one":    {"", strings.Repeat("🇫🇷", 500), "", 500, 200, ""},
		"combining marks are not counted": {"", strings.Repeat("e\u0301", 500), "", 500, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, cl := rig(t, mastodontest.Options{Flavour: c.flavour})
			a := cl.post("/api/v1/statuses", url.Values{"status": {c.text}, "spoiler_text": {c.warning}})
			assert.Equal(t, c.status, a.status)
			assert.Equal(t, c.want, a.err(t))
			if c.status == 200 {
				assert.Len(t, s.Exchanges(), 1)
				assert.Empty(t, s.Unknown())
			}
		})
	}
}

func TestAStatusIsHTML(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	s.AddUser("carla@else.example")
	text := "Hi @bob & @carla@else.example, @nobody!\nsee https://www.example.com/a/very/long/path/indeed?q=1 (https://e.org/x_(y)). #Fête #1\n\n<script>"
	o := cl.json(http.MethodPost, "/api/v1/statuses", obj{"status": text, "language": "fr", "sensitive": true}).obj(t)
	want := `<p>Hi <span class="h-card" translate="no"><a href="` + s.URL + `/@bob" class="u-url mention">@<span>bob</span></a></span> &amp; ` +
		`<span class="h-card" translate="no"><a href="https://else.example/@carla" class="u-url mention">@<span>carla</span></a></span>, @nobody!<br />` +
		`see <a href="https://www.example.com/a/very/long/path/indeed?q=1" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">https://www.</span>` +
		`<span class="ellipsis">example.com/a/very/long/path/i</span><span class="invisible">ndeed?q=1</span></a> ` +
		`(<a href="https://e.org/x_(y)" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">https://</span><span class="">e.org/x_(y)</span><span class="invisible"></span></a>). ` +
		`<a href="` + s.URL + `/tags/F%C3%AAte" class="mention hashtag" rel="tag">#<span>Fête</span></a> #1</p><p>&lt;script&gt;</p>`
	assert.Equal(t, strings.Replace(want, "F%C3%AAte", "Fête", 1), o["content"])
	assert.Equal(t, "fr", o["language"])
	assert.Equal(t, true, o["sensitive"])
	mentions := o["mentions"].([]any)
	require.Len(t, mentions, 2)
	assert.Equal(t, bob.ID, mentions[0].(obj)["id"])
	assert.Equal(t, "carla@else.example", mentions[1].(obj)["acct"])
	assert.Equal(t, "fête", o["tags"].([]any)[0].(obj)["name"])
	assert.Equal(t, 1, s.Count("Hi @bob"))
}

func TestKeysAreRememberedAsTheFlavourDoes(t *testing.T) {
	t.Parallel()
	for flavour, want := range map[mastodontest.Flavour]struct {
		status, posts, afterAnHour int
		same                       bool
		text                       string
	}{
		mastodontest.Mastodon:   {200, 1, 2, true, ""},
		mastodontest.GoToSocial: {200, 2, 3, false, ""},
		mastodontest.Pleroma:    {200, 1, 1, true, ""},
		mastodontest.Pixelfed:   {400, 1, 2, false, "Duplicate idempotency key."},
		mastodontest.Friendica:  {200, 2, 3, false, ""},
	} {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			s, u, cl := rig(t, mastodontest.Options{Flavour: flavour})
			s.SetNow(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			body := url.Values{"status": {"once"}}
			if flavour == mastodontest.Pixelfed {
				body.Set("in_reply_to_id", s.Say(u, "before", ""))
			}
			first := cl.post("/api/v1/statuses", body, "Idempotency-Key", "k1")
			again := cl.post("/api/v1/statuses", body, "Idempotency-Key", "k1")
			require.Equal(t, 200, first.status)
			assert.Equal(t, want.status, again.status)
			assert.Equal(t, want.text, again.err(t))
			assert.Equal(t, want.posts, s.Count("once"))
			assert.Equal(t, want.same, first.obj(t)["id"] == again.obj(t)["id"])
			assert.Equal(t, flavour == mastodontest.Pleroma, again.header.Get("Idempotent-Replayed") == "true")
			s.Advance(time.Hour + time.Second)
			cl.post("/api/v1/statuses", body, "Idempotency-Key", "k1")
			assert.Equal(t, want.afterAnHour, s.Count("once"))
		})
	}
}

func TestPleromaRepeatsRefusalsAndMastodonDoesNot(t *testing.T) {
	t.Parallel()
	for flavour, second := range map[mastodontest.Flavour]int{mastodontest.Pleroma: 422, mastodontest.Mastodon: 200} {
		_, _, cl := rig(t, mastodontest.Options{Flavour: flavour})
		require.Equal(t, 422, cl.post("/api/v1/statuses", url.Values{"status": {""}}, "Idempotency-Key", "k").status)
		assert.Equal(t, second, cl.post("/api/v1/statuses", url.Values{"status": {"fine"}}, "Idempotency-Key", "k").status, flavour)
	}
}

func TestAKeyBelongsToOneAccount(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	other := client{t, s, s.AddUser("bob").Token}
	cl.post("/api/v1/statuses", url.Values{"status": {"same"}}, "Idempotency-Key", "k")
	other.post("/api/v1/statuses", url.Values{"status": {"same"}}, "Idempotency-Key", "k")
	assert.Equal(t, 2, s.Count("same"))
}

func TestScheduling(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.SetNow(now)
	at := func(d time.Duration) url.Values {
		return url.Values{"status": {"later"}, "scheduled_at": {now.Add(d).Format(time.RFC3339)}}
	}
	soon := cl.post("/api/v1/statuses", at(5*time.Minute))
	assert.Equal(t, 422, soon.status)
	assert.Equal(t, "Validation failed: Scheduled at date must be in the future", soon.err(t))
	o := cl.post("/api/v1/statuses", at(6*time.Minute)).obj(t)
	require.Equal(t, "2026-03-01T12:06:00.000Z", o["scheduled_at"])
	id := o["id"].(string)
	assert.Equal(t, 1, s.Scheduled("later"))
	assert.Zero(t, s.Count("later"))
	moved := cl.json(http.MethodPut, "/api/v1/scheduled_statuses/"+id, obj{"scheduled_at": now.Add(time.Hour).Format(time.RFC3339)})
	assert.Equal(t, "2026-03-01T13:00:00.000Z", moved.obj(t)["scheduled_at"])
	assert.Len(t, cl.get("/api/v1/scheduled_statuses").list(t), 1)
	s.Advance(59 * time.Minute)
	assert.Zero(t, s.Count("later"))
	s.Advance(time.Minute)
	assert.Equal(t, 1, s.Count("later"))
	assert.Equal(t, 404, cl.get("/api/v1/scheduled_statuses/"+id).status)

	past := cl.post("/api/v1/statuses", url.Values{"status": {"past"}, "scheduled_at": {now.Format(time.RFC3339)}})
	assert.Contains(t, past.obj(t), "content", "what is in the past is published at once")

	other := cl.post("/api/v1/statuses", url.Values{"status": {"gone"}, "scheduled_at": {now.Add(9 * time.Hour).Format(time.RFC3339)}}).obj(t)["id"].(string)
	assert.Equal(t, 200, cl.send(http.MethodDelete, "/api/v1/scheduled_statuses/"+other, "", nil).status)
	s.Advance(10 * time.Hour)
	assert.Zero(t, s.Count("gone"))
}

func TestSchedulingForgetsKeys(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	v := url.Values{"status": {"later"}, "scheduled_at": {time.Now().Add(time.Hour).Format(time.RFC3339)}}
	cl.post("/api/v1/statuses", v, "Idempotency-Key", "k")
	cl.post("/api/v1/statuses", v, "Idempotency-Key", "k")
	assert.Equal(t, 2, s.Scheduled("later"), "https://github.com/mastodon/mastodon/issues/30039")
}

func TestDailyLimitOfSchedules(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	s.SetNow(time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC))
	v := url.Values{"status": {"x"}, "scheduled_at": {"2026-03-01T12:00:00Z"}}
	for range 25 {
		require.Equal(t, 200, cl.post("/api/v1/statuses", v).status)
	}
	a := cl.post("/api/v1/statuses", v)
	assert.Equal(t, 422, a.status)
	assert.Contains(t, a.err(t), "exceeded the limit of 25 scheduled posts for today")
}

func TestEditHistoryAndSource(t *testing.T) {
	t.Parallel()
	_, _, cl := rig(t, mastodontest.Options{})
	id := cl.status("first")
	assert.Len(t, cl.get("/api/v1/statuses/"+id+"/history").list(t), 1)
	edited := cl.json(http.MethodPut, "/api/v1/statuses/"+id, obj{"status": "second", "spoiler_text": "careful"}).obj(t)
	assert.Equal(t, "<p>second</p>", edited["content"])
	assert.NotNil(t, edited["edited_at"])
	history := cl.get("/api/v1/statuses/" + id + "/history").list(t)
	require.Len(t, history, 2)
	assert.Equal(t, "<p>first</p>", history[0]["content"])
	assert.Equal(t, "careful", history[1]["spoiler_text"])
	source := cl.get("/api/v1/statuses/" + id + "/source").obj(t)
	assert.Equal(t, "second", source["text"])
	assert.Equal(t, 422, cl.json(http.MethodPut, "/api/v1/statuses/"+id, obj{"status": ""}).status)
}

func TestDeleteGivesTheSource(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	id := cl.status("to be gone")
	a := cl.send(http.MethodDelete, "/api/v1/statuses/"+id, "", nil)
	assert.Equal(t, "to be gone", a.obj(t)["text"])
	assert.Equal(t, 404, cl.get("/api/v1/statuses/"+id).status)
	assert.Equal(t, "Record not found", cl.get("/api/v1/statuses/"+id).err(t))
	bob := s.AddUser("bob")
	theirs := s.Say(bob, "not yours", "")
	assert.Equal(t, 404, cl.send(http.MethodDelete, "/api/v1/statuses/"+theirs, "", nil).status)
	assert.Equal(t, 1, s.Count("not yours"))
}

func TestThreads(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := s.AddUser("bob")
	root := cl.status("root")
	reply := s.Say(bob, "reply", root)
	mine := cl.post("/api/v1/statuses", url.Values{"status": {"@bob deeper"}, "in_reply_to_id": {reply}}).obj(t)
	assert.Equal(t, reply, mine["in_reply_to_id"])
	assert.Equal(t, bob.ID, mine["in_reply_to_account_id"])
	ctx := cl.get("/api/v1/statuses/" + reply + "/context").obj(t)
	assert.Len(t, ctx["ancestors"], 1)
	assert.Len(t, ctx["descendants"], 1)
	lost := cl.post("/api/v1/statuses", url.Values{"status": {"x"}, "in_reply_to_id": {"1"}})
	assert.Equal(t, 404, lost.status)
	assert.Equal(t, "The post you are trying to reply to does not appear to exist.", lost.err(t))
	assert.InDelta(t, 1, cl.get("/api/v1/statuses/" + root).obj(t)["replies_count"], 0)
}

func TestQuotes(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := client{t, s, s.AddUser("bob").Token}
	open := bob.status("quote me")
	closed := bob.post("/api/v1/statuses", url.Values{"status": {"do not"}, "quote_approval_policy": {"nobody"}}).obj(t)["id"].(string)
	o := cl.post("/api/v1/statuses", url.Values{"status": {"look"}, "quoted_status_id": {open}}).obj(t)
	quote := o["quote"].(obj)
	assert.Equal(t, "accepted", quote["state"])
	assert.Equal(t, open, quote["quoted_status"].(obj)["id"])
	refused := cl.post("/api/v1/statuses", url.Values{"status": {"look"}, "quoted_status_id": {closed}})
	assert.Equal(t, 404, refused.status)
	assert.Equal(t, "The post you are trying to quote does not appear to exist.", refused.err(t))
	direct := cl.post("/api/v1/statuses", url.Values{"status": {"look"}, "visibility": {"direct"}, "quoted_status_id": {open}})
	assert.Equal(t, "Validation failed: Cannot quote a non-mentioned user in a Private Mention post.", direct.err(t))
}
