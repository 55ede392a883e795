package mastodontest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

func TestAPictureIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	_, _, cl := rig(t, mastodontest.Options{})
	a := cl.upload("/api/v2/media", "image/png", picture(t), "description", "grey", "focus", "-0.5,0.25")
	require.Equal(t, 200, a.status)
	o := a.obj(t)
	assert.Equal(t, "image", o["type"])
	assert.Equal(t, "grey", o["description"])
	assert.NotNil(t, o["url"])
	meta := o["meta"].(obj)
	assert.Equal(t, obj{"x": -0.5, "y": 0.25}, meta["focus"])
	assert.InDelta(t, 8, meta["original"].(obj)["width"], 0)
	st := cl.post("/api/v1/statuses", url.Values{"media_ids[]": {o["id"].(string)}})
	require.Equal(t, 200, st.status, "%s", st.body)
	assert.Len(t, st.obj(t)["media_attachments"], 1)
	assert.Equal(t, 404, cl.get("/api/v1/media/"+o["id"].(string)).status, "it belongs to a status now")
	again := cl.post("/api/v1/statuses", url.Values{"media_ids[]": {o["id"].(string)}})
	assert.Equal(t, 422, again.status)
	assert.Equal(t, "Media "+o["id"].(string)+" not found or already attached to another post", again.err(t))
}

func TestAVideoIsProcessedInTheBackground(t *testing.T) {
	t.Parallel()
	_, _, cl := rig(t, mastodontest.Options{Processing: 2})
	a := cl.upload("/api/v2/media", "video/mp4", []byte("video"))
	require.Equal(t, 202, a.status)
	o := a.obj(t)
	assert.Nil(t, o["url"])
	id := o["id"].(string)
	early := cl.post("/api/v1/statuses", url.Values{"status": {"v"}, "media_ids[]": {id}})
	assert.Equal(t, 422, early.status)
	assert.Equal(t, "Cannot attach files that have not finished processing. Try again in a moment!", early.err(t))
	assert.Equal(t, 206, cl.get("/api/v1/media/"+id).status)
	assert.Equal(t, 206, cl.get("/api/v1/media/"+id).status)
	ready := cl.get("/api/v1/media/" + id)
	assert.Equal(t, 200, ready.status)
	assert.NotNil(t, ready.obj(t)["url"])
	assert.Equal(t, 200, cl.post("/api/v1/statuses", url.Values{"status": {"v"}, "media_ids[]": {id}}).status)
}

func TestProcessingCanFail(t *testing.T) {
	t.Parallel()
	_, _, cl := rig(t, mastodontest.Options{})
	a := cl.upload("/api/v2/media", "video/mp4", []byte(mastodontest.BrokenFile))
	id := a.obj(t)["id"].(string)
	assert.Equal(t, 202, a.status)
	assert.Equal(t, 206, cl.get("/api/v1/media/"+id).status)
	failed := cl.get("/api/v1/media/" + id)
	assert.Equal(t, 422, failed.status)
	assert.Equal(t, "Error processing thumbnail for uploaded media", failed.err(t))
	assert.Equal(t, 422, cl.post("/api/v1/statuses", url.Values{"media_ids[]": {id}}).status)
}

func TestWhatMediaIsRefused(t *testing.T) {
	t.Parallel()
	o := mastodontest.Options{Limits: mastodontest.Limits{ImageBytes: 1 << 20}}
	for name, c := range map[string]struct {
		mime, description string
		body              []byte
		status            int
		want              string
	}{
		"a type that is not listed":      {"application/pdf", "", []byte("%PDF"), 422, "Validation failed: File content type is invalid, File is invalid"},
		"a picture that is none":         {"image/png", "", []byte("no picture"), 422, "Validation failed: File content type is invalid, File is invalid"},
		"too large":                      {"image/png", "", make([]byte, 1<<20+1), 422, "Validation failed: File file size must be less than 1 MB"},
		"a description at the limit":     {"image/png", strings.Repeat("é", 1500), nil, 200, ""},
		"a description that is too long": {"image/png", strings.Repeat("é", 1501), nil, 422, "Validation failed: Description is too long (maximum is 1500 characters)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, cl := rig(t, o)
			body := c.body
			if body == nil {
				body = picture(t)
			}
			a := cl.upload("/api/v2/media", c.mime, body, "description", c.description)
			assert.Equal(t, c.status, a.status)
			assert.Equal(t, c.want, a.err(t))
			assert.Equal(t, c.status == 200, s.Uploads() == 1)
		})
	}
}

