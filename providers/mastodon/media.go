package mastodon

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// processingLimit is how long a file may be processed before the post is given up.
const processingLimit = 10 * time.Minute

// files are those of a draft at the server.
type files struct {
	ids  []string
	busy []string          // those that are still being processed
	kept map[string]string // the stages of those that an earlier attempt sent, by their IDs
}

// upload sends the files that the server does not have yet, waits until all are
// processed, and returns their IDs in order.
func (c *Client) upload(ctx context.Context, d publish.Draft) (files, error) {
	f := files{kept: map[string]string{}}
	for i, m := range d.Media {
		if m.Ref.IsZero() {
			if err := c.bring(ctx, m, publish.MediaStage(d, i), &f); err != nil {
				return f, err
			}
			continue
		}
		id, err := idOf(m.Ref, parvis.KindMedia)
		if err != nil {
			return f, err
		}
		f.ids = append(f.ids, id)
	}
	_, err := c.settle(ctx, f.busy)
	return f, err
}

// bring adds the file m to f: the one that an earlier attempt sent and whose ID it kept
// under name, or a new one. The ID is kept before the file is processed, so that a later
// attempt waits on instead of sending it again. Servers forget files that no post takes up
// after some time, and tell so when they are asked; some would post without them.
func (c *Client) bring(ctx context.Context, m parvis.Media, name string, f *files) error {
	fresh, ready := false, false
	send := func(ctx context.Context) (string, error) {
		file, done, err := c.uploadOne(ctx, m)
		fresh, ready = true, done
		return file.ID, err
	}
	id, err := publish.Staged(ctx, name, send)
	if err == nil && !fresh {
		if _, ready, err = c.api.MediaState(ctx, id); err == nil {
			f.kept[id] = name
		} else if lost(err) {
			if err = publish.DropStage(ctx, name); err == nil {
				id, err = publish.Staged(ctx, name, send)
			}
		}
	}
	if err != nil {
		return err
	}
	if f.ids = append(f.ids, id); !ready {
		f.busy = append(f.busy, id)
	}
	return nil
}

// lost reports whether err says of a file that the server does not have it any more, or
// could not process it.
func lost(err error) bool {
	e, ok := errors.AsType[*parvis.Error](err)
	return ok && (e.Code == parvis.ErrNotFound || e.Status == http.StatusUnprocessableEntity)
}

// expired drops the stages of those files of an earlier attempt that the server refuses to
// post, and reports whether there are any: it names them in its refusal, whose words depend
// on the account's language, or does not have them.
func (c *Client) expired(ctx context.Context, f files, refusal error) bool {
	e, ok := errors.AsType[*parvis.Error](refusal)
	if !ok || e.Code == parvis.ErrUnknownOutcome || e.Status < 400 || e.Status >= 500 {
		return false
	}
	found := false
	for id, name := range f.kept {
		gone := strings.Contains(e.Vendor, id)
		if !gone {
			_, _, err := c.api.MediaState(ctx, id)
			gone = err != nil && lost(err)
		}
		if gone && publish.DropStage(ctx, name) == nil {
			found = true
		}
	}
	return found
}

// uploadOne streams one file to the server; see https://docs.joinmastodon.org/methods/media/#v2.
// Servers without the second version of the method have the first.
func (c *Client) uploadOne(ctx context.Context, m parvis.Media) (api.Media, bool, error) {
	if m.Type == "" { // "The file must have a MIME type."
		info, err := publish.Inspect(ctx, m)
		if err != nil {
			return api.Media{}, false, err
		}
		m.Type = info.Type
	}
	if m.Name == "" {
		m.Name = "file"
	}
	fields := url.Values{}
	if m.Alt != "" {
		fields.Set("description", m.Alt)
	}
	if m.Focus != nil {
		fields.Set("focus", focus(m.Focus))
	}
	send := func(version int) (api.Media, bool, error) {
		file := httpx.MediaFile("file", publish.Tracked(ctx, c.Account(), m))
		return c.api.Upload(ctx, version, fields, file)
	}
	got, ready, err := send(2)
	if errors.Is(err, parvis.ErrNotFound) || errors.Is(err, parvis.ErrUnsupported) {
		got, ready, err = send(1)
	}
	return got, ready, err
}

// focus writes a point as https://docs.joinmastodon.org/api/guidelines/#focal-points has it.
func focus(f *parvis.Focus) string {
	number := func(v float64) string { return strconv.FormatFloat(min(max(v, -1), 1), 'f', -1, 64) }
	return number(f.X) + "," + number(f.Y)
}

// settle waits until the files are processed, and reports whether any was not at first.
func (c *Client) settle(ctx context.Context, ids []string) (waited bool, err error) {
	deadline := time.Now().Add(processingLimit)
	for _, id := range ids {
		for try := 0; ; try++ {
			_, ready, err := c.api.MediaState(ctx, id)
			if err != nil {
				return waited, failedFile(err)
			}
			if ready {
				break
			}
			waited = true
			if time.Now().After(deadline) {
				return true, &parvis.Error{
					Code: parvis.ErrUnavailable, Message: "the server is still processing the media after " + processingLimit.String(),
					Help: "try again later, or with a smaller file",
				}
			}
			if err := pause(ctx, pollWait(try)); err != nil {
				return true, err
			}
		}
	}
	return waited, nil
}

// failedFile is the error of a file that the server could not process: status 422 of
// https://docs.joinmastodon.org/methods/media/#get.
func failedFile(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok || e.Status != http.StatusUnprocessableEntity {
		return err
	}
	failed := *e
	failed.Code, failed.Message, failed.Help = parvis.ErrRejected, "the server could not process the media", "send the file in another format"
	return &failed
}

// pollWait is how long to wait before asking for the try-th time: from half a second,
// doubled each time, to ten seconds.
func pollWait(try int) time.Duration {
	d := min(500*time.Millisecond<<min(try, 10), 10*time.Second)
	return d - rand.N(d/4)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return &parvis.Error{Code: parvis.ErrUnavailable, Message: "given up while waiting", Err: ctx.Err()}
	}
}
