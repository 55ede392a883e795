package jetstream

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
)

// subscribe answers one consumer.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	modern := r.URL.Path == Modern
	f, err := parse(modern, r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if r.URL.Query().Has("zstdDictionary") {
		refuse(w, http.StatusBadRequest, "UnknownZstdDictionary", "there is none")
		return
	}
	from, notice, old := s.begin(&f)
	if old {
		refuse(w, http.StatusBadRequest, "CursorTooOld", "the floor is "+strconv.FormatInt(from, 10))
		return
	}
	o := &websocket.AcceptOptions{OriginPatterns: []string{"*"}}
	if modern {
		o.Subprotocols = []string{"xrpc.v1.json"}
	}
	conn, err := websocket.Accept(w, r, o)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	s.mu.Lock()
	until := s.context
	s.mu.Unlock()
	ctx := conn.CloseRead(r.Context()) // a consumer that sends data is cut off
	if notice != "" && conn.Write(ctx, websocket.MessageText, message("info", map[string]any{"name": notice})) != nil {
		return
	}
	s.pump(ctx, until, conn, &f, from)
	if until.Err() != nil {
		s.end(conn, modern)
	}
}

// begin returns the number that a consumer begins with, the name of the notice that it
// gets first, and whether it is refused.
func (s *Server) begin(f *filter) (from int64, notice string, old bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case f.live:
		return s.next, "", false
	case f.cursor < seqLimit:
		return s.beginSeq(f)
	}
	from = s.next
	for i := len(s.log) - 1; i >= 0 && s.log[i].Seen.UnixMicro() >= f.cursor; i-- {
		from = s.log[i].Seq
	}
	forgot := len(s.log) > 0 && from == s.log[0].Seq && s.log[0].Seen.UnixMicro() > f.cursor
	if forgot && f.modern {
		notice = "OutdatedCursor"
	}
	return from, notice, false
}

// beginSeq is begin for a cursor that is a number.
func (s *Server) beginSeq(f *filter) (from int64, notice string, old bool) {
	switch {
	case f.cursor > s.next && f.modern:
		return s.next, "FutureCursor", false
	case f.cursor > s.next:
		return s.next, "", false
	case f.cursor < s.floor:
		return s.floor, "", f.modern // the older endpoint begins at the floor without a word
	}
	return f.cursor, "", false
}

// end sends the error frame, if there is one, before the server ends a connection.
func (s *Server) end(conn *websocket.Conn, modern bool) {
	s.mu.Lock()
	name := s.failure
	s.mu.Unlock()
	if name != "" && modern {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		b, _ := json.Marshal(map[string]string{"$type": "error", "error": name})
		_ = conn.Write(ctx, websocket.MessageText, b)
	}
}

// pump sends what the consumer wants, from a number on.
func (s *Server) pump(ctx, until context.Context, conn *websocket.Conn, f *filter, from int64) {
	for {
		s.mu.Lock()
		var due []Event
		for i := range s.log {
			if s.log[i].Seq >= from {
				due = append(due, s.log[i])
			}
		}
		news := s.news
		from = max(from, s.next)
		s.mu.Unlock()
		for i := range due {
			b := due[i].frame(f.modern)
			if !f.wants(&due[i]) || f.maxSize > 0 && int64(len(b)) > f.maxSize {
				continue
			}
			if conn.Write(ctx, websocket.MessageText, b) != nil {
				return
			}
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		case <-until.Done():
			return
		}
	}
}

// message is one frame of the newer endpoint.
func message(fragment string, payload map[string]any) []byte {
	payload["$type"] = "network.bsky.jetstream.subscribeEvents#" + fragment
	b, _ := json.Marshal(map[string]any{"$type": "message", "payload": payload})
	return b
}

// frame is the event as an endpoint sends it.
func (e *Event) frame(modern bool) []byte {
	change := map[string]any{"rev": "3l" + strconv.FormatInt(e.Seen.UnixMicro(), 32), "operation": e.Operation, "collection": e.Collection, "rkey": e.RKey}
	if e.Operation != "delete" {
		change["cid"], change["record"] = e.CID, e.Record
	}
	if modern {
		at := e.Seen.Format("2006-01-02T15:04:05.000000Z")
		change["seq"], change["did"], change["time"], change["witnessedAt"] = e.Seq, e.DID, at, at
		return message("commit", change)
	}
	b, _ := json.Marshal(map[string]any{"did": e.DID, "time_us": e.Seen.UnixMicro(), "cursor": e.Seq, "kind": "commit", "commit": change})
	return b
}
