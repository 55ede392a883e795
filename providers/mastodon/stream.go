package mastodon

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

const (
	// silence is how long a stream may say nothing before it counts as broken. Servers
	// send heartbeats every 15 to 30 seconds.
	silence = 90 * time.Second
	// steady is how long a stream must hold for the next wait to be short again.
	steady = time.Minute
)

// A pipe is an open stream. It is read and closed by one goroutine.
type pipe interface {
	next() (frame, error)
	close()
}

// ssePipe is a stream of server-sent events.
type ssePipe struct {
	*sseReader
	body   io.Closer
	cancel context.CancelFunc
	watch  *time.Timer
}

func (p *ssePipe) close() {
	p.watch.Stop()
	p.cancel()
	_ = p.body.Close()
}

// watched puts the timer back whenever something arrives.
type watched struct {
	r     io.Reader
	timer *time.Timer
}

func (w watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if n > 0 {
		w.timer.Reset(silence)
	}
	return n, err
}

// wsPipe is a WebSocket. Its pings come from here, so that silence is noticed whatever
// the server does.
type wsPipe struct {
	ctx    context.Context //nolint:containedctx // the stream's own, ended by close
	cancel context.CancelFunc
	conn   *websocket.Conn
	done   chan struct{} // closed when the pinging has ended
}

func (p *wsPipe) next() (frame, error) { return readFrame(p.ctx, p.conn, maxEvent) }

func (p *wsPipe) close() {
	p.cancel()
	_ = p.conn.CloseNow()
	<-p.done
}

// ping asks every so often whether the server is there, and ends the stream if not.
func (p *wsPipe) ping() {
	defer close(p.done)
	for pause(p.ctx, silence/3) == nil {
		ctx, cancel := context.WithTimeout(p.ctx, silence/3)
		err := p.conn.Ping(ctx)
		cancel()
		if err != nil {
			p.cancel()
			return
		}
	}
}

// open opens the feed's stream in the server's way.
func (h *hearing) open(ctx context.Context) (pipe, error) {
	base := h.c.streaming(h.server)
	q := maps.Clone(h.feed.params)
	if q == nil {
		q = url.Values{}
	}
	q.Del("local")
	ctx, cancel := context.WithCancel(ctx)
	if h.server.stream == WebSocket {
		q.Set("stream", h.feed.stream)
		timer := time.AfterFunc(silence, cancel)
		conn, err := h.c.api.DialStream(ctx, base, q)
		timer.Stop()
		if err != nil {
			cancel()
			return nil, err
		}
		p := &wsPipe{ctx, cancel, conn, make(chan struct{})}
		go p.ping()
		return p, nil
	}
	timer := time.AfterFunc(silence, cancel)
	body, err := h.c.api.OpenStream(ctx, base, strings.ReplaceAll(h.feed.stream, ":", "/"), q)
	if err != nil {
		timer.Stop()
		cancel()
		return nil, err
	}
	return &ssePipe{newSSEReader(watched{body, timer}, maxEvent), body, cancel, timer}, nil
}

// stream follows the feed's stream for as long as the server has one, reconnecting with
// longer and longer waits. After each connection it catches up first, so that nothing
// between is lost. It gives [parvis.ErrUnsupported] if the server has no such stream.
func (h *hearing) stream(ctx context.Context) error {
	var lost time.Time // when the last connection broke
	for failures := 0; ; {
		began := time.Now()
		err := h.connected(ctx, lost)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if refused(err) {
			return parvis.Unsupported(h.c.Account(), "listen", "the server has no such stream")
		}
		if e, ok := errors.AsType[*brokenError](err); ok {
			lost = time.Now()
			err = e.err
			if e.heard || time.Since(began) >= steady {
				failures = 0
			}
		} else if fatal(err) {
			return err
		}
		failures++
		if errors.Is(err, parvis.ErrBadAnswer) && failures > 5 {
			return err
		}
		if err := wake(ctx, backoff(failures)); err != nil {
			return err
		}
	}
}

// A brokenError is the end of a connection that had been made.
type brokenError struct {
	err   error
	heard bool // something came over it
}

// Error returns what broke the connection.
func (e *brokenError) Error() string { return e.err.Error() }

