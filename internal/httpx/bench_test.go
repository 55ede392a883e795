package httpx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

type benchIn struct {
	Status     string   `json:"status"`
	Visibility string   `json:"visibility"`
	MediaIDs   []string `json:"media_ids,omitempty"`
}

type benchOut struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

var benchStatus = benchIn{Status: "Bonjour le parvis", Visibility: "public"}

const benchAnswer = `{"id":"109","url":"https://mastodon.example/@acme/109","content":"<p>Bonjour le parvis</p>"}`

func benchServer(b *testing.B) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("X-RateLimit-Limit", "300")
		h.Set("X-RateLimit-Remaining", "299")
		h.Set("X-RateLimit-Reset", "2099-01-01T00:00:00.000000Z")
		h.Set("Content-Length", strconv.Itoa(len(benchAnswer)))
		_, _ = io.WriteString(w, benchAnswer)
	}))
	b.Cleanup(srv.Close)
	return srv
}

// memoryWire answers without a network, so that only the client's own work is measured.
func memoryWire() http.RoundTripper {
	header := http.Header{
		"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {"300"},
		"X-Ratelimit-Remaining": {"299"}, "X-Ratelimit-Reset": {"2099-01-01T00:00:00.000000Z"},
	}
	return wireFunc(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
		return &http.Response{
			StatusCode: 200, Header: header, ContentLength: int64(len(benchAnswer)),
			Body: io.NopCloser(bytes.NewReader([]byte(benchAnswer))), Request: r,
		}, nil
	})
}

func benchClient(t testing.TB, base string, hc *http.Client) func() {
	account := parvis.Account{Network: "mastodon", Host: "mastodon.example", Handle: "acme"}
	c, err := httpx.New(httpx.Config{
		Account: func() parvis.Account { return account },
		Base:    base, Client: hc,
		Auth: func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer abcdefgh")
			return nil
		},
	})
	require.NoError(t, err)
	return func() {
		var out benchOut
		_, err := c.JSON(t.Context(), httpx.Request{
			Method: "POST", Path: "/api/v1/statuses",
			Endpoint: "POST /api/v1/statuses", Body: httpx.JSON(benchStatus),
		}, &out)
		if err != nil || out.ID != "109" {
			t.Fatal(err, out)
		}
	}
}

func benchRaw(t testing.TB, base string, hc *http.Client) func() {
	return func() {
		body, err := json.Marshal(benchStatus)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/api/v1/statuses", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer abcdefgh")
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var out benchOut
		err = json.NewDecoder(resp.Body).Decode(&out)
		_ = resp.Body.Close()
		if err != nil || out.ID != "109" {
			t.Fatal(err, out)
		}
	}
}

type benchMaker func(testing.TB, string, *http.Client) func()

func runBoth(b *testing.B, newBench benchMaker) {
	b.Run("server", func(b *testing.B) {
		srv := benchServer(b)
		loop(b, newBench(b, srv.URL, srv.Client()))
	})
	b.Run("memory", func(b *testing.B) {
		loop(b, newBench(b, "https://mastodon.example", &http.Client{Transport: memoryWire()}))
	})
}

func loop(b *testing.B, call func()) {
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}

// BenchmarkDo publishes through the client, to a server and to a wire without a network.
func BenchmarkDo(b *testing.B) { runBoth(b, benchClient) }

// BenchmarkRawNetHTTP does the same by net/http alone.
func BenchmarkRawNetHTTP(b *testing.B) { runBoth(b, benchRaw) }

// TestOverhead holds the client's promise on allocations, which unlike times do not
// depend on the machine.
func TestOverhead(t *testing.T) {
	wire := &http.Client{Transport: memoryWire()}
	raw := testing.AllocsPerRun(200, benchRaw(t, "https://mastodon.example", wire))
	ours := testing.AllocsPerRun(200, benchClient(t, "https://mastodon.example", wire))
	assert.LessOrEqual(t, ours, raw+12)
}
