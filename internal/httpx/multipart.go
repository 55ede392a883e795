package httpx

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/parvis-go/parvis"
)

// A File is one file of a [Multipart] body.
type File struct {
	// Field is the form field.
	Field string
	// Name is the file name that the network sees.
	Name string
	// Type is the MIME type; "application/octet-stream" if empty.
	Type string
	// Size is the length in bytes; 0 or less means unknown.
	Size int64
	// Open returns the content from its start; it is called once for each try.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// MediaFile returns m as the file of a form field.
func MediaFile(field string, m parvis.Media) File {
	return File{Field: field, Name: m.Name, Type: m.Type, Size: m.Size, Open: m.Open}
}

// Multipart returns fields, in the order of their names, and then files as
// multipart/form-data. Files are streamed, one after the other; the length of the whole
// is sent if the size of every file is known.
func Multipart(fields url.Values, files ...File) Body {
	boundary := rand.Text() + rand.Text()
	p := &payload{kind: []string{"multipart/form-data; boundary=" + boundary}, form: fields}
	parts := make([]part, 0, len(files)+2)
	parts = append(parts, part{text: fieldParts(fields, boundary)})
	for _, f := range files {
		if strings.ContainsFunc(f.Type, isControl) || f.Open == nil {
			p.err = errBadFile
			return p
		}
		parts = append(parts, part{text: fileHead(f, boundary)}, part{file: &f}, part{text: "\r\n"})
	}
	parts = append(parts, part{text: "--" + boundary + "--\r\n"})
	p.size = totalSize(parts)
	p.open = func(ctx context.Context) (io.ReadCloser, error) {
		return openParts(ctx, parts)
	}
	return p
}

var errBadFile = errors.New("a file has nothing to open, or a type that is not a MIME type")

// part is a stretch of a multipart body: a text or a file.
type part struct {
	text string
	file *File
}

func totalSize(parts []part) int64 {
	var sum int64
	for _, p := range parts {
		switch {
		case p.file == nil:
			sum += int64(len(p.text))
		case p.file.Size <= 0:
			return -1
		default:
			sum += p.file.Size
		}
	}
	return sum
}

func fieldParts(fields url.Values, boundary string) string {
	var b strings.Builder
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range fields[name] {
			b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" +
				quoteParam.Replace(name) + "\"\r\n\r\n" + v + "\r\n")
		}
	}
	return b.String()
}

func fileHead(f File, boundary string) string {
	kind := f.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quoteParam.Replace(f.Field) +
		"\"; filename=\"" + quoteParam.Replace(f.Name) + "\"\r\nContent-Type: " + kind + "\r\n\r\n"
}

// quoteParam escapes names as browsers do; see
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data.
var quoteParam = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")

// partReader reads parts one after the other. Close may be called during Read.
type partReader struct {
	ctx   context.Context
	parts []part
	text  strings.Reader
	size  int64 // what the open file must still give; -1 means any
	mu    sync.Mutex
	file  io.ReadCloser
	done  bool
}

// openParts opens the first file at once, so that a file that is not there is found
// before anything is sent.
func openParts(ctx context.Context, parts []part) (io.ReadCloser, error) {
	r := &partReader{ctx: ctx, parts: parts}
	if len(parts) > 2 {
		r.text.Reset(parts[0].text + parts[1].text)
		if err := r.openFile(parts[2].file); err != nil {
			return nil, err
		}
		r.parts = parts[3:]
	}
	return r, nil
}

func (r *partReader) openFile(f *File) error {
	rc, err := f.Open(r.ctx)
	if err != nil {
		return err
	}
	if rc == nil {
		return errNothing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		_ = rc.Close()
		return errClosed
	}
	r.file, r.size = rc, f.Size
	if f.Size <= 0 {
		r.size = -1
	}
	return nil
}

func (r *partReader) current() io.ReadCloser {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file
}

// Read reads text that is due, then the open file, then opens the next part.
func (r *partReader) Read(p []byte) (int, error) {
	for {
		if r.text.Len() > 0 {
			return r.text.Read(p)
		}
		if f := r.current(); f != nil {
			n, err := f.Read(p)
			if n, err = r.count(n, err); err != io.EOF {
				return n, err
			}
			if err := r.closeFile(); err != nil || n > 0 {
				return n, err
			}
		}
		if len(r.parts) == 0 {
			return 0, io.EOF
		}
		next := r.parts[0]
		r.parts = r.parts[1:]
		if next.file == nil {
			r.text.Reset(next.text)
		} else if err := r.openFile(next.file); err != nil {
			return 0, err
		}
	}
}

// count checks a file against the size that was said.
func (r *partReader) count(n int, err error) (int, error) {
	if r.size < 0 {
		return n, err
	}
	r.size -= int64(n)
	switch {
	case r.size < 0:
		return 0, errLong
	case err == io.EOF && r.size > 0:
		return n, errShort
	}
	return n, err
}

func (r *partReader) closeFile() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.file
	r.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// Close closes the file that is open and lets no other be opened.
func (r *partReader) Close() error {
	r.mu.Lock()
	r.done = true
	r.mu.Unlock()
	return r.closeFile()
}
