package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	return b.Bytes()
}

// site is a server whose pages are strings; one that begins with > is a redirect.
func site(t testing.TB, pages map[string]string) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		page, ok := pages[r.URL.Path]
		to, redirect := strings.CutPrefix(page, ">")
		switch {
		case !ok:
			http.NotFound(w, r)
		case redirect:
			http.Redirect(w, r, to, http.StatusFound)
		case strings.HasSuffix(r.URL.Path, ".png"):
			w.Header().Set("Content-Type", "text/plain") // servers say what they like
			_, _ = w.Write([]byte(page))
		default:
			kind, body, found := strings.Cut(page, "|")
			if !found {
				kind, body = "text/html", page
			}
			w.Header().Set("Content-Type", kind)
			page = body
			_, _ = w.Write([]byte(page))
		}
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func TestFetch(t *testing.T) {
	t.Parallel()
	png := picture(t)
	pages := map[string]string{
		"/p.png": string(png), "/deep/p.png": string(png), "/no.png": "no picture", "/big.png": string(png) + strings.Repeat("x", MaxImage),
		"/og":       `<meta property="og:title" content="A &amp; B"><meta property=og:description content="C"><meta property="og:image" content="/p.png"><title>No</title>`,
		"/base":     `<base href="/deep/"><title>T</title><meta name="twitter:image" content="p.png">`,
		"/far":      `<title>T</title><meta name="twitter:image" content="ftp://host.example/p.png">`,
		"/noimg":    `<title>T</title><meta property="og:image" content="no.png">`,
		"/bigimg":   `<title>T</title><meta property="og:image" content="big.png">`,
		"/deadimg":  `<title>T</title><meta property="og:image" content="dead.png">`,
		"/relative": `<title>T</title><link rel=image_src href="p.png">`,
		"/latin":    "text/html; charset=iso-8859-1|<title>\xC9t\xE9 \x80</title>",
		"/late":     strings.Repeat(" ", MaxHTML) + "<title>T</title>",
		"/json":     `application/json|{}`, "/empty": "<p>hello", "/shift": "text/html; charset=shift_jis|<title>x</title>",
		"/hop1": ">/hop2", "/hop2": ">/hop3", "/hop3": ">/og", "/loop": ">/loop", "/out": ">ftp://host.example/", "/login": ">http://a:b@host.example/",
	}
	s, _ := site(t, pages)
	for path, want := range map[string]Page{
		"/og":       {Title: "A & B", Description: "C", Image: png, ImageType: "image/png"},
		"/hop1":     {Title: "A & B", Description: "C", Image: png, ImageType: "image/png"},
		"/base":     {Title: "T", Image: png, ImageType: "image/png"},
		"/relative": {Title: "T", Image: png, ImageType: "image/png"},
		"/far":      {Title: "T"}, "/noimg": {Title: "T"}, "/bigimg": {Title: "T"}, "/deadimg": {Title: "T"},
		"/latin": {Title: "Été €"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got, err := (&Fetcher{Loopback: true}).Fetch(t.Context(), s.URL+path)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for path, why := range map[string]string{
		"/none": "answered 404", "/late": "says nothing", "/json": "application/json", "/empty": "says nothing", "/shift": "encoding",
		"/loop": "too many redirects", "/out": "not one of the web", "/login": "not one of the web",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			_, err := (&Fetcher{Loopback: true}).Fetch(t.Context(), s.URL+path)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			assert.ErrorContains(t, err, why)
		})
	}
}

// TestFetchReachesNothingInside goes to this machine and to networks of its own, by every
// way to write their addresses, past names, and after redirects.
func TestFetchReachesNothingInside(t *testing.T) {
	t.Parallel()
	s, calls := site(t, map[string]string{"/": "<title>secret</title>"})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
		"[2002:7f00:1::]", "169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1",
		"255.255.255.255",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			began := time.Now()
			_, err := new(Fetcher).Fetch(ctx, "http://"+host+":"+port+"/")
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			assert.Equal(t, "read linked page: the page cannot be read: it cannot be reached", err.Error(), "nothing is told of the inside")
			assert.False(t, errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second, "it is refused, not tried: %v", err)
		})
	}
	t.Cleanup(func() { assert.Zero(t, calls.Load()) })
}

func TestFetchRefusesOtherSchemes(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "http://", "http://a:b@a.example/", "://", "a b", ""} {
		_, err := new(Fetcher).Fetch(t.Context(), address)
		assert.ErrorIs(t, err, parvis.ErrUnavailable, address)
	}
}

// TestFetchEnds: pages that never end are read up to the limit, in time.
func TestFetchEnds(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<title>T</title>")
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("<p>"), 1000)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	got, err := (&Fetcher{Loopback: true}).Fetch(t.Context(), s.URL)
	require.NoError(t, err)
	assert.Equal(t, "T", got.Title)

	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hangs.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = (&Fetcher{Loopback: true}).Fetch(ctx, hangs.URL)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
