package mastodon

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// TestDetection asks the three sources in turn.
func TestDetection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		v2, v1, node string // empty: 404
		want         software
		quotes       bool
		calls        string
	}{
		{"Mastodon 4.5", `{"version":"4.5.0","api_versions":{"mastodon":7}}`, "", "", mastodon, true, "/api/v2/instance"},
		{"Mastodon 4.3", `{"version":"4.3.1","api_versions":{"mastodon":2}}`, "", "", mastodon, false, "/api/v2/instance"},
		{"Mastodon 4.2", `{"version":"4.2.1"}`, "", `{"software":{"name":"mastodon"}}`, mastodon, false, "/api/v2/instance /nodeinfo/2.0"},
		{"Mastodon 3.5", "", `{"version":"3.5.3"}`, `{"software":{"name":"mastodon"}}`, mastodon, false, "/api/v2/instance /api/v1/instance /nodeinfo/2.0"},
		{"GoToSocial", `{"version":"0.20.0+git-1a2b3c4"}`, "", `{"software":{"name":"gotosocial"}}`, gotosocial, false, "/api/v2/instance /nodeinfo/2.0"},
		{"Akkoma", "", `{"version":"2.7.2 (compatible; Akkoma 3.13.2)"}`, "", akkoma, false, "/api/v2/instance /api/v1/instance"},
		{"somebody else", `{"version":"1.0"}`, "", "", unknown, false, "/api/v2/instance /nodeinfo/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var calls []string
			n := &fakeNet{answer: func(r *http.Request) *http.Response {
				body, ok := map[string]string{"/api/v2/instance": c.v2, "/api/v1/instance": c.v1, "/nodeinfo/2.0": c.node}[r.URL.Path]
				if !ok {
					return nil
				}
				calls = append(calls, r.URL.Path)
				if body == "" {
					return jsonAnswer(404, `{"error":"Not found"}`)
				}
				return jsonAnswer(200, body)
			}}
			client := n.open(t)
			for range 3 {
				s, err := client.info(t.Context())
				require.NoError(t, err)
				assert.Equal(t, c.want, s.software)
				assert.Equal(t, c.quotes, s.quotes)
			}
			assert.Equal(t, c.calls, strings.Join(calls, " "), "asked once, then remembered")
		})
	}
}

func TestNotAServerOfTheFamily(t *testing.T) {
	t.Parallel()
	n := &fakeNet{answer: func(*http.Request) *http.Response { return jsonAnswer(200, `{"name":"something else"}`) }}
	_, err := publish.To(t.Context(), n.open(t), publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrBadAnswer)
	assert.Contains(t, err.Error(), "Config.Server")
}

// TestNotReadyAfterAll: the server says that a file is ready, and then that it is not, in
// the account's own language. The post is sent again once the file really is.
func TestNotReadyAfterAll(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		words         string
		busy          int // how many times the file is still being processed when asked
		keys          []string
		err           error
	}{
		{"in French", "4.5.0", "Impossible de joindre les fichiers en cours de traitement", 2, []string{"k", "k"}, nil},
		{"in English, ready when asked", "4.5.0", "Cannot attach files that have not finished processing. Try again in a moment!", 0, []string{"k", "k"}, nil},
		{"errors are repeated under a key", "2.7.2 (compatible; Pleroma 2.6.0)", "have not finished processing", 1, []string{"k", "k+1"}, nil},
		{"another refusal", "4.5.0", "Validation failed: Text can't be blank", 0, []string{"k"}, parvis.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var keys []string
				busy := c.busy
				n := &fakeNet{answer: func(r *http.Request) *http.Response {
					switch {
					case r.URL.Path == "/api/v2/instance":
						return jsonAnswer(200, `{"version":"`+c.version+`","api_versions":{"mastodon":7}}`)
					case r.URL.Path == "/api/v1/media/5" && busy > 0:
						busy--
						return jsonAnswer(206, `{"id":"5"}`)
					case r.URL.Path == "/api/v1/media/5":
						return jsonAnswer(200, `{"id":"5","url":"u"}`)
					case r.URL.Path == "/api/v1/statuses":
						keys = append(keys, r.Header.Get("Idempotency-Key"))
						if len(keys) == 1 {
							return jsonAnswer(422, `{"error":"`+c.words+`"}`)
						}
						return jsonAnswer(200, `{"id":"9"}`)
					}
					return nil
				}}
				ref := parvis.Ref{Network: Network, Host: "m.example", Kind: parvis.KindMedia, ID: "5"}
				post, err := n.open(t).Publish(t.Context(), publish.Draft{Text: "x", Key: "k", Media: []parvis.Media{{Ref: ref}}})
				require.ErrorIs(t, err, c.err)
				if c.err == nil {
					assert.Equal(t, "9", post.Ref.ID)
				}
				assert.Equal(t, c.keys, keys)
			})
		})
	}
}

func TestMediaIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNet{answer: func(r *http.Request) *http.Response {
			switch r.URL.Path {
			case "/api/v2/media":
				_, _ = io.Copy(io.Discard, r.Body)
				return jsonAnswer(202, `{"id":"5"}`)
			case "/api/v1/media/5":
				return jsonAnswer(206, `{"id":"5"}`)
			}
			return nil
		}}
		began := time.Now()
		_, err := n.open(t).Publish(t.Context(), publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.mp4", []byte("x")).WithType("video/mp4")}})
		require.ErrorIs(t, err, parvis.ErrUnavailable)
		assert.InDelta(t, processingLimit.Seconds(), time.Since(began).Seconds(), 15)
	})
}

func TestMediaThatCannotBeProcessed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		n := &fakeNet{answer: func(r *http.Request) *http.Response {
			switch r.URL.Path {
			case "/api/v2/media":
				return jsonAnswer(404, `{"error":"Not found"}`)
			case "/api/v1/media":
				_, _ = io.Copy(io.Discard, r.Body)
				return jsonAnswer(202, `{"id":"5"}`)
			case "/api/v1/media/5":
				if asked++; asked < 3 {
					return jsonAnswer(206, "")
				}
				return jsonAnswer(422, `{"error":"Validation failed"}`)
			}
			return nil
		}}
		_, err := n.open(t).Publish(t.Context(), publish.Draft{Media: []parvis.Media{parvis.FromBytes("a.mp4", []byte("x")).WithType("video/mp4")}})
		require.ErrorIs(t, err, parvis.ErrRejected)
	})
}

// TestReconcileByClock: the server's clock is an hour behind, and says so.
func TestReconcileByClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		behind := -time.Hour
		started := time.Now()
		list, _ := json.Marshal([]map[string]any{
			{"id": "2", "content": "<p>Bonjour</p>", "created_at": started.Add(behind + time.Second).Format(time.RFC3339)},
			{"id": "1", "content": "<p>Bonjour</p>", "created_at": started.Add(behind - time.Minute).Format(time.RFC3339)},
		})
		n := &fakeNet{answer: func(r *http.Request) *http.Response {
			if r.URL.Path != "/api/v1/accounts/7/statuses" {
				return nil
			}
			resp := jsonAnswer(200, string(list))
			resp.Header.Set("Date", time.Now().Add(behind).UTC().Format(http.TimeFormat))
			return resp
		}}
		post, err := n.open(t).Reconcile(t.Context(), publish.Attempt{Draft: publish.Draft{Text: "bonjour"}, Started: started})
		require.NoError(t, err)
		assert.Equal(t, "2", post.Ref.ID, "the older one was there before")
		_, err = n.open(t).Reconcile(t.Context(), publish.Attempt{Draft: publish.Draft{Text: "bonsoir"}, Started: started})
		require.ErrorIs(t, err, parvis.ErrNotFound)
	})
}

// TestReconcileWaitsWhereKeysAreIgnored: a post may still be on its way when it is looked for.
func TestReconcileWaitsWhereKeysAreIgnored(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]error{"0.20.0": nil, "4.5.0": parvis.ErrNotFound} {
		synctest.Test(t, func(t *testing.T) {
			appears := time.Now().Add(2 * time.Second)
			n := &fakeNet{answer: func(r *http.Request) *http.Response {
				switch {
				case r.URL.Path == "/api/v2/instance" && version == "0.20.0":
					return jsonAnswer(200, `{"version":"0.20.0","source_url":"https://codeberg.org/superseriousbusiness/gotosocial"}`)
				case r.URL.Path == "/api/v1/accounts/7/statuses" && time.Now().After(appears) && !r.URL.Query().Has("max_id"):
					return jsonAnswer(200, `[{"id":"2","content":"<p>Oui</p>","created_at":"`+appears.UTC().Format(time.RFC3339)+`"}]`)
				case r.URL.Path == "/api/v1/accounts/7/statuses":
					return jsonAnswer(200, "[]")
				}
				return nil
			}}
			_, err := n.open(t).Reconcile(t.Context(), publish.Attempt{Draft: publish.Draft{Text: "Oui"}, Started: time.Now()})
			require.ErrorIs(t, err, want)
		})
	}
}

