package contract_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

// hand speaks HTTP to the test server, without any client.
type hand struct {
	t     testing.TB
	s     *mastodontest.Server
	token string
}

func (h hand) send(method, path, kind string, body io.Reader) map[string]any {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.s.URL+path, body)
	require.NoError(h.t, err)
	r.Header.Set("Accept", "application/json")
	if h.token != "" {
		r.Header.Set("Authorization", "Bearer "+h.token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(h.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(h.t, err)
	var one map[string]any
	if json.Unmarshal(raw, &one) != nil {
		var many []map[string]any
		if json.Unmarshal(raw, &many) == nil && len(many) > 0 {
			one = many[0]
		}
	}
	return one
}

func (h hand) get(path string) map[string]any {
	h.t.Helper()
	return h.send(http.MethodGet, path, "", nil)
}

func (h hand) form(method, path string, pairs ...string) map[string]any {
	h.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	if len(v) == 0 {
		return h.send(method, path, "", nil)
	}
	return h.send(method, path, formType, strings.NewReader(v.Encode()))
}

func (h hand) post(path string, pairs ...string) map[string]any {
	h.t.Helper()
	return h.form(http.MethodPost, path, pairs...)
}

func (h hand) json(method, path string, v any) map[string]any {
	h.t.Helper()
	b, err := json.Marshal(v)
	require.NoError(h.t, err)
	return h.send(method, path, jsonType, bytes.NewReader(b))
}

func (h hand) upload(path, mime string, body []byte) string {
	h.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(h.t, w.WriteField("description", "what it shows"))
	require.NoError(h.t, w.WriteField("focus", "0.1,-0.2"))
	p, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a"`}, "Content-Type": {mime}})
	require.NoError(h.t, err)
	_, err = p.Write(body)
	require.NoError(h.t, err)
	require.NoError(h.t, w.Close())
	id, _ := h.send(http.MethodPost, path, w.FormDataContentType(), &b)["id"].(string)
	return id
}

func id(o map[string]any) string {
	s, _ := o["id"].(string)
	return s
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 4))))
	return b.Bytes()
}