// refused reports whether the server will not stream to this account, so that it has to
// be asked instead.
func refused(err error) bool {
	e, ok := errors.AsType[*refusedError](err)
	return ok && e != nil
}

// A refusedError is the server's no to a stream.
type refusedError struct{ err error }

// Error returns the server's no.
func (e *refusedError) Error() string { return e.err.Error() }

// connected makes one connection, catches up, and reads on until it breaks.
func (h *hearing) connected(ctx context.Context, lost time.Time) error {
	p, err := h.open(ctx)
	if err != nil {
		switch parvis.CodeOf(err) {
		case parvis.ErrUnsupported, parvis.ErrNotFound, parvis.ErrPermission, parvis.ErrInvalid:
			return &refusedError{err}
		}
		// What is being said meanwhile can still be asked for.
		if caught := h.again(ctx); caught != nil {
			return caught
		}
		return err
	}
	defer p.close()
	if !lost.IsZero() && h.q.Wants(listen.Edit|listen.Delete) {
		if err := h.gap(lost, time.Now(), "the stream was interrupted: edits and deletions of that time cannot be asked for"); err != nil {
			return err
		}
	}
	if err := h.again(ctx); err != nil {
		return err
	}
	h.source = "stream"
	return h.read(p)
}

// read delivers what comes over p until it breaks.
func (h *hearing) read(p pipe) error {
	for heard := false; ; heard = true {
		f, err := p.next()
		switch {
		case errors.Is(err, parvis.ErrUnsupported):
			return &refusedError{err}
		case errors.Is(err, parvis.ErrBadAnswer):
			err = h.hole("an event of the stream could not be read")
		case err != nil:
			return &brokenError{&parvis.Error{Code: parvis.ErrUnavailable, Message: "the stream broke", Err: err}, heard}
		default:
			err = h.frame(f)
		}
		if err != nil {
			return err
		}
	}
}

// hole marks that something is missing here and now.
func (h *hearing) hole(why string) error { return h.gap(time.Now(), time.Now(), why) }

// again catches up between connections.
func (h *hearing) again(ctx context.Context) error {
	h.source = "poll"
	return h.catchUp(ctx)
}

// frame delivers what an event of the stream says; see
// https://docs.joinmastodon.org/methods/streaming/#events.
func (h *hearing) frame(f frame) error {
	if f.refused {
		return h.hole("an event of the stream was too large to be taken")
	}
	notices := h.feed.route == "" // the stream of the account has its home timeline too
	switch f.event {
	case "update":
		if !notices || h.feed.withOwn {
			return h.status(f.data, func(st *api.Status) error {
				if h.feed.withOwn && st.Account.ID != h.me {
					return nil
				}
				return h.take(h.item(st))
			})
		}
	case "status.update":
		return h.status(f.data, h.edited)
	case "notification":
		if notices {
			n, err := api.DecodeNotification(f.data)
			if err != nil || n.ID == "" {
				return h.hole("a notification of the stream could not be read")
			}
			return h.take(h.notification(&n))
		}
	case "delete":
		return h.deleted(strings.Trim(string(f.data), "\" \t"))
	case "notifications_merged":
		if notices {
			return h.gap(time.Time{}, time.Now(), "notifications that were held back have been let through; read them with listen.Past")
		}
	}
	return nil
}

// status hands the post of an event to do.
func (h *hearing) status(data []byte, do func(*api.Status) error) error {
	st, err := api.DecodeStatus(data)
	if err != nil || st.ID == "" {
		return h.hole("a post of the stream could not be read")
	}
	return do(&st)
}

// edited delivers the new version of a post: in a timeline of any, and else of one that
// concerns the account.
func (h *hearing) edited(st *api.Status) error {
	ev := h.said(st)
	if h.feed.route == "" && ev.Kind == listen.Post && st.Account.ID != h.me {
		return nil
	}
	ev.Kind = listen.Edit
	return h.deliver(ev)
}

// deleted delivers that a post is gone, which may never have been delivered.
func (h *hearing) deleted(id string) error {
	if !isID(id) {
		return h.hole("a deletion of the stream could not be read")
	}
	return h.deliver(listen.Event{ID: "delete/" + id, Kind: listen.Delete, Ref: h.c.ref(parvis.KindPost, id), Time: time.Now()})
}
