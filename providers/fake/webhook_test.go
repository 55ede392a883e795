package fake_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

const secret = "not very secret"

// sign signs a delivery as the package documents it.
func sign(secret, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + at + "." + string(body)))
	return hex.EncodeToString(mac.Sum(nil))
}

// delivery is a signed request.
func delivery(id string, when time.Time, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	at := strconv.FormatInt(when.Unix(), 10)
	r.Header.Set("Fake-Delivery", id)
	r.Header.Set("Fake-Timestamp", at)
	r.Header.Set("Fake-Signature", sign(secret, id, at, []byte(body)))
	return r
}

// hook is a webhook of acme, with what was delivered to it.
type hook struct {
	town      *fake.Network
	clock     *clock
	acme, ana *fake.Account
	handler   http.Handler
	got       []listen.Event
	refuse    error
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{clock: newClock()}
	h.town = fake.New(fake.Options{Now: h.clock.Now})
	h.acme, h.ana = h.town.Add(fake.Member{Handle: "acme", Client: "c"}), h.town.Join("ana")
	var err error
	h.handler, err = listen.Receive(h.acme, secret, func(_ context.Context, ev listen.Event) error {
		if h.refuse == nil {
			h.got = append(h.got, ev)
		}
		return h.refuse
	})
	require.NoError(t, err)
	return h
}

func (h *hook) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

const event = `{"id":"u2/follows/u1/1","type":"follow","for":"u1","time":"2026-01-02T03:04:05Z","by":{"id":"u2","handle":"ana"}}`

// TestDeliver shows that webhooks bring the same events as listening does.
func TestDeliver(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	room := h.town.AddPlace("atelier", "channel")
	root := post(t, h.acme, publish.Draft{Text: "root", Place: room})
	reply, err := publish.To(t.Context(), h.ana, publish.Draft{
		Text: "voyez @acme #four https://a.example", Warning: "w", Lang: "fr",
		Media: []parvis.Media{pixel(t).WithAlt("four")}, ReplyTo: parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: root.Ref.ID},
	})
	require.NoError(t, err)
	require.NoError(t, publish.React(t.Context(), h.ana, parvis.Ref{Network: "fake", Kind: parvis.KindPost, ID: "p1"}, publish.Like))
	h.town.Follow(h.ana, h.acme)
	h.town.Message(h.ana, h.acme, "hello")
	_, err = publish.Edit(t.Context(), h.ana, reply.Ref, publish.Draft{Text: "voyez"})
	require.NoError(t, err)
	require.NoError(t, publish.Delete(t.Context(), h.ana, answer(t, h.ana, root.Ref, "oops").Ref))

	require.NoError(t, h.town.Deliver(t.Context(), h.acme, secret, h.handler))
	heard := hear(t, h.acme, listen.Query{})
	require.Len(t, heard, 6)
	assert.Equal(t, without(heard), without(h.got), "but for the way they came they are the same")
	for _, ev := range h.got {
		assert.Equal(t, "webhook", ev.Source)
		assert.Equal(t, "c", ev.Ref.Client)
	}
	rest := hear(t, h.acme, listen.Query{Since: h.got[1].Cursor})
	assert.Len(t, rest, 4, "one can go on listening from where a webhook has come")

	require.NoError(t, h.town.Deliver(t.Context(), h.acme, secret, h.handler))
	assert.Len(t, h.got, 6, "there is nothing new")
	require.NoError(t, h.town.Deliver(t.Context(), h.acme, secret, h.handler, heard[1], heard[0]))
	assert.Equal(t, brief([]listen.Event{heard[1], heard[0]}), brief(h.got[6:]))
}

// without returns events without what tells the way they came.
func without(events []listen.Event) []listen.Event {
	var out []listen.Event
	for _, ev := range events {
		ev.Source, ev.Raw = "", nil
		out = append(out, ev)
	}
	return out
}

