package e2e

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	server "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// open is a site where everybody's comments appear at once.
func openSite(t testing.TB) blog {
	return wordpressSite(t, "open", server.Settings{Permalinks: server.Pretty, Options: map[string]any{"comment_previously_approved": 0}})
}

// moderatedSite is one in Paris that holds the comments of strangers.
func moderatedSite(t testing.TB) blog {
	return wordpressSite(t, "moderated", server.Settings{
		Permalinks: server.Pretty,
		Options:    map[string]any{"comment_moderation": 1, "timezone_string": "Europe/Paris"},
	})
}

func TestWordPressConforms(t *testing.T) {
	t.Parallel()
	b := wordpressSite(t, "suite", server.Settings{Permalinks: server.Pretty, Options: map[string]any{"comment_previously_approved": 0}})
	t.Logf("WordPress %s", b.Version)
	providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig { return b.rig(t, "editor") }))
}

// unique is a text that no other test says.
func unique(t testing.TB) string {
	return strings.ToLower(strings.NewReplacer("/", "", "_", "").Replace(t.Name())) + strconv.FormatInt(time.Now().UnixNano(), 36)
}

func published(t testing.TB, c *wordpress.Client, d publish.Draft) publish.Post {
	t.Helper()
	post, err := publish.To(t.Context(), c, d)
	require.NoError(t, err)
	return post
}

// heard is what the query delivers that holds word.
func heard(t testing.TB, c *wordpress.Client, q listen.Query, word string) []listen.Event {
	t.Helper()
	var evs []listen.Event
	for ev, err := range listen.To(t.Context(), c, q) {
		require.NoError(t, err)
		if strings.Contains(ev.Text.Plain+ev.Title, word) {
			evs = append(evs, ev)
		}
	}
	return evs
}

func TestWordPressPublishesByItsOwnCron(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	c := b.as(t, "author")
	text := unique(t)
	_, err := publish.To(t.Context(), c, publish.Draft{Text: text, At: time.Now().Add(30 * time.Second)})
	require.ErrorIs(t, err, parvis.ErrInvalid, "WordPress would publish it at once")

	at := time.Now().Add(wordpress.DefaultScheduleAhead + 3*time.Second)
	post := published(t, c, publish.Draft{Text: text, At: at})
	assert.Equal(t, publish.Scheduled, post.State)
	assert.WithinDuration(t, at, post.At, time.Second)
	var waiting []parvis.Ref
	for p, err := range publish.ScheduledPosts(t.Context(), c) {
		require.NoError(t, err)
		waiting = append(waiting, p.Ref)
	}
	assert.Contains(t, waiting, post.Ref)

	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for post.State == publish.Scheduled {
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.FailNow(t, "cron never published it")
		}
		require.NoError(t, b.Cron(t.Context()))
		post, err = publish.Get(t.Context(), c, post.Ref)
		require.NoError(t, err)
	}
	assert.Equal(t, publish.Published, post.State)
	assert.False(t, time.Now().Before(at.Truncate(time.Second)), "it went out too early")
	_, err = publish.Reschedule(t.Context(), c, post.Ref, time.Now().Add(time.Hour))
	assert.ErrorIs(t, err, parvis.ErrConflict, "what is out must not be taken back")
}

func TestWordPressHeldCommentGoesEveryWay(t *testing.T) {
	t.Parallel()
	b := moderatedSite(t)
	editor, author := b.as(t, "editor"), b.as(t, "author")
	post := published(t, author, publish.Draft{Text: "Portes ouvertes", Title: unique(t)})
	word := unique(t)
	ref, err := b.say(t.Context(), editor.Account().Host, providertest.Saying{Text: word, ReplyTo: post.Ref})
	require.NoError(t, err)

	evs := heard(t, author, listen.Query{Kinds: listen.Comment}, word)
	require.Len(t, evs, 1, "an author hears what is held on the own post")
	assert.Equal(t, "held", evs[0].Status)
	assert.Empty(t, heard(t, b.as(t, "subscriber"), listen.Query{}, word), "a subscriber does not")
	var cases []moderate.Case
	for c, err := range moderate.PendingIn(t.Context(), editor, parvis.Place{}) {
		require.NoError(t, err)
		if c.On == ref {
			cases = append(cases, c)
		}
	}
	require.Len(t, cases, 1)
	assert.Equal(t, "held", cases[0].Why)

	status := func() string {
		var c saidComment
		_, err := b.admin(t.Context(), "GET", "comments/"+ref.ID, nil, &c)
		require.NoError(t, err)
		return c.Status
	}
	var acts []moderate.Act
	for _, step := range []struct {
		do    moderate.Do
		after string
	}{
		{moderate.DoSpam, "spam"},
		{moderate.DoUnspam, "hold"},
		{moderate.DoApprove, "approved"},
		{moderate.DoRemove, "trash"},
		{moderate.DoRestore, "approved"},
		{moderate.DoSpam, "spam"},
		{moderate.DoRemove, "trash"},
	} {
		act, err := moderate.Apply(t.Context(), editor, moderate.Action{Do: step.do, On: ref})
		require.NoError(t, err)
		assert.Equal(t, step.after, act.After, step.do)
		assert.Equal(t, step.after, status(), step.do)
		acts = append(acts, act)
	}
	for _, act := range slices.Backward(acts) {
		_, err := moderate.Undo(t.Context(), editor, act)
		require.NoError(t, err)
		assert.Equal(t, act.Before, status(), "undoing %s", act.Action.Do)
	}
	// After all that, WordPress's own notes must still be right.
	_, err = moderate.Remove(t.Context(), editor, ref, moderate.Reason{})
	require.NoError(t, err)
	_, err = moderate.Restore(t.Context(), editor, ref, moderate.Reason{})
	require.NoError(t, err)
	assert.Equal(t, "hold", status())
}

