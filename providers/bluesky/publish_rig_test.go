package bluesky

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// The account under test, and somebody else.
const (
	acmeDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	anaDID  = "did:plc:z72i7hdynmk6r22z27h6tvur"
	pds     = "https://pds.example"
	service = "https://video.example"
)

// An answer is what the wire says to one call.
type answer struct {
	status int // 0 is 200
	body   string
	file   string // of testdata/publish, instead of body
}

// A wired is the network as a RoundTripper: it answers each method as told, the last
// answer of a method again and again, and keeps what it was asked. What it was not told
// is refused as an unknown method.
type wired struct {
	t       testing.TB
	mu      sync.Mutex
	answers map[string][]answer
	calls   []string
	bodies  map[string][][]byte
	headers map[string]http.Header
}

func (w *wired) RoundTrip(r *http.Request) (*http.Response, error) {
	method := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	var body []byte
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		body = b
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := method
	if r.URL.Host != "pds.example" {
		name = r.URL.Host + " " + method
	}
	w.calls = append(w.calls, name)
	w.bodies[name], w.headers[name] = append(w.bodies[name], body), r.Header.Clone()
	a := answer{status: 501, body: `{"error":"MethodNotImplemented","message":"Method Not Implemented"}`}
	if told := w.answers[name]; len(told) > 0 {
		a = told[0]
		if len(told) > 1 {
			w.answers[name] = told[1:]
		}
	}
	if a.file != "" {
		a.body = string(golden(w.t, a.file))
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(a.body)),
		ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

// called returns how often a method was called.
func (w *wired) called(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.bodies[name])
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "publish", name))
	require.NoError(t, err)
	return b
}

// newWired returns a client on a network that answers so.
func newWired(t testing.TB, answers map[string][]answer, change ...func(*Config)) (*Client, *wired) {
	t.Helper()
	w := &wired{t: t, answers: answers, bodies: map[string][][]byte{}, headers: map[string]http.Header{}}
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"` + acmeDID + `","scope":"com.atproto.appPass","exp":4102444800}`))
	cfg := Config{
		Server: pds, Client: "acme", Tokens: parvis.StaticToken("eyJhbGciOiJub25lIn0." + claims + ".parvis-secret-token"), Video: service,
		Account: parvis.Account{ID: acmeDID, Handle: "acme.example"}, Settle: 50 * time.Millisecond, Cards: noCards{},
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg, &providers.Options{HTTPClient: &http.Client{Transport: w}, Limiter: free{}, Retry: providers.Retry{MinWait: time.Millisecond}})
	require.NoError(t, err)
	return c, w
}

// wrote checks the record that the last createRecord held against a file. Its time is
// that of now.
func (w *wired) wrote(t testing.TB, file string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.bodies["com.atproto.repo.createRecord"]
	require.NotEmpty(t, all)
	var sent map[string]any
	require.NoError(t, json.Unmarshal(all[len(all)-1], &sent))
	rec, ok := sent["record"].(map[string]any)
	require.True(t, ok)
	at, err := time.Parse("2006-01-02T15:04:05.000Z", rec["createdAt"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
	rec["createdAt"] = "2026-01-02T03:04:05.678Z"
	got, err := json.Marshal(sent)
	require.NoError(t, err)
	assert.JSONEq(t, string(golden(t, file)), string(bytes.TrimSpace(got)))
}