// TestDeliveryFails shows that an event that was not taken is answered with an error, and
// comes again.
func TestDeliveryFails(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	say(t, h.ana, "one @acme")
	say(t, h.ana, "two @acme")
	h.refuse = errors.New("the database of customers at 10.0.0.7 is down")
	err := h.town.Deliver(t.Context(), h.acme, secret, h.handler)
	e := wantErr(t, err, parvis.ErrUnavailable, "Internal Server Error")
	assert.Equal(t, 500, e.Status)
	assert.Empty(t, h.got)
	h.refuse = nil
	require.NoError(t, h.town.Deliver(t.Context(), h.acme, secret, h.handler))
	assert.Equal(t, []string{"mention: one @acme", "mention: two @acme"}, brief(h.got))

	h.refuse = errors.New("the database of customers at 10.0.0.7 is down")
	w := h.serve(delivery("x1", h.clock.now, event))
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.NotContains(t, w.Body.String(), "10.0.0.7", "strangers learn nothing of the inside")
	h.refuse = nil
	assert.Equal(t, http.StatusNoContent, h.serve(delivery("x1", h.clock.now, event)).Code, "the same delivery again, for it was not taken")
}

func TestReplay(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	assert.Equal(t, http.StatusNoContent, h.serve(delivery("x1", h.clock.now, event)).Code)
	for range 3 {
		assert.Equal(t, http.StatusConflict, h.serve(delivery("x1", h.clock.now, event)).Code)
	}
	old := delivery("x1", h.clock.now, event)
	h.clock.forward(5*time.Minute + time.Second)
	assert.Equal(t, http.StatusUnauthorized, h.serve(old).Code, "an old one is refused even when it is forgotten")
	assert.Equal(t, http.StatusUnauthorized, h.serve(delivery("x2", h.clock.now.Add(6*time.Minute), event)).Code, "so is one of the future")
	h.clock.forward(10 * time.Minute)
	assert.Equal(t, http.StatusNoContent, h.serve(delivery("x1", h.clock.now, event)).Code, "identifiers are forgotten with time")
	assert.Len(t, h.got, 2)
}

func TestForgery(t *testing.T) {
	t.Parallel()
	change := func(header, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(header, value) }
	}
	h := newHook(t)
	at := strconv.FormatInt(h.clock.now.Unix(), 10)
	for name, forge := range map[string]func(*http.Request){
		"no signature":    change("Fake-Signature", ""),
		"other secret":    change("Fake-Signature", sign("guess", "x1", at, []byte(event))),
		"empty secret":    change("Fake-Signature", sign("", "x1", at, []byte(event))),
		"other delivery":  change("Fake-Delivery", "x2"),
		"other time":      change("Fake-Timestamp", strconv.FormatInt(h.clock.now.Unix()+1, 10)),
		"no time":         change("Fake-Timestamp", ""),
		"time in words":   change("Fake-Timestamp", "now"),
		"other body":      func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(event + " ")) },
		"upper case":      func(r *http.Request) { r.Header.Set("Fake-Signature", strings.ToUpper(r.Header.Get("Fake-Signature"))) },
		"moved dot":       change("Fake-Delivery", "x1."+at[:1]),
		"signed with GET": func(r *http.Request) { r.Method = http.MethodGet },
	} {
		r := delivery("x1", h.clock.now, event)
		forge(r)
		assert.Equal(t, http.StatusUnauthorized, h.serve(r).Code, name)
	}
	assert.Empty(t, h.got)
	assert.Equal(t, http.StatusNoContent, h.serve(delivery("x1", h.clock.now, event)).Code, "the true one is taken afterwards")
}