// TestReconcileBySource: what people see differs from what was sent, which the server keeps.
func TestReconcileBySource(t *testing.T) {
	t.Parallel()
	n := &fakeNet{answer: func(r *http.Request) *http.Response {
		switch r.URL.Path {
		case "/api/v1/accounts/7/statuses":
			if r.URL.Query().Has("max_id") {
				return jsonAnswer(200, "[]")
			}
			return jsonAnswer(200, `[{"id":"2","content":"<p>RE: https://a.example</p><p>Oui</p>","created_at":"`+time.Now().UTC().Format(time.RFC3339)+`"}]`)
		case "/api/v1/statuses/2/source":
			return jsonAnswer(200, `{"id":"2","text":"Oui","spoiler_text":""}`)
		}
		return nil
	}}
	post, err := n.open(t).Reconcile(t.Context(), publish.Attempt{Draft: publish.Draft{Text: "Oui"}, Started: time.Now()})
	require.NoError(t, err)
	assert.Equal(t, "2", post.Ref.ID)
}

// TestReconcileInDoubt: a post that the server may have changed is no proof that the draft
// is not there.
func TestReconcileInDoubt(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Format(time.RFC3339)
	for name, c := range map[string]struct {
		status, source string // source empty: the server keeps none
		want           error
	}{
		"changed text":    {`"content":"<p>Portes ouvertes samedi [lien]</p>"`, "", parvis.ErrUnknownOutcome},
		"known to differ": {`"content":"<p>Portes ouvertes samedi [lien]</p>"`, `{"id":"2","text":"Portes ouvertes samedi"}`, parvis.ErrNotFound},
		"another text":    {`"content":"<p>Fermé lundi</p>"`, "", parvis.ErrNotFound},
		"another answer":  {`"content":"<p>Portes ouvertes samedi !</p>","in_reply_to_id":"1"`, "", parvis.ErrNotFound},
		"a warning added": {`"content":"<p>Portes ouvertes dimanche</p>","spoiler_text":"publicité"`, "", parvis.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &fakeNet{answer: func(r *http.Request) *http.Response {
				switch {
				case r.URL.Path == "/api/v1/accounts/7/statuses" && r.URL.Query().Has("max_id"):
					return jsonAnswer(200, "[]")
				case r.URL.Path == "/api/v1/accounts/7/statuses":
					return jsonAnswer(200, `[{"id":"2",`+c.status+`,"created_at":"`+now+`"}]`)
				case r.URL.Path == "/api/v1/statuses/2/source" && c.source == "":
					return jsonAnswer(404, `{"error":"Record not found"}`)
				case r.URL.Path == "/api/v1/statuses/2/source":
					return jsonAnswer(200, c.source)
				}
				return nil
			}}
			_, err := n.open(t).Reconcile(t.Context(), publish.Attempt{Draft: publish.Draft{Text: "Portes ouvertes dimanche"}, Started: time.Now()})
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestReadFrame(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if !assert.NoError(t, err) {
			return
		}
		defer conn.CloseNow()
		for _, m := range []string{`{"event":"update","payload":"1"}`, `{"event":"update","payload":"` + strings.Repeat("x", 3000) + `"}`, `{"event":"delete","payload":"5"}`} {
			out, err := conn.Writer(r.Context(), websocket.MessageText)
			if !assert.NoError(t, err) {
				return
			}
			for piece := range strings.SplitAfterSeq(m, "x") {
				_, _ = io.WriteString(out, piece)
			}
			assert.NoError(t, out.Close())
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}))
	t.Cleanup(s.Close)
	conn, resp, err := websocket.Dial(t.Context(), s.URL, nil)
	require.NoError(t, err)
	defer conn.CloseNow()
	_ = resp
	conn.SetReadLimit(-1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []frame
	for {
		f, err := readFrame(ctx, conn, 1000)
		if err != nil {
			require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err))
			break
		}
		got = append(got, f)
	}
	assert.Equal(t, []frame{f("update", "1"), {refused: true}, f("delete", "5")}, got)
}
