package mastodontest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

// sse opens a stream of server-sent events.
func (c client) sse(path string) (*bufio.Scanner, *http.Response) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.s.URL+path, nil)
	require.NoError(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = resp.Body.Close() })
	sc := bufio.NewScanner(resp.Body)
	sc.Buffer(nil, 1<<20)
	return sc, resp
}

// next reads lines until one begins so.
func next(t testing.TB, sc *bufio.Scanner, prefix string) string {
	t.Helper()
	for sc.Scan() {
		if rest, ok := strings.CutPrefix(sc.Text(), prefix); ok {
			return rest
		}
	}
	t.Fatalf("the stream ended before %q: %v", prefix, sc.Err())
	return ""
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	for name, pieces := range map[string]int{"whole": 0, "in pieces": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u, cl := rig(t, mastodontest.Options{})
			s.Fragment(pieces)
			bob := s.AddUser("bob")
			u.Follow(bob)
			sc, resp := cl.sse("/api/v1/streaming/user")
			assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
			require.NoError(t, s.WaitStreams(t.Context(), 1))
			id := s.Say(bob, "@acme bonjour 🙂", "")
			assert.Equal(t, "notification", next(t, sc, "event: "))
			var n obj
			require.NoError(t, json.Unmarshal([]byte(next(t, sc, "data: ")), &n))
			assert.Equal(t, id, n["status"].(obj)["id"])
			assert.Equal(t, "update", next(t, sc, "event: "))
			var st obj
			require.NoError(t, json.Unmarshal([]byte(next(t, sc, "data: ")), &st))
			assert.Contains(t, st["content"], "bonjour 🙂")
			s.Edit(id, "@acme bonsoir")
			assert.Equal(t, "status.update", next(t, sc, "event: "))
			s.Remove(id)
			assert.Equal(t, "delete", next(t, sc, "event: "))
			assert.Equal(t, id, next(t, sc, "data: "))
			assert.Len(t, s.Sent(), 4)
		})
	}
}

func TestHeartbeatsAndCuts(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{Thump: time.Millisecond})
	sc, resp := cl.sse("/api/v1/streaming/user")
	next(t, sc, ":)")
	next(t, sc, ":thump")
	s.CutStreams()
	_, err := io.Copy(io.Discard, resp.Body)
	require.Error(t, err, "a cut stream has no clean end")
	waitGone(t, s)
}

// waitGone returns when the server has no streams.
func waitGone(t testing.TB, s *mastodontest.Server) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Streams() == 0 }, 5*time.Second, time.Millisecond)
}

func TestStreamsAreForTheirOwn(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	bob, carla := s.AddUser("bob"), s.AddUser("carla@else.example")
	u.Follow(bob)
	open := map[string]*bufio.Scanner{}
	for _, path := range []string{"public", "public/local", "public/remote", "hashtag?tag=Go", "user/notification", "direct"} {
		open[path], _ = cl.sse("/api/v1/streaming/" + path)
	}
	require.NoError(t, s.WaitStreams(t.Context(), 6))
	s.Say(carla, "far away", "")
	s.Say(bob, "about #go", "")
	s.SayTo(bob, "@acme secret", "", "direct")
	count := map[string]int{}
	for _, x := range s.Sent() {
		count[x.Stream+" "+x.Event]++
	}
	assert.Equal(t, map[string]int{
		"public update": 2, "public:local update": 1, "public:remote update": 1, "hashtag update": 1,
		"user:notification notification": 1, "direct conversation": 1,
	}, count)
}

