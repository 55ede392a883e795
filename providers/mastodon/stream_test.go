package mastodon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
)

// fakeNet is a server in one function, without sockets, so that time can be faked.
type fakeNet struct {
	mu     sync.Mutex
	notes  []string // notifications in JSON, oldest first, with the IDs 1, 2, …
	dials  []time.Time
	reads  int
	answer func(r *http.Request) *http.Response // asked first; nil lets the server answer
	stream func() (io.ReadCloser, error)
}

func jsonAnswer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func (n *fakeNet) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if n.answer != nil {
		if resp := n.answer(r); resp != nil {
			return resp, nil
		}
	}
	switch r.URL.Path {
	case "/api/v2/instance":
		return jsonAnswer(200, `{"version":"4.5.0","api_versions":{"mastodon":7}}`), nil
	case "/api/v1/accounts/verify_credentials":
		return jsonAnswer(200, `{"id":"7","acct":"acme"}`), nil
	case "/api/v1/apps/verify_credentials":
		return jsonAnswer(200, `{"name":"x"}`), nil
	case "/api/v1/notifications":
		n.reads++
		var after int
		fmt.Sscan(r.URL.Query().Get("min_id"), &after)
		page := []string{}
		for i := len(n.notes); i > after; i-- {
			page = append(page, n.notes[i-1])
		}
		return jsonAnswer(200, "["+strings.Join(page, ",")+"]"), nil
	case "/api/v1/streaming/user":
		n.dials = append(n.dials, time.Now())
		body, err := n.stream()
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}}, Body: body}, nil
	}
	return jsonAnswer(404, `{"error":"Record not found"}`), nil
}

// dialed is how often the stream was opened.
func (n *fakeNet) dialed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.dials)
}

// add makes a notification and returns it in JSON.
func (n *fakeNet) add(text string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := len(n.notes) + 1
	note := fmt.Sprintf(`{"id":"%d","type":"mention","created_at":"2026-11-20T10:00:00.000Z","account":{"id":"8","acct":"ana"},`+
		`"status":{"id":"%d","visibility":"public","created_at":"2026-11-20T10:00:00.000Z","content":"<p>%s</p>","account":{"id":"8","acct":"ana"},"mentions":[{"id":"7"}]}}`, id, 100+id, text)
	n.notes = append(n.notes, note)
	return note
}

func (n *fakeNet) open(t testing.TB) *Client {
	t.Helper()
	c, err := New(Config{Server: "https://m.example", Tokens: parvis.StaticToken("secret-token")}, &providers.Options{HTTPClient: &http.Client{Transport: n}})
	require.NoError(t, err)
	return c
}

// pipeBody is the reading end of a pipe, which ends with its request.
func pipeBody(ctx context.Context) (io.ReadCloser, *io.PipeWriter) {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	return r, w
}

func TestReconnectsWithGrowingJitteredWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{stream: func() (io.ReadCloser, error) { return nil, errors.New("refused") }}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		for _, err := range listen.To(ctx, n.open(t), listen.Query{Follow: true}) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Greater(t, len(n.dials), 25)
		jitter := map[time.Duration]bool{}
		for i := 1; i < len(n.dials); i++ {
			wait := n.dials[i].Sub(n.dials[i-1])
			most := min(time.Second<<min(i-1, 10), time.Minute)
			assert.LessOrEqual(t, wait, most+time.Second, i)
			assert.GreaterOrEqual(t, wait, most/2, i)
			jitter[wait] = true
		}
		assert.Greater(t, len(jitter), 20, "waits are spread")
		assert.Greater(t, n.reads, 25, "what is said meanwhile is asked for")
	})
}

func TestSilentStreamIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var writers []*io.PipeWriter
		n := &fakeNet{}
		writer := func(i int) *io.PipeWriter {
			n.mu.Lock()
			defer n.mu.Unlock()
			return writers[i]
		}
		n.answer = func(r *http.Request) *http.Response {
			if r.URL.Path == "/api/v1/streaming/user" {
				n.stream = func() (io.ReadCloser, error) {
					body, w := pipeBody(r.Context())
					writers = append(writers, w)
					return body, nil
				}
			}
			return nil
		}
		var kinds []listen.Kind
		done, client := make(chan struct{}), n.open(t)
		go func() {
			defer close(done)
			for ev, err := range listen.To(ctx, client, listen.Query{Follow: true}) {
				if err != nil {
					return
				}
				kinds = append(kinds, ev.Kind)
			}
		}()
		synctest.Wait()
		for range 10 { // heartbeats keep it
			time.Sleep(80 * time.Second)
			_, err := io.WriteString(writer(0), ":thump\n")
			require.NoError(t, err)
		}
		require.Equal(t, 1, n.dialed())
		time.Sleep(95 * time.Second)
		synctest.Wait()
		require.Equal(t, 2, n.dialed(), "a minute and a half of silence is the end")
		n.add("entre-temps")
		_, err := io.WriteString(writer(1), "event: update\ndata: {}\n\n")
		require.NoError(t, err)
		require.NoError(t, writer(1).CloseWithError(io.ErrUnexpectedEOF))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		cancel()
		<-done
		assert.Equal(t, []listen.Kind{listen.Gap, listen.Gap, listen.Mention}, kinds)
	})
}

