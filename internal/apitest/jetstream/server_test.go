package jetstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest/jetstream"
)

func post(rkey string, at time.Time) jetstream.Event {
	return jetstream.Event{
		DID: "did:plc:bo", Operation: "create", Collection: "app.bsky.feed.post", RKey: rkey, CID: "c" + rkey,
		Record: json.RawMessage(`{"text":"` + rkey + `"}`), Seen: at,
	}
}

// start returns a host with three posts, numbered from 10, and its address.
func start(t *testing.T) (*jetstream.Server, string, time.Time) {
	t.Helper()
	s := jetstream.New(10)
	base, stop := s.Start()
	t.Cleanup(stop)
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	for i := range 3 {
		s.Add(post(fmt.Sprint("p", i), at.Add(time.Duration(i)*time.Second)))
	}
	return s, base, at
}

// dial opens a connection; a refusal is its status and body.
func dial(t *testing.T, address string) (*websocket.Conn, int, string) {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{Subprotocols: []string{"xrpc.v1.json"}})
	if err == nil {
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn, resp.StatusCode, ""
	}
	require.NotNil(t, resp, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return nil, resp.StatusCode, string(b)
}

// next reads one message, shortened to its number or time, key, and name.
func next(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, b, err := conn.Read(ctx)
	require.NoError(t, err)
	var m struct {
		Type    string `json:"$type"`
		Error   string
		Kind    string
		Cursor  int
		Commit  struct{ RKey string }
		Payload struct {
			Seq        int
			RKey, Name string
		}
	}
	require.NoError(t, json.Unmarshal(b, &m))
	if m.Kind != "" {
		return fmt.Sprint(m.Cursor, " ", m.Commit.RKey)
	}
	return strings.TrimSpace(fmt.Sprint(m.Payload.Seq, " ", m.Payload.RKey, m.Payload.Name, m.Error))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, base, _ := start(t)
	s.Forget(11)
	many := func(name string, n int, form string) string {
		q := url.Values{}
		for i := range n {
			q.Add(name, fmt.Sprintf(form, i))
		}
		return q.Encode()
	}
	for query, want := range map[string]string{
		"cursor=10": "CursorTooOld", "cursor=x": "InvalidRequest", "cursor=-1": "InvalidRequest", "kinds=post": "InvalidRequest",
		"collections=a": "InvalidRequest", "dids=bo": "InvalidRequest", "wantedCollections=app.bsky.feed.post": "InvalidRequest", "wantedDids=did:plc:a": "InvalidRequest",
		"kinds=account&collections=app.bsky.feed.post": "InvalidRequest", "zstdDictionary=1": "UnknownZstdDictionary", "maxMessageSizeBytes=-1": "InvalidRequest",
		many("collections", 101, "a.b.c%d"): "InvalidRequest",
	} {
		_, status, body := dial(t, base+jetstream.Modern+"?"+query)
		assert.Equal(t, 400, status, query)
		assert.Contains(t, body, want, query)
	}
	_, status, _ := dial(t, base+jetstream.Legacy+"?"+many("wantedCollections", 101, "a.b.c%d"))
	assert.Equal(t, 400, status)
	conn, _, _ := dial(t, base+jetstream.Modern+"?cursor=11&"+many("collections", 99, "a.b.c%d")+"&collections=app.bsky.*")
	assert.Equal(t, "11 p1", next(t, conn), "a hundred are allowed")
	s.Without(jetstream.Legacy)
	_, status, _ = dial(t, base+jetstream.Legacy)
	assert.Equal(t, 404, status)
	s.Refuse(1)
	_, status, _ = dial(t, base+jetstream.Modern)
	assert.Equal(t, 503, status)
	assert.Contains(t, s.Asked()[len(s.Asked())-1], "/xrpc/")
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s, base, at := start(t)
	micros := func(d time.Duration) string { return fmt.Sprint(at.Add(d).UnixMicro()) }
	for address, want := range map[string][]string{
		jetstream.Modern + "?cursor=11":                       {"11 p1", "12 p2"},
		jetstream.Modern + "?cursor=" + micros(time.Second):   {"11 p1", "12 p2"},
		jetstream.Modern + "?cursor=" + micros(-time.Second):  {"0 OutdatedCursor", "10 p0", "11 p1", "12 p2"},
		jetstream.Modern + "?cursor=99":                       {"0 FutureCursor"},
		jetstream.Modern + "?cursor=11&dids=did:plc:somebody": {},
		jetstream.Modern + "?cursor=11&kinds=account":         {},
		jetstream.Modern + "?cursor=11&maxMessageSizeBytes=9": {},
		jetstream.Legacy + "?cursor=" + micros(time.Second):   {"11 p1", "12 p2"},
		jetstream.Legacy + "?cursor=" + micros(-time.Hour):    {"10 p0", "11 p1", "12 p2"},
		jetstream.Legacy + "?cursor=1":                        {"10 p0", "11 p1", "12 p2"},
		jetstream.Legacy + "?cursor=99":                       {},
	} {
		conn, status, body := dial(t, base+address)
		require.Equal(t, 101, status, body)
		for _, w := range want {
			assert.Equal(t, w, next(t, conn), address)
		}
	}
	live, _, _ := dial(t, base+jetstream.Modern+"?collections=app.bsky.feed.*")
	s.Add(jetstream.Event{DID: "did:plc:bo", Operation: "delete", Collection: "app.bsky.graph.follow", RKey: "f"})
	s.Add(jetstream.Event{DID: "did:plc:bo", Operation: "delete", Collection: "app.bsky.feed.post", RKey: "p0"})
	assert.Equal(t, "14 p0", next(t, live))
}

func TestEnds(t *testing.T) {
	t.Parallel()
	s, base, _ := start(t)
	slow, _, _ := dial(t, base+jetstream.Modern+"?cursor=12")
	assert.Equal(t, "12 p2", next(t, slow))
	s.Fail("ConsumerTooSlow")
	assert.Equal(t, "0 ConsumerTooSlow", next(t, slow))
	_, _, err := slow.Read(t.Context())
	require.Error(t, err)

	chatty, _, _ := dial(t, base+jetstream.Modern+"?cursor=12")
	assert.Equal(t, "12 p2", next(t, chatty))
	require.NoError(t, chatty.Write(t.Context(), websocket.MessageText, []byte("{}")))
	_, _, err = chatty.Read(t.Context())
	require.Error(t, err, "whoever sends data is cut off")
}