func TestRefusedStreams(t *testing.T) {
	t.Parallel()
	s, u, cl := rig(t, mastodontest.Options{})
	for name, c := range map[string]struct {
		token, path string
		status      int
		want        string
	}{
		"no token":      {"", "user", 401, "Missing access token"},
		"wrong token":   {"x", "user", 401, "Invalid access token"},
		"wrong scope":   {u.NewToken("write"), "user", 401, "Access token does not have the required scopes"},
		"no such":       {cl.token, "everything", 400, "Unknown channel requested"},
		"no tag":        {cl.token, "hashtag", 400, "Missing tag name parameter"},
		"not one's own": {cl.token, "list?list=1", 401, "Not authorized to stream this list"},
	} {
		a := client{t, s, c.token}.get("/api/v1/streaming/" + c.path)
		assert.Equal(t, c.status, a.status, name)
		assert.Equal(t, c.want, a.err(t), name)
	}
	assert.Equal(t, "OK", string(client{t, s, ""}.get("/api/v1/streaming/health").body))
	assert.Len(t, s.Exchanges(), 7)
}

func TestARevokedTokenEndsItsStream(t *testing.T) {
	t.Parallel()
	s, u, _ := rig(t, mastodontest.Options{})
	token := u.NewToken("read")
	_, resp := client{t, s, token}.sse("/api/v1/streaming/user")
	require.NoError(t, s.WaitStreams(t.Context(), 1))
	s.Revoke(token)
	_, err := io.Copy(io.Discard, resp.Body)
	require.Error(t, err)
}

func dial(t testing.TB, s *mastodontest.Server, token, query string) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/api/v1/streaming"+query,
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(1 << 20)
	return c
}

func read(t testing.TB, c *websocket.Conn) obj {
	t.Helper()
	kind, body, err := c.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, websocket.MessageText, kind)
	var o obj
	require.NoError(t, json.Unmarshal(body, &o))
	return o
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	for name, pieces := range map[string]int{"whole": 0, "in pieces": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u, cl := rig(t, mastodontest.Options{})
			s.Fragment(pieces)
			bob := s.AddUser("bob")
			u.Follow(bob)
			c := dial(t, s, cl.token, "?stream=user")
			require.NoError(t, s.WaitStreams(t.Context(), 1))
			id := s.Say(bob, "hello", "")
			m := read(t, c)
			assert.Equal(t, []any{"user"}, m["stream"])
			assert.Equal(t, "update", m["event"])
			var st obj
			require.NoError(t, json.Unmarshal([]byte(m["payload"].(string)), &st), "a payload is JSON in a string")
			assert.Equal(t, id, st["id"])

			require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","stream":"hashtag","tag":"go"}`)))
			require.NoError(t, s.WaitStreams(t.Context(), 2))
			require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"unsubscribe","stream":"user"}`)))
			require.Eventually(t, func() bool { return s.Streams() == 1 }, 5*time.Second, time.Millisecond)
			s.Say(bob, "about #go", "")
			assert.Equal(t, []any{"hashtag", "go"}, read(t, c)["stream"])

			require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","stream":"nonsense"}`)))
			assert.Equal(t, obj{"error": "Unknown stream type", "status": 400.0}, read(t, c))
			s.CutStreams()
			_, _, err := c.Read(t.Context())
			require.Error(t, err)
			waitGone(t, s)
		})
	}
}

func TestFiltersThatChangeHaveNoPayload(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{})
	c := dial(t, s, cl.token, "?stream=user")
	sc, _ := cl.sse("/api/v1/streaming/user")
	require.NoError(t, s.WaitStreams(t.Context(), 2))
	cl.post("/api/v2/filters", url.Values{"title": {"x"}, "context[]": {"home"}})
	assert.Equal(t, obj{"stream": []any{"user"}, "event": "filters_changed"}, read(t, c))
	assert.Equal(t, "filters_changed", next(t, sc, "event: "))
	assert.Equal(t, "undefined", next(t, sc, "data: "))
}

func TestGoToSocialHasWebSocketsOnly(t *testing.T) {
	t.Parallel()
	s, _, cl := rig(t, mastodontest.Options{Flavour: mastodontest.GoToSocial})
	assert.Equal(t, 404, cl.get("/api/v1/streaming/user").status)
	dial(t, s, cl.token, "?stream=user")
	require.NoError(t, s.WaitStreams(t.Context(), 1))
}
