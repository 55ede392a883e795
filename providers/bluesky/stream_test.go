package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest/jetstream"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// quick is how long a stream that is not followed waits for more.
const quick = time.Second

// post is an event of a new post, or of an answer to the account.
func streamPost(did, rkey, text string, at time.Time, answer bool) jetstream.Event {
	record := fmt.Sprintf(`{"$type":"app.bsky.feed.post","text":%q,"createdAt":%q}`, text, api.FormatTime(at))
	if answer {
		record = reply(text)
	}
	return jetstream.Event{DID: did, Operation: "create", Collection: api.Posts, RKey: rkey, CID: "c" + rkey, Record: json.RawMessage(record), Seen: at}
}

// host starts a host of Jetstream.
func host(t *testing.T, first int64) (*jetstream.Server, string) {
	t.Helper()
	s := jetstream.New(first)
	base, stop := s.Start()
	t.Cleanup(stop)
	return s, base
}

func streaming(t *testing.T, base string) *Client {
	t.Helper()
	return ear(t, http.DefaultTransport, Config{Jetstream: base, Firehose: base, Settle: quick})
}

var jets = listen.Query{Place: place("jetstream")}

func TestJetstreamInBothDialects(t *testing.T) {
	t.Parallel()
	for _, path := range []string{jetstream.Modern, jetstream.Legacy} {
		s, base := host(t, 100)
		now := time.Now().Add(-time.Minute)
		s.Add(streamPost(earBo, "1", "about acme", now, false))
		s.Add(streamPost(earMe, "2", "acme: mine", now.Add(time.Millisecond), false))
		s.Add(streamPost(earBo, "3", "an answer to acme", now.Add(2*time.Millisecond), true))
		s.Add(jetstream.Event{DID: earBo, Operation: "create", Collection: api.Likes, RKey: "4", CID: "l", Record: []byte(`{}`), Seen: now.Add(3 * time.Millisecond)})
		s.Add(streamPost(earBo, "5", "something else", now.Add(4*time.Millisecond), false))
		s.Add(jetstream.Event{DID: earBo, Operation: "update", Collection: api.Posts, RKey: "1", CID: "u", Record: []byte(`{"text":"acme"}`), Seen: now.Add(5 * time.Millisecond)})
		s.Add(jetstream.Event{DID: earBo, Operation: "delete", Collection: api.Posts, RKey: "5", Seen: now.Add(6 * time.Millisecond)})
		s.Add(jetstream.Event{DID: earBo, Operation: "delete", Collection: api.Posts, RKey: "1", Seen: now.Add(7 * time.Millisecond)})
		c := streaming(t, base+path)
		q := jets
		q.Text = "ACME"
		evs := collect(t, listen.To(t.Context(), c, q))
		assert.Equal(t, []string{"post about acme", "reply an answer to acme", "delete"}, words(evs), path)
		assert.Equal(t, "at://did:plc:bo/app.bsky.feed.post/1#c1", evs[0].ID)
		assert.Equal(t, c.postRef("at://did:plc:bo/app.bsky.feed.post/1"), evs[0].Ref)
		assert.Equal(t, evs[0].Ref, evs[2].Ref)
		assert.Equal(t, earBo, evs[0].Author.Ref.ID)
		assert.Equal(t, "stream", evs[0].Source)
		assert.Contains(t, string(evs[0].Raw), `"operation":"create"`)
		for i, ev := range evs {
			q.Since = ev.Cursor
			assert.Equal(t, words(evs[i+1:]), words(collect(t, listen.To(t.Context(), c, q))), "%s after %d", path, i)
		}
		all := jets
		all.Own = true
		assert.Len(t, collect(t, listen.To(t.Context(), c, all)), 6, "without words all deletions are heard")
		assert.Empty(t, collect(t, listen.To(t.Context(), c, listen.Query{Place: place("jetstream"), After: now.Add(time.Second)})))
	}
}

func TestABareAddressFindsTheDialect(t *testing.T) {
	t.Parallel()
	s, base := host(t, 1)
	s.Without(jetstream.Modern)
	s.Add(streamPost(earBo, "1", "hello", time.Now(), false))
	assert.Len(t, collect(t, listen.To(t.Context(), streaming(t, base), jets)), 1)
	s.Without(jetstream.Legacy)
	for _, err := range listen.To(t.Context(), streaming(t, base), jets) {
		assert.ErrorIs(t, err, parvis.ErrUnsupported)
	}
	for _, err := range listen.To(t.Context(), streaming(t, "no address"), jets) {
		assert.ErrorIs(t, err, parvis.ErrInvalid)
	}
	jet := jets
	jet.Since = "s1/x"
	for _, err := range listen.To(t.Context(), streaming(t, base), jet) {
		assert.ErrorIs(t, err, parvis.ErrInvalid)
	}
}