func TestWordPressFloodAndDuplicate(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	post := published(t, b.as(t, "author"), publish.Draft{Text: unique(t)})
	who, err := b.stranger(t.Context())
	require.NoError(t, err)
	c, err := wordpress.New(wordpress.Config{Site: b.URL, User: who.login, Password: who.password}, nil)
	require.NoError(t, err)
	text := unique(t)
	published(t, c, publish.Draft{Text: text, ReplyTo: post.Ref})
	_, err = publish.To(t.Context(), c, publish.Draft{Text: text, ReplyTo: post.Ref})
	require.ErrorIs(t, err, parvis.ErrDuplicate)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: text + " again", ReplyTo: post.Ref})
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	e, _ := errors.AsType[*parvis.Error](err)
	assert.Equal(t, "comment_flood", e.Vendor)
	assert.Equal(t, wordpress.DefaultFlood, e.RetryAfter)
}

func TestWordPressWrongPassword(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	c, err := wordpress.New(wordpress.Config{Site: b.URL, User: "author", Password: "wrong wrong wrong"}, nil)
	require.NoError(t, err)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.NotContains(t, err.Error(), "wrong wrong")
	assert.Contains(t, err.Error(), "Authorization header")
	for _, err := range listen.To(t.Context(), c, listen.Query{}) {
		require.ErrorIs(t, err, parvis.ErrAuth, "WordPress would answer as to a visitor")
	}
	_, err = moderate.SupportOf(t.Context(), c, parvis.Place{})
	require.ErrorIs(t, err, parvis.ErrAuth)
}

func TestWordPressPasswordRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	who, err := b.stranger(t.Context())
	require.NoError(t, err)
	user := "users/" + strconv.Itoa(who.id)
	_, err = b.admin(t.Context(), "POST", user, map[string]any{"roles": []string{"author"}}, &struct{}{})
	require.NoError(t, err)
	c, err := wordpress.New(wordpress.Config{Site: b.URL, User: who.login, Password: who.password}, nil)
	require.NoError(t, err)
	published(t, c, publish.Draft{Text: unique(t)})
	_, err = b.admin(t.Context(), "DELETE", user+"/application-passwords", nil, &struct{}{})
	require.NoError(t, err)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: unique(t)})
	require.ErrorIs(t, err, parvis.ErrAuth)
	ended := false
	for _, err := range listen.To(t.Context(), c, listen.Query{}) {
		require.ErrorIs(t, err, parvis.ErrAuth)
		ended = true
	}
	assert.True(t, ended, "a stream that cannot go on must not end as if all were said")
}

