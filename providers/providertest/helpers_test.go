package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func TestBricks(t *testing.T) {
	t.Parallel()
	for _, b := range bricks() {
		assert.Equal(t, utf8.RuneCountInString(b.text), b.points, b.name)
		assert.Equal(t, len(utf16.Encode([]rune(b.text))), b.utf16, b.name)
		assert.Len(t, b.text, b.bytes, b.name)
	}
}

// ruler is a publisher that measures texts as the doors do.
type ruler struct{ text parvis.TextLimits }

func (ruler) Account() parvis.Account { return parvis.Account{Network: "ruler"} }

func (ruler) Publish(context.Context, publish.Draft) (publish.Post, error) {
	return publish.Post{}, errors.New("a ruler posts nothing")
}

func (r ruler) PublishSupport(context.Context, parvis.Place) (publish.Support, error) {
	return publish.Support{Text: r.text}, nil
}

func TestWall(t *testing.T) {
	t.Parallel()
	word := mark()
	for _, limits := range []parvis.TextLimits{
		{{Max: 500, Unit: parvis.Graphemes, Link: 23}},
		{{Max: 300, Unit: parvis.Graphemes}, {Max: 3000, Unit: parvis.Bytes}},
		{{Max: 280, Unit: parvis.Weighted, Link: 23}},
		{{Max: 2000, Unit: parvis.UTF16}},
		{{Max: 140, Unit: parvis.CodePoints}},
		{{Max: 400, Unit: parvis.Bytes}, {Max: 399, Unit: parvis.CodePoints}},
	} {
		for _, b := range bricks() {
			text, ok := wall(word, b.brick, limits)
			require.True(t, ok, "%s in %v", b.name, limits)
			assert.Contains(t, text, word)
			ps, err := publish.Check(t.Context(), ruler{limits}, publish.Draft{Text: text})
			require.NoError(t, err)
			assert.Empty(t, ps, "%s in %v", b.name, limits)
			ps, err = publish.Check(t.Context(), ruler{limits}, publish.Draft{Text: "a" + text})
			require.NoError(t, err)
			assert.NotEmpty(t, ps, "%s in %v", b.name, limits)
		}
	}
	for _, limits := range []parvis.TextLimits{nil, {{Unit: parvis.Bytes}}, {{Max: 10, Unit: parvis.Bytes}}, {{Max: 2 * largest, Unit: parvis.Bytes}}} {
		_, ok := wall(word, bricks()[0].brick, limits)
		assert.False(t, ok, "%v cannot be reached", limits)
	}
}

