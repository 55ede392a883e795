package wordpress_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

func TestPublishSupportByRole(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	for login, want := range map[string]struct {
		write, out, files, places bool
		missing                   []string
	}{
		"admin":       {true, true, true, true, nil},
		"editor":      {true, true, true, true, nil},
		"author":      {true, true, true, false, []string{"manage_categories"}},
		"contributor": {true, false, false, false, []string{"publish_posts", "edit_published_posts", "delete_published_posts", "upload_files", "manage_categories"}},
		"subscriber":  {false, false, false, false, []string{"edit_posts", "publish_posts", "edit_published_posts", "delete_published_posts", "upload_files", "manage_categories"}},
	} {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			sup, err := publish.SupportOf(t.Context(), open(t, s, login), parvis.Place{})
			require.NoError(t, err)
			assert.Equal(t, want.write, sup.Headline.OK())
			assert.Equal(t, want.write, sup.Tags.OK())
			assert.Equal(t, want.out, sup.Schedule.OK())
			assert.Equal(t, want.out, sup.Edit.OK())
			assert.Equal(t, want.out, sup.Trash.OK())
			assert.Equal(t, want.files, sup.Media.Max > 0)
			assert.Equal(t, want.places, sup.PlaceEdit.OK())
			assert.Equal(t, want.missing, sup.MissingScopes)
			assert.True(t, sup.Reply.OK())
			assert.False(t, sup.Key.OK())
			assert.Equal(t, want.out, len(sup.Visibilities) == 2)
		})
	}
}

func TestSupportOfPages(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	pages := parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}
	sup, err := publish.SupportOf(t.Context(), open(t, s, "editor"), pages)
	require.NoError(t, err)
	assert.True(t, sup.Headline.OK())
	assert.False(t, sup.Tags.OK())
	assert.False(t, sup.Sticky.OK())
	sup, err = publish.SupportOf(t.Context(), open(t, s, "author"), pages)
	require.NoError(t, err)
	assert.Equal(t, "the role author may not write pages", sup.Headline.Why)
	_, err = publish.SupportOf(t.Context(), open(t, s, "editor"), parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "x"}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestConfiguredLimits(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor", func(cfg *wordpress.Config) {
		cfg.MaxUpload, cfg.ScheduleAhead, cfg.Every, cfg.NoMark = 1<<20, time.Hour, time.Second, true
	})
	sup, err := publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.EqualValues(t, 1<<20, sup.Media.Rules[0].MaxBytes)
	assert.Equal(t, time.Hour, sup.Schedule.Least)
	assert.Equal(t, parvis.Partial, sup.Reconcile.Level)
	hear, err := listen.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, time.Second, hear.Every)
	assert.Equal(t, listen.Poll, hear.Delivery)
	assert.Equal(t, parvis.Yes, hear.Resume.Level)
}

func TestARoleThatChangedIsNoticed(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	p := post(t, c, publish.Draft{Text: "a"})
	s.Faults.Inject(apitest.Fault{Kind: apitest.Forbidden, Body: `{"code":"rest_cannot_create","message":"No.","data":{"status":403}}`, Match: postsOrComments})
	_, err := publish.To(t.Context(), c, publish.Draft{Text: "b"})
	require.ErrorIs(t, err, parvis.ErrPermission)
	before := s.Calls()
	_, err = publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, 1, s.Calls()-before, "the role is asked for again")
	assert.NotEmpty(t, p.Ref.ID)
}
