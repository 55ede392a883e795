package wordpress_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// said makes a new reader comment on a post.
func said(t testing.TB, s *site.Server, on parvis.Ref, text string) parvis.Ref {
	t.Helper()
	ref, err := s.Say(t.Context(), providertest.Saying{Text: text, ReplyTo: on})
	require.NoError(t, err)
	return ref
}

func apply(t testing.TB, c *wordpress.Client, do moderate.Do, on parvis.Ref) moderate.Act {
	t.Helper()
	act, err := moderate.Apply(t.Context(), c, moderate.Action{Do: do, On: on, Reason: moderate.Because("no-ads")})
	require.NoError(t, err)
	return act
}

// Every action from every status leads to the status that it names, and back.
func TestEveryActionFromEveryStatusAndBack(t *testing.T) {
	t.Parallel()
	starts := map[string]moderate.Do{"approved": moderate.DoApprove, "hold": moderate.DoHold, "spam": moderate.DoSpam, "trash": moderate.DoRemove}
	ends := map[moderate.Do]string{moderate.DoApprove: "approved", moderate.DoHold: "hold", moderate.DoSpam: "spam", moderate.DoRemove: "trash", moderate.DoReject: "trash"}
	for start, prepare := range starts {
		for do, end := range ends {
			t.Run(start+" "+string(do), func(t *testing.T) {
				t.Parallel()
				s := site.New(t, site.Options{Moderated: start == "hold"})
				c := open(t, s, "editor")
				ref := said(t, s, parvis.Ref{}, "Buy watches!")
				apply(t, c, prepare, ref)
				act := apply(t, c, do, ref)
				assert.Equal(t, start, act.Before)
				assert.Equal(t, end, act.After)
				if start == end {
					assert.Nil(t, act.Inverse, "nothing was done")
					return
				}
				require.NotNil(t, act.Inverse)
				assert.Equal(t, "no-ads", act.Inverse.Reason.Rule)
				undone, err := moderate.Undo(t.Context(), c, act)
				require.NoError(t, err)
				assert.Equal(t, start, undone.After)
				assert.NotEmpty(t, undone.Raw)
			})
		}
	}
}

func TestRestoreAndUnspamBringBackWhatWordPressNoted(t *testing.T) {
	t.Parallel()
	for _, moderated := range []bool{false, true} {
		s := site.New(t, site.Options{Moderated: moderated})
		c := open(t, s, "editor")
		ref := said(t, s, parvis.Ref{}, "Buy watches!")
		was := apply(t, c, moderate.DoSpam, ref).Before
		assert.Equal(t, was, apply(t, c, moderate.DoUnspam, ref).After)
		apply(t, c, moderate.DoRemove, ref)
		act := apply(t, c, moderate.DoRestore, ref)
		assert.Equal(t, was, act.After)
		assert.Equal(t, moderate.DoRemove, act.Inverse.Do)
		assert.Nil(t, apply(t, c, moderate.DoRestore, ref).Inverse, "not in the trash")
		assert.Nil(t, apply(t, c, moderate.DoUnspam, ref).Inverse, "no spam")
	}
}

