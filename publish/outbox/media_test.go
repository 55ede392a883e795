package outbox_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// gif is a picture of n bytes.
func gif(n int, end string) []byte {
	return append(append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat([]byte{'x'}, n)...), end...)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// assets is a file system that changes.
type assets struct {
	mu    sync.Mutex
	files fstest.MapFS
	// turn, if set, is what is opened from the n-th time on.
	turn  []byte
	after int
}

func (a *assets) Open(name string) (fs.File, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.turn != nil {
		if a.after--; a.after < 0 {
			return fstest.MapFS{name: {Data: a.turn}}.Open(name)
		}
	}
	return a.files.Open(name)
}

func (a *assets) set(name string, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files = fstest.MapFS{}
	if data != nil {
		a.files[name] = &fstest.MapFile{Data: data}
	}
}

func withAssets(a *assets) func(*outbox.Options) {
	return func(o *outbox.Options) { o.Media = map[string]fs.FS{"assets": a} }
}

func picture(b *bench, m parvis.Media) outbox.Plan {
	p := b.plan("Un four")
	p.Draft.Media = []parvis.Media{m.WithAlt("Un four")}
	return p
}

func TestFilesOfNamedFileSystems(t *testing.T) {
	t.Parallel()
	a := &assets{}
	a.set("spring/four.gif", gif(100_000, ""))
	b := newBench(t, withAssets(a))
	e := b.add("ana", picture(b, outbox.File("assets", "spring/four.gif")))
	m := b.get(e.ID).Draft.Media[0]
	assert.Equal(t, "four.gif", m.Name)
	assert.Equal(t, "assets:spring/four.gif", m.Source)
	assert.Equal(t, sum(gif(100_000, "")), m.SHA256)
	assert.EqualValues(t, 100_013, m.Size)
	assert.Equal(t, "image/gif", m.Type)
	assert.Equal(t, "Un four", m.Alt)
	assert.False(t, m.CanOpen())

	items, err := b.as("ana").Items(t.Context(), e.ID, e.Targets[0].ID)
	require.NoError(t, err)
	rc, err := items[0].Media[0].Open(t.Context())
	require.NoError(t, err)
	got, err := io.ReadAll(rc)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	assert.True(t, bytes.Equal(gif(100_000, ""), got))

	b.pass(time.Hour)
	b.drain()
	assert.Equal(t, outbox.Published, b.get(e.ID).State, b.get(e.ID).Targets[0].Reason)
	require.Len(t, b.town.Posts()[0].Media, 1)
	assert.EqualValues(t, 100_013, b.town.Posts()[0].Media[0].Size)
	assert.Equal(t, "Un four", b.town.Posts()[0].Media[0].Alt)
}

func TestFilesThatAreNoLongerWhatTheyWere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"gone":        {nil, `media "assets:four.gif" is not there`},
		"changed":     {gif(100, "y"), `media "assets:four.gif" has changed since the post was saved`},
		"same length": {gif(99, "y"), "has changed"},
		"shorter":     {gif(9, ""), "has changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &assets{}
			a.set("four.gif", gif(100, ""))
			b := newBench(t, withAssets(a))
			e := b.add("ana", picture(b, outbox.File("assets", "four.gif")))
			hash := e.Hash
			a.set("four.gif", tt.data)
			_, err := b.as("ana").Items(t.Context(), e.ID, e.Targets[0].ID)
			require.ErrorIs(t, err, parvis.ErrInvalid)
			require.ErrorContains(t, err, tt.want)
			b.pass(time.Hour)
			b.drain()
			e = b.get(e.ID)
			assert.Equal(t, outbox.Held, e.State)
			assert.Contains(t, e.Targets[0].Reason, tt.want)
			assert.Empty(t, b.texts())

			a.set("four.gif", gif(100, "")) // it is put back
			_, err = b.as("ana").Retry(t.Context(), e.ID, e.Targets[0].ID)
			require.NoError(t, err)
			b.drain()
			assert.Equal(t, []string{"Un four"}, b.texts())
			assert.Equal(t, hash, b.get(e.ID).Hash)
		})
	}
}

// A file can change between the look at it and its upload.
func TestFileThatChangesWhileItIsSent(t *testing.T) {
	t.Parallel()
	a := &assets{}
	a.set("four.gif", gif(200_000, "a"))
	b := newBench(t, withAssets(a))
	e := b.add("ana", picture(b, outbox.File("assets", "four.gif")))
	b.pass(time.Hour)
	a.mu.Lock()
	a.turn, a.after = gif(200_000, "b"), 1
	a.mu.Unlock()
	b.drain()
	e = b.get(e.ID)
	assert.Equal(t, outbox.Held, e.State)
	assert.Contains(t, e.Targets[0].Reason, "has changed since the post was saved")
	assert.Empty(t, b.texts())
}

