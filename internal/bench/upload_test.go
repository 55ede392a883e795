package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/publish"
)

const uploadSize = 2 << 30

// A video is size bytes that begin like an MP4 file.
type video struct {
	head []byte
	left int64
}

func newVideo(size int64) io.ReadCloser {
	head := []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2")
	return &video{head: head, left: size - int64(len(head))}
}

func (v *video) Read(b []byte) (int, error) {
	if len(v.head) > 0 {
		n := copy(b, v.head)
		v.head = v.head[n:]
		return n, nil
	}
	if v.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), v.left))
	clear(b[:n])
	v.left -= int64(n)
	return n, nil
}

func (v *video) Close() error { return nil }

// uploadServer speaks as much of the Mastodon API as one post with a video takes.
func uploadServer(received *int64) http.Handler {
	mux := http.NewServeMux()
	instance := `{"domain":"bench.example","version":"4.4.0","api_versions":{"mastodon":5},"configuration":{"statuses":{"max_characters":500,"max_media_attachments":4,"characters_reserved_per_url":23},` +
		`"media_attachments":{"supported_mime_types":["video/mp4","image/png"],"image_size_limit":16777216,"video_size_limit":4294967296,"video_matrix_limit":8294400,"description_limit":1500},"polls":{"max_options":4,"max_characters_per_option":50,"min_expiration":300,"max_expiration":2629746}}}`
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
		})
	}
	answer("GET /api/v2/instance", instance)
	answer("GET /api/v1/accounts/verify_credentials", `{"id":"1","username":"acme","acct":"acme","display_name":"Acme","url":"https://bench.example/@acme"}`)
	answer("GET /api/v1/apps/verify_credentials", `{"name":"bench","scopes":["read","write"]}`)
	answer("POST /api/v1/statuses", string(statusJSON))
	mux.HandleFunc("POST /api/v2/media", func(w http.ResponseWriter, r *http.Request) {
		*received, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"7","type":"video","url":"https://bench.example/7.mp4","description":"d"}`)
	})
	return mux
}

// TestUploadChild is the body of BenchmarkUpload2GiB, in a process of its own so that its
// peak memory is its own; run without the benchmark it uploads 8 MiB.
func TestUploadChild(t *testing.T) {
	size := int64(8 << 20)
	if v, err := strconv.ParseInt(os.Getenv("PARVIS_UPLOAD"), 10, 64); err == nil {
		size = v
	}
	var received int64
	srv := httptest.NewServer(uploadServer(&received))
	defer srv.Close()
	masto, err := mastodon.New(mastodon.Config{Server: srv.URL, Tokens: parvis.StaticToken("t")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	media := parvis.FromReader("clip.mp4", size, func(context.Context) (io.ReadCloser, error) { return newVideo(size), nil }).WithAlt("d")
	post, err := publish.To(t.Context(), masto, publish.Draft{Text: "clip", Media: []parvis.Media{media}})
	if err != nil {
		t.Fatal(err)
	}
	if received < size || post.Ref.ID == "" {
		t.Fatalf("%d of %d bytes arrived, post %v", received, size, post.Ref)
	}
	fmt.Println("peak", peak(t))
}

// peak returns the largest resident set of this process in bytes.
func peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// BenchmarkUpload2GiB publishes a post with a video of 2 GiB and reports the largest
// resident set, client and server together.
func BenchmarkUpload2GiB(b *testing.B) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(uploadSize)
	var most float64
	for b.Loop() {
		cmd := exec.Command(exe, "-test.run", "^TestUploadChild$", "-test.v")
		cmd.Env = append(os.Environ(), "PARVIS_UPLOAD="+strconv.Itoa(uploadSize))
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		_, rest, _ := bytes.Cut(out, []byte("peak "))
		n, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
		if err != nil {
			b.Fatal(err)
		}
		most = max(most, n)
	}
	b.ReportMetric(most/(1<<20), "peak-MiB")
}
