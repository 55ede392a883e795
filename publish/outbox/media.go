package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A stored plan names its media, and the hash of their content, which approvals bind to:
//
//   - "assets:spring/four.jpg" is a file of Options.Media; see [File];
//   - "sha256:…" is a copy in Options.Files, of media that came from elsewhere;
//   - media of [parvis.FromURL] are their address. What lies there is not read, so an
//     approval binds to the address alone.
//
// Files are read, and compared with their hash, when the plan is made and again before each
// attempt to send them.

// copied is the name before the colon of media that were copied into Options.Files.
const copied = "sha256"

// File is the media at a path of the file system that Options.Media knows as name, for plans.
// The path is as [fs.ValidPath] wants it: "spring/four.jpg". The name has no colon and is not
// "sha256". What is wrong with either is told when the plan is added. It cannot be opened
// by itself.
func File(name, filePath string) parvis.Media {
	return parvis.Media{Name: path.Base(filePath), Source: name + ":" + filePath}
}

// errMedia is in the tree of every error about a file that is not what was scheduled.
var errMedia = errors.New("media")

// A fileError is errMedia with what is wrong.
type fileError struct{ err error }

// Error says what is wrong with the file.
func (e *fileError) Error() string { return e.err.Error() }

// Unwrap returns errMedia and the cause.
func (e *fileError) Unwrap() []error { return []error{errMedia, e.err} }

// broken is the error for media that cannot be had, or are not what they were.
func broken(m parvis.Media, what string, err error) error {
	if err == nil {
		err = errors.New(m.Source)
	}
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "media " + nameOf(m) + " " + what, Err: &fileError{err},
		Help: "put the file back as it was, or save the post anew with Edit",
	}
}

// nameOf names media for people.
func nameOf(m parvis.Media) string {
	name := m.Name
	if name == "" {
		name = m.URL
	}
	if m.Source == "" || strings.HasPrefix(m.Source, copied+":") {
		return `"` + name + `"`
	}
	return `"` + m.Source + `"`
}

// keepMedia makes every media of a plan one that can be had again later, with its hash,
// size and type.
func (c *Client) keepMedia(ctx context.Context, p Plan) (Plan, error) {
	keep := func(ms []parvis.Media) ([]parvis.Media, error) { return c.b.keepAll(ctx, ms) }
	var err error
	if p.Draft, err = keepDraft(p.Draft, keep); err != nil {
		return p, err
	}
	p.Thread = slices.Clone(p.Thread)
	for i := range p.Thread {
		if p.Thread[i], err = keepDraft(p.Thread[i], keep); err != nil {
			return p, err
		}
	}
	if p.Comment != nil {
		d, err := keepDraft(*p.Comment, keep)
		if err != nil {
			return p, err
		}
		p.Comment = &d
	}
	p.Langs, err = keepOverrides(p.Langs, keep)
	return p, err
}

type keeper func([]parvis.Media) ([]parvis.Media, error)

func keepDraft(d publish.Draft, keep keeper) (publish.Draft, error) {
	var err error
	if d.Media, err = keep(d.Media); err != nil {
		return d, err
	}
	d.On, err = keepOverrides(d.On, keep)
	return d, err
}

func keepOverrides[K comparable](os map[K]publish.Override, keep keeper) (map[K]publish.Override, error) {
	os = maps.Clone(os)
	for k, o := range os {
		ms, err := keep(o.Media)
		if err != nil {
			return nil, err
		}
		o.Media = ms
		os[k] = o
	}
	return os, nil
}

func (b *Outbox) keepAll(ctx context.Context, ms []parvis.Media) ([]parvis.Media, error) {
	ms = slices.Clone(ms)
	for i := range ms {
		m, err := b.keep(ctx, ms[i])
		if err != nil {
			return nil, err
		}
		ms[i] = m
	}
	return ms, nil
}

// keep makes one file one that can be had again.
func (b *Outbox) keep(ctx context.Context, m parvis.Media) (parvis.Media, error) {
	switch {
	case !m.Ref.IsZero(): // the network has it
		return m, nil
	case m.Source != "":
		open, err := b.opener(m)
		if err != nil {
			return m, err
		}
		return measured(ctx, m.WithContent(open))
	case m.CanOpen() && b.opt.Files == nil:
		return m, invalid("media "+nameOf(m)+" cannot be had again when its time comes",
			"name a file of Options.Media with outbox.File, or set Options.Files to take copies, for instance to outbox.MediaDir")
	case m.CanOpen():
		return b.copy(ctx, m)
	case m.URL != "":
		m.SHA256 = ""
		return m, nil
	}
	return m, invalid("media "+nameOf(m)+" has no content", "make it with outbox.File, or with a constructor of package parvis")
}

// copy puts a copy of media into Options.Files.
func (b *Outbox) copy(ctx context.Context, m parvis.Media) (parvis.Media, error) {
	m, err := measured(ctx, m)
	if err != nil {
		return m, err
	}
	rc, err := m.Open(ctx)
	if err != nil {
		return m, err
	}
	defer rc.Close()
	if err := b.opt.Files.Put(ctx, m.SHA256, rc); err != nil {
		return m, failedFile("media "+nameOf(m)+" could not be copied", err)
	}
	m.Source = copied + ":" + m.SHA256
	open, err := b.opener(m)
	return m.WithContent(open), err
}

func failedFile(message string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &parvis.Error{Code: parvis.ErrUnavailable, Message: message, Help: "see whether Options.Files has room and may be written", Err: err}
	if parvis.CodeOf(err) == parvis.ErrInvalid {
		e.Code, e.Help = parvis.ErrInvalid, "see whether the file changes while it is being read"
	}
	return e
}

