package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

func TestAccountsSayWhatTheyCan(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	page := b.get("/acme/accounts", http.StatusOK)
	for _, want := range []string{
		"300 graphemes (links count 23)", "60000 bytes", "10000 code points",
		"a short message has no such part", "at least 5 min ahead, at most 365 days", "keys are remembered for 1 h",
		"post, reply, mention", "push, webhooks", "can be undone", "only moderators may",
	} {
		assert.Contains(t, page, want)
	}
	assert.Contains(t, page, "blog.acme.example")
	assert.NotContains(t, page, "blog.boulangerie-martin.example")
	assert.NotContains(t, b.get("/boulangerie-martin/accounts", http.StatusOK), "blog.acme.example")
}

func TestEveryTroubleCanBeMadeAndCleared(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	net := b.account("acme", agora).Net
	for _, m := range mischiefs {
		page := b.post("/acme/trouble", url.Values{"account": {"agora"}, "trouble": {m.Name}, "op": {"publish"}, "times": {"-1"}}, http.StatusOK)
		assert.Contains(t, page, "Trouble is set for agora")
		assert.Contains(t, page, "1 waiting")
		assert.Equal(t, 1, net.Faults(), m.Name)
		b.post("/acme/clear", url.Values{"account": {"agora"}}, http.StatusOK)
		assert.Zero(t, net.Faults())
	}
	for _, form := range []url.Values{
		{"account": {"agora"}, "trouble": {"none"}, "op": {""}, "times": {"1"}},
		{"account": {"agora"}, "trouble": {"rate"}, "op": {"none"}, "times": {"1"}},
		{"account": {"agora"}, "trouble": {"rate"}, "op": {""}, "times": {"often"}},
		{"account": {"agora"}, "trouble": {"rate"}, "op": {""}, "times": {"101"}},
	} {
		b.post("/acme/trouble", form, http.StatusBadRequest)
	}
	b.post("/acme/trouble", url.Values{"account": {"none"}}, http.StatusNotFound)
	b.post("/acme/clear", url.Values{"account": {"none"}}, http.StatusNotFound)
	assert.Zero(t, net.Faults())
}

func TestTroubleIsForOneClientOnly(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.post("/acme/trouble", url.Values{"account": {"murmure"}, "trouble": {"outage"}, "op": {"publish"}, "times": {"-1"}}, http.StatusOK)
	page := b.post("/boulangerie-martin/publish", url.Values{"to": {"murmure"}, "text": {"du pain"}, "key": {"k"}}, http.StatusOK)
	assert.Contains(t, page, ">published<")
	page = b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"du verre"}, "key": {"k"}}, http.StatusOK)
	assert.Contains(t, page, ">not sent<")
}

func TestTroubleIsSeenOnEveryPage(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	c := b.client("acme")
	a := b.account("acme", agora)
	c.note(a, &parvis.Error{Code: parvis.ErrUnavailable, Message: "the server is down"})
	assert.Contains(t, b.get("/acme/compose", http.StatusOK), "<b>agora</b> is not heard")
	assert.Contains(t, b.get("/acme/accounts", http.StatusOK), "It is not heard at the moment.")
	assert.NotContains(t, b.get("/boulangerie-martin/compose", http.StatusOK), "is not heard")
	c.note(a, nil)
	assert.NotContains(t, b.get("/acme/compose", http.StatusOK), "is not heard")
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "no limit", 5 * time.Minute: "5 min", time.Hour: "1 h", 47 * time.Hour: "47 h", 365 * 24 * time.Hour: "365 days"} {
		assert.Equal(t, want, span(d))
	}
}

func TestMediaWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "none", mediaWords(publish.MediaSupport{}))
	assert.Equal(t, "up to 4; image of 8 MiB; audio; descriptions of 10 bytes", mediaWords(publish.MediaSupport{
		Max:   4,
		Rules: []publish.MediaRule{{Type: "image/*", MaxBytes: 8 << 20}, {Type: "audio/*"}}, Alt: parvis.TextLimit{Max: 10, Unit: parvis.Bytes},
	}))
}
