package mastodontest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coder/websocket"
)

// socket serves one WebSocket, which carries any number of streams.
// See https://docs.joinmastodon.org/methods/streaming/#websocket.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	t, err := s.streamUser(r)
	if err != nil {
		s.noteStream(r, http.StatusUnauthorized, http.Header{"Content-Type": {"application/json"}}, `{"error":"`+err.Error()+`"}`)
		write(w, http.StatusUnauthorized, obj{"error": err.Error()})
		return
	}
	o := &websocket.AcceptOptions{InsecureSkipVerify: true}
	if p := r.Header.Get("Sec-WebSocket-Protocol"); p != "" {
		o.Subprotocols = []string{p}
	}
	conn, err := websocket.Accept(w, r, o)
	if err != nil {
		return
	}
	s.noteStream(r, http.StatusSwitchingProtocols, http.Header{}, "")
	ctx, cancel := context.WithCancel(context.Background())
	k := &socket{s: s, conn: conn, token: t, line: newLine(), cancel: cancel}
	if q := r.URL.Query(); q.Get("stream") != "" {
		k.subscribe(q)
	}
	go k.send(ctx)
	k.receive(ctx)
}

// socket is a WebSocket and its subscriptions.
type socket struct {
	s      *Server
	conn   *websocket.Conn
	token  *token
	line   *line
	cancel context.CancelFunc
}

// receive reads subscribe and unsubscribe messages until the connection ends.
func (k *socket) receive(ctx context.Context) {
	defer k.conn.CloseNow()
	defer k.cancel()
	defer k.s.streams.remove(func(x *stream) bool { return x.line == k.line })
	for {
		_, body, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		var m struct{ Type, Stream, Tag, List string }
		if json.Unmarshal(body, &m) != nil {
			continue
		}
		q := url.Values{"stream": {m.Stream}, "tag": {m.Tag}, "list": {m.List}}
		switch m.Type {
		case "subscribe":
			k.subscribe(q)
		case "unsubscribe":
			k.s.streams.remove(func(x *stream) bool { return x.line == k.line && x.name == m.Stream && x.tag == m.Tag })
		}
	}
}

// subscribe adds a stream, or answers why not.
func (k *socket) subscribe(q url.Values) {
	name := q.Get("stream")
	known := []string{
		"user", "user:notification", "public", "public:media", "public:local", "public:local:media", "public:remote",
		"public:remote:media", "hashtag", "hashtag:local", "list", "direct",
	}
	if !slices.Contains(known, name) {
		k.refuse(textUnknownType, http.StatusBadRequest)
		return
	}
	x, err := k.s.newStream(k.token, name, q)
	if err != nil {
		k.refuse(err.Error(), err.(*refusal).status)
		return
	}
	x.line = k.line
	k.s.streams.add(x)
}

func (k *socket) refuse(text string, status int) {
	body, err := json.Marshal(obj{"error": text, "status": status})
	if err == nil {
		k.line.out <- event{name: "", payload: string(body)}
	}
}

// send writes events and pings until the connection ends or is cut.
func (k *socket) send(ctx context.Context) {
	defer k.cancel()
	beat := time.NewTicker(k.s.thump())
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-k.line.done:
			_ = k.conn.CloseNow()
			return
		case e := <-k.line.out:
			err = k.write(ctx, e)
		case <-beat.C:
			err = k.conn.Ping(ctx)
		}
		if err != nil {
			return
		}
	}
}

func (k *socket) write(ctx context.Context, e event) error {
	body := []byte(e.payload)
	if e.name != "" {
		m := obj{"stream": e.labels, "event": e.name}
		if !e.none {
			m["payload"] = e.payload
		}
		var err error
		if body, err = json.Marshal(m); err != nil {
			return err
		}
	}
	n := k.s.streams.pieces()
	if n <= 0 {
		return k.conn.Write(ctx, websocket.MessageText, body)
	}
	w, err := k.conn.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(body, n) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return w.Close()
}