func TestAnotherPictureIsAnotherPost(t *testing.T) {
	t.Parallel()
	a := &assets{}
	a.set("four.gif", gif(100, ""))
	b := newBench(t, withAssets(a))
	b.require(outbox.Rule{})
	e := b.add("ana", picture(b, outbox.File("assets", "four.gif")))
	e, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	hash := e.Hash
	stored := b.get(e.ID).Plan
	e, err = b.as("ana").Edit(t.Context(), e.ID, stored)
	require.NoError(t, err)
	assert.Equal(t, hash, e.Hash, "an edit that changes nothing")
	assert.Equal(t, outbox.Scheduled, e.State)
	a.set("four.gif", gif(100, "y"))
	e, err = b.as("paul").Edit(t.Context(), e.ID, stored)
	require.NoError(t, err)
	assert.NotEqual(t, hash, e.Hash)
	assert.Equal(t, outbox.Review, e.State)
	assert.Equal(t, "paul", e.Author)
}

func TestMediaThatCannotBeHadAgain(t *testing.T) {
	t.Parallel()
	a := &assets{}
	a.set("four.gif", gif(1, ""))
	b := newBench(t, withAssets(a))
	for name, tt := range map[string]struct {
		m    parvis.Media
		want string
	}{
		"bytes":             {parvis.FromBytes("four.gif", gif(1, "")), "set Options.Files"},
		"file":              {parvis.FromFile("media_test.go"), "set Options.Files"},
		"nothing":           {parvis.Media{Name: "four.gif"}, "has no content"},
		"unknown system":    {outbox.File("other", "four.gif"), "Options.Media has no other"},
		"missing":           {outbox.File("assets", "other.gif"), `media "assets:other.gif" is not there`},
		"outside":           {outbox.File("assets", "../four.gif"), "is no path"},
		"inside, by dots":   {outbox.File("assets", "a/../four.gif"), "is no path"},
		"absolute":          {outbox.File("assets", "/four.gif"), "is no path"},
		"backslash":         {outbox.File("assets", `..\four.gif`), "is not there"},
		"the system itself": {outbox.File("assets", "."), "is no path"},
		"no path":           {outbox.File("assets", ""), "is no path"},
		"no system":         {parvis.Media{Name: "x", Source: "four.gif"}, "names no file"},
		"nameless system":   {parvis.Media{Name: "x", Source: ":four.gif"}, "names no file"},
		"no hash":           {outbox.File("sha256", "../../four.gif"), "names no copy"},
		"no store":          {outbox.File("sha256", sum(gif(1, ""))), "Options.Files is not set"},
	} {
		_, err := b.as("ana").Add(t.Context(), picture(b, tt.m))
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
		require.ErrorContains(t, err, tt.want, name)
	}
}

func TestMediaEverywhereInAPlan(t *testing.T) {
	t.Parallel()
	a := &assets{}
	a.set("four.gif", gif(1, ""))
	b := newBench(t, withAssets(a))
	file := []parvis.Media{outbox.File("assets", "four.gif")}
	o := publish.Override{Media: file}
	d := publish.Draft{Text: "x", Media: file, On: map[parvis.Network]publish.Override{"fake": o}}
	p := b.plan("x")
	p.Draft, p.Thread, p.Comment = d, []publish.Draft{d}, &d
	p.Langs = map[string]publish.Override{"fr": o}
	e, err := b.as("ana").Save(t.Context(), p)
	require.NoError(t, err)
	got := b.get(e.ID)
	for name, ms := range map[string][]parvis.Media{
		"draft": got.Draft.Media, "override": got.Draft.On["fake"].Media, "thread": got.Thread[0].Media, "override of thread": got.Thread[0].On["fake"].Media,
		"comment": got.Comment.Media, "override of comment": got.Comment.On["fake"].Media, "variant": got.Langs["fr"].Media,
	} {
		require.Len(t, ms, 1, name)
		assert.Equal(t, sum(gif(1, "")), ms[0].SHA256, name)
	}
	assert.Empty(t, file[0].SHA256, "the caller's plan is not written to")
	assert.Empty(t, p.Thread[0].On["fake"].Media[0].SHA256)
	assert.Empty(t, p.Langs["fr"].Media[0].SHA256)
}

func TestCopiesOfMedia(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := newBench(t, func(o *outbox.Options) { o.Files = outbox.MediaDir(dir) })
	data := gif(100_000, "")
	e := b.add("ana", picture(b, parvis.FromBytes("four.gif", data)))
	same := b.add("ana", picture(b, parvis.FromBytes("four.gif", data)))
	assert.Equal(t, e.Hash, same.Hash)
	m := b.get(e.ID).Draft.Media[0]
	assert.Equal(t, "sha256:"+sum(data), m.Source)
	assert.Equal(t, "four.gif", m.Name)
	b.pass(time.Hour)
	b.drain()
	assert.Equal(t, []string{"Un four", "Un four"}, b.texts())

	// What is damaged there is not sent, and named by the name that people know.
	held := b.add("ana", func() outbox.Plan {
		p := picture(b, parvis.FromBytes("four.gif", data))
		p.When = outbox.Now()
		return p
	}())
	require.NoError(t, os.WriteFile(filepath.Join(dir, sum(data)[:2], sum(data)), []byte("GIF89a"), 0o600))
	b.drain()
	got := b.get(held.ID)
	assert.Equal(t, outbox.Held, got.State)
	assert.Contains(t, got.Targets[0].Reason, `media "four.gif" is damaged`)
}

