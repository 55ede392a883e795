package wordpress_test

import (
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// clock is a site's clock that tests set.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Unix())
	return c
}

func (c *clock) Now() time.Time       { return time.Unix(c.now.Load(), 0) }
func (c *clock) step(d time.Duration) { c.now.Add(int64(d / time.Second)) }
func (c *clock) set(t time.Time)      { c.now.Store(t.Unix()) }
func ticking() (*clock, site.Options) { c := newClock(); return c, site.Options{Now: c.Now} }

// gather runs a stream to its end.
func gather(t testing.TB, in iter.Seq2[listen.Event, error]) []listen.Event {
	t.Helper()
	var evs []listen.Event
	for ev, err := range in {
		require.NoError(t, err)
		evs = append(evs, ev)
	}
	return evs
}

func hear(t testing.TB, c *wordpress.Client, q listen.Query) []listen.Event {
	t.Helper()
	return gather(t, listen.To(t.Context(), c, q))
}

func texts(evs []listen.Event) []string {
	var out []string
	for _, ev := range evs {
		out = append(out, ev.Kind.String()+" "+ev.Text.Plain)
	}
	return out
}

func TestCommentsAndPostsComeInOneOrder(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	author, editor := open(t, s, "author"), open(t, s, "editor")
	now.step(time.Minute)
	p := post(t, author, publish.Draft{Text: "first", Title: "T"})
	now.step(time.Minute)
	said(t, s, p.Ref, "second")
	now.step(time.Minute)
	post(t, author, publish.Draft{Text: "third"})
	now.step(time.Minute)
	answer := post(t, editor, publish.Draft{Text: "fourth, our own", ReplyTo: p.Ref})
	now.step(time.Minute)
	said(t, s, answer.Ref, "fifth")
	evs := hear(t, editor, listen.Query{})
	assert.Equal(t, []string{"post Welcome to WordPress.", "post first", "comment second", "post third", "reply fifth"}, texts(evs))
	reply := evs[4]
	assert.Equal(t, answer.Ref, reply.Parent)
	assert.Equal(t, p.Ref, reply.Root)
	assert.Equal(t, "approved", reply.Status)
	assert.Equal(t, "poll", reply.Source)
	assert.Equal(t, "T", evs[1].Title)
	assert.Equal(t, "author", evs[1].Author.Name)
	assert.Equal(t, "public", evs[1].Visibility)
	for _, ev := range evs {
		assert.NotEmpty(t, ev.Raw)
		assert.Equal(t, editor.Account(), ev.Account)
	}
	assert.Len(t, hear(t, editor, listen.Query{Own: true}), 6)
	assert.Equal(t, []string{"reply fifth"}, texts(hear(t, editor, listen.Query{Kinds: listen.Reply})))
}

// More speak in one second than a request can name, and the listener is started anew after
// each event.
const crowd = 350

func TestManyAtOneSecond(t *testing.T) {
	t.Parallel()
	_, o := ticking()
	s := site.New(t, o)
	c := open(t, s, "editor")
	for i := range crowd {
		said(t, s, parvis.Ref{}, fmt.Sprint("n", i))
	}
	q := listen.Query{Kinds: listen.Comment}
	assert.Len(t, hear(t, c, q), crowd, "on several pages")
	seen := make(map[string]bool)
	for range crowd {
		for ev, err := range listen.To(t.Context(), c, q) {
			require.NoError(t, err)
			require.False(t, seen[ev.ID], "heard twice: %s", ev.Text.Plain)
			seen[ev.ID] = true
			q.Since = ev.Cursor
			break
		}
	}
	assert.Len(t, seen, crowd)
	assert.Empty(t, hear(t, c, q))
	said(t, s, parvis.Ref{}, "one more in the same second")
	assert.Len(t, hear(t, c, q), 1)
}

func TestLongHistoriesInPagesWhileMoreComes(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	c := open(t, s, "editor")
	for i := range 1030 {
		said(t, s, parvis.Ref{}, fmt.Sprint("n", i))
		if i%7 == 0 {
			now.step(time.Second)
		}
	}
	n, last := 0, listen.Event{}
	for ev, err := range listen.To(t.Context(), c, listen.Query{Kinds: listen.Comment}) {
		require.NoError(t, err)
		require.False(t, ev.Time.Before(last.Time))
		if n++; n == 50 {
			said(t, s, parvis.Ref{}, "while it is read")
		}
		last = ev
	}
	assert.Equal(t, 1031, n)
	assert.Less(t, len(last.Cursor), 4096)
}

func TestWhatShowsLateIsNotLost(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	c := open(t, s, "editor")
	said(t, s, parvis.Ref{}, "on time")
	evs := hear(t, c, listen.Query{Kinds: listen.Comment})
	require.Len(t, evs, 1)
	now.step(-30 * time.Second) // a slow request, dated when it began
	said(t, s, parvis.Ref{}, "late")
	assert.Equal(t, []string{"comment late"}, texts(hear(t, c, listen.Query{Kinds: listen.Comment, Since: evs[0].Cursor})))
}

func TestTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	o.Zone = paris
	now.set(time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC)) // 02:50, before the clock goes back
	s := site.New(t, o)
	c := open(t, s, "editor")
	author := open(t, s, "author")
	said(t, s, parvis.Ref{}, "at 02:50")
	evs := hear(t, c, listen.Query{})
	require.Len(t, evs, 2)
	now.step(20 * time.Minute) // 02:10, again
	said(t, s, parvis.Ref{}, "at 02:10")
	post(t, author, publish.Draft{Text: "post at 02:10"})
	assert.ElementsMatch(t, []string{"comment at 02:10", "post post at 02:10"}, texts(hear(t, c, listen.Query{Since: evs[1].Cursor})))
}

func TestEditsAndTheTrashAreHeard(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	author, c := open(t, s, "author"), open(t, s, "editor")
	p := post(t, author, publish.Draft{Text: "a"})
	q := listen.Query{}
	next := func() []string {
		evs := hear(t, c, q)
		if len(evs) > 0 {
			q.Since = evs[len(evs)-1].Cursor
		}
		return texts(evs)
	}
	assert.Equal(t, []string{"post Welcome to WordPress.", "post a"}, next())
	for _, text := range []string{"a2", "b", "b2", "c"} {
		if !strings.HasSuffix(text, "2") { // the others change within one second
			now.step(time.Minute)
		}
		_, err := publish.Edit(t.Context(), author, p.Ref, publish.Draft{Text: text})
		require.NoError(t, err)
		assert.Equal(t, []string{"edit " + text}, next())
		assert.Empty(t, next())
	}
	now.step(time.Minute)
	require.NoError(t, publish.Trash(t.Context(), author, p.Ref))
	assert.Equal(t, []string{"delete "}, next())
	now.step(time.Minute)
	_, err := publish.Restore(t.Context(), author, p.Ref)
	require.NoError(t, err)
	assert.Equal(t, []string{"edit c"}, next())
	assert.Empty(t, next())
}

func TestAPostThatWasEditedBeforeItWasHeardComesOnce(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	s := site.New(t, o)
	author := open(t, s, "author")
	p := post(t, author, publish.Draft{Text: "a"})
	now.step(time.Hour)
	_, err := publish.Edit(t.Context(), author, p.Ref, publish.Draft{Text: "b"})
	require.NoError(t, err)
	evs := hear(t, open(t, s, "editor"), listen.Query{})
	assert.Equal(t, []string{"post Welcome to WordPress.", "post b"}, texts(evs))
	assert.Equal(t, time.Hour, evs[1].Edited.Sub(evs[1].Time))
	assert.Equal(t, []string{"edit b"}, texts(hear(t, open(t, s, "editor"), listen.Query{Kinds: listen.Edit})))
}

func TestAScheduledPostIsHeardWhenItIsOut(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	now.set(time.Now()) // scheduling is checked by this machine's clock
	s := site.New(t, o)
	author, c := open(t, s, "author"), open(t, s, "editor")
	p := post(t, author, publish.Draft{Text: "later", At: now.Now().Add(time.Hour)})
	now.step(time.Minute)
	post(t, author, publish.Draft{Text: "now"})
	evs := hear(t, c, listen.Query{})
	assert.Equal(t, []string{"post Welcome to WordPress.", "post now"}, texts(evs))
	now.step(time.Hour)
	s.Cron()
	evs = hear(t, c, listen.Query{Since: evs[1].Cursor})
	require.Equal(t, []string{"post later"}, texts(evs))
	assert.Equal(t, p.Ref, evs[0].Ref)
}

func TestAScheduledPostIsHeardThoughCronIsLate(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	now.set(time.Now())
	s := site.New(t, o)
	author, c := open(t, s, "author"), open(t, s, "editor")
	post(t, author, publish.Draft{Text: "later", At: now.Now().Add(time.Hour)})
	now.step(3 * time.Hour)
	q := listen.Query{Kinds: listen.Post}
	for range 3 {
		now.step(time.Hour)
		post(t, author, publish.Draft{Text: "long after it was due " + now.Now().String()})
		evs := hear(t, c, q)
		require.NotEmpty(t, evs)
		q.Since = evs[len(evs)-1].Cursor
	}
	s.Cron()
	evs := hear(t, c, q)
	require.Equal(t, []string{"post later"}, texts(evs))
	q.Since = evs[0].Cursor
	assert.Empty(t, hear(t, c, q))
}

