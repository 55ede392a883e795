package providertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func mediaCases() []Case {
	limited := func(what string, pick func(publish.MediaSupport, publish.MediaRule) bool) need {
		return publishing(what, func(s publish.Support) bool {
			rule, ok := pngRule(s.Media)
			return ok && pick(s.Media, rule)
		})
	}
	return []Case{{
		Name:        "media/attached",
		Explanation: "A picture that is sent with a post comes back with it, once, with its alternative text if Support takes one.",
		Applies:     needs(hasImages, canGet),
		Run:         mediaAttached,
	}, {
		Name:        "media/count",
		Explanation: "As many pictures as Support allows are taken, and one more is refused before the network is called.",
		Applies:     needs(hasImages),
		Run:         mediaCount,
	}, {
		Name:        "media/alt",
		Explanation: "An alternative text as long as Support allows is taken, and one unit more is refused before the network is called.",
		Applies: needs(hasImages, limited("a limit of alternative texts",
			func(m publish.MediaSupport, _ publish.MediaRule) bool { return m.Alt.Max > 0 && m.Alt.Max < largest })),
		Run: mediaAlt,
	}, {
		Name:        "media/require-alt",
		Explanation: "A picture without alternative text is refused before the network is called where the client's policy asks for one, and taken where it does not.",
		Applies:     needs(hasImages, canCount),
		Run:         mediaRequireAlt,
	}, {
		Name:        "media/type",
		Explanation: "A file of a type that Support does not list is refused before the network is called.",
		Applies: needs(hasImages, publishing("refusing any type of file", func(s publish.Support) bool {
			for _, rule := range s.Media.Rules {
				if rule.Type == "*/*" || strings.HasPrefix(rule.Type, "application/") {
					return false
				}
			}
			return true
		})),
		Run: mediaType,
	}, {
		Name:        "media/bytes",
		Explanation: "A picture of as many bytes as Support allows is taken, and one byte more is refused before the network is called.",
		Applies: needs(hasImages, limited("a limit of bytes within reach",
			func(_ publish.MediaSupport, rule publish.MediaRule) bool {
				return rule.MaxBytes > 0 && rule.MaxBytes <= 64<<20
			})),
		Run: mediaBytes,
	}, {
		Name:        "media/pixels",
		Explanation: "A picture of as many pixels as Support allows is taken, and one row more is refused before the network is called.",
		Applies: needs(hasImages, limited("a limit of pixels within reach",
			func(_ publish.MediaSupport, rule publish.MediaRule) bool {
				return rule.MaxPixels > 0 && rule.MaxPixels <= 128<<20
			})),
		Run: mediaPixels,
	}, {
		Name:        "media/closed",
		Explanation: "Every file that is opened for sending is closed again.",
		Applies:     needs(hasImages),
		Run:         mediaClosed,
	}, {
		Name:        "media/unreadable",
		Explanation: "A file that cannot be opened is refused with ErrInvalid before the network is called.",
		Applies:     needs(hasImages),
		Run:         mediaUnreadable,
	}, {
		Name:        "media/broken-off",
		Explanation: "A file that breaks off while it is sent makes an error, and no post.",
		Applies:     needs(hasImages, canCount),
		Run:         mediaBrokenOff,
	}, {
		Name:        "media/progress",
		Explanation: "The upload of a file reports its progress to the function of publish.WithProgress, up to the last byte.",
		Applies:     needs(hasImages),
		Run:         mediaProgress,
	}}
}

// pngRule returns the rule for the suite's pictures.
func pngRule(m publish.MediaSupport) (publish.MediaRule, bool) {
	for _, rule := range m.Rules {
		if ok, _ := path.Match(rule.Type, "image/png"); ok {
			return rule, m.Max > 0 && m.Bytes
		}
	}
	return publish.MediaRule{}, false
}

func hasImages(ctx context.Context, r *Rig) error {
	return publishing("uploading PNG pictures", func(s publish.Support) bool {
		_, ok := pngRule(s.Media)
		return ok
	})(ctx, r)
}

