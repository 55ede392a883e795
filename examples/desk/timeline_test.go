package main

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
)

const hostile = `</p><script>alert("pwned")</script><img src=x onerror=alert(1)> & "quotes"`

func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	for _, network := range []string{"murmure", "agora"} {
		a, _ := b.client("acme").Account(network)
		b.answer("acme", a.Account().Network, hostile)
		b.await("acme", func(i Item) bool { return i.Account == a && saying("pwned")(i) })
	}
	b.answer("acme", carnet, hostile) // held: it is seen in moderation
	for _, tab := range []string{"timeline", "moderation"} {
		page := b.get("/acme/"+tab, http.StatusOK)
		assert.Contains(t, page, "&lt;script&gt;alert(&#34;pwned&#34;)")
		assert.NotContains(t, page, "<script>")
		assert.NotContains(t, page, "<img src=x")
	}
	_, lines := b.open("/acme/stream?since=0")
	for line := range lines {
		assert.NotContains(t, line, "<script>")
		if strings.Contains(line, "&lt;script&gt;") {
			return
		}
	}
	assert.Fail(t, "the stream never had it")
}

// open begins a stream and returns its response and lines. It ends with the test.
func (b *browser) open(path string) (*http.Response, func(func(string) bool)) {
	b.t.Helper()
	return b.openFrom(path, "")
}

func (b *browser) openFrom(path, lastID string) (*http.Response, func(func(string) bool)) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := b.http.Do(req)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { cancel(); _ = res.Body.Close() })
	return res, func(yield func(string) bool) {
		s := bufio.NewScanner(res.Body)
		for s.Scan() {
			if !yield(s.Text()) {
				return
			}
		}
	}
}

func TestStreamGoesOnWhereTheBrowserWas(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "first answer")
	first := b.await("acme", saying("first answer"))
	b.answer("acme", murmure, "second answer")
	b.await("acme", saying("second answer"))

	res, lines := b.openFrom("/acme/stream?since=0", strconv.Itoa(first.Seq))
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	var heard []string
	for line := range lines {
		heard = append(heard, line)
		if strings.Contains(line, "second answer") {
			b.answer("acme", murmure, "third answer")
		}
		if strings.Contains(line, "third answer") {
			break
		}
	}
	assert.NotContains(t, strings.Join(heard, "\n"), "first answer", "it had that")
}

func TestNobodyBreaksOutOfTheStream(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.await("acme", func(i Item) bool { return i.Mine })
	for _, end := range []string{"\n", "\r", "\r\n", "\u2028"} {
		v := visit{w: httptest.NewRecorder(), client: b.client("acme"), sess: &session{}}
		s, err := newServer(b.desk, "127.0.0.1:1")
		require.NoError(t, err)
		it := Item{ID: "i1", Account: b.account("acme", murmure), Event: listen.Event{Kind: listen.Reply, Text: parvis.Text{
			Plain: "hello" + end + end + "event: evil" + end + "id: 7" + end + "data: gotcha" + end + end,
		}}}
		require.NoError(t, s.push(v, it, filter{}))
		w, _ := v.w.(*httptest.ResponseRecorder)
		body := strings.TrimSuffix(w.Body.String(), "\n\n")
		require.NotContains(t, body, "\r")
		for i, line := range strings.Split(body, "\n") {
			switch i {
			case 0:
				assert.True(t, strings.HasPrefix(line, "id: 0"), line)
			case 1:
				assert.Equal(t, "event: item", line)
			default:
				assert.True(t, strings.HasPrefix(line, "data: "), line)
			}
		}
	}
}

func TestStreamKeepsToItsFilterAndClient(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("boulangerie-martin", murmure, "for the bakery")
	b.await("boulangerie-martin", saying("for the bakery"))
	b.answer("acme", agora, "in the forum")
	b.await("acme", saying("in the forum"))
	b.answer("acme", murmure, "the last one")
	b.await("acme", saying("the last one"))
	_, lines := b.open("/acme/stream?since=0&network=murmure&kind=reply")
	for line := range lines {
		assert.NotContains(t, line, "for the bakery")
		assert.NotContains(t, line, "in the forum")
		if strings.Contains(line, "the last one") {
			return
		}
	}
}

