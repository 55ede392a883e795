package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// shelf keeps stages in memory.
type shelf struct {
	mu            sync.Mutex
	kept          map[string]json.RawMessage
	loads, saves  int
	noLoad, noSve error
}

func (s *shelf) Load(_ context.Context, name string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return s.kept[name], s.noLoad
}

func (s *shelf) Save(ctx context.Context, name string, value json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.noSve != nil {
		return s.noSve
	}
	if s.kept == nil {
		s.kept = map[string]json.RawMessage{}
	}
	if s.kept[name] = value; value == nil {
		delete(s.kept, name)
	}
	return nil
}

// step is what a network answers to an upload.
type step struct {
	ID string `json:"id"`
}

// counter returns a step and how often it was done.
func counter() (func(context.Context) (step, error), *int) {
	n := 0
	return func(context.Context) (step, error) { n++; return step{ID: "f1"}, nil }, &n
}

func TestStagedGoesOnFromWhatWasKept(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	ctx := publish.WithStages(t.Context(), s)
	do, n := counter()
	for range 3 {
		got, err := publish.Staged(ctx, "media/0", do)
		require.NoError(t, err)
		assert.Equal(t, step{ID: "f1"}, got)
	}
	assert.Equal(t, 1, *n)
	assert.JSONEq(t, `{"id":"f1"}`, string(s.kept["media/0"]))

	_, err := publish.Staged(ctx, "media/1", do)
	require.NoError(t, err)
	assert.Equal(t, 2, *n, "another name is another stage")

	require.NoError(t, publish.DropStage(ctx, "media/0"))
	assert.NotContains(t, s.kept, "media/0")
	_, err = publish.Staged(ctx, "media/0", do)
	require.NoError(t, err)
	assert.Equal(t, 3, *n)
}

func TestStagedWithoutStages(t *testing.T) {
	t.Parallel()
	do, n := counter()
	for _, ctx := range []context.Context{t.Context(), publish.WithStages(publish.WithStages(t.Context(), &shelf{}), nil)} {
		_, err := publish.Staged(ctx, "media/0", do)
		require.NoError(t, err)
		require.NoError(t, publish.DropStage(ctx, "media/0"))
	}
	assert.Equal(t, 2, *n)
}

func TestStagedDoesAnewWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, kept := range []string{`null`, ` `, `"f1"`, `{"id":7}`, `{`} {
		s := &shelf{kept: map[string]json.RawMessage{"media/0": json.RawMessage(kept)}}
		do, n := counter()
		got, err := publish.Staged(publish.WithStages(t.Context(), s), "media/0", do)
		require.NoError(t, err)
		assert.Equal(t, "f1", got.ID)
		assert.Equal(t, 1, *n, kept)
		assert.JSONEq(t, `{"id":"f1"}`, string(s.kept["media/0"]))
	}
}

func TestStagedErrors(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	do, n := counter()

	s := &shelf{noLoad: full}
	_, err := publish.Staged(publish.WithStages(t.Context(), s), "media/0", do)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, full)
	assert.Zero(t, *n, "without knowing what was done, nothing is done")

	s = &shelf{noSve: full}
	ctx := publish.WithStages(t.Context(), s)
	_, err = publish.Staged(ctx, "media/0", do)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, publish.DropStage(ctx, "media/0"), parvis.ErrUnavailable)
	s.noSve = nil
	_, err = publish.Staged(ctx, "media/0", do)
	require.NoError(t, err)
	assert.Equal(t, 2, *n, "the step is repeated")

	_, err = publish.Staged(ctx, "video/0", func(context.Context) (step, error) { return step{ID: "half"}, full })
	assert.Equal(t, full, err, "an error of the step stays as it is")
	assert.NotContains(t, s.kept, "video/0")

	_, err = publish.Staged(ctx, "odd", func(context.Context) (func(), error) { return nil, nil })
	require.ErrorIs(t, err, parvis.ErrUnavailable, "no such thing can be kept")
}

