package wordpress_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

func TestEditKeepsWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Title: "Portes ouvertes", Text: "samedi", Key: "k"})
	got, err := publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "dimanche"})
	require.NoError(t, err)
	assert.Equal(t, "Portes ouvertes", got.Title)
	assert.Equal(t, "dimanche", got.Text.Plain)
	found, err := publish.Reconcile(t.Context(), c, publish.Attempt{Account: c.Account(), Draft: publish.Draft{Text: "samedi", Key: "k"}, Started: time.Now()})
	require.NoError(t, err, "an edited post is still the post of its key")
	assert.Equal(t, p.Ref, found.Ref)

	got, err = publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "dimanche", Title: "Fermé", Visibility: publish.Private})
	require.NoError(t, err)
	assert.Equal(t, publish.Private, got.Visibility)
	got, err = publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "dimanche", Visibility: publish.Public})
	require.NoError(t, err)
	assert.Equal(t, publish.Public, got.Visibility)
	assert.Equal(t, "Fermé", got.Title)
}

func TestEditRefuses(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	_, err := publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "b", At: time.Now().Add(time.Hour)})
	require.ErrorIs(t, err, parvis.ErrConflict, "a post that is out must not be taken back")
	_, err = publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "b", ReplyTo: p.Ref})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	foreign := post(t, open(t, s, "editor"), publish.Draft{Text: "c"})
	_, err = publish.Edit(t.Context(), c, foreign.Ref, publish.Draft{Text: "d"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	read, err := publish.Get(t.Context(), c, foreign.Ref)
	require.NoError(t, err, "though it may be read")
	assert.Equal(t, "c", read.Text.Plain)
	assert.Equal(t, "editor", read.Author.Name)
}

func TestEditOfAComment(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	answer := post(t, c, publish.Draft{Text: "b", ReplyTo: p.Ref})
	got, err := publish.Edit(t.Context(), c, answer.Ref, publish.Draft{Text: "c & d"})
	require.NoError(t, err)
	assert.Equal(t, "c & d", got.Text.Plain)
	_, err = publish.Edit(t.Context(), c, answer.Ref, publish.Draft{Text: "c", Title: "t"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, publish.Delete(t.Context(), c, answer.Ref))
	_, err = publish.Get(t.Context(), c, answer.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestEditThatBrokeOffIsRepeated(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	s.Faults.Inject(apitest.Fault{Kind: apitest.CutAfter, Match: func(r *http.Request) bool { return r.Method == http.MethodPost }})
	_, err := publish.Edit(t.Context(), c, p.Ref, publish.Draft{Text: "b"})
	require.NoError(t, err, "setting a text twice is setting it once")
	assert.Equal(t, 1, s.Count("<p>b"))
}

func TestTrashAndBack(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	for _, d := range []publish.Draft{{Text: "public"}, {Text: "private", Visibility: publish.Private}, {Text: "later", At: time.Now().Add(time.Hour)}} {
		p := post(t, c, d)
		require.NoError(t, publish.Trash(t.Context(), c, p.Ref))
		_, err := publish.Get(t.Context(), c, p.Ref)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		require.ErrorIs(t, publish.Trash(t.Context(), c, p.Ref), parvis.ErrConflict)
		back, err := publish.Restore(t.Context(), open(t, s, "author"), p.Ref)
		require.NoError(t, err)
		assert.Equal(t, p.State, back.State, d.Text)
		assert.Equal(t, p.Visibility, back.Visibility, d.Text)
		assert.Equal(t, d.Text, back.Text.Plain)
		assert.Empty(t, back.Warnings)
		_, err = publish.Restore(t.Context(), c, p.Ref)
		require.ErrorIs(t, err, parvis.ErrConflict)
	}
}

func TestWhatOthersTrashedComesBackAsADraft(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	p := post(t, c, publish.Draft{Text: "private", Visibility: publish.Private})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.URL+postsPath+"/"+p.Ref.ID, nil)
	require.NoError(t, err)
	req.SetBasicAuth("admin", s.User("admin").Password)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	back, err := publish.Restore(t.Context(), c, p.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Held, back.State, "lest something private becomes public")
	assert.Len(t, back.Warnings, 1)
}

func TestCommentsOfATrashedPostComeBackHeld(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	var refs []parvis.Ref
	for _, text := range []string{"b", "c"} {
		refs = append(refs, post(t, c, publish.Draft{Text: text, ReplyTo: p.Ref}).Ref)
	}
	require.NoError(t, publish.Trash(t.Context(), c, p.Ref))
	_, err := publish.Get(t.Context(), c, refs[0])
	require.ErrorIs(t, err, parvis.ErrNotFound)
	back, err := publish.Restore(t.Context(), c, p.Ref)
	require.NoError(t, err)
	assert.Contains(t, back.Warnings[0].Text, "2 comments came back held")
	for _, ref := range refs {
		got, err := publish.Get(t.Context(), c, ref)
		require.NoError(t, err)
		assert.Equal(t, publish.Held, got.State)
	}
}

func TestTrashOfAComment(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	answer := post(t, c, publish.Draft{Text: "b", ReplyTo: p.Ref})
	require.NoError(t, publish.Trash(t.Context(), c, answer.Ref))
	_, err := publish.Get(t.Context(), c, answer.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	back, err := publish.Restore(t.Context(), c, answer.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, back.State)
	_, err = publish.Restore(t.Context(), c, answer.Ref)
	require.ErrorIs(t, err, parvis.ErrConflict)
}

func TestSitesWithoutATrash(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{NoTrash: true})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	require.ErrorIs(t, publish.Trash(t.Context(), c, p.Ref), errors.ErrUnsupported)
	_, err := publish.Get(t.Context(), c, p.Ref)
	require.NoError(t, err, "it is still there")
	later := post(t, c, publish.Draft{Text: "later", At: time.Now().Add(time.Hour)})
	require.NoError(t, publish.Unschedule(t.Context(), c, later.Ref))
	assert.Zero(t, s.Count("later"))
}

func TestDeleteAndMetrics(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "author")
	p := post(t, c, publish.Draft{Text: "a"})
	for _, text := range []string{"b", "c"} {
		answer := post(t, c, publish.Draft{Text: text, ReplyTo: p.Ref})
		post(t, c, publish.Draft{Text: text + "!", ReplyTo: answer.Ref})
	}
	ms, err := publish.MetricsOf(t.Context(), c, p.Ref)
	require.NoError(t, err)
	require.Len(t, ms, 1)
	assert.Equal(t, "comments", ms[0].Name)
	assert.InDelta(t, 4, ms[0].Value, 0)
	ms, err = publish.MetricsOf(t.Context(), c, parvis.Ref{Network: "wordpress", Kind: parvis.KindComment, ID: "1"})
	require.NoError(t, err)
	assert.InDelta(t, 1, ms[0].Value, 0)
	require.NoError(t, publish.Delete(t.Context(), c, p.Ref))
	require.ErrorIs(t, publish.Delete(t.Context(), c, p.Ref), parvis.ErrNotFound)
	_, err = publish.MetricsOf(t.Context(), c, p.Ref)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "x", At: time.Now().Add(wordpress.DefaultScheduleAhead / 2)})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	page := parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}
	paris := time.FixedZone("Paris", 3600)
	at := time.Now().In(paris).Add(2 * time.Hour).Truncate(time.Second)
	second := post(t, c, publish.Draft{Text: "second", At: at})
	first := post(t, c, publish.Draft{Text: "first", At: at.Add(-time.Hour), Place: page})
	post(t, open(t, s, "author"), publish.Draft{Text: "of somebody else", At: at})
	assert.Equal(t, publish.Scheduled, second.State)
	assert.True(t, at.Equal(second.At))
	waiting := func() (refs []parvis.Ref) {
		for p, err := range publish.ScheduledPosts(t.Context(), c) {
			require.NoError(t, err)
			refs = append(refs, p.Ref)
		}
		return refs
	}
	assert.Equal(t, []parvis.Ref{first.Ref, second.Ref}, waiting())
	moved, err := publish.Reschedule(t.Context(), c, second.Ref, at.Add(-90*time.Minute))
	require.NoError(t, err)
	assert.True(t, at.Add(-90*time.Minute).Equal(moved.At))
	assert.Equal(t, []parvis.Ref{second.Ref, first.Ref}, waiting())
	require.NoError(t, publish.Unschedule(t.Context(), c, first.Ref))
	require.ErrorIs(t, publish.Unschedule(t.Context(), c, first.Ref), parvis.ErrNotFound)
	assert.Equal(t, []parvis.Ref{second.Ref}, waiting())

	out := post(t, c, publish.Draft{Text: "out"})
	_, err = publish.Reschedule(t.Context(), c, out.Ref, at)
	require.ErrorIs(t, err, parvis.ErrConflict)
	require.ErrorIs(t, publish.Unschedule(t.Context(), c, out.Ref), parvis.ErrConflict)
	answer := post(t, c, publish.Draft{Text: "answer", ReplyTo: out.Ref})
	_, err = publish.Reschedule(t.Context(), c, answer.Ref, at)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	news, err := publish.CreatePlace(t.Context(), c, parvis.Place{Name: "Tom & Jerry", About: "Souris"})
	require.NoError(t, err)
	assert.Equal(t, "Tom & Jerry", news.Name)
	below, err := publish.CreatePlace(t.Context(), c, parvis.Place{Name: "Tom", Type: "category", Parent: news.Ref})
	require.NoError(t, err)
	assert.Equal(t, news.Ref, below.Parent)
	_, err = publish.CreatePlace(t.Context(), c, parvis.Place{Name: "tom & jerry"})
	require.ErrorIs(t, err, parvis.ErrDuplicate)
	below.Name, below.Parent = "Thomas", parvis.Ref{}
	got, err := publish.UpdatePlace(t.Context(), c, below)
	require.NoError(t, err)
	assert.Equal(t, "Thomas", got.Name)
	assert.True(t, got.Parent.IsZero())
	require.NoError(t, publish.DeletePlace(t.Context(), c, below.Ref))
	require.ErrorIs(t, publish.DeletePlace(t.Context(), c, below.Ref), parvis.ErrNotFound)
	for _, pl := range []parvis.Place{{Name: " "}, {Name: "x", Type: "channel"}} {
		_, err = publish.CreatePlace(t.Context(), c, pl)
		require.Error(t, err)
	}
	require.ErrorIs(t, publish.DeletePlace(t.Context(), c, parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}), errors.ErrUnsupported)
	_, err = publish.CreatePlace(t.Context(), open(t, s, "author"), parvis.Place{Name: "x"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	act, err := moderate.SupportOf(t.Context(), c, news)
	require.NoError(t, err)
	assert.NotEmpty(t, act.Actions)
}