func TestMediaInAStatus(t *testing.T) {
	t.Parallel()
	_, _, cl := rig(t, mastodontest.Options{})
	var ids []string
	for range 5 {
		ids = append(ids, cl.upload("/api/v2/media", "image/png", picture(t)).obj(t)["id"].(string))
	}
	video := cl.upload("/api/v1/media", "video/mp4", []byte("v")).obj(t)["id"].(string)
	five := cl.post("/api/v1/statuses", url.Values{"media_ids[]": ids})
	assert.Equal(t, "Cannot attach more than 4 files", five.err(t))
	poll := cl.post("/api/v1/statuses", url.Values{"status": {"x"}, "media_ids[]": ids[:1], "poll[options][]": {"a", "b"}, "poll[expires_in]": {"600"}})
	assert.Equal(t, 422, poll.status, "media or a poll, not both")
	mixed := cl.post("/api/v1/statuses", url.Values{"media_ids[]": {ids[0], video}})
	assert.Equal(t, "Cannot attach a video to a post that already contains images", mixed.err(t))
	four := cl.post("/api/v1/statuses", url.Values{"media_ids[]": ids[:4]})
	require.Equal(t, 200, four.status)
	var got []string
	for _, m := range four.obj(t)["media_attachments"].([]any) {
		got = append(got, m.(obj)["id"].(string))
	}
	assert.Equal(t, ids[:4], got)

	id := four.obj(t)["id"].(string)
	a := cl.json(http.MethodPut, "/api/v1/statuses/"+id, obj{
		"status": "now with words", "media_ids": ids[:2],
		"media_attributes": []any{obj{"id": ids[0], "description": "one"}, obj{"id": ids[1], "description": "two", "focus": "0.1,0.2"}},
	})
	require.Equal(t, 200, a.status, "%s", a.body)
	media := a.obj(t)["media_attachments"].([]any)
	require.Len(t, media, 2)
	assert.Equal(t, "one", media[0].(obj)["description"])
	assert.Equal(t, "two", media[1].(obj)["description"])
}

func TestSomebodyElsesMedia(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := client{t, s, s.AddUser("bob").Token}
	id := bob.upload("/api/v2/media", "image/png", picture(t)).obj(t)["id"].(string)
	assert.Equal(t, 404, cl.get("/api/v1/media/"+id).status)
	assert.Equal(t, 422, cl.post("/api/v1/statuses", url.Values{"media_ids[]": {id}}).status)
}

func TestPolls(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("o", 51)
	for name, c := range map[string]struct {
		options []string
		expires string
		want    string
	}{
		"good":               {[]string{"a", "b", "c", strings.Repeat("👍🏽", 50)}, "300", ""},
		"one option":         {[]string{"a"}, "300", "Validation failed: Choices must have more than one item"},
		"five options":       {[]string{"a", "b", "c", "d", "e"}, "300", "Validation failed: Choices can't contain more than 4 items"},
		"an option too long": {[]string{"a", long}, "300", "Validation failed: Choices cannot be longer than 50 characters each"},
		"the same twice":     {[]string{"a", "a"}, "300", "Validation failed: Choices contain duplicate items"},
		"too short":          {[]string{"a", "b"}, "299", "Validation failed: Deadline is too soon"},
		"too long":           {[]string{"a", "b"}, "2629747", "Validation failed: Deadline is too far into the future"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, cl := rig(t, mastodontest.Options{})
			a := cl.post("/api/v1/statuses", url.Values{"status": {"?"}, "poll[options][]": c.options, "poll[expires_in]": {c.expires}})
			assert.Equal(t, c.want, a.err(t))
		})
	}
}

func TestVoting(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	bob := client{t, s, s.AddUser("bob").Token}
	a := cl.json(http.MethodPost, "/api/v1/statuses", obj{"status": "?", "poll": obj{"options": []string{"yes", "no"}, "expires_in": 600, "hide_totals": true}})
	poll := a.obj(t)["poll"].(obj)["id"].(string)
	at := "/api/v1/polls/" + poll + "/votes"
	assert.Equal(t, "Validation failed: You cannot vote in your own polls", cl.post(at, url.Values{"choices[]": {"0"}}).err(t))
	assert.Equal(t, "Validation failed: The chosen vote option does not exist", bob.post(at, url.Values{"choices[]": {"2"}}).err(t))
	voted := bob.post(at, url.Values{"choices[]": {"1"}}).obj(t)
	assert.Equal(t, true, voted["voted"])
	assert.Nil(t, voted["options"].([]any)[1].(obj)["votes_count"], "hidden until the end")
	assert.Equal(t, "Validation failed: You have already voted on this poll", bob.post(at, url.Values{"choices[]": {"0"}}).err(t))
	s.SetNow(s.Clock().Add(600e9))
	ended := cl.get("/api/v1/polls/" + poll).obj(t)
	assert.Equal(t, true, ended["expired"])
	assert.InDelta(t, 1, ended["options"].([]any)[1].(obj)["votes_count"], 0)
	assert.Equal(t, "poll", cl.get("/api/v1/notifications").list(t)[0]["type"])
	assert.Equal(t, "Validation failed: The poll has already ended", lateVote(t, s, poll))
}

func lateVote(t *testing.T, s *mastodontest.Server, poll string) string {
	t.Helper()
	return client{t, s, s.AddUser("late").Token}.post("/api/v1/polls/"+poll+"/votes", url.Values{"choices[]": {"0"}}).err(t)
}
