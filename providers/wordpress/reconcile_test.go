package wordpress_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

func noMark(cfg *wordpress.Config) { cfg.NoMark = true }

// lose publishes d so that the answer is lost, and returns the attempt.
func lose(t testing.TB, s *site.Server, c *wordpress.Client, d publish.Draft) publish.Attempt {
	t.Helper()
	_, err := publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	stage := apitest.Fault{Kind: apitest.CutAfter, Match: postsOrComments}
	s.Faults.Inject(stage)
	_, err = publish.To(t.Context(), c, d)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	attempt, ok := publish.AttemptOf(err)
	require.True(t, ok)
	return attempt
}

func TestReconcileFindsByTheMark(t *testing.T) {
	t.Parallel()
	page := parvis.Place{Ref: parvis.Ref{Network: "wordpress", Kind: parvis.KindPlace, ID: "pages"}}
	for name, d := range map[string]publish.Draft{
		"post":      {Text: "Portes ouvertes"},
		"page":      {Text: "Portes ouvertes", Place: page},
		"scheduled": {Text: "Portes ouvertes", At: time.Now().Add(48 * time.Hour)},
		"private":   {Text: "Portes ouvertes", Visibility: publish.Private},
		"picture":   {Text: "Portes ouvertes", Media: []parvis.Media{picture().WithAlt("Un four")}, Link: "https://acme.example/"},
		"title":     {Title: "Portes ouvertes"},
	} {
		for mode, change := range map[string]func(*wordpress.Config){"mark": func(*wordpress.Config) {}, "text": noMark} {
			t.Run(name+" by "+mode, func(t *testing.T) {
				t.Parallel()
				s := site.New(t, site.Options{})
				c := open(t, s, "editor", change)
				attempt := lose(t, s, c, d)
				for i := range 120 { // more than one page made since
					post(t, c, publish.Draft{Text: "after " + strconv.Itoa(i)})
				}
				got, err := publish.Reconcile(t.Context(), open(t, s, "editor", change), attempt)
				require.NoError(t, err)
				assert.Equal(t, attempt.Draft.Key, got.Key)
				assert.Equal(t, 1, s.Count("Portes"))
			})
		}
	}
}

func TestReconcileTellsTwinsApart(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	first := lose(t, s, c, publish.Draft{Text: "Ouvert !"})
	second := lose(t, s, c, publish.Draft{Text: "Ouvert !"})
	one, err := publish.Reconcile(t.Context(), c, first)
	require.NoError(t, err)
	two, err := publish.Reconcile(t.Context(), c, second)
	require.NoError(t, err)
	assert.NotEqual(t, one.Ref, two.Ref)
	second.Draft.Key = "never sent"
	_, err = publish.Reconcile(t.Context(), c, second)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

func TestReconcileDoesNotBelieveTooEarly(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor", func(cfg *wordpress.Config) { cfg.Settle = time.Minute })
	attempt := publish.Attempt{Account: c.Account(), Draft: publish.Draft{Text: "x", Key: "k"}, Started: time.Now().Add(-20 * time.Second)}
	_, err := publish.Reconcile(t.Context(), c, attempt)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "the site may still be at work on it")
	e, _ := errors.AsType[*parvis.Error](err)
	assert.InDelta(t, 40, e.RetryAfter.Seconds(), 5)
	attempt.Started = time.Now().Add(-time.Minute)
	_, err = publish.Reconcile(t.Context(), c, attempt)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

// TestReconcileInDoubt: without a mark, a post like the draft may be the draft as the site
// has changed it; with one it is another.
func TestReconcileInDoubt(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	post(t, c, publish.Draft{Title: "Samedi", Text: "Portes ouvertes avec musique"})
	for name, tt := range map[string]struct {
		d      publish.Draft
		noMark bool
		want   error
	}{
		"like it, no mark":    {publish.Draft{Title: "Dimanche", Text: "Portes ouvertes avec gâteaux", Key: "k"}, true, parvis.ErrUnknownOutcome},
		"its title, no mark":  {publish.Draft{Title: "Samedi", Text: "Fermé", Key: "k"}, true, parvis.ErrUnknownOutcome},
		"like it, no key":     {publish.Draft{Title: "Dimanche", Text: "Portes ouvertes avec gâteaux"}, false, parvis.ErrUnknownOutcome},
		"another, no mark":    {publish.Draft{Title: "Lundi", Text: "Fermé", Key: "k"}, true, parvis.ErrNotFound},
		"like it, with marks": {publish.Draft{Title: "Samedi", Text: "Portes ouvertes avec gâteaux", Key: "k"}, false, parvis.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, s, "editor", func(cfg *wordpress.Config) { cfg.NoMark = tt.noMark })
			_, err := publish.Reconcile(t.Context(), c, publish.Attempt{Account: c.Account(), Draft: tt.d, Started: time.Now()})
			require.ErrorIs(t, err, tt.want)
		})
	}
}

