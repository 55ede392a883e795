package bluesky

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

const (
	earMe = "did:plc:me"
	earBo = "did:plc:bo"
)

// view is an app view in memory, as a RoundTripper. Lists are filed by their times.
type view struct {
	mu      sync.Mutex
	notices []notice
	feeds   map[string][]json.RawMessage // by method and first parameter
	threads map[string]string
	posts   map[string]string
	people  []string
	calls   []string
	fail    []int // the statuses of the next answers
	page    int   // the size of pages; 0 is what is asked for
}

type notice struct {
	at  time.Time
	raw string
}

// notify files a notification of bo's under the time at.
func (v *view) notify(at time.Time, reason, rkey, record string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	collection := map[string]string{"like": api.Likes, "repost": api.Reposts, "like-via-repost": api.Likes, "follow": "app.bsky.graph.follow"}[reason]
	raw := fmt.Sprintf(`{"uri":"at://%s/%s/%s","cid":"bafy%s","author":{"did":"%s","handle":"bo.test"},"reason":%q,`+
		`"reasonSubject":"at://%s/app.bsky.feed.post/root","record":%s,"isRead":false,"indexedAt":%q,"labels":[]}`,
		earBo, cmp.Or(collection, api.Posts), rkey, rkey, earBo, reason, earMe, record, api.FormatTime(at))
	v.notices = append(v.notices, notice{at.Truncate(time.Millisecond), raw})
}

// reply is the record of an answer to the account's post.
func reply(text string) string {
	return fmt.Sprintf(`{"$type":"app.bsky.feed.post","text":%q,"createdAt":"2026-01-01T00:00:00.000Z","reply":{"root":{"uri":"at://%s/app.bsky.feed.post/root","cid":"r"},`+
		`"parent":{"uri":"at://%s/app.bsky.feed.post/root","cid":"r"}}}`, text, earMe, earMe)
}

// RoundTrip answers a call.
func (v *view) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	v.calls = append(v.calls, method+"?"+r.URL.RawQuery)
	status := http.StatusOK
	var body string
	if len(v.fail) > 0 {
		status, body, v.fail = v.fail[0], `{"error":"Failed","message":"on purpose"}`, v.fail[1:]
	} else if body = v.answer(method, r.URL.Query()); body == "" {
		status, body = http.StatusBadRequest, `{"error":"NotFound","message":"Post not found"}`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

func (v *view) answer(method string, q url.Values) string {
	switch method {
	case "app.bsky.notification.listNotifications":
		return v.listNotices(q)
	case "app.bsky.feed.getPostThread":
		return v.threads[q.Get("uri")]
	case "app.bsky.feed.getPosts":
		var found []string
		for _, uri := range q["uris"] {
			if p := v.posts[uri]; p != "" {
				found = append(found, p)
			}
		}
		return `{"posts":[` + strings.Join(found, ",") + `]}`
	case "app.bsky.graph.getFollowers":
		return `{"followers":[` + strings.Join(v.people, ",") + `]}`
	}
	key := method + " " + q.Get("actor") + q.Get("list") + q.Get("feed") + q.Get("q")
	items, ok := v.feeds[key]
	if !ok {
		return ""
	}
	from, _ := strconv.Atoi(q.Get("cursor"))
	to := min(from+cmp.Or(v.page, 100), len(items))
	next := ""
	if to < len(items) {
		next = strconv.Itoa(to)
	}
	b, _ := json.Marshal(map[string]any{"feed": items[from:to], "posts": items[from:to], "cursor": next})
	return string(b)
}

// listNotices pages as the app view does: by time alone, the cursor is exclusive.
func (v *view) listNotices(q url.Values) string {
	all := slices.Clone(v.notices)
	slices.SortStableFunc(all, func(a, b notice) int { return b.at.Compare(a.at) })
	if s := q.Get("cursor"); s != "" {
		before := api.ParseTime(s)
		all = slices.DeleteFunc(all, func(n notice) bool { return !n.at.Before(before) })
	}
	size, next := cmp.Or(v.page, 100), ""
	if len(all) > size {
		all = all[:size]
		next = api.FormatTime(all[size-1].at)
	}
	var raws []json.RawMessage
	for _, n := range all {
		if reasons := q["reasons"]; len(reasons) == 0 || slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(n.raw, `"reason":"`+s+`"`) }) {
			raws = append(raws, json.RawMessage(n.raw))
		}
	}
	b, _ := json.Marshal(map[string]any{"notifications": raws, "cursor": next})
	return string(b)
}

// asked returns the calls so far, and forgets them.
func (v *view) asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	calls := v.calls
	v.calls = nil
	return calls
}

// ear returns an account that hears v.
func ear(t testing.TB, v http.RoundTripper, cfg Config) *Client {
	t.Helper()
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"` + earMe + `","scope":"com.atproto.appPass","exp":4102444800}`))
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	cfg.Tokens, cfg.Client = parvis.StaticToken(head+"."+claims+".parvis-secret-signature"), "acme"
	cfg.Server = cmp.Or(cfg.Server, "https://pds.example")
	c, err := New(cfg, &providers.Options{HTTPClient: &http.Client{Transport: v}, Retry: providers.Retry{Max: 1}})
	require.NoError(t, err)
	return c
}

func collect(t testing.TB, in iter.Seq2[listen.Event, error]) []listen.Event {
	t.Helper()
	var evs []listen.Event
	for ev, err := range in {
		require.NoError(t, err)
		evs = append(evs, ev)
	}
	return evs
}

// words shortens events to what they say.
func words(evs []listen.Event) []string {
	out := []string{}
	for _, ev := range evs {
		out = append(out, strings.TrimSpace(ev.Kind.String()+" "+ev.Reaction+ev.Text.Plain))
	}
	return out
}

func place(id string) parvis.Place {
	return parvis.Place{Ref: parvis.Ref{Network: Network, Kind: parvis.KindPlace, ID: id}}
}

// postView is a post as the app view shows it.
func postView(did, rkey, text string, at time.Time) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"uri":"at://%s/app.bsky.feed.post/%s","cid":"c%s","author":{"did":%q,"handle":"x.test"},`+
		`"record":{"$type":"app.bsky.feed.post","text":%q,"createdAt":%q},"indexedAt":%q}`, did, rkey, rkey, did, text, api.FormatTime(at), api.FormatTime(at)))
}
