package httpx_test

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

type formPart struct{ field, name, kind, content string }

// readForm reads a multipart request as the standard library does.
func readForm(t testing.TB, r *http.Request) []formPart {
	t.Helper()
	mr, err := r.MultipartReader()
	require.NoError(t, err)
	var all []formPart
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		b, err := io.ReadAll(p)
		require.NoError(t, err)
		all = append(all, formPart{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(b)})
	}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	content := func(s string) func(context.Context) (io.ReadCloser, error) {
		return (&file{data: s}).open
	}
	fields := url.Values{"b": {"2", "3"}, "a": {"é\r\n--x"}}
	a := httpx.File{Field: "file", Name: "a.png", Type: "image/png", Size: 3, Open: content("AAA")}
	b := httpx.File{Field: "thumb", Name: `b "q".jpg`, Size: 4, Open: content("BBBB")}
	unknown := httpx.File{Field: "file", Name: "c", Open: content("CC")}
	fieldParts := []formPart{{"a", "", "", "é\r\n--x"}, {"b", "", "", "2"}, {"b", "", "", "3"}}
	for _, c := range []struct {
		name  string
		body  httpx.Body
		want  []formPart
		known bool
	}{
		{"fields only", httpx.Multipart(fields), fieldParts, true},
		{"one file", httpx.Multipart(nil, a), []formPart{{"file", "a.png", "image/png", "AAA"}}, true},
		{"both", httpx.Multipart(fields, a, b), append(fieldParts[:3:3],
			formPart{"file", "a.png", "image/png", "AAA"},
			formPart{"thumb", `b %22q%22.jpg`, "application/octet-stream", "BBBB"}), true},
		{"unknown size", httpx.Multipart(nil, a, unknown), []formPart{
			{"file", "a.png", "image/png", "AAA"}, {"file", "c", "application/octet-stream", "CC"},
		}, false},
		{"nothing", httpx.Multipart(nil), nil, true},
		{
			"media", httpx.Multipart(nil, httpx.MediaFile("file", parvis.FromBytes("d.gif", []byte("GIF")).WithType("image/gif"))),
			[]formPart{{"file", "d.gif", "image/gif", "GIF"}},
			true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				assert.Equal(t, c.known, r.ContentLength > 0)
				assert.Equal(t, c.want, readForm(t, r))
			})
			client := newClient(t, base)
			for range 2 { // a body can be sent again
				_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: c.body})
				require.NoError(t, err)
			}
		})
	}
}

func TestMultipartNamesCannotForgeHeaders(t *testing.T) {
	t.Parallel()
	evil := "x\"\r\nX-Evil: 1\r\n\r\n"
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		assert.NoError(t, err)
		p, err := multipart.NewReader(r.Body, params["boundary"]).NextPart()
		if assert.NoError(t, err) {
			assert.Empty(t, p.Header.Get("X-Evil"))
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	client := newClient(t, base)
	for _, body := range []httpx.Body{
		httpx.Multipart(url.Values{evil: {"v"}}),
		httpx.Multipart(nil, httpx.File{Field: evil, Name: evil, Size: 1, Open: (&file{data: "1"}).open}),
	} {
		_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: body})
		require.NoError(t, err)
	}
	_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: httpx.Multipart(nil,
		httpx.File{Field: "f", Type: "image/png\r\nX-Evil: 1", Size: 1, Open: (&file{data: "1"}).open})})
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: httpx.Multipart(nil, httpx.File{Field: "f"})})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestMultipartFilesOfTheWrongSize(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"four", "sixsix"} {
		first := &file{data: data}
		last := &file{data: "any"}
		second := &file{data: "second"}
		base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			assert.Error(t, err, "a complete request arrived")
		})
		_, err := newClient(t, base).Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: httpx.Multipart(nil,
			httpx.File{Field: "a", Size: 5, Open: first.open}, httpx.File{Field: "b", Size: 6, Open: second.open},
			httpx.File{Field: "c", Open: last.open})})
		require.ErrorIs(t, err, parvis.ErrInvalid)
		assert.Equal(t, first.opened.Load(), first.closed.Load(), "what was opened is closed")
		assert.Equal(t, second.opened.Load(), second.closed.Load())
	}
}

func TestMultipartMissingFileIsFoundBeforeSending(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://host.example", onWire(func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return nil, io.EOF
	}))
	_, err := client.Do(t.Context(), httpx.Request{
		Method: "POST", Path: "/",
		Body: httpx.Multipart(nil, httpx.MediaFile("f", parvis.FromFile("/nowhere/at-all.png"))),
	})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestMultipartReadsAsAReaderMust(t *testing.T) {
	t.Parallel()
	var want []byte
	body := httpx.Multipart(url.Values{"a": {"1"}},
		httpx.File{Field: "f", Size: 3, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(iotest.OneByteReader(strings.NewReader("abc"))), nil
		}},
		httpx.File{Field: "g", Size: 3, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(iotest.DataErrReader(strings.NewReader("def"))), nil
		}})
	client := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(iotest.OneByteReader(r.Body))
		assert.NoError(t, err)
		assert.Equal(t, r.ContentLength, int64(len(b)))
		want = b
		_ = r.Body.Close()
		return answer(r, 200, "{}"), nil
	}))
	_, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: body})
	require.NoError(t, err)
	assert.Contains(t, string(want), "abc")
	assert.Contains(t, string(want), "def")
}
