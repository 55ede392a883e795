package fake_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// pixel is a PNG picture of one pixel.
func pixel(t *testing.T) parvis.Media {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	return parvis.FromBytes("four.png", b.Bytes())
}

// film is a file of size bytes that looks like a video, and counts how much of it is read.
func film(size int64, read *int64) parvis.Media {
	head := []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
	return parvis.FromReader("film.mp4", 0, func(context.Context) (io.ReadCloser, error) {
		*read = 0
		r := io.MultiReader(bytes.NewReader(head), io.LimitReader(zeros{}, size-int64(len(head))))
		return io.NopCloser(io.TeeReader(r, counter{read})), nil
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type counter struct{ n *int64 }

func (c counter) Write(b []byte) (int, error) { *c.n += int64(len(b)); return len(b), nil }

func TestUpload(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	m := pixel(t).WithAlt("un four").WithFocus(0.5, -0.5)
	var sent []publish.Progress
	ctx := publish.WithProgress(t.Context(), func(p publish.Progress) { sent = append(sent, p) })
	p, err := publish.To(ctx, acme, publish.Draft{Media: []parvis.Media{m}})
	require.NoError(t, err, "a picture needs no text")
	require.Len(t, p.Media, 1)
	got := p.Media[0]
	assert.Equal(t, "f1", got.Ref.ID)
	assert.Equal(t, "four.png", got.Name)
	assert.Equal(t, "image/png", got.Type)
	assert.Equal(t, m.Size, got.Size)
	assert.Equal(t, "un four", got.Alt)
	assert.Equal(t, &parvis.Focus{X: 0.5, Y: -0.5}, got.Focus)
	assert.Equal(t, "https://fake.example/media/f1", got.URL)
	assert.False(t, got.CanOpen(), "the network keeps no bytes")
	require.NotEmpty(t, sent)
	assert.Equal(t, m.Size, sent[len(sent)-1].Sent)
	assert.Equal(t, acme.Account(), sent[0].Account)

	var raw struct {
		Media []struct {
			SHA256 string `json:"sha256"`
		} `json:"media"`
	}
	require.NoError(t, json.Unmarshal(p.Raw, &raw))
	rc, err := m.Open(t.Context())
	require.NoError(t, err)
	b, err := io.ReadAll(rc)
	require.NoError(t, err)
	sum := sha256.Sum256(b)
	assert.Equal(t, hex.EncodeToString(sum[:]), raw.Media[0].SHA256)
	assert.Equal(t, 2, town.Calls(), "one for the file, one for the post")
}

// TestUploadReadsToTheLimit shows that a large file is read to its end, and one that is
// too large no further than it must be.
func TestUploadReadsToTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 40 << 20
	for name, size := range map[string]int64{"fits": limit, "too large": limit + 1, "endless": 1 << 40} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			town := fake.New(fake.Options{})
			var read int64
			p, err := publish.To(t.Context(), town.Join("acme"), publish.Draft{Text: "film", Media: []parvis.Media{film(size, &read)}})
			if size == limit {
				require.NoError(t, err)
				assert.Equal(t, "video/mp4", p.Media[0].Type)
				assert.Equal(t, int64(limit), p.Media[0].Size)
				assert.Equal(t, int64(limit), read)
				return
			}
			e := wantErr(t, err, parvis.ErrInvalid, "media_too_large")
			assert.Equal(t, 413, e.Status)
			assert.Equal(t, int64(limit+1), read)
			assert.Empty(t, town.Posts())
		})
	}
}

func TestMediaRefusals(t *testing.T) {
	t.Parallel()
	var read int64
	broken := parvis.FromReader("x.png", 0, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader([]byte("\x89PNG\r\n\x1a\n")), failing{})), nil
	})
	big := fake.Options{Limits: func(s *publish.Support) { s.Media.Rules[0].MaxPixels = 1 }}
	var wide bytes.Buffer
	require.NoError(t, png.Encode(&wide, image.NewGray(image.Rect(0, 0, 2, 2))))
	for name, c := range map[string]struct {
		o      fake.Options
		media  []parvis.Media
		code   parvis.Code
		vendor string
	}{
		"type":        {media: []parvis.Media{parvis.FromBytes("a.txt", []byte("hello"))}, code: parvis.ErrInvalid, vendor: "media_type"},
		"remote type": {media: []parvis.Media{parvis.FromURL("https://a.example/a.pdf")}, code: parvis.ErrInvalid, vendor: "media_type"},
		"many":        {media: []parvis.Media{pixel(t), pixel(t), pixel(t), pixel(t), pixel(t)}, code: parvis.ErrInvalid, vendor: "too_many_media"},
		"alone":       {media: []parvis.Media{pixel(t), film(1000, &read)}, code: parvis.ErrInvalid, vendor: "media_alone"},
		"nothing":     {media: []parvis.Media{{Name: "x.png"}}, code: parvis.ErrInvalid, vendor: "media_missing"},
		"broken":      {media: []parvis.Media{broken}, code: parvis.ErrInvalid},
		"pixels":      {o: big, media: []parvis.Media{parvis.FromBytes("wide.png", wide.Bytes())}, code: parvis.ErrInvalid, vendor: "media_too_large"},
		"unknown":     {media: []parvis.Media{{Ref: parvis.Ref{Network: "fake", Kind: parvis.KindMedia, ID: "f9"}}}, code: parvis.ErrNotFound, vendor: "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			town := fake.New(c.o)
			_, err := town.Join("acme").Publish(t.Context(), publish.Draft{Text: "x", Media: c.media})
			wantErr(t, err, c.code, c.vendor)
			assert.Equal(t, 0, town.Count("x"), "nothing is posted")
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

// TestUploadIsBrokenOff shows that a context that ends while a file is read leaves no post.
func TestUploadIsBrokenOff(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	m := parvis.FromReader("x.png", 0, func(ctx context.Context) (io.ReadCloser, error) {
		cancel()
		return nil, ctx.Err()
	})
	_, err := town.Join("acme").Publish(ctx, publish.Draft{Text: "x", Media: []parvis.Media{m}})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 0, town.Count("x"))
}

func TestMediaByAddress(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	p := post(t, acme, publish.Draft{Text: "x", Media: []parvis.Media{parvis.FromURL("https://acme.example/four.jpg").WithAlt("four")}})
	assert.Equal(t, "https://acme.example/four.jpg", p.Media[0].URL)
	assert.Equal(t, "image/jpeg", p.Media[0].Type)
	_, err := ana.Publish(t.Context(), publish.Draft{Text: "stolen", Media: p.Media})
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	again := post(t, acme, publish.Draft{Text: "again", Media: p.Media})
	assert.Equal(t, p.Media[0].Ref, again.Media[0].Ref, "a file that the network has is not sent again")
}
