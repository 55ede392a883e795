package mastodontest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis/internal/apitest"
)

// The texts of the streaming server's refusals.
// See https://github.com/mastodon/mastodon/blob/main/streaming/index.js.
const (
	textNoToken       = "Missing access token"
	textBadToken      = "Invalid access token"
	textStreamScopes  = "Access token does not have the required scopes"
	textUnknownStream = "Unknown channel requested"
	textUnknownType   = "Unknown stream type"
	textNoTag         = "Missing tag name parameter"
	textNoList        = "Missing list name parameter"
	textNotMyList     = "Not authorized to stream this list"
)

// stream answers a request for a stream.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.socket(w, r)
		return
	}
	x, err := s.subscribe(r, streamOfPath(r))
	if strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/v1/streaming"), "/") == "" || s.o.Flavour == GoToSocial {
		err = errNotFound
	}
	if err != nil {
		status := err.(*refusal).status
		s.noteStream(r, status, http.Header{"Content-Type": {"application/json"}}, `{"error":"`+err.Error()+`"}`)
		write(w, status, obj{"error": err.Error()})
		return
	}
	s.events(w, r, x)
}

// noteStream records a request that the recorder does not see.
func (s *Server) noteStream(r *http.Request, status int, h http.Header, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra = append(s.extra, apitest.Exchange{
		Method: r.Method, Path: s.o.Path + r.URL.Path, Query: r.URL.Query(), RequestHeader: r.Header.Clone(),
		Status: status, Header: h, Body: []byte(body),
	})
}

// streamOfPath is the name of the stream that an address stands for, "" if for none.
// See https://docs.joinmastodon.org/methods/streaming/#streams.
func streamOfPath(r *http.Request) string {
	name := strings.ReplaceAll(strings.TrimPrefix(r.URL.Path, "/api/v1/streaming/"), "/", ":")
	if !slices.Contains([]string{"user", "user:notification", "public", "public:local", "public:remote", "hashtag", "hashtag:local", "list", "direct"}, name) {
		return ""
	}
	if only := r.URL.Query().Get("only_media"); strings.HasPrefix(name, "public") && (only == "true" || only == "1") {
		return name + ":media"
	}
	return name
}

// streamToken is the token of a stream's request: a header, the protocol of a WebSocket,
// or a parameter.
func streamToken(r *http.Request) string {
	if _, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		return t
	}
	if t := r.URL.Query().Get("access_token"); t != "" {
		return t
	}
	return r.Header.Get("Sec-WebSocket-Protocol")
}

// subscribe checks who asks for what. The stream is not registered yet.
func (s *Server) subscribe(r *http.Request, name string) (*stream, error) {
	if name == "" {
		return nil, badRequest(textUnknownStream)
	}
	t, err := s.streamUser(r)
	if err != nil {
		return nil, err
	}
	return s.newStream(t, name, r.URL.Query())
}

func (s *Server) streamUser(r *http.Request) (*token, error) {
	text := streamToken(r)
	if text == "" {
		return nil, refuse(http.StatusUnauthorized, textNoToken)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.db.tokens[text]
	if t == nil || t.revoked || t.account == nil {
		return nil, refuse(http.StatusUnauthorized, textBadToken)
	}
	return t, nil
}

// newStream makes a subscription of a name and its parameters.
func (s *Server) newStream(t *token, name string, q url.Values) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	need := "read:statuses"
	if name == "user:notification" {
		need = "read:notifications"
	}
	if !t.covers(need) && (name != "user" || !t.covers("read:notifications")) {
		return nil, refuse(http.StatusUnauthorized, textStreamScopes)
	}
	x := &stream{name: name, me: t.account, token: t, line: newLine(), labels: []string{name}}
	switch name {
	case "hashtag", "hashtag:local":
		if x.tag = q.Get("tag"); x.tag == "" {
			return nil, badRequest(textNoTag)
		}
		x.labels = append(x.labels, x.tag)
	case "list":
		i := q.Get("list")
		if i == "" {
			return nil, badRequest(textNoList)
		}
		for _, l := range s.db.lists {
			if l.id == s.parse(i) && l.owner == x.me {
				x.list = l
			}
		}
		if x.list == nil {
			return nil, refuse(http.StatusUnauthorized, textNotMyList)
		}
		x.labels = append(x.labels, i)
	}
	return x, nil
}

// thump is the time between heartbeats.
func (s *Server) thump() time.Duration {
	if s.o.Thump > 0 {
		return s.o.Thump
	}
	return 15 * time.Second
}

// events sends server-sent events until the client leaves or the stream is cut.
// See https://docs.joinmastodon.org/methods/streaming/#http.
func (s *Server) events(w http.ResponseWriter, r *http.Request, x *stream) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "private, no-store")
	s.streams.add(x)
	defer s.streams.remove(func(o *stream) bool { return o == x })
	s.noteStream(r, http.StatusOK, h.Clone(), "")
	w.WriteHeader(http.StatusOK)
	if s.sendPieces(w, ":)\n") != nil {
		return
	}
	beat := time.NewTicker(s.thump())
	defer beat.Stop()
	for {
		text := ":thump\n"
		select {
		case <-r.Context().Done():
			return
		case <-x.line.done:
			panic(http.ErrAbortHandler) // the connection breaks
		case e := <-x.line.out:
			if e.none {
				e.payload = "undefined"
			}
			text = "event: " + e.name + "\ndata: " + e.payload + "\n\n"
		case <-beat.C:
		}
		if s.sendPieces(w, text) != nil {
			return
		}
	}
}

// sendPieces writes and flushes, in pieces if a test wants them.
func (s *Server) sendPieces(w http.ResponseWriter, text string) error {
	n := s.streams.pieces()
	if n <= 0 {
		n = len(text)
	}
	for piece := range slices.Chunk([]byte(text), n) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
	}
	return nil
}