// TestStreamAndCatchUpOverlap: what comes by both ways comes once, and the ID is the same.
func TestStreamAndCatchUpOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{}
		first, second := n.add("un"), ""
		n.stream = func() (io.ReadCloser, error) {
			if len(n.dials) > 1 {
				return nil, errors.New("down")
			}
			return io.NopCloser(strings.NewReader("event: notification\ndata: " + first + "\n\nevent: notification\ndata: " + second +
				"\n\nevent: notification\ndata: {broken\n\nevent: filters_changed\ndata: undefined\n\nevent: notifications_merged\ndata: 1\n\n")), nil
		}
		second = n.add("deux")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var said, whys []string
		for ev, err := range n.open(t).Listen(ctx, listen.Query{Follow: true}) {
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				break
			}
			if ev.Kind == listen.Gap {
				whys = append(whys, ev.Gap.Why)
				continue
			}
			said = append(said, ev.Text.Plain+" "+string(ev.Cursor))
		}
		assert.Equal(t, []string{"un n:1", "deux n:2"}, said)
		require.Len(t, whys, 2)
		assert.Contains(t, whys[0], "could not be read")
		assert.Contains(t, whys[1], "let through")
	})
}

func TestHugeEventIsAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{}
		n.stream = func() (io.ReadCloser, error) {
			if len(n.dials) > 1 {
				return nil, errors.New("down")
			}
			return io.NopCloser(strings.NewReader("event: update\ndata: " + strings.Repeat("x", maxEvent+100) + "\n\nevent: delete\ndata: 55\n\n")), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var got []string
		for ev, err := range n.open(t).Listen(ctx, listen.Query{Follow: true}) {
			if err != nil {
				break
			}
			got = append(got, ev.Kind.String()+" "+ev.Ref.ID)
		}
		assert.Equal(t, []string{"gap ", "delete 55"}, got)
	})
}

// TestStreamRefused: where the server streams nothing to the account, it is polled.
func TestStreamRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 405, 501} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := &fakeNet{answer: func(r *http.Request) *http.Response {
					if strings.HasPrefix(r.URL.Path, "/api/v1/streaming") {
						return jsonAnswer(status, `{"error":"Unknown channel requested"}`)
					}
					return nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				time.AfterFunc(time.Minute, func() { n.add("plus tard") })
				var said []string
				for ev, err := range listen.To(ctx, n.open(t), listen.Query{Follow: true, Every: 10 * time.Second}) {
					if err != nil {
						break
					}
					said = append(said, ev.Text.Plain)
				}
				assert.Equal(t, []string{"plus tard"}, said)
				assert.InDelta(t, 60, n.reads, 5)
			})
		})
	}
}

func TestPollingWaitsOutFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var down bool
		n := &fakeNet{}
		n.answer = func(r *http.Request) *http.Response {
			if down && r.URL.Path == "/api/v1/notifications" {
				return jsonAnswer(503, `{"error":"Remote data could not be fetched"}`)
			}
			return nil
		}
		c := n.open(t)
		c.cfg.Streaming = Off
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(time.Minute, func() { n.mu.Lock(); down = true; n.mu.Unlock() })
		time.AfterFunc(30*time.Minute, func() { n.add("après"); n.mu.Lock(); down = false; n.mu.Unlock() })
		var said []string
		for ev, err := range listen.To(ctx, c, listen.Query{Follow: true}) {
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				break
			}
			said = append(said, ev.Text.Plain)
		}
		assert.Equal(t, []string{"après"}, said)
	})
}

func TestRevokedWhileFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var revoked bool
		n := &fakeNet{stream: func() (io.ReadCloser, error) { return nil, errors.New("down") }}
		n.answer = func(*http.Request) *http.Response {
			if revoked {
				return jsonAnswer(401, `{"error":"The access token was revoked"}`)
			}
			return nil
		}
		time.AfterFunc(time.Minute, func() { n.mu.Lock(); revoked = true; n.mu.Unlock() })
		var last error
		for _, err := range listen.To(t.Context(), n.open(t), listen.Query{Follow: true}) {
			last = err
		}
		require.ErrorIs(t, last, parvis.ErrAuth, "that cannot be waited out")
	})
}

// TestLeavingEndsEverything: synctest fails if a goroutine is left.
func TestLeavingEndsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{}
		n.add("un")
		n.answer = func(r *http.Request) *http.Response {
			n.stream = func() (io.ReadCloser, error) {
				body, w := pipeBody(r.Context())
				go func() { _, _ = io.WriteString(w, "event: delete\ndata: 9\n\n") }()
				return body, nil
			}
			return nil
		}
		var kinds []listen.Kind
		for ev, err := range listen.To(t.Context(), n.open(t), listen.Query{Follow: true}) {
			require.NoError(t, err)
			if kinds = append(kinds, ev.Kind); len(kinds) == 2 {
				break
			}
		}
		assert.Equal(t, []listen.Kind{listen.Mention, listen.Delete}, kinds)
	})
}

func TestForgottenTimelineIsAGap(t *testing.T) {
	t.Parallel()
	n := &fakeNet{answer: func(r *http.Request) *http.Response {
		if r.URL.Path != "/api/v1/timelines/home" {
			return nil
		}
		q := r.URL.Query()
		if q.Get("max_id") != "" || q.Get("min_id") == "900" {
			return jsonAnswer(200, "[]")
		}
		return jsonAnswer(200, `[{"id":"900","content":"b"},{"id":"800","content":"a"}]`)
	}}
	home := parvis.Place{Ref: parvis.Ref{Network: Network, Host: "m.example", Kind: parvis.KindPlace, ID: "home"}}
	var got []string
	for ev, err := range listen.To(t.Context(), n.open(t), listen.Query{Place: home, Since: "home:5"}) {
		require.NoError(t, err)
		got = append(got, ev.Kind.String()+ev.Text.Plain)
	}
	assert.Equal(t, []string{"gap", "posta", "postb"}, got)
	got = nil
	for ev, err := range listen.To(t.Context(), n.open(t), listen.Query{Place: home}) {
		require.NoError(t, err)
		got = append(got, ev.Kind.String()+ev.Text.Plain)
	}
	assert.Equal(t, []string{"posta", "postb"}, got, "from the beginning there is no hole")
}
