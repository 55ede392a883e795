package fakenet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// picture is a small PNG.
func picture(t *testing.T, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 1))))
	return b.Bytes()
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func TestMedia(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		one, two := picture(t, 1), picture(t, 2)
		d := draft("k", "pictures #n1")
		d.Media = []parvis.Media{
			parvis.FromBytes("one.png", one).WithAlt("one dot").WithFocus(0.5, 0),
			parvis.FromURL("https://pictures.example/x.png"),
			parvis.FromBytes("two.png", two).WithAlt(`two "dots"`),
		}
		post, err := publish.To(t.Context(), p, d)
		require.NoError(t, err)
		require.Len(t, post.Media, 3)
		assert.Equal(t, "one dot", post.Media[0].Alt)
		assert.InDelta(t, 0.5, post.Media[0].Focus.X, 0)
		assert.Equal(t, `two "dots"`, post.Media[2].Alt)
		assert.Equal(t, "image/png", post.Media[2].Type)
		assert.Equal(t, []string{sum(one), "", sum(two)}, s.Deliveries()[0].Media)

		again := draft("k2", "the first one again")
		again.Media = post.Media[:1]
		_, err = publish.To(t.Context(), p, again)
		require.NoError(t, err, "what the network has is named by its reference")
		assert.Equal(t, []string{""}, s.Deliveries()[1].Media)
	})
}

// TestAFileThatVanished is found before anything is sent.
func TestAFileThatVanished(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	p := join(t, s, fakenet.Blind, quick())
	d := draft("k", "x")
	d.Media = []parvis.Media{parvis.FromFile("/nowhere/at/all.png")}
	_, err := p.Publish(t.Context(), d)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Empty(t, s.Deliveries())
}

func TestEditGetDeleteMetrics(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		ctx := t.Context()
		p := join(t, s, c, quick())
		post, err := publish.To(ctx, p, draft("k", "before #n1"))
		require.NoError(t, err)
		got, err := publish.Edit(ctx, p, post.Ref, publish.Draft{Text: "after #n1"})
		require.NoError(t, err)
		assert.Equal(t, post.Ref, got.Ref)
		read, err := publish.Get(ctx, p, post.Ref)
		require.NoError(t, err)
		assert.Equal(t, "after #n1", read.Text.Plain)
		assert.Equal(t, post.Ref, read.Ref)
		assert.Equal(t, told(c, "k"), read.Key)
		assert.True(t, json.Valid(read.Raw))
		_, err = publish.Edit(ctx, p, post.Ref, publish.Draft{Text: "x", Visibility: publish.Private})
		require.ErrorIs(t, err, parvis.ErrUnsupported)
		figures, err := publish.MetricsOf(ctx, p, post.Ref)
		require.NoError(t, err)
		assert.NotEmpty(t, figures)

		require.NoError(t, publish.Delete(ctx, p, post.Ref))
		require.ErrorIs(t, publish.Delete(ctx, p, post.Ref), parvis.ErrNotFound)
		_, err = publish.Get(ctx, p, post.Ref)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		_, err = publish.MetricsOf(ctx, p, post.Ref)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		all := s.Deliveries()
		require.Len(t, all, 1, "what was deleted has been delivered all the same")
		assert.Equal(t, 1, all[0].Edits)
		assert.True(t, all[0].Deleted)
		assert.Equal(t, "before #n1", all[0].Text)
	})
}

// TestADeleteWithoutAnAnswer is not repeated by itself.
func TestADeleteWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	opts := quick()
	opts.Retry = providers.Retry{Max: 3, MinWait: time.Millisecond}
	p := join(t, s, fakenet.Keyed, opts)
	post, err := publish.To(t.Context(), p, draft("k", "x"))
	require.NoError(t, err)
	s.Inject("", fakenet.Lost)
	require.ErrorIs(t, publish.Delete(t.Context(), p, post.Ref), parvis.ErrUnknownOutcome)
	require.ErrorIs(t, publish.Delete(t.Context(), p, post.Ref), parvis.ErrNotFound)
	s.Inject("", fakenet.Lost)
	post, err = publish.To(t.Context(), p, draft("k2", "x"))
	require.NoError(t, err)
	s.Inject("", fakenet.Dropped)
	_, err = publish.Edit(t.Context(), p, post.Ref, publish.Draft{Text: "y"})
	require.NoError(t, err, "an edit is")
}

