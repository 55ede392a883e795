package mastodontest_test

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

type obj = map[string]any

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) obj(t testing.TB) obj {
	t.Helper()
	var o obj
	require.NoError(t, json.Unmarshal(a.body, &o), "%s", a.body)
	return o
}

func (a answer) list(t testing.TB) []obj {
	t.Helper()
	var o []obj
	require.NoError(t, json.Unmarshal(a.body, &o), "%s", a.body)
	return o
}

// err is the text of a refusal.
func (a answer) err(t testing.TB) string {
	t.Helper()
	text, _ := a.obj(t)["error"].(string)
	return text
}

// client speaks HTTP by hand.
type client struct {
	t     testing.TB
	s     *mastodontest.Server
	token string
}

func (c client) send(method, path, kind string, body io.Reader, header ...string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.s.URL+path, body)
	require.NoError(c.t, err)
	r.Header.Set("Accept", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return answer{resp.StatusCode, resp.Header, out}
}

func (c client) get(path string) answer {
	c.t.Helper()
	return c.send(http.MethodGet, path, "", nil)
}

func (c client) post(path string, v url.Values, header ...string) answer {
	c.t.Helper()
	return c.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode()), header...)
}

func (c client) json(method, path string, v any, header ...string) answer {
	c.t.Helper()
	b, err := json.Marshal(v)
	require.NoError(c.t, err)
	return c.send(method, path, "application/json", bytes.NewReader(b), header...)
}

// status posts a text and returns its id.
func (c client) status(text string) string {
	c.t.Helper()
	a := c.post("/api/v1/statuses", url.Values{"status": {text}})
	require.Equal(c.t, 200, a.status, "%s", a.body)
	return a.obj(c.t)["id"].(string)
}

func (c client) upload(path, mime string, body []byte, fields ...string) answer {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(c.t, w.WriteField(fields[i], fields[i+1]))
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a"`}, "Content-Type": {mime}})
	require.NoError(c.t, err)
	_, err = part.Write(body)
	require.NoError(c.t, err)
	require.NoError(c.t, w.Close())
	return c.send(http.MethodPost, path, w.FormDataContentType(), &b)
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 4))))
	return b.Bytes()
}

// rig is a server with one user on it.
func rig(t testing.TB, o mastodontest.Options) (*mastodontest.Server, *mastodontest.User, client) {
	t.Helper()
	s := mastodontest.New(t, o)
	u := s.AddUser("acme")
	return s, u, client{t, s, u.Token}
}