func TestWhatIsHeardDependsOnTheRole(t *testing.T) {
	t.Parallel()
	_, o := ticking()
	o.Moderated = true
	s := site.New(t, o)
	author := open(t, s, "author")
	own := post(t, author, publish.Draft{Text: "own"})
	post(t, open(t, s, "editor"), publish.Draft{Text: "inner", Visibility: publish.Private})
	said(t, s, own.Ref, "on the author's")
	ref := said(t, s, parvis.Ref{}, "elsewhere")
	spam := said(t, s, parvis.Ref{}, "spam")
	apply(t, open(t, s, "editor"), moderate.DoSpam, spam)
	all := hear(t, open(t, s, "admin"), listen.Query{Kinds: listen.Comment})
	assert.Equal(t, []string{"comment on the author's", "comment elsewhere", "comment spam"}, texts(all))
	assert.Equal(t, []string{"held", "held", "spam"}, []string{all[0].Status, all[1].Status, all[2].Status})
	assert.Equal(t, []string{"comment on the author's"}, texts(hear(t, author, listen.Query{Kinds: listen.Comment})))
	assert.Empty(t, hear(t, open(t, s, "subscriber"), listen.Query{Kinds: listen.Comment}))
	apply(t, open(t, s, "editor"), moderate.DoApprove, ref)
	assert.Equal(t, []string{"comment elsewhere"}, texts(hear(t, open(t, s, "subscriber"), listen.Query{Kinds: listen.Comment})))
	assert.Contains(t, texts(hear(t, open(t, s, "admin"), listen.Query{Kinds: listen.Post})), "post inner")
	assert.NotContains(t, texts(hear(t, open(t, s, "subscriber"), listen.Query{Kinds: listen.Post})), "post inner")

	sup, err := listen.SupportOf(t.Context(), open(t, s, "subscriber"), parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, parvis.Partial, sup.Resume.Level)
	assert.False(t, sup.Kinds.Has(listen.Delete))
	_, err = parseless(t, open(t, s, "subscriber"), listen.Query{Kinds: listen.Delete})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
}

// parseless returns what a stream ends with.
func parseless(t testing.TB, c *wordpress.Client, q listen.Query) (n int, err error) {
	t.Helper()
	for _, e := range listen.To(t.Context(), c, q) {
		n, err = n+1, e
	}
	return n, err
}

// A list leaves out what the account may not see after its pages were cut, so that a page
// may be empty and not the last.
func TestEmptyPagesAreNotTheEnd(t *testing.T) {
	t.Parallel()
	now, o := ticking()
	o.Moderated = true
	s := site.New(t, o)
	author := open(t, s, "author")
	own := post(t, author, publish.Draft{Text: "own"})
	for i := range 230 {
		said(t, s, parvis.Ref{}, fmt.Sprint("held, on somebody else's ", i))
		now.step(time.Second)
	}
	said(t, s, own.Ref, "held, on the author's")
	assert.Equal(t, []string{"comment held, on the author's"}, texts(hear(t, author, listen.Query{Kinds: listen.Comment})))
	assert.Equal(t, []string{"comment held, on the author's"}, texts(gather(t, listen.Past(t.Context(), author, listen.Query{Kinds: listen.Comment}))))
}

func TestPlacesAndThreads(t *testing.T) {
	t.Parallel()
	_, o := ticking()
	s := site.New(t, o)
	author, c := open(t, s, "author"), open(t, s, "editor")
	news, err := publish.CreatePlace(t.Context(), c, parvis.Place{Name: "News"})
	require.NoError(t, err)
	pages := parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}
	in := post(t, author, publish.Draft{Text: "in", Place: news})
	out := post(t, author, publish.Draft{Text: "out"})
	page := post(t, c, publish.Draft{Text: "page", Place: pages})
	one := said(t, s, in.Ref, "one")
	two := said(t, s, one, "two")
	said(t, s, two, "three")
	said(t, s, out.Ref, "elsewhere")
	assert.Equal(t, []string{"comment one", "comment two", "comment three", "post in"}, texts(hear(t, c, listen.Query{Place: news})))
	assert.Equal(t, []string{"post page"}, texts(hear(t, c, listen.Query{Place: pages, Own: true})))
	assert.Equal(t, []string{"comment one", "comment two", "comment three"}, texts(hear(t, c, listen.Query{Thread: in.Ref})))
	below := listen.Query{Thread: one}
	evs := hear(t, c, below)
	assert.Equal(t, []string{"comment two", "comment three"}, texts(evs))
	below.Since = evs[0].Cursor
	assert.Equal(t, []string{"comment three"}, texts(hear(t, c, below)))
	assert.Equal(t, []string{"comment one", "comment two", "comment three"}, texts(gather(t, listen.Past(t.Context(), c, listen.Query{Thread: in.Ref}))))
	assert.Equal(t, in.Ref, evs[0].Root)
	_, err = parseless(t, c, listen.Query{Thread: parvis.Ref{Network: "wordpress", Kind: parvis.KindComment, ID: "99"}})
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = parseless(t, c, listen.Query{Thread: page.Ref, Place: parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "attic"}}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestBadCursor(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	_, err := parseless(t, c, listen.Query{Since: "109348234"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	for _, err := range listen.Past(t.Context(), c, listen.Query{Since: "x"}) {
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	for _, err := range listen.Search(t.Context(), c, listen.Query{Since: "x", Text: "y"}) {
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
}