// TestReconcileBehindImports: posts that were dated back since do not hide the one that is
// looked for.
func TestReconcileBehindImports(t *testing.T) {
	t.Parallel()
	clock := time.Now().Add(-48 * time.Hour)
	s := site.New(t, site.Options{Now: func() time.Time { return clock }})
	c := open(t, s, "editor")
	clock = time.Now()
	attempt := lose(t, s, c, publish.Draft{Text: "Portes ouvertes"})
	clock = time.Now().Add(-24 * time.Hour) // as an import would date them
	for range 5 {
		post(t, c, publish.Draft{Text: "import"})
	}
	clock = time.Now()
	got, err := publish.Reconcile(t.Context(), c, attempt)
	require.NoError(t, err)
	assert.Equal(t, attempt.Draft.Key, got.Key)
}

func TestReconcileOfWhatWasTrashed(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	c := open(t, s, "editor")
	attempt := lose(t, s, c, publish.Draft{Text: "x"})
	got, err := publish.Reconcile(t.Context(), c, attempt)
	require.NoError(t, err)
	require.NoError(t, publish.Trash(t.Context(), c, got.Ref))
	got, err = publish.Reconcile(t.Context(), c, attempt)
	require.NoError(t, err, "it was out, so it must not be sent again")
	assert.Equal(t, publish.Rejected, got.State)
}

func TestReconcileOfComments(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Moderated: true})
	article := post(t, open(t, s, "editor"), publish.Draft{Text: "article"})
	author := open(t, s, "author")
	attempt := lose(t, s, author, publish.Draft{Text: `"C'est <bien>..."`, ReplyTo: article.Ref})
	got, err := publish.Reconcile(t.Context(), author, attempt)
	require.NoError(t, err)
	assert.Equal(t, publish.Held, got.State)
	assert.Equal(t, article.Ref, got.ReplyTo)
	nested := lose(t, s, author, publish.Draft{Text: "Merci", ReplyTo: got.Ref})
	got, err = publish.Reconcile(t.Context(), author, nested)
	require.NoError(t, err)
	assert.Equal(t, nested.Draft.ReplyTo, got.ReplyTo)
	never := publish.Attempt{Account: author.Account(), Draft: publish.Draft{Text: "Merci", ReplyTo: article.Ref}, Started: time.Now()}
	_, err = publish.Reconcile(t.Context(), author, never)
	require.ErrorIs(t, err, parvis.ErrNotFound, "the same text elsewhere")
}

func TestReconcileOfASubscribersHeldComment(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{Moderated: true})
	article := post(t, open(t, s, "editor"), publish.Draft{Text: "article"})
	sub := open(t, s, "subscriber")
	attempt := lose(t, s, sub, publish.Draft{Text: "Merci", ReplyTo: article.Ref})
	_, err := publish.Reconcile(t.Context(), sub, attempt)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "it is there, and WordPress does not show it to its author")
	_, err = publish.To(t.Context(), sub, attempt.Draft)
	require.ErrorIs(t, err, parvis.ErrDuplicate, "which is what the help says")
}