// opener returns what opens the file that a source names.
func (b *Outbox) opener(m parvis.Media) (func(context.Context) (io.ReadCloser, error), error) {
	name, file, ok := strings.Cut(m.Source, ":")
	switch {
	case !ok || name == "":
		return nil, invalid("media "+nameOf(m)+" names no file", "name it with outbox.File")
	case name == copied && (!isSHA256(file) || m.SHA256 != "" && m.SHA256 != file):
		return nil, invalid("media "+nameOf(m)+" names no copy", "make it anew with a constructor of package parvis")
	case name == copied && b.opt.Files == nil:
		return nil, broken(m, "lies in the store of copies, which is not there", errors.New("Options.Files is not set"))
	case name == copied:
		return func(ctx context.Context) (io.ReadCloser, error) { return b.opt.Files.Open(ctx, file) }, nil
	case !fs.ValidPath(file) || file == ".":
		return nil, invalid("media "+nameOf(m)+" is no path of a file system", `write it as "spring/four.jpg": no leading slash, no dots`)
	}
	fsys, ok := b.opt.Media[name]
	if !ok {
		return nil, broken(m, "lies in a file system that is not there", errors.New("Options.Media has no "+name))
	}
	return func(context.Context) (io.ReadCloser, error) { return fsys.Open(file) }, nil
}

// headLen is how much of a file tells its type.
const headLen = 64 << 10

// measured reads media to their end and fills in hash, size and type.
func measured(ctx context.Context, m parvis.Media) (parvis.Media, error) {
	rc, err := m.Open(ctx)
	if err != nil {
		return m, unreadable(ctx, m, err)
	}
	defer rc.Close()
	h := sha256.New()
	r := io.TeeReader(&patientReader{ctx, rc}, h)
	head, err := io.ReadAll(io.LimitReader(r, headLen))
	if err != nil {
		return m, unreadable(ctx, m, err)
	}
	rest, err := io.Copy(io.Discard, r)
	if err != nil {
		return m, unreadable(ctx, m, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if strings.HasPrefix(m.Source, copied+":") && m.Source != copied+":"+sum {
		return m, broken(m, "is damaged in the store of copies", nil)
	}
	info, err := publish.Inspect(ctx, parvis.FromBytes(m.Name, head).WithType(m.Type))
	if err != nil {
		return m, unreadable(ctx, m, err)
	}
	m.SHA256, m.Size, m.Type = sum, int64(len(head))+rest, info.Type
	return m, nil
}

func unreadable(ctx context.Context, m parvis.Media, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errMedia) {
		return err
	}
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Err != nil {
		err = e.Err // the file is named already
	}
	what := "cannot be read"
	if errors.Is(err, fs.ErrNotExist) {
		what = "is not there"
	}
	return broken(m, what, err)
}

// patientReader ends when its context does.
type patientReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements [io.Reader].
func (p *patientReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// openMedia gives the media of a rendered draft their content again, if it is still what
// it was. What is gone or has changed gives an error that matches errMedia and names the file.
func (b *Outbox) openMedia(ctx context.Context, d publish.Draft) (publish.Draft, error) {
	ms := slices.Clone(d.Media)
	for i, m := range ms {
		if m.Source == "" || !m.Ref.IsZero() {
			continue
		}
		open, err := b.opener(m)
		if err != nil {
			if !errors.Is(err, errMedia) {
				err = broken(m, "cannot be found again", err)
			}
			return d, err
		}
		now, err := measured(ctx, m.WithContent(open))
		if err != nil {
			return d, err
		}
		if now.SHA256 != m.SHA256 {
			return d, changed(m)
		}
		ms[i] = m.WithContent(func(ctx context.Context) (io.ReadCloser, error) {
			rc, err := open(ctx)
			if err != nil {
				return nil, unreadable(ctx, m, err)
			}
			return &checkedReader{ReadCloser: rc, m: m, h: sha256.New()}, nil
		})
	}
	d.Media = ms
	return d, nil
}

// changed is the error for content that is not what was scheduled.
func changed(m parvis.Media) error {
	return broken(m, "has changed since the post was saved", fmt.Errorf("%s is not what it was", m.Source))
}

// A checkedReader fails at the end of content that is not what was scheduled: a file may
// change while it is being sent.
type checkedReader struct {
	io.ReadCloser
	m parvis.Media
	h hash.Hash
	n int64
}

// Read implements [io.Reader].
func (c *checkedReader) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.h.Write(b[:n])
	c.n += int64(n)
	ends := errors.Is(err, io.EOF) || err == nil && n > 0 && c.n >= c.m.Size // a sender may stop at the size
	if ends && hex.EncodeToString(c.h.Sum(nil)) != c.m.SHA256 {
		return n, changed(c.m)
	}
	return n, err
}

// Items are what will be sent to one of an entry's targets, as [Plan.Items] has it, with
// media that can be opened. Media that are gone or have changed since give an error that
// names the file. Target identifiers are in [Entry.Targets].
func (c *Client) Items(ctx context.Context, id, target string) ([]publish.Draft, error) {
	e, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.itemsOf(ctx, e, target)
}

func (c *Client) itemsOf(ctx context.Context, e Entry, target string) ([]publish.Draft, error) {
	i := slices.IndexFunc(e.Targets, func(t Target) bool { return t.ID == target })
	if i < 0 {
		return nil, &parvis.Error{Op: "get items", Code: parvis.ErrNotFound, Message: "the entry has no target " + target, Help: "take it from Entry.Targets"}
	}
	items := e.items(e.Targets[i])
	for i := range items {
		d, err := c.b.openMedia(ctx, items[i])
		if err != nil {
			return nil, failed("get items", err)
		}
		items[i] = d
	}
	return items, nil
}
