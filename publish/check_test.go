package publish_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))))
	return b.Bytes()
}

func TestCheckFindsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	s := newStub("")
	mp4 := append([]byte("\x00\x00\x00\x18ftypisom"), make([]byte, 20)...)
	for _, tt := range []struct {
		name  string
		draft publish.Draft
		opts  []publish.Option
		want  string
	}{
		{name: "fits", draft: publish.Draft{Text: "Bonjour"}},
		{name: "at the limit", draft: publish.Draft{Text: strings.Repeat("👩‍👩‍👧", 20)}},
		{name: "one over", draft: publish.Draft{Text: strings.Repeat("👩‍👩‍👧", 21)}, want: "text/length"},
		{name: "a link counts five", draft: publish.Draft{Text: "voir ici ! " + "https://acme.example/" + strings.Repeat("x", 90)}},
		{name: "empty", draft: publish.Draft{Text: " \n"}, want: "text/empty"},
		{name: "markdown counts without marks", draft: publish.Draft{Text: "**aaaaaaaaaaaaaaaaaaaa**", Format: parvis.Markdown}},
		{
			name: "everything wrong", draft: publish.Draft{
				Text: strings.Repeat("a", 30), Title: "T", Tags: []string{"x"}, Visibility: publish.Direct,
				Poll: &publish.Poll{Options: []string{"too long an option"}, For: 2 * time.Hour, Multiple: true},
			},
			want: "text/length title/unsupported tags/unsupported visibility/unsupported poll.options/count poll.options[0]/length poll.for/time poll.multiple/unsupported",
		},
		{
			name: "poll with media", draft: publish.Draft{Text: "?", Poll: &publish.Poll{Options: []string{"a", "b"}}, Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 2, 2))}},
			want: "poll/unsupported",
		},
		{name: "empty option", draft: publish.Draft{Text: "?", Poll: &publish.Poll{Options: []string{"a", " "}}}, want: "poll.options[1]/empty"},
		{name: "picture", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 2, 2)).WithAlt("ok")}}},
		{name: "too many pixels", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 10, 10))}}, want: "media[0]/size"},
		{name: "too many bytes", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", append(picture(t, 1, 1), make([]byte, 100)...))}}, want: "media[0]/size"},
		{name: "unknown type", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", []byte("MZ\x90\x00 not a picture"))}}, want: "media[0]/type"},
		{name: "long alt", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 1, 1)).WithAlt(strings.Repeat("é", 11))}}, want: "media[0].alt/length"},
		{name: "alt wanted", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 1, 1))}}, opts: []publish.Option{publish.RequireAlt}, want: "media[0]/alt"},
		{name: "lang wanted", draft: publish.Draft{Text: "x"}, opts: []publish.Option{publish.RequireLang}, want: "lang/lang"},
		{name: "too many files", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 1, 1)), parvis.FromBytes("b.png", picture(t, 1, 1)), parvis.FromBytes("c.png", picture(t, 1, 1))}}, want: "media/count"},
		{name: "video goes alone", draft: publish.Draft{Media: []parvis.Media{parvis.FromBytes("v.mp4", mp4), parvis.FromBytes("b.png", picture(t, 1, 1))}}, want: "media/count"},
		{name: "address where bytes are wanted", draft: publish.Draft{Media: []parvis.Media{parvis.FromURL("https://acme.example/a.png")}}, want: "media[0]/unsupported"},
		{name: "media without content", draft: publish.Draft{Media: []parvis.Media{{Name: "a.png"}}}, want: "media[0]/empty"},
		{name: "file that is not there", draft: publish.Draft{Media: []parvis.Media{parvis.FromFile("/nonexistent.png")}}, want: "media[0]/unreadable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ps, err := publish.Check(context.Background(), s, tt.draft, tt.opts...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, fields(ps))
			for _, p := range ps {
				assert.Equal(t, parvis.Network("stub"), p.Network)
				assert.True(t, strings.HasPrefix(p.String(), "stub: "))
			}
		})
	}
}

func TestCheckMeasures(t *testing.T) {
	t.Parallel()
	ps, err := publish.Check(context.Background(), newStub(""), publish.Draft{Text: strings.Repeat("é", 21)})
	require.NoError(t, err)
	require.Len(t, ps, 1)
	assert.Equal(t, int64(21), ps[0].Value)
	assert.Equal(t, int64(20), ps[0].Limit)
	assert.Equal(t, "stub: text has 21 graphemes, 20 allowed; adapt with publish.Shorten, or publish.Split and publish.Thread", ps[0].String())
}

func TestCheckSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub("")
		for ahead, want := range map[time.Duration]string{
			-time.Second: "at/time", 0: "at/time", time.Minute: "at/time", 5 * time.Minute: "", time.Hour: "", 2 * time.Hour: "at/time",
		} {
			// The stub is no Scheduler: the degree alone does not make it one.
			ps, err := publish.Check(context.Background(), s, publish.Draft{Text: "x", At: time.Now().Add(ahead)})
			require.NoError(t, err)
			assert.Equal(t, "schedule/unsupported", fields(ps), ahead)
			ps, err = publish.Check(context.Background(), scheduler{stub: s}, publish.Draft{Text: "x", At: time.Now().Add(ahead)})
			require.NoError(t, err)
			assert.Equal(t, want, fields(ps), ahead)
		}
	})
}

func TestToRefusesBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	s := newStub("acme")
	ctx := context.Background()
	foreign := parvis.Ref{Client: "rival", Network: "stub", Kind: parvis.KindPost, ID: "9"}
	for name, tt := range map[string]struct {
		draft publish.Draft
		want  error
	}{
		"too long":      {publish.Draft{Text: strings.Repeat("x", 21)}, parvis.ErrInvalid},
		"only support":  {publish.Draft{Text: "x", Title: "T"}, parvis.ErrUnsupported},
		"foreign reply": {publish.Draft{Text: "x", ReplyTo: foreign}, parvis.ErrForeignClient},
		"foreign quote": {publish.Draft{Text: "x", Quote: foreign}, parvis.ErrForeignClient},
		"foreign place": {publish.Draft{Text: "x", Place: parvis.Place{Ref: foreign}}, parvis.ErrForeignClient},
		"foreign media": {publish.Draft{Text: "x", Media: []parvis.Media{{Ref: foreign}}}, parvis.ErrForeignClient},
	} {
		_, err := publish.To(ctx, s, tt.draft)
		require.ErrorIs(t, err, tt.want, name)
	}
	assert.Empty(t, s.sent())
	_, err := publish.To(ctx, s, publish.Draft{Text: strings.Repeat("x", 21)})
	ps, ok := asProblems(err)
	require.True(t, ok, "the problems are in the error")
	assert.Equal(t, "text/length", fields(ps))
}

func TestAdaptOnlyWhenAskedAndListed(t *testing.T) {
	t.Parallel()
	s := newStub("")
	d := publish.Draft{
		Text: "un texte vraiment trop long pour ici", Title: "T", Tags: []string{"x"}, Lang: "fr",
		Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 1, 1)), parvis.FromBytes("b.png", picture(t, 1, 1)), parvis.FromBytes("c.png", picture(t, 1, 1))},
	}
	post, err := publish.To(context.Background(), s, d, publish.Shorten, publish.DropExtras, publish.DropMedia)
	require.NoError(t, err)
	got := s.sent()[0]
	assert.Equal(t, "un texte vraiment…", got.Text)
	assert.Empty(t, got.Title)
	assert.Len(t, got.Media, 2)
	assert.Equal(t, "fr", got.Lang, "what the network takes stays")
	var listed []string
	for _, w := range post.Warnings {
		listed = append(listed, w.Field)
	}
	assert.ElementsMatch(t, []string{"text", "title", "tags", "media"}, listed)
	assert.Len(t, d.Media, 3, "the caller's draft is not written to")
}

// picky has a rule of its own.
type picky struct{ *stub }

func (picky) CheckDraft(d publish.Draft) publish.Problems {
	if d.Link == "" || len(d.Media) == 0 {
		return nil
	}
	return publish.Problems{{Field: "link", Rule: "unsupported", Text: "a link card and files exclude each other"}}
}

func TestCheckAsksTheNetworksOwnRules(t *testing.T) {
	t.Parallel()
	s := newStub("")
	d := publish.Draft{Text: "Bonjour", Link: "https://acme.example/", Media: []parvis.Media{parvis.FromBytes("a.png", picture(t, 1, 1)).WithAlt("a")}}
	plain, err := publish.Check(t.Context(), s, d)
	require.NoError(t, err)
	own, err := publish.Check(t.Context(), picky{s}, d)
	require.NoError(t, err)
	require.Len(t, own, len(plain)+1)
	last := own[len(own)-1]
	assert.Equal(t, s.Account().Network, last.Network)
	assert.Contains(t, last.String(), "exclude each other")
	_, err = publish.To(t.Context(), picky{s}, d)
	require.ErrorContains(t, err, "exclude each other")
}
