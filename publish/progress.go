package publish

import (
	"context"
	"io"

	"github.com/parvis-go/parvis"
)

// Progress tells how far the upload of one file is.
type Progress struct {
	// Account is the account that uploads, Name the file.
	Account parvis.Account
	Name    string
	// Sent is the number of bytes that left, of Total; Total 0 means unknown. Sent
	// begins anew when an upload is tried again.
	Sent, Total int64
}

type progressKey struct{}

// WithProgress returns a context under which uploads call f as their bytes leave. Uploads
// of several accounts call f concurrently; f must be quick.
func WithProgress(ctx context.Context, f func(Progress)) context.Context {
	return context.WithValue(ctx, progressKey{}, f)
}

// Tracked returns m so that reading it reports to ctx's progress function, if there is
// one. Providers upload what Tracked returns.
func Tracked(ctx context.Context, a parvis.Account, m parvis.Media) parvis.Media {
	f, ok := ctx.Value(progressKey{}).(func(Progress))
	if !ok || !m.CanOpen() {
		return m
	}
	inner := m
	tracked := parvis.FromReader(m.Name, m.Size, func(ctx context.Context) (io.ReadCloser, error) {
		rc, err := inner.Open(ctx)
		if err != nil {
			return nil, err
		}
		return &meter{ReadCloser: rc, f: f, p: Progress{Account: a, Name: inner.Name, Total: inner.Size}}, nil
	})
	tracked.Type, tracked.Alt, tracked.Focus, tracked.URL = m.Type, m.Alt, m.Focus, m.URL
	return tracked
}

// meter counts the bytes that are read through it.
type meter struct {
	io.ReadCloser
	f func(Progress)
	p Progress
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.ReadCloser.Read(b)
	if n > 0 {
		m.p.Sent += int64(n)
		m.f(m.p)
	}
	return n, err
}