// TestStagedKeepsAfterTheEnd: a worker that is told to stop keeps what it has done.
func TestStagedKeepsAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	ctx, cancel := context.WithCancel(publish.WithStages(t.Context(), s))
	_, err := publish.Staged(ctx, "media/0", func(context.Context) (step, error) { cancel(); return step{ID: "f1"}, nil })
	require.NoError(t, err)
	assert.Contains(t, s.kept, "media/0")
}

func TestMediaStageTellsFilesApart(t *testing.T) {
	t.Parallel()
	file := parvis.FromBytes("a.png", []byte("x"))
	d := publish.Draft{Key: "k", Text: "one", Media: []parvis.Media{file, file}}
	name := publish.MediaStage(d, 0)
	assert.Regexp(t, `^media/0/[0-9a-f]{16}$`, name)
	same := publish.Draft{Key: "k", Text: "two", Media: []parvis.Media{parvis.FromBytes("a.png", []byte("y"))}}
	assert.Equal(t, name, publish.MediaStage(same, 0), "the text does not count, and the bytes are not read")

	seen := map[string]string{name: "first"}
	for what, other := range map[string]publish.Draft{
		"key":  {Key: "k-1", Media: []parvis.Media{file}},
		"alt":  {Key: "k", Media: []parvis.Media{file.WithAlt("Un four")}},
		"size": {Key: "k", Media: []parvis.Media{parvis.FromBytes("a.png", []byte("xx"))}},
		"type": {Key: "k", Media: []parvis.Media{file.WithType("image/png")}},
		"hash": {Key: "k", Media: []parvis.Media{hashed(file)}},
		"crop": {Key: "k", Media: []parvis.Media{file.WithFocus(0, 1)}},
	} {
		n := publish.MediaStage(other, 0)
		assert.Empty(t, seen[n], what)
		seen[n] = what
	}
	assert.NotContains(t, seen, publish.MediaStage(d, 1))
}

func hashed(m parvis.Media) parvis.Media { m.SHA256 = "00"; return m }

// TestThreadItemsHaveTheirOwnStages: two items with the same file do not share it.
func TestThreadItemsHaveTheirOwnStages(t *testing.T) {
	t.Parallel()
	s, p := &shelf{}, newStub("acme")
	var names []string
	p.publish = func(_ context.Context, d publish.Draft) (publish.Post, error) {
		names = append(names, publish.MediaStage(d, 0))
		return p.post(d.Key, d), nil
	}
	d := publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromBytes("a.mp4", []byte("x")).WithType("video/mp4")}}
	_, err := publish.Thread(publish.WithStages(t.Context(), s), p, []publish.Draft{d, d})
	require.NoError(t, err)
	require.Len(t, names, 2)
	assert.NotEqual(t, names[0], names[1])
}

// TestWhatMayNotLeaveDoesNot: the fake network asks before each call that changes something.
func TestWhatMayNotLeaveDoesNot(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	asked, pass := 0, 0
	ctx := sending.WithFence(t.Context(), func(context.Context) error {
		if asked++; asked > pass {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "the client is paused"}
		}
		return nil
	})
	d := publish.Draft{Text: "Portes ouvertes", Media: []parvis.Media{parvis.FromBytes("a.gif", []byte("GIF89a\x01\x00\x01\x00")).WithType("image/gif")}}
	for pass = range 2 {
		asked = 0
		_, err := publish.To(ctx, acme, d)
		require.ErrorIs(t, err, parvis.ErrConflict)
		require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
		assert.Equal(t, pass+1, asked)
		assert.Equal(t, pass, town.Uploads())
		assert.Zero(t, town.Count("Portes ouvertes"))
	}
	post, err := publish.To(t.Context(), acme, d)
	require.NoError(t, err)
	_, err = publish.Get(ctx, acme, post.Ref)
	require.NoError(t, err, "reading is free")
	require.ErrorIs(t, publish.Delete(ctx, acme, post.Ref), parvis.ErrConflict)
	assert.Equal(t, 1, town.Count("Portes ouvertes"))
}

func TestLeaveAsksTheHolder(t *testing.T) {
	t.Parallel()
	require.NoError(t, publish.Leave(t.Context()))
	paused := errors.New("paused")
	ctx := sending.WithFence(t.Context(), func(context.Context) error { return paused })
	require.ErrorIs(t, publish.Leave(ctx), paused)
}