// gather follows c until n events were heard.
func gather(t *testing.T, c *Client, q listen.Query, n int, each func(i int, ev listen.Event)) []listen.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	q.Follow = true
	var evs []listen.Event
	for ev, err := range listen.To(ctx, c, q) {
		require.NoError(t, err)
		evs = append(evs, ev)
		if len(evs) == n {
			break
		}
		if each != nil {
			each(len(evs), ev)
		}
	}
	return evs
}

func TestAStreamThatBreaksIsResumed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{jetstream.Modern, jetstream.Legacy} {
		s, base := host(t, 1)
		say := func(i int) { s.Add(streamPost(earBo, fmt.Sprint(i), fmt.Sprint("no ", i), time.Now(), false)) }
		say(0)
		evs := gather(t, streaming(t, base+path), jets, 5, func(i int, _ listen.Event) {
			switch i {
			case 1:
				s.Refuse(1)
				s.Break()
			case 2:
				s.Fail("ConsumerTooSlow")
			}
			say(i)
		})
		assert.Equal(t, []string{"post no 0", "post no 1", "post no 2", "post no 3", "post no 4"}, words(evs), path)
	}
}

func TestAnotherHostGoesOnByTime(t *testing.T) {
	t.Parallel()
	for _, path := range []string{jetstream.Modern, jetstream.Legacy} {
		one, first := host(t, 5000)
		two, second := host(t, 1)
		base := time.Now().Add(-time.Minute)
		two.Add(streamPost(earBo, "old", "long ago", base.Add(-time.Minute), false))
		for i := range 6 {
			at := base.Add(time.Duration(i) * time.Second)
			if i < 4 {
				one.Add(streamPost(earBo, fmt.Sprint(i), fmt.Sprint("no ", i), at, false))
			}
			two.Add(streamPost(earBo, fmt.Sprint(i), fmt.Sprint("no ", i), at.Add(-1500*time.Millisecond), false))
		}
		evs := collect(t, listen.To(t.Context(), streaming(t, first+path), jets))
		require.Len(t, evs, 4)
		q := jets
		q.Since = evs[3].Cursor
		assert.Equal(t, []string{"post no 4", "post no 5"}, words(collect(t, listen.To(t.Context(), streaming(t, second+path), q))), path)
	}
}

func TestWhatAHostHasForgottenIsAGap(t *testing.T) {
	t.Parallel()
	s, base := host(t, 10)
	now := time.Now().Add(-time.Hour)
	for i := range 4 {
		s.Add(streamPost(earBo, fmt.Sprint(i), fmt.Sprint("no ", i), now.Add(time.Duration(i)*time.Minute), false))
	}
	evs := collect(t, listen.To(t.Context(), streaming(t, base+jetstream.Modern), jets))
	require.Len(t, evs, 4)
	s.Forget(13)
	q := jets
	q.Since = evs[0].Cursor
	got := collect(t, listen.To(t.Context(), streaming(t, base+jetstream.Modern), q))
	assert.Equal(t, []string{"gap", "post no 3"}, words(got))
	assert.True(t, got[0].Gap.From.Equal(now.Truncate(time.Microsecond)))
	assert.Len(t, s.Asked(), 3, "the refusal is answered with a time")

	again, other := host(t, 1) // the same address would number anew
	again.Add(streamPost(earBo, "9", "after the host was set up anew", now.Add(4*time.Minute), false))
	at, ok := parseStreamAt(evs[3].Cursor, streamName(t, q))
	require.True(t, ok)
	at.host = other[len("ws://"):]
	q.Since = at.cursor(streamName(t, q))
	assert.Contains(t, words(collect(t, listen.To(t.Context(), streaming(t, other+jetstream.Modern), q))), "post after the host was set up anew")
}

func streamName(t *testing.T, q listen.Query) string {
	t.Helper()
	f, err := feedOf(q)
	require.NoError(t, err)
	return f.name
}

func TestAnOldCursorOfTheOlderDialect(t *testing.T) {
	t.Parallel()
	s, base := host(t, 1)
	s.Add(streamPost(earBo, "1", "now", time.Now(), false))
	q := jets
	at := &streamAt{dialect: "l", host: base[len("ws://"):], time: time.Now().Add(-3 * 24 * time.Hour)}
	q.Since = at.cursor(streamName(t, q))
	assert.Equal(t, []string{"gap", "post now"}, words(collect(t, listen.To(t.Context(), streaming(t, base+jetstream.Legacy), q))))
}

