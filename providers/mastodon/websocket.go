package mastodon

import (
	"context"
	"encoding/json"
	"io"

	"github.com/coder/websocket"

	"github.com/parvis-go/parvis"
)

// readFrame reads one message of a WebSocket stream, which may come in many fragments:
// {"stream":["user"],"event":"update","payload":"…"}. A message of more than limit bytes is
// refused, and read to its end without being held. See
// https://docs.joinmastodon.org/methods/streaming/#websocket.
func readFrame(ctx context.Context, conn *websocket.Conn, limit int64) (frame, error) {
	_, r, err := conn.Reader(ctx)
	if err != nil {
		return frame{}, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return frame{}, err
	}
	if int64(len(b)) > limit {
		_, err := io.Copy(io.Discard, r)
		return frame{refused: true}, err
	}
	return parseFrame(b)
}

// parseFrame reads a message. The payload is JSON within a string, but for deletions,
// where it is an ID. A message that is none gives [parvis.ErrBadAnswer], and one that
// says that the server has no such stream [parvis.ErrUnsupported].
func parseFrame(b []byte) (frame, error) {
	var m struct {
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
		Error   string          `json:"error"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return frame{}, &parvis.Error{Code: parvis.ErrBadAnswer, Message: "a message of the stream cannot be read", Err: err}
	}
	if m.Error != "" {
		return frame{}, &parvis.Error{Code: parvis.ErrUnsupported, Message: "the server refuses the stream", Vendor: m.Error[:min(len(m.Error), 300)]}
	}
	f := frame{event: m.Event, data: m.Payload}
	var s string
	if json.Unmarshal(m.Payload, &s) == nil {
		f.data = []byte(s)
	}
	return f, nil
}
