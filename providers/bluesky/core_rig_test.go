package bluesky

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers"
)

// An exchange is a recorded request with its answer.
type exchange struct {
	Request struct {
		Method string            `json:"method"`
		URL    string            `json:"url"`
		Header map[string]string `json:"header"`
		Body   json.RawMessage   `json:"body"`
	} `json:"request"`
	Answer struct {
		Status int               `json:"status"`
		Header map[string]string `json:"header"`
		Body   json.RawMessage   `json:"body"`
	} `json:"answer"`
}

// play is a wire on which recorded exchanges happen again, in their order.
type play struct {
	t    testing.TB
	mu   sync.Mutex
	left []exchange
}

// recorded returns a wire with the exchanges of testdata/core, by their names.
func recorded(t testing.TB, names ...string) *play {
	t.Helper()
	p := &play{t: t}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join("testdata", "core", name+".json"))
		require.NoError(t, err)
		var x exchange
		require.NoError(t, json.Unmarshal(b, &x), name)
		p.left = append(p.left, x)
	}
	return p
}

// RoundTrip checks the request against the next exchange, and gives its answer.
func (p *play) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !assert.NotEmpty(p.t, p.left, "an unexpected request to %s", r.URL.Path) {
		return nil, io.ErrUnexpectedEOF
	}
	x := p.left[0]
	p.left = p.left[1:]
	assert.Equal(p.t, x.Request.Method+" "+x.Request.URL, r.Method+" "+r.URL.String())
	for name, want := range x.Request.Header {
		same(p.t, want, r.Header.Get(name), "the header "+name)
	}
	if len(x.Request.Body) > 0 {
		b, err := io.ReadAll(r.Body)
		require.NoError(p.t, err)
		var got, want any
		require.NoError(p.t, json.Unmarshal(b, &got))
		require.NoError(p.t, json.Unmarshal(x.Request.Body, &want))
		require.True(p.t, assert.ObjectsAreEqual(want, got), "the body of %s differs", r.URL.Path)
	}
	resp := &http.Response{StatusCode: x.Answer.Status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, ContentLength: -1}
	resp.Body = io.NopCloser(strings.NewReader(string(x.Answer.Body)))
	for name, v := range x.Answer.Header {
		resp.Header.Set(name, v)
	}
	return resp, nil
}

// done tells that all exchanges have happened.
func (p *play) done() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Empty(p.t, p.left, "requests that did not come")
}

func (p *play) options() *providers.Options {
	return &providers.Options{HTTPClient: &http.Client{Transport: p}, Retry: providers.Retry{Max: 1}}
}

// same compares what must not be printed.
func same(t testing.TB, want, got, what string) {
	t.Helper()
	if want != got {
		t.Fatalf("%s differs", what)
	}
}

// hides tells whether a text holds none of the secrets, without printing it.
func hides(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, s := range append(secrets, "parvis-secret") {
		if strings.Contains(text, s) {
			t.Fatal("a secret is told")
		}
	}
}