func TestWordPressSupportFollowsTheRole(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	sub, err := publish.SupportOf(t.Context(), b.as(t, "subscriber"), parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sub.Headline.OK())
	assert.Equal(t, "the role subscriber may not write posts", sub.Headline.Why)
	assert.True(t, sub.Reply.OK())
	_, err = publish.To(t.Context(), b.as(t, "subscriber"), publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	mod, err := moderate.SupportOf(t.Context(), b.as(t, "subscriber"), parvis.Place{})
	require.NoError(t, err)
	assert.Contains(t, mod.Can(moderate.DoHold, parvis.KindComment).Why, "subscriber")

	held := published(t, b.as(t, "contributor"), publish.Draft{Text: unique(t), Tags: []string{unique(t)}})
	assert.Equal(t, publish.Held, held.State, "a contributor's post waits for an editor")
	_, err = publish.To(t.Context(), b.as(t, "author"), publish.Draft{Text: "x", Categories: []string{unique(t)}})
	require.ErrorIs(t, err, parvis.ErrPermission, "an author makes no categories")
}

func TestWordPressWithoutPrettyPermalinks(t *testing.T) {
	t.Parallel()
	b := wordpressSite(t, "plain", server.Settings{Options: map[string]any{"comment_previously_approved": 0}})
	c := b.as(t, "editor")
	word := unique(t)
	post := published(t, c, publish.Draft{Text: word, Title: "Plain"})
	assert.Contains(t, post.URL, "?p=")
	reply := published(t, c, publish.Draft{Text: "Merci " + word, ReplyTo: post.Ref})
	assert.Equal(t, parvis.KindComment, reply.Ref.Kind)
	assert.Len(t, heard(t, c, listen.Query{Own: true, Kinds: listen.Post | listen.Comment}, word), 2)
	act, err := moderate.Lock(t.Context(), c, post.Ref, moderate.Because("heated"))
	require.NoError(t, err)
	_, err = publish.To(t.Context(), c, publish.Draft{Text: "Encore", ReplyTo: post.Ref})
	require.ErrorIs(t, err, parvis.ErrConflict)
	_, err = moderate.Undo(t.Context(), c, act)
	require.NoError(t, err)
	published(t, c, publish.Draft{Text: "Encore", ReplyTo: post.Ref})
}

func TestWordPressMediaAndTerms(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	c := b.as(t, "editor")
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 40, 30))))
	var sent int64
	ctx := publish.WithProgress(t.Context(), func(p publish.Progress) { sent = p.Sent })
	post, err := publish.To(ctx, c, publish.Draft{
		Title: "Fours", Text: "Les coulisses", Excerpt: "Vite", Slug: "fours-" + unique(t), Sticky: true,
		Media: []parvis.Media{parvis.FromBytes("four é", picture.Bytes()).WithAlt(`Deux "artisans" & un four`)},
		Tags:  []string{"Four", "#four", "Tom & Jerry"}, Categories: []string{"Atelier & co", "uncategorized"},
	})
	require.NoError(t, err)
	assert.EqualValues(t, picture.Len(), sent)
	require.Len(t, post.Media, 1)
	assert.True(t, strings.HasSuffix(post.Media[0].URL, ".png"), post.Media[0].URL)

	var raw struct {
		Featured   int                       `json:"featured_media"`
		Tags       []int                     `json:"tags"`
		Categories []int                     `json:"categories"`
		Sticky     bool                      `json:"sticky"`
		Content    struct{ Rendered string } `json:"content"`
	}
	_, err = b.admin(t.Context(), "GET", "posts/"+post.Ref.ID, nil, &raw)
	require.NoError(t, err)
	assert.Equal(t, post.Media[0].Ref.ID, strconv.Itoa(raw.Featured))
	assert.Len(t, raw.Tags, 2)
	assert.Len(t, raw.Categories, 2)
	assert.True(t, raw.Sticky)
	assert.Contains(t, raw.Content.Rendered, `alt="Deux &#34;artisans&#34; &amp; un four"`)
	assert.NotContains(t, raw.Content.Rendered, "<p><!--", "the mark makes no paragraph of its own")
	got, err := publish.Get(t.Context(), c, post.Ref)
	require.NoError(t, err)
	assert.Equal(t, "Les coulisses", got.Text.Plain)
	require.Len(t, got.Media, 1)
	assert.Equal(t, `Deux "artisans" & un four`, got.Media[0].Alt)
	assert.Equal(t, post.Media[0].Ref, got.Media[0].Ref)
	resp, err := http.Get(post.Media[0].URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	served, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, picture.Bytes(), served)

	_, err = publish.To(t.Context(), c, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("a.exe", []byte("MZ"))}})
	require.ErrorIs(t, err, parvis.ErrInvalid, "WordPress answers 500 to a type that it does not take")
}

func TestWordPressTrashRemembersWhatItWas(t *testing.T) {
	t.Parallel()
	b := openSite(t)
	c := b.as(t, "editor")
	secret := published(t, c, publish.Draft{Text: unique(t), Visibility: publish.Private})
	public := published(t, c, publish.Draft{Text: unique(t)})
	said, err := b.say(t.Context(), c.Account().Host, providertest.Saying{Text: unique(t), ReplyTo: public.Ref})
	require.NoError(t, err)
	for _, p := range []publish.Post{secret, public} {
		require.NoError(t, publish.Trash(t.Context(), c, p.Ref))
		_, err := publish.Get(t.Context(), c, p.Ref)
		require.ErrorIs(t, err, parvis.ErrNotFound)
	}
	again := b.as(t, "editor") // what is needed is on the site, not in the process
	back, err := publish.Restore(t.Context(), again, secret.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Private, back.Visibility, "what was private must not become public")
	back, err = publish.Restore(t.Context(), again, public.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Public, back.Visibility)
	require.Len(t, back.Warnings, 1)
	assert.Contains(t, back.Warnings[0].Text, "1 comments came back held")
	comment, err := publish.Get(t.Context(), c, said)
	require.NoError(t, err)
	assert.Equal(t, publish.Held, comment.State, "WordPress itself leaves it where nobody sees it")
}