// A note that WordPress keeps too long would publish what somebody held.
func TestNoStaleNotesStayBehind(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	ref := said(t, s, parvis.Ref{}, "Buy watches!")
	act := apply(t, c, moderate.DoRemove, ref) // notes "approved"
	_, err := moderate.Undo(t.Context(), c, act)
	require.NoError(t, err)
	apply(t, c, moderate.DoHold, ref)
	apply(t, c, moderate.DoRemove, ref)
	assert.Equal(t, "hold", apply(t, c, moderate.DoRestore, ref).After)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	ref := said(t, s, parvis.Ref{}, "Buy watches!")
	act := apply(t, c, moderate.DoPurge, ref)
	assert.Equal(t, "deleted", act.After)
	assert.Nil(t, act.Inverse)
	_, err := moderate.Approve(t.Context(), c, ref, moderate.Reason{})
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestPostsAreLockedPinnedAndTrashed(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	p := post(t, open(t, s, "author"), publish.Draft{Text: "a"})
	for do, states := range map[moderate.Do][2]string{
		moderate.DoLock: {"open", "closed"}, moderate.DoPin: {"not sticky", "sticky"}, moderate.DoRemove: {"publish", "trash"},
	} {
		act := apply(t, c, do, p.Ref)
		assert.Equal(t, states[0], act.Before)
		assert.Equal(t, states[1], act.After)
		assert.Nil(t, apply(t, c, do, p.Ref).Inverse, "done already")
		if do == moderate.DoLock {
			_, err := publish.To(t.Context(), c, publish.Draft{Text: "b", ReplyTo: p.Ref})
			require.ErrorIs(t, err, parvis.ErrConflict)
		}
		undone, err := moderate.Undo(t.Context(), c, act)
		require.NoError(t, err)
		assert.Equal(t, states[1], undone.Before)
		assert.Equal(t, states[0], undone.After)
	}
	got, err := publish.Get(t.Context(), c, p.Ref)
	require.NoError(t, err)
	assert.Equal(t, publish.Published, got.State)
}

func TestModerationFollowsTheRole(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	author := open(t, s, "author")
	own := post(t, author, publish.Draft{Text: "own"})
	mine, others := said(t, s, own.Ref, "on mine"), said(t, s, parvis.Ref{}, "elsewhere")
	apply(t, author, moderate.DoHold, mine)
	_, err := moderate.Hold(t.Context(), author, others, moderate.Reason{})
	require.ErrorIs(t, err, parvis.ErrPermission)
	sup, err := moderate.SupportOf(t.Context(), author, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, parvis.Partial, sup.Can(moderate.DoHold, parvis.KindComment).Level)
	assert.Equal(t, []string{"moderate_comments"}, sup.MissingScopes)
	sup, err = moderate.SupportOf(t.Context(), open(t, s, "subscriber"), parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Can(moderate.DoHold, parvis.KindComment).OK())
	assert.False(t, sup.Pending.OK())
	_, err = moderate.Hold(t.Context(), open(t, s, "subscriber"), mine, moderate.Reason{})
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Contains(t, err.Error(), "the role subscriber may not")
}

func TestWhatWordPressCannotDo(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	ref := said(t, s, parvis.Ref{}, "Buy watches!")
	for _, do := range []moderate.Do{moderate.DoHide, moderate.DoLock, moderate.DoBan} {
		_, err := c.Moderate(t.Context(), moderate.Action{Do: do, On: ref})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	page := post(t, c, publish.Draft{Text: "a", Place: parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}})
	_, err := moderate.Pin(t.Context(), c, page.Ref, moderate.Reason{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = c.Moderate(t.Context(), moderate.Action{Do: moderate.DoBan, On: parvis.Ref{Kind: parvis.KindPerson, ID: "1"}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestPendingOfAPlace(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Moderated: true})
	c := open(t, s, "editor")
	news, err := publish.CreatePlace(t.Context(), c, parvis.Place{Name: "News"})
	require.NoError(t, err)
	in := post(t, c, publish.Draft{Text: "in", Place: news})
	var want []parvis.Ref
	for i := range 120 {
		said(t, s, parvis.Ref{}, "elsewhere "+strconv.Itoa(i))
		if i%40 == 0 {
			want = append(want, said(t, s, in.Ref, "in the news "+strconv.Itoa(i)))
		}
	}
	list := func(place parvis.Place) (refs []parvis.Ref) {
		for k, err := range moderate.PendingIn(t.Context(), c, place) {
			require.NoError(t, err)
			assert.Equal(t, "hold", k.State)
			refs = append(refs, k.On)
		}
		return refs
	}
	assert.Len(t, list(parvis.Place{}), 123)
	assert.Equal(t, want, list(news), "oldest first")
	assert.Empty(t, list(parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}))
}