func TestThread(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		posts, err := publish.Thread(t.Context(), p, []publish.Draft{draft("t", "one #n1"), {Text: "two #n2"}, {Text: "three #n3"}})
		require.NoError(t, err)
		require.Len(t, posts, 3)
		order := s.Order(p.Account().ID)
		require.Len(t, order, 3)
		for i, d := range order {
			assert.Equal(t, posts[i].Ref.ID, d.ID)
			assert.Equal(t, fmt.Sprintf("#n%d", i+1), d.Marker)
			if i > 0 {
				assert.Equal(t, order[i-1].ID, d.ReplyTo)
				assert.Equal(t, posts[i-1].Ref, posts[i].ReplyTo)
			}
		}
	})
}

// TestOrder publishes to several accounts at once: the ledger has each account's own order.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	const accounts, each = 4, 25
	var wg sync.WaitGroup
	for i := range accounts {
		a := s.Join(fake.Member{Handle: fmt.Sprintf("a%d", i)}, fakenet.Lookup)
		p, err := fakenet.Open(s.URL, a, fakenet.Lookup, quick())
		require.NoError(t, err)
		wg.Go(func() {
			for j := range each {
				_, err := publish.To(t.Context(), p, draft(fmt.Sprintf("%d-%d", i, j), fmt.Sprintf("#n%d", i*each+j)))
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	for i := range accounts {
		order := s.Order(fmt.Sprintf("u%d", i+1))
		require.Len(t, order, each)
		for j, d := range order {
			assert.Equal(t, fmt.Sprintf("%d-%d", i, j), d.Key)
			assert.True(t, j == 0 || d.Seq > order[j-1].Seq)
		}
	}
	assert.Len(t, s.Delivered(), accounts*each)
	assert.Equal(t, accounts*each, s.Count().Posts)
}

// TestCountOverTheWire asks as another process would.
func TestCountOverTheWire(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	p := join(t, s, fakenet.Lookup, quick())
	_, err := publish.To(t.Context(), p, draft("k", "x"))
	require.NoError(t, err)
	status, body := call(t, s, http.MethodGet, "/count", "", nil)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"posts":1,"deleted":0,"classes":{"lookup":1},"accounts":{"u1":1}}`, body)
}

func call(t *testing.T, s *fakenet.Server, method, path, contentType string, body io.Reader) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	resp, err := quick().HTTPClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

// TestBadRequests makes nothing of what is no post.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	join(t, s, fakenet.ClientID, quick())
	s.Join(fake.Member{Handle: "blind"}, fakenet.Blind)
	form := "multipart/form-data; boundary=b"
	part := func(name, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"f\"\r\n\r\n" + content + "\r\n"
	}
	for name, x := range map[string]struct {
		method, path, kind, body string
		status                   int
	}{
		"no JSON":            {"POST", "/publish?account=u1", "application/json", "{", 400},
		"no reference":       {"POST", "/publish?account=u1", "application/json", `{"draft":{"text":"x","reply_to":"post 1"}}`, 400},
		"half a form":        {"POST", "/publish?account=u1", form, part("post", `{}`), 400},
		"a form without it":  {"POST", "/publish?account=u1", form, part("media.0", "x") + "--b--\r\n", 400},
		"another field":      {"POST", "/publish?account=u1", form, part("odd", "x") + "--b--\r\n", 400},
		"a file too many":    {"POST", "/publish?account=u1", form, part("post", `{"draft":{"text":"x"}}`) + part("media.0", "x") + "--b--\r\n", 400},
		"a strange boundary": {"POST", "/publish?account=u1", "multipart/form-data", "", 400},
		"too long":           {"POST", "/publish?account=u1", "application/json", `{"draft":{"text":"` + strings.Repeat("x", 501) + `"}}`, 422},
		"another's ID":       {"POST", "/publish?account=u1", "application/json", `{"id":"cdTIvaw","draft":{"text":"x"}}`, 422},
		"an ID of none":      {"POST", "/publish?account=u1", "application/json", `{"id":"p1","draft":{"text":"x"}}`, 422},
		"a broken edit":      {"POST", "/posts/p1/edit?account=u1", "application/json", "{", 400},
		"nobody":             {"POST", "/publish?account=u9", "application/json", `{}`, 401},
		"an upload in JSON":  {"POST", "/media?account=u1", "application/json", "{}", 400},
		"an empty upload":    {"POST", "/media?account=u1", form, "--b--\r\n", 400},
		"no such upload":     {"POST", "/publish?account=u1", "application/json", `{"draft":{"text":"x","media":[{"ref":"parvis://fake/media/upload-1"}]}}`, 422},
		"no question":        {"GET", "/reconcile?account=u1", "", "", 400},
		"no time":            {"GET", "/reconcile?account=u1&text=x&since=noon", "", "", 400},
		"a blind lookup":     {"GET", "/reconcile?account=u2&key=x", "", "", 501},
		"no such call":       {"GET", "/elsewhere?account=u1", "", "", 404},
	} {
		status, body := call(t, s, x.method, x.path, x.kind, strings.NewReader(x.body))
		assert.Equal(t, x.status, status, "%s: %s", name, body)
	}
	assert.Empty(t, s.Deliveries())
}

// TestInProcess uses no socket, and is the same network.
func TestInProcess(t *testing.T) {
	t.Parallel()
	for _, c := range fakenet.Classes() {
		s := fakenet.Serve(fake.New(fake.Options{}), &fakenet.Options{Faults: fakenet.Faults{SlowFor: 20 * time.Millisecond}})
		opts := quick()
		opts.HTTPClient = inProcess(s)
		p, err := fakenet.Open("http://town.example", s.Join(fake.Member{Handle: "acme"}, c), c, opts)
		require.NoError(t, err)
		d := draft("k", "no socket #n1")
		d.Media = []parvis.Media{parvis.FromBytes("x.png", picture(t, 3))}
		post, err := publish.To(t.Context(), p, d)
		require.NoError(t, err)
		_, err = publish.Get(t.Context(), p, post.Ref)
		require.NoError(t, err)
		s.Inject("", fakenet.Lost)
		_, err = publish.To(t.Context(), p, draft("k2", "lost #n2"))
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		require.NoError(t, publish.Delete(t.Context(), p, post.Ref))
		s.Close()
		assert.Len(t, s.Deliveries(), 2)
		_, err = publish.To(t.Context(), p, draft("k3", "closed #n3"))
		require.Error(t, err)
		assert.Len(t, s.Deliveries(), 2)
	}
}

func inProcess(s *fakenet.Server) *http.Client { return &http.Client{Transport: s.Transport()} }

func TestMarker(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "x #n12 #n3": "#n12", "#now": "", "a#n7b": "#n7", "#n": ""} {
		assert.Equal(t, want, fakenet.Marker(text), text)
	}
}

// BenchmarkPublish is what a delivery costs without a network.
func BenchmarkPublish(b *testing.B) {
	s := fakenet.Serve(fake.New(fake.Options{}), nil)
	opts := quick()
	opts.HTTPClient = inProcess(s)
	p, err := fakenet.Open("http://town.example", s.Join(fake.Member{Handle: "acme"}, fakenet.Keyed), fakenet.Keyed, opts)
	require.NoError(b, err)
	n := 0
	for b.Loop() {
		n++
		_, err := publish.To(b.Context(), p, draft(fmt.Sprint(n), "hello"))
		require.NoError(b, err)
	}
}
