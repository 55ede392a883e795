package parvis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Media is a picture, video, sound or file that goes with a post, or came with one.
// It holds no bytes of its own: the constructors [FromBytes], [FromFS], [FromFile],
// [FromReader] and [FromURL] say where they come from, and [Media.Open] reads them,
// as often as it is called. Media is data: JSON keeps all but the way to open it.
type Media struct {
	// Ref names the file once the network has it.
	Ref Ref `json:"ref,omitzero"`
	// Name is the file name, with its extension and without a folder.
	Name string `json:"name,omitempty"`
	// Type is the MIME type. Left empty, it is sniffed from the first bytes.
	Type string `json:"type,omitempty"`
	// Size is the length in bytes; 0 means unknown.
	Size int64 `json:"size,omitempty"`
	// Alt describes the picture for those who cannot see it.
	Alt string `json:"alt,omitempty"`
	// Focus is the point that must stay visible when the picture is cropped.
	Focus *Focus `json:"focus,omitempty"`
	// URL is the public address of the file, of media made by [FromURL] and of
	// media that a network delivered.
	URL string `json:"url,omitempty"`
	// Source names the file where a program that stores drafts finds it again, as
	// "assets:four.jpg", and SHA256 is the content's hash in hexadecimal, if it is known.
	// Publishers do not look at them.
	Source string `json:"source,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Preview is the address of a small version, of media that a network delivered.
	Preview string `json:"preview,omitempty"`

	open func(context.Context) (io.ReadCloser, error)
}

// Focus is a point in a picture. X runs from -1 (left) to 1 (right) and Y from
// -1 (bottom) to 1 (top); the zero Focus is the middle.
type Focus struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// FromBytes returns media that is held in memory. The caller must not change b afterwards.
func FromBytes(name string, b []byte) Media {
	return Media{Name: name, Size: int64(len(b)), open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

// FromFS returns the file called name in fsys. Nothing is read before [Media.Open].
func FromFS(fsys fs.FS, name string) Media {
	m := Media{Name: path.Base(name), open: func(context.Context) (io.ReadCloser, error) {
		return fsys.Open(name)
	}}
	if info, err := fs.Stat(fsys, name); err == nil {
		m.Size = info.Size()
	}
	return m
}

// FromFile returns the file at the path name on this machine.
// Its content is not read before [Media.Open].
func FromFile(name string) Media {
	m := Media{Name: filepath.Base(name), open: func(context.Context) (io.ReadCloser, error) {
		return os.Open(name)
	}}
	if info, err := os.Stat(name); err == nil {
		m.Size = info.Size()
	}
	return m
}

// FromReader returns media of size bytes (0 if that is not known) that open reads.
// It is called once for each attempt to send, possibly from several goroutines, and
// gives the whole content from the start each time.
func FromReader(name string, size int64, open func(context.Context) (io.ReadCloser, error)) Media {
	return Media{Name: name, Size: size, open: open}
}

// FromURL returns media that networks fetch by themselves from a public address.
// Networks that want the bytes refuse it: it has nothing to open.
func FromURL(url string) Media { return Media{Name: path.Base(url), URL: url} }

// WithAlt returns m with the alternative text alt.
func (m Media) WithAlt(alt string) Media { m.Alt = alt; return m }

// WithType returns m with the MIME type mime, so that it is not sniffed.
func (m Media) WithType(mime string) Media { m.Type = mime; return m }

// WithFocus returns m with the focal point x, y; see [Focus].
func (m Media) WithFocus(x, y float64) Media { m.Focus = &Focus{x, y}; return m }

// WithContent returns m with the content that open reads, as [FromReader] has it, and all
// else as it is: media read back from JSON get theirs again.
func (m Media) WithContent(open func(context.Context) (io.ReadCloser, error)) Media {
	m.open = open
	return m
}

// CanOpen reports whether the bytes can be had from here.
func (m Media) CanOpen() bool { return m.open != nil }

// Open returns the content from its start; the caller closes it. Media without content,
// such as that of [FromURL] or media read back from JSON, gives an error that matches
// [ErrInvalid], and so does a file that is not there.
func (m Media) Open(ctx context.Context) (io.ReadCloser, error) {
	if m.open == nil {
		return nil, &Error{
			Op: "open media", Code: ErrInvalid,
			Message: "the content of media " + m.label() + " cannot be had from here",
			Help:    "make it with FromBytes, FromFS, FromFile or FromReader",
		}
	}
	rc, err := m.open(ctx)
	if err != nil {
		e := &Error{
			Op: "open media", Code: ErrInvalid, Message: "media " + m.label() + " cannot be opened",
			Help: "check that the file is there and readable", Err: err,
		}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			e.Code = ErrUnavailable
		}
		return nil, e
	}
	return rc, nil
}

func (m Media) label() string {
	if m.Name != "" {
		return `"` + m.Name + `"`
	}
	return `"` + m.URL + `"`
}