func TestPadded(t *testing.T) {
	t.Parallel()
	for _, size := range []int{200, 4096, 100_001} {
		b := padded(drawn(8, 6), size)
		require.Len(t, b, size)
		img, err := png.Decode(bytes.NewReader(b))
		require.NoError(t, err)
		assert.Equal(t, 8, img.Bounds().Dx())
		assert.Equal(t, 6, img.Bounds().Dy())
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	assert.True(t, same("a “quote”\r\nand a line ", "a \"quote\"\nand a line"))
	assert.True(t, same("caf\u00e9", "cafe\u0301"))
	assert.False(t, same("2 &gt; 1", "2 > 1"))
	assert.False(t, same("one\ntwo", "one two"))
	assert.True(t, heardAs("@acme @ana.b@town.example hello", "hello"))
	assert.False(t, heardAs("oh hello", "hello"))
	assert.False(t, heardAs("hello you", "hello"))
}

func TestTags(t *testing.T) {
	t.Parallel()
	for text, found := range map[string]bool{
		"<b>now</b>": true, "</p>": true, "<!-- x -->": true, "&lt;": true, "&#39;": true, "<a href=x>": true,
		"2 < 3 > 1": false, "R&D": false, "a <- b": false, "<3": false,
	} {
		assert.Equal(t, found, tags.MatchString(text), text)
	}
}

func TestTruth(t *testing.T) {
	t.Parallel()
	unknown := &parvis.Error{Code: parvis.ErrUnknownOutcome}
	refusal := &parvis.Error{Code: parvis.ErrUnavailable}
	for _, tc := range []struct {
		err  error
		n    int
		good bool
	}{
		{nil, 1, true},
		{nil, 0, false},
		{nil, 2, false},
		{unknown, 0, true},
		{unknown, 1, true},
		{unknown, 2, false},
		{refusal, 0, true},
		{refusal, 1, false},
	} {
		assert.Equal(t, tc.good, truth(publish.Post{}, tc.err, tc.n) == nil, "%v with %d posts", tc.err, tc.n)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	r := &Rig{Account: ruler{}}
	found := publish.Post{Ref: parvis.Ref{Network: "ruler", Kind: parvis.KindPost, ID: "1"}}
	notFound, unknown := &parvis.Error{Code: parvis.ErrNotFound}, &parvis.Error{Code: parvis.ErrUnknownOutcome}
	for _, tc := range []struct {
		verdict
		good bool
	}{
		{verdict{found, nil, 1, parvis.Yes}, true},
		{verdict{found, nil, 0, parvis.Yes}, false},
		{verdict{publish.Post{}, nil, 1, parvis.Yes}, false},
		{verdict{publish.Post{}, notFound, 0, parvis.Yes}, true},
		{verdict{publish.Post{}, notFound, 1, parvis.Yes}, false},
		{verdict{publish.Post{}, unknown, 1, parvis.Partial}, true},
		{verdict{publish.Post{}, unknown, 1, parvis.Yes}, false},
	} {
		assert.Equal(t, tc.good, r.judge(tc.verdict) == nil, "%+v", tc)
	}
}

func TestSecretsAreFoundAndMasked(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"text":   errors.New("Bearer t0ps3cret"),
		"cause":  &parvis.Error{Code: parvis.ErrAuth, Err: errors.New("Bearer t0ps3cret")},
		"hidden": &quiet{inner: errors.New("Bearer t0ps3cret")},
		"field":  &quiet{note: "t0ps3cret"},
		"joined": errors.Join(errors.New("first"), fmt.Errorf("second: %w", &quiet{inner: errors.New("t0ps3cret")})),
	} {
		r := &Rig{Secrets: []string{"", "t0ps3cret"}}
		run := guarded(func(context.Context, *Rig) error { return r.saw(err) })
		got := run(t.Context(), r)
		require.Error(t, got, name)
		assert.Contains(t, got.Error(), "secret 1 of the rig is in an error", name)
		assert.NotContains(t, got.Error(), "t0ps3cret", name)
	}
	r := &Rig{Secrets: []string{"t0ps3cret"}, Log: bytes.NewBufferString("GET / t0ps3cret")}
	err := guarded(func(context.Context, *Rig) error { return nil })(t.Context(), r)
	require.ErrorContains(t, err, "is in the log")
}

// quiet is an error that does not say what it holds.
type quiet struct {
	inner error
	note  string
}

func (q *quiet) Error() string { return "nothing to see" }
func (q *quiet) Unwrap() error { return q.inner }

func TestPanicsAreErrors(t *testing.T) {
	t.Parallel()
	err := guarded(func(context.Context, *Rig) error { panic("the provider is broken") })(t.Context(), &Rig{})
	require.ErrorContains(t, err, "the provider is broken")
	require.ErrorContains(t, err, "helpers_test.go")
}

func TestLabelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Rig{}
		stop := make(chan struct{})
		leak := func(context.Context) error {
			go func() { <-stop }()
			return nil
		}
		require.ErrorContains(t, r.tight(t.Context(), leak), "goroutines")
		tidy := func(context.Context) error {
			done := make(chan struct{})
			go close(done)
			<-done
			return nil
		}
		require.NoError(t, r.tight(t.Context(), tidy))
		close(stop)
	})
}

func TestNeedsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	bare := &Rig{Account: ruler{}}
	applied := 0
	for _, c := range Cases() {
		if c.Applies == nil || c.Applies(t.Context(), bare) == nil {
			applied++
			continue
		}
		assert.NotEmpty(t, c.Applies(t.Context(), bare).Error(), c.Name)
	}
	assert.Less(t, applied, len(Cases())/2, "a bare rig has few cases")
}

// TestDoc keeps the list of rules in the package comment complete and in order.
func TestDoc(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var want strings.Builder
	for _, c := range Cases() {
		want.WriteString("//   - " + c.Name + ": " + c.Explanation + "\n")
	}
	assert.Contains(t, string(b), want.String(), "the list must be:\n%s", want.String())
}

func TestFaultsHaveCases(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range Cases() {
		names = append(names, c.Name)
	}
	for _, k := range []FaultKind{
		RateLimited, ServerErrorBefore, ServerErrorAfter, CutBefore, CutAfter, Timeout, BadToken,
		Truncated, TooLarge, Redirect, Forbidden, VersionRetired,
	} {
		assert.True(t, slices.Contains(names, "outcome/"+slug(k)), k)
	}
}
