package fake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// headLen is how much of a file is looked at to find out what it is.
const headLen = 64 << 10

// upload sends the media that the network does not have yet, one call each.
func (a *Account) upload(ctx context.Context, d publish.Draft) ([]*upload, error) {
	var files []*upload
	for i := range d.Media {
		f, err := a.bring(ctx, d, i)
		if err != nil {
			return nil, parvis.In(err, a.Account(), "upload", parvis.ErrUnavailable)
		}
		files = append(files, f)
	}
	return files, a.together(files)
}

// bring returns the i-th file of d: one that the network has, if an earlier attempt left it
// there and it is not forgotten since, or a new one.
func (a *Account) bring(ctx context.Context, d publish.Draft, i int) (*upload, error) {
	m := d.Media[i]
	if !m.Ref.IsZero() {
		return a.uploaded(m)
	}
	var f *upload
	send := func(ctx context.Context) (string, error) {
		var err error
		if f, err = a.uploadOne(ctx, m); err != nil {
			return "", err
		}
		return f.id, nil
	}
	name := publish.MediaStage(d, i)
	id, err := publish.Staged(ctx, name, send)
	if err != nil || f != nil {
		return f, err
	}
	m.Ref = a.ref(parvis.KindMedia, id)
	if f, err = a.uploaded(m); err == nil {
		return f, nil
	}
	if err := publish.DropStage(ctx, name); err != nil {
		return nil, err
	}
	_, err = publish.Staged(ctx, name, send)
	return f, err
}

func (a *Account) uploadOne(ctx context.Context, m parvis.Media) (*upload, error) {
	f := &upload{owner: a.p, media: m}
	c := call{ops: []string{"upload"}, scope: scopeWrite, body: func(ctx context.Context) error { return f.read(ctx, a) }}
	err := a.do(ctx, c, func() error {
		if a.fault([]string{"publish", "upload"}, MediaFailed) != nil {
			return fail(parvis.ErrRejected, "media_failed",
				fmt.Sprintf("media %q could not be processed", m.Name), "send another file")
		}
		f.id = a.n.next("f")
		// What was read stays out of memory: only what there is to know of it is kept.
		f.media = parvis.Media{
			Name: f.media.Name, Type: f.media.Type, Size: f.media.Size, Alt: m.Alt, Focus: m.Focus,
			URL: cmp.Or(m.URL, a.n.address("media/"+f.id)),
		}
		a.n.uploads[f.id] = f
		return nil
	})
	return f, err
}

// uploaded is a file that the account uploaded before, perhaps with another description.
func (a *Account) uploaded(m parvis.Media) (*upload, error) {
	a.n.mu.Lock()
	defer a.n.mu.Unlock()
	known := a.n.uploads[m.Ref.ID]
	if known == nil || known.owner != a.p || m.Ref.Kind != parvis.KindMedia {
		return nil, missing("media")
	}
	f := *known
	f.media.Alt, f.media.Focus = m.Alt, m.Focus
	return &f, nil
}

// read reads the file to its end, or to the limit of its type.
func (f *upload) read(ctx context.Context, a *Account) error {
	m := publish.Tracked(ctx, a.Account(), f.media)
	if !m.CanOpen() {
		return f.remote(ctx, a)
	}
	rc, err := m.Open(ctx)
	if err != nil {
		return err
	}
	defer rc.Close()
	hash := sha256.New()
	head, err := io.ReadAll(io.TeeReader(io.LimitReader(rc, headLen), hash))
	if err != nil {
		return unreadable(m, err)
	}
	info, err := publish.Inspect(ctx, parvis.FromBytes(m.Name, head).WithType(m.Type))
	if err != nil {
		return err
	}
	rule, err := a.rule(info)
	if err != nil {
		return err
	}
	var rest io.Reader = rc
	if rule.MaxBytes > 0 {
		rest = io.LimitReader(rc, max(0, rule.MaxBytes-int64(len(head)))+1)
	}
	more, err := io.Copy(hash, rest)
	if err != nil {
		return unreadable(m, err)
	}
	f.media.Type, f.media.Size, f.hash = info.Type, int64(len(head))+more, hex.EncodeToString(hash.Sum(nil))
	if rule.MaxBytes > 0 && f.media.Size > rule.MaxBytes {
		return withStatus(invalid("media_too_large", fmt.Sprintf("media %q has more than the %d bytes allowed", m.Name, rule.MaxBytes),
			"make it smaller"), http.StatusRequestEntityTooLarge)
	}
	return nil
}

// remote judges a file that lies elsewhere by its address.
func (f *upload) remote(ctx context.Context, a *Account) error {
	if f.media.URL == "" {
		return invalid("media_missing", "the media has no content", "make it with one of the constructors of parvis.Media")
	}
	info, err := publish.Inspect(ctx, f.media)
	if err != nil {
		return err
	}
	f.media.Type = info.Type
	_, err = a.rule(info)
	return err
}

// unreadable is the error of a file that broke off. Nothing was posted.
func unreadable(m parvis.Media, err error) error {
	e := &parvis.Error{Code: parvis.ErrInvalid, Message: fmt.Sprintf("media %q cannot be read", m.Name), Help: "check the file", Err: err}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Code, e.Help = parvis.ErrUnavailable, "nothing was posted; try again"
	}
	return e
}

// rule returns the first rule for files of that kind.
func (a *Account) rule(info publish.MediaInfo) (publish.MediaRule, error) {
	class, _, _ := strings.Cut(info.Type, "/")
	i := slices.IndexFunc(a.n.sup.Media.Rules, func(r publish.MediaRule) bool {
		return r.Type == info.Type || r.Type == class+"/*" || r.Type == "*/*"
	})
	if i < 0 {
		return publish.MediaRule{}, invalid("media_type", "the network takes no "+info.Type, "send a file of another type")
	}
	r := a.n.sup.Media.Rules[i]
	if px := int64(info.Width) * int64(info.Height); r.MaxPixels > 0 && px > r.MaxPixels {
		return r, invalid("media_too_large", fmt.Sprintf("the picture has %d pixels, %d allowed", px, r.MaxPixels), "make it smaller")
	}
	return r, nil
}

// together returns an error if one post cannot have all these files.
func (a *Account) together(files []*upload) error {
	sup := a.n.sup.Media
	if len(files) > sup.Max {
		return parvis.In(invalid("too_many_media", fmt.Sprintf("%d media, %d allowed", len(files), sup.Max), "leave some out"),
			a.Account(), "publish", parvis.ErrInvalid)
	}
	for _, f := range files {
		if class, _, _ := strings.Cut(f.media.Type, "/"); len(files) > 1 && slices.Contains(sup.Alone, class) {
			return parvis.In(invalid("media_alone", "a "+class+" goes alone", "post it without other media"),
				a.Account(), "publish", parvis.ErrInvalid)
		}
	}
	return nil
}