func TestBadDeliveries(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	replace := func(old, with string) string { return strings.Replace(event, old, with, 1) }
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"empty":          {"", 400},
		"no JSON":        {"hello", 400},
		"cut":            {event[:50], 400},
		"two":            {event + event, 400},
		"somebody else":  {replace(`"for":"u1"`, `"for":"u2"`), 400},
		"nobody":         {replace(`"for":"u1",`, ``), 400},
		"no id":          {replace(`"id":"u2/follows/u1/1",`, ``), 400},
		"no type":        {replace(`"type":"follow",`, ``), 400},
		"unknown type":   {replace(`follow"`, `dance"`), 400},
		"two types":      {replace(`"type":"follow"`, `"type":"follow|post"`), 400},
		"a gap":          {replace(`"type":"follow"`, `"type":"gap"`), 400},
		"no content":     {replace(`"type":"follow"`, `"type":"post"`), 400},
		"odd content":    {replace(`"type":"follow"`, `"type":"post","post":{"id":"x1"}`), 400},
		"empty content":  {replace(`"type":"follow"`, `"type":"post","post":{}`), 400},
		"entity outside": {replace(`"type":"follow"`, `"type":"post","post":{"id":"p1","text":{"plain":"a","entities":[{"kind":"link","start":0,"end":9}]}}`), 400},
		"nobody's":       {replace(`"id":"u2","handle"`, `"handle"`), 400},
		"bad time":       {replace(`2026`, `x`), 400},
		"huge":           {event + strings.Repeat(" ", 1<<20), 413},
	} {
		assert.Equal(t, c.code, h.serve(delivery(name, h.clock.now, c.body)).Code, name)
	}
	assert.Empty(t, h.got)
	w := h.serve(httptest.NewRequest(http.MethodPut, "/hook", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "GET, POST", w.Header().Get("Allow"))
	r := delivery("x", h.clock.now, event)
	r.Body = io.NopCloser(failing{})
	assert.Equal(t, http.StatusBadRequest, h.serve(r).Code)
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	require.NoError(t, h.town.Challenge(t.Context(), h.acme, secret, h.handler))
	err := h.town.Challenge(t.Context(), h.acme, "another", h.handler)
	assert.Equal(t, http.StatusUnauthorized, wantErr(t, err, parvis.ErrUnavailable, "Unauthorized").Status)
	err = h.town.Challenge(t.Context(), h.acme, secret, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "yes")
	}))
	assert.Equal(t, http.StatusNotAcceptable, wantErr(t, err, parvis.ErrUnavailable, "Not Acceptable").Status)
	assert.Empty(t, h.got)
	_, err = listen.Receive(h.acme, "", nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestDeliverRefusals(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	err := h.town.Deliver(t.Context(), h.acme, secret, h.handler, listen.Event{ID: "made up"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	say(t, h.ana, "hello @acme")
	ok := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.True(t, json.Valid(body))
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	})
	require.NoError(t, h.town.Deliver(t.Context(), h.acme, secret, ok), "an answer without a status is success")
}

func FuzzDelivery(f *testing.F) {
	f.Add([]byte(event))
	f.Add([]byte(`{"id":"p1","type":"post","for":"u1","seq":3,"by":{"id":"u2"},"post":{"id":"p1","parent":"m1","text":{"plain":"é"}}}`))
	f.Add([]byte(`{"id":"r1","type":"report","for":"u1","by":{"id":"u2"},"on":"p1","note":"x"}`))
	f.Add([]byte(`{"id":"p1","type":"reaction","for":"u1","reaction":"like","by":{"id":"u2"},"post":{"id":"p1","media":[{"id":""}]}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"type":"delete","post":null}`))
	c := newClock()
	town := fake.New(fake.Options{Now: c.Now})
	acme := town.Join("acme")
	f.Fuzz(func(t *testing.T, body []byte) {
		var got []listen.Event
		h, err := listen.Receive(acme, secret, func(_ context.Context, ev listen.Event) error {
			got = append(got, ev)
			return nil
		})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, delivery("x1", c.now, string(body)))
		if w.Code == http.StatusBadRequest {
			assert.Empty(t, got)
			return
		}
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Len(t, got, 1)
		ev := got[0]
		assert.NotEmpty(t, ev.ID)
		assert.NotContains(t, ev.Kind.String(), "|")
		assert.False(t, ev.Ref.IsZero())
		assert.NotEmpty(t, ev.Ref.Kind)
		assert.NoError(t, acme.Account().Owns(ev.Ref))
		assert.True(t, bytes.Equal(body, ev.Raw))
		for _, e := range ev.Text.Entities {
			_ = ev.Text.Plain[e.Start:e.End]
		}
		_, err = json.Marshal(ev)
		assert.NoError(t, err)
	})
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "u1:0", "u1:1", "u1:2", "u2:1", "u1:-1", "u1:01", ":", "u1:9223372036854775808", "u1:1\x00"} {
		f.Add(s)
	}
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	for _, text := range []string{"one", "two"} {
		_, err := publish.To(f.Context(), ana, publish.Draft{Text: text + " @acme"})
		require.NoError(f, err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		events, err := last(listen.To(t.Context(), acme, listen.Query{Since: listen.Cursor(s)}))
		if want, ok := map[string]int{"": 2, "u1:0": 2, "u1:1": 1, "u1:2": 0}[s]; ok {
			require.NoError(t, err)
			assert.Len(t, events, want)
			return
		}
		require.ErrorIs(t, err, parvis.ErrInvalid)
		assert.Empty(t, events)
	})
}