// drawn is a PNG picture in two colours.
func drawn(width, height int) []byte {
	var b bytes.Buffer
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// padded is the picture b, filled up to size bytes with a chunk that readers pass over;
// https://www.w3.org/TR/png-3/#5Chunk-layout. b is smaller than size by 12 bytes at least.
func padded(b []byte, size int) []byte {
	const end = 12 // the length of the last chunk, IEND
	chunk := make([]byte, size-len(b))
	binary.BigEndian.PutUint32(chunk, uint32(len(chunk)-12))
	copy(chunk[4:], "paRv")
	binary.BigEndian.PutUint32(chunk[len(chunk)-4:], crc32.ChecksumIEEE(chunk[4:len(chunk)-4]))
	head := len(b) - end
	return append(append(append(make([]byte, 0, size), b[:head]...), chunk...), b[head:]...)
}

func (r *Rig) picture() parvis.Media {
	if r.Image != nil {
		return parvis.FromBytes("door.png", r.Image())
	}
	return parvis.FromBytes("door.png", drawn(320, 200))
}

// illustrated is the smallest draft with these media and no others.
func (r *Rig) illustrated(ms ...parvis.Media) publish.Draft {
	d := r.draft("The door " + mark())
	d.Media = ms
	return d
}

func mediaAttached(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	m := r.picture()
	if sup.Media.Alt.Max > 0 {
		m = m.WithAlt("A blue door")
	}
	post, err := r.to(ctx, r.illustrated(m))
	if err != nil {
		return err
	}
	got, err := publish.Get(ctx, r.publisher(), post.Ref)
	switch {
	case r.saw(err) != nil:
		return err
	case len(got.Media) != 1:
		return fmt.Errorf("a post sent with one picture comes back with %d", len(got.Media))
	case got.Media[0].Alt != m.Alt:
		return fmt.Errorf("the alternative text %q comes back as %q", m.Alt, got.Media[0].Alt)
	}
	return nil
}

func mediaCount(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	var ms []parvis.Media
	for range min(sup.Media.Max, 20) {
		ms = append(ms, r.picture())
	}
	errs := []error{r.taken(ctx, fmt.Sprintf("a draft with %d pictures", len(ms)), r.illustrated(ms...))}
	for len(ms) <= sup.Media.Max {
		ms = append(ms, r.picture())
	}
	return errors.Join(append(errs, r.barred(ctx, "a draft with one picture too many", r.illustrated(ms...)))...)
}

func mediaAlt(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	most := strings.Repeat("a", sup.Media.Alt.Max)
	return errors.Join(
		r.taken(ctx, "an alternative text at the limit", r.illustrated(r.picture().WithAlt(most))),
		r.barred(ctx, "an alternative text one over the limit", r.illustrated(r.picture().WithAlt(most+"a"))))
}

func mediaRequireAlt(ctx context.Context, r *Rig) error {
	d := r.illustrated(r.picture())
	if err := r.barred(ctx, "a picture without alternative text under RequireAlt", d, publish.RequireAlt); err != nil {
		return err
	}
	if err := r.counts(ctx, d.Text, 0); err != nil {
		return err
	}
	return r.taken(ctx, "a picture without alternative text", d)
}

func mediaType(ctx context.Context, r *Rig) error {
	m := parvis.FromBytes("door.unknown", []byte("\x00\x01\x02\x03 no picture"))
	m.Type = "application/x-parvis-unknown"
	return r.barred(ctx, "a file of an unknown type", r.illustrated(m))
}

func mediaBytes(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	rule, _ := pngRule(sup.Media)
	most, over := padded(drawn(8, 8), int(rule.MaxBytes)), padded(drawn(8, 8), int(rule.MaxBytes)+1)
	return errors.Join(
		r.taken(ctx, "a picture at the limit of bytes", r.illustrated(parvis.FromBytes("door.png", most))),
		r.barred(ctx, "a picture one byte over the limit", r.illustrated(parvis.FromBytes("door.png", over))))
}

func mediaPixels(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	rule, _ := pngRule(sup.Media)
	width := int(math.Sqrt(float64(rule.MaxPixels)))
	height := int(rule.MaxPixels) / width
	return errors.Join(
		r.taken(ctx, "a picture at the limit of pixels", r.illustrated(parvis.FromBytes("door.png", drawn(width, height)))),
		r.barred(ctx, "a picture one row over the limit", r.illustrated(parvis.FromBytes("door.png", drawn(width, height+1)))))
}

// counted is a file whose readers count how often it is opened and closed.
type counted struct {
	io.Reader
	once   sync.Once
	closed *atomic.Int64
}

func (c *counted) Close() error {
	c.once.Do(func() { c.closed.Add(1) })
	return nil
}

func mediaClosed(ctx context.Context, r *Rig) error {
	b := drawn(320, 200)
	if r.Image != nil {
		b = r.Image()
	}
	var opened, closed atomic.Int64
	m := parvis.FromReader("door.png", int64(len(b)), func(context.Context) (io.ReadCloser, error) {
		opened.Add(1)
		return &counted{Reader: bytes.NewReader(b), closed: &closed}, nil
	})
	if _, err := r.to(ctx, r.illustrated(m)); err != nil {
		return err
	}
	if opened.Load() != closed.Load() {
		return fmt.Errorf("the file was opened %d times and closed %d times", opened.Load(), closed.Load())
	}
	return nil
}

func mediaUnreadable(ctx context.Context, r *Rig) error {
	m := parvis.FromReader("door.png", 1000, func(context.Context) (io.ReadCloser, error) {
		return nil, errors.New("the disk is gone")
	})
	return r.barred(ctx, "a file that cannot be opened", r.illustrated(m))
}

// mediaBrokenOff lets the check read what it wants, which is the beginning.
func mediaBrokenOff(ctx context.Context, r *Rig) error {
	whole := padded(drawn(320, 200), 128<<10)
	m := parvis.FromReader("door.png", int64(len(whole)), func(context.Context) (io.ReadCloser, error) {
		broken := io.MultiReader(bytes.NewReader(whole[:100<<10]), failing{})
		return io.NopCloser(broken), nil
	})
	d := r.illustrated(m)
	_, err := publish.To(ctx, r.publisher(), d)
	if r.saw(err) == nil {
		return errors.New("a post was made with a file that broke off")
	}
	if code := parvis.CodeOf(err); code == "" || code == parvis.ErrUnknownOutcome {
		return fmt.Errorf("a file that breaks off makes the error %w (%w), want one that says that nothing was posted", code, err)
	}
	return r.counts(ctx, d.Text, 0)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func mediaProgress(ctx context.Context, r *Rig) error {
	var mu sync.Mutex
	var most publish.Progress
	ctx = publish.WithProgress(ctx, func(p publish.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if p.Sent >= most.Sent {
			most = p
		}
	})
	m := r.picture()
	if _, err := r.to(ctx, r.illustrated(m)); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	if most.Sent != m.Size || most.Total != m.Size || most.Name != m.Name {
		return fmt.Errorf("the upload of %d bytes reported %d of %d, for the file %q", m.Size, most.Sent, most.Total, most.Name)
	}
	return nil
}