// A copy is that of what was hashed, or none.
func TestContentThatChangesWhileItIsCopied(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *outbox.Options) { o.Files = outbox.MediaDir(filepath.Join(t.TempDir(), "new")) })
	n := 0
	m := parvis.FromReader("four.gif", 0, func(context.Context) (io.ReadCloser, error) {
		n++
		return io.NopCloser(bytes.NewReader(gif(n, ""))), nil
	})
	_, err := b.as("ana").Add(t.Context(), picture(b, m))
	require.ErrorIs(t, err, parvis.ErrInvalid)
	require.ErrorContains(t, err, "could not be copied")
	broken := parvis.FromReader("four.gif", 0, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(iotest.ErrReader(errors.New("the cable is out"))), nil
	})
	_, err = b.as("ana").Add(t.Context(), picture(b, broken))
	require.ErrorContains(t, err, "the cable is out")
}

func TestAddressesAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	m := parvis.FromURL("https://acme.example/four.gif")
	m.SHA256 = "of no meaning"
	e := b.add("ana", picture(b, m))
	got := b.get(e.ID).Draft.Media[0]
	assert.Equal(t, "https://acme.example/four.gif", got.URL)
	assert.Empty(t, got.SHA256)
	b.pass(time.Hour)
	b.drain()
	assert.Equal(t, outbox.Published, b.get(e.ID).State, b.get(e.ID).Targets[0].Reason)
}

func TestMediaDir(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "deep", "media")
	store := outbox.MediaDir(dir)
	data := []byte("hello")
	_, err := store.Open(ctx, sum(data))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, store.Put(ctx, sum(data), bytes.NewReader(data)))
	require.NoError(t, store.Put(ctx, sum(data), iotest.ErrReader(errors.New("it is there already"))))
	rc, err := store.Open(ctx, sum(data))
	require.NoError(t, err)
	got, err := io.ReadAll(rc)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	assert.Equal(t, "hello", string(got))
	_, err = store.Open(ctx, sum(nil))
	require.ErrorIs(t, err, fs.ErrNotExist)
	info, err := os.Stat(filepath.Join(dir, sum(data)[:2], sum(data)))
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "it is nobody else's business")

	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range map[string]error{
		"wrong content": store.Put(ctx, sum([]byte("bonjour")), bytes.NewReader(data)),
		"cut off":       store.Put(ctx, sum([]byte("hellö")), io.MultiReader(bytes.NewReader(data), iotest.ErrReader(io.ErrUnexpectedEOF))),
		"given up":      store.Put(ended, sum([]byte("salut")), strings.NewReader("salut")),
	} {
		require.Error(t, err, name)
	}
	var files []string
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, p)
		}
		return err
	}))
	assert.Equal(t, []string{sum(data)[:2] + "/" + sum(data)}, files, "nothing is left of what was refused")
}

func TestMediaDirStaysInItsFolder(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	parent := t.TempDir()
	dir := filepath.Join(parent, "media")
	store := outbox.MediaDir(dir)
	outside := filepath.Join(parent, "outside")
	require.NoError(t, os.Mkdir(outside, 0o700))
	for _, name := range []string{
		"", "..", "../outside/x", "/etc/passwd", strings.Repeat(".", 64), strings.Repeat("/", 64), strings.ToUpper(sum([]byte("a"))), sum(nil) + "0", sum(nil)[1:],
		"../" + strings.Repeat("a", 61),
	} {
		require.ErrorIs(t, store.Put(ctx, name, strings.NewReader("x")), parvis.ErrInvalid, name)
		_, err := store.Open(ctx, name)
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	// Somebody put a symbolic link where the folder of the content belongs.
	data := []byte("hello")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, sum(data)[:2])))
	require.Error(t, store.Put(ctx, sum(data), bytes.NewReader(data)))
	require.NoError(t, os.WriteFile(filepath.Join(outside, sum(data)), data, 0o600))
	_, err := store.Open(ctx, sum(data))
	require.Error(t, err)
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestManyPutTheSame(t *testing.T) {
	t.Parallel()
	store := outbox.MediaDir(t.TempDir())
	data := gif(300_000, "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { assert.NoError(t, store.Put(t.Context(), sum(data), bytes.NewReader(data))) })
	}
	all.Wait()
	rc, err := store.Open(t.Context(), sum(data))
	require.NoError(t, err)
	defer rc.Close()
	got, err := io.ReadAll(rc)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
}