// frames serves frames of the firehose, one list for each connection in turn.
func frames(t *testing.T, asked *[]string, lists ...[][]byte) string {
	t.Helper()
	var n atomic.Int32
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1)) - 1
		*asked = append(*asked, r.URL.RawQuery)
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		ctx := conn.CloseRead(r.Context())
		for _, f := range lists[min(i, len(lists)-1)] {
			if conn.Write(ctx, websocket.MessageBinary, f) != nil {
				return
			}
		}
		if i < len(lists)-1 {
			return
		}
		<-ctx.Done()
	}))
	t.Cleanup(h.Close)
	return "ws" + h.URL[len("http"):]
}

func frame(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("internal/events/testdata/" + name + ".frame")
	require.NoError(t, err)
	return b
}

var (
	outdated = []byte("\xa2\x61t\x65#info\x62op\x01\xa1\x64name\x6eOutdatedCursor")
	future   = []byte("\xa1\x62op\x20\xa1\x65error\x6cFutureCursor")
)

func TestFirehoseCursors(t *testing.T) {
	t.Parallel()
	var asked []string
	base := frames(t, &asked, [][]byte{frame(t, "identity"), frame(t, "reply")}, [][]byte{future}, [][]byte{outdated, frame(t, "reply")})
	q := listen.Query{Place: place("firehose")}
	evs := gather(t, streaming(t, base), q, 3, nil)
	assert.Equal(t, []string{"post back reply", "gap", "gap"}, words(evs), "and what comes again is dropped")
	require.Len(t, asked, 3)
	assert.Equal(t, "cursor=0", asked[0])
	assert.Regexp(t, `^cursor=[1-9]`, asked[1])
	assert.Equal(t, "cursor=0", asked[2], "a host that numbers anew is read from its beginning")
}

func TestALiveFirehoseHasNoCursor(t *testing.T) {
	t.Parallel()
	var asked []string
	base := frames(t, &asked, [][]byte{frame(t, "reply")})
	assert.Empty(t, collect(t, listen.To(t.Context(), streaming(t, base), listen.Query{Place: place("firehose"), After: time.Now()})))
	assert.Equal(t, []string{""}, asked)
}

func TestMessagesThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	var asked []string
	base := frames(t, &asked, [][]byte{make([]byte, maxMessage+1), {0xff}, frame(t, "sync"), frame(t, "reply")})
	evs := collect(t, listen.To(t.Context(), streaming(t, base), listen.Query{Place: place("firehose")}))
	assert.Equal(t, []string{"gap", "gap", "post back reply"}, words(evs))
	for _, ev := range evs[:2] {
		assert.NotEmpty(t, ev.Gap.Why)
	}
}

func TestABlockThatWasChangedIsNotBelieved(t *testing.T) {
	t.Parallel()
	var asked []string
	changed := frame(t, "reply")
	changed[len(changed)/2] ^= 1
	base := frames(t, &asked, [][]byte{changed})
	evs := collect(t, listen.To(t.Context(), streaming(t, base), listen.Query{Place: place("firehose")}))
	assert.Equal(t, []string{"gap"}, words(evs))
}

func TestLeavingAStreamLeavesNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	s, base := host(t, 1)
	s.Add(streamPost(earBo, "1", "hello", time.Now(), false))
	c := streaming(t, base)
	before := runtime.NumGoroutine()
	for range 20 {
		gather(t, c, jets, 1, nil)
	}
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+6 }, 5*time.Second, 20*time.Millisecond)
}

// pipes is a network in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestAHostThatFallsSilentIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net0, opened := make(pipes), 0
		srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			opened++
			conn, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			defer func() { _ = conn.CloseNow() }()
			time.Sleep(10 * time.Minute) // it reads nothing, so it answers no ping
		})}
		go func() { _ = srv.Serve(net0) }()
		wire := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			net0 <- b
			return a, nil
		}}
		c := ear(t, wire, Config{Jetstream: "ws://host.example" + jetstream.Modern})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		q := jets
		q.Follow = true
		for _, err := range listen.To(ctx, c, q) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.GreaterOrEqual(t, opened, 3, "in five minutes")
		assert.LessOrEqual(t, opened, 10)
		require.NoError(t, srv.Close())
		time.Sleep(11 * time.Minute)
	})
}