func TestTimelineFilters(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "a reply")
	b.await("acme", saying("a reply"))
	a := b.account("acme", agora)
	a.Net.Message(a.Net.Join("zoe"), a.member, "a private word")
	b.await("acme", saying("a private word"))

	page := b.get("/acme/timeline?kind=message", http.StatusOK)
	assert.Contains(t, page, "a private word")
	assert.NotContains(t, page, "a reply")
	page = b.get("/acme/timeline?network=murmure", http.StatusOK)
	assert.Contains(t, page, "a reply")
	assert.NotContains(t, page, "a private word")
	page = b.get("/acme/timeline?kind=mine", http.StatusOK)
	assert.Contains(t, page, "Portes ouvertes")
	assert.NotContains(t, page, "a reply")
	assert.Contains(t, b.get("/acme/timeline?kind=nonsense", http.StatusOK), "a reply", "an unknown filter filters nothing")
	assert.Contains(t, b.get("/acme/timeline?kind=reply&network=none", http.StatusOK), "Nothing yet.")
	assert.NotContains(t, b.get("/boulangerie-martin/timeline", http.StatusOK), "a reply")
}

func TestReplyOnce(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "is it open?")
	it := b.await("acme", saying("is it open?"))
	net := b.account("acme", murmure).Net
	page := b.post("/acme/reply", url.Values{"item": {it.ID}, "text": {"Yes, until six."}}, http.StatusOK)
	assert.Contains(t, page, "Answered zoe: published.")
	assert.Contains(t, page, "<b>Claire</b> answered")

	b.post("/acme/who", url.Values{"who": {"Malik"}}, http.StatusOK)
	page = b.post("/acme/reply?network=murmure", url.Values{"item": {it.ID}, "text": {"Yes!"}}, http.StatusOK)
	assert.Contains(t, page, "Claire has answered this already")
	assert.Equal(t, "network=murmure", strings.TrimPrefix(b.last.RawQuery, "kind=&"), "the filter stays")
	assert.Equal(t, 1, net.Count("Yes, until six."))
	assert.Zero(t, net.Count("Yes!"))
	r := b.client("acme").Book.Records(1)[0]
	assert.Equal(t, "reply", r.Op)
	assert.Equal(t, "Claire", r.Actor)

	answer := b.await("acme", saying("Yes, until six."))
	b.post("/acme/reply", url.Values{"item": {answer.ID}, "text": {"to myself"}}, http.StatusNotFound)
	b.post("/acme/reply", url.Values{"item": {"i999"}, "text": {"to nobody"}}, http.StatusNotFound)
	assert.Contains(t, b.post("/acme/reply", url.Values{"item": {it.ID}, "text": {" "}}, http.StatusOK), "Write something first.")
}

func TestReplyThatFails(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "hello?")
	it := b.await("acme", saying("hello?"))
	form := func() url.Values { return url.Values{"item": {it.ID}, "text": {"Hello, Zoe!"}} }

	b.trouble("acme", murmure, fake.Fault{Kind: fake.RateLimited, Op: "publish"})
	page := b.post("/acme/reply", form(), http.StatusOK)
	assert.Contains(t, page, "The answer was not sent.")
	assert.Contains(t, page, "rate limited")
	assert.Contains(t, page, "Hello, Zoe!</textarea>", "what was written is not lost")

	b.trouble("acme", murmure, fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	page = b.post("/acme/reply", form(), http.StatusOK)
	assert.Contains(t, page, "did not say whether it took the answer")
	page = b.post("/acme/reply", form(), http.StatusOK)
	assert.Contains(t, page, "has answered this already", "it may be out there")
	assert.Equal(t, 1, b.account("acme", murmure).Net.Count("Hello, Zoe!"))
}

func TestFilterOf(t *testing.T) {
	t.Parallel()
	at := func(query string) filter {
		return filterOf(&http.Request{URL: &url.URL{RawQuery: query}})
	}
	assert.Equal(t, listen.Reply|listen.Comment, at("kind=reply").kinds)
	assert.Equal(t, filter{}, at("kind=%3Cscript%3E"))
	assert.Equal(t, "?kind=mine&network=agora", at("kind=mine&network=agora").Query())
	assert.Equal(t, "?kind=&network=a%22%3E", at("network=a%22%3E").Query())
}
