package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// local is a client of a server that answers every call the same.
func local(t *testing.T, status int, body string, see func(*http.Request)) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see != nil {
			see(r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	c, err := New(httpx.Config{Base: s.URL, Retry: httpx.RetryPolicy{Max: 1}})
	require.NoError(t, err)
	return c
}

// TestRequests holds each method against the endpoint that its documentation names.
func TestRequests(t *testing.T) {
	t.Parallel()
	q := url.Values{"limit": {"2"}}
	for _, c := range []struct {
		want string
		call func(context.Context, *Client) error
	}{
		{"GET /api/v1/accounts/relationships?id%5B%5D=a%2Fb", func(ctx context.Context, c *Client) error { _, err := c.Relationships(ctx, "a/b"); return err }},
		{"POST /api/v1/accounts/a%2Fb/mute duration=2", func(ctx context.Context, c *Client) error {
			_, err := c.Relate(ctx, "a/b", "mute", 1500*time.Millisecond)
			return err
		}},
		{"GET /api/v1/accounts/1/followers?limit=2", func(ctx context.Context, c *Client) error { _, err := c.Followers(ctx, "1", q); return err }},
		{"DELETE /api/v1/domain_blocks domain=x.example", func(ctx context.Context, c *Client) error { return c.BlockDomain(ctx, "x.example", false) }},
		{"GET /api/v1/timelines/tag/c%C3%A9ramique?limit=2", func(ctx context.Context, c *Client) error {
			_, err := c.Timeline(ctx, "tag/:id", "céramique", q)
			return err
		}},
		{"GET /api/v1/timelines/home?limit=2", func(ctx context.Context, c *Client) error { _, err := c.Timeline(ctx, "home", "", q); return err }},
		{"PUT /api/v1/scheduled_statuses/5 scheduled_at=x", func(ctx context.Context, c *Client) error { _, err := c.Reschedule(ctx, "5", "x"); return err }},
		{"POST /api/v1/statuses/5/unreblog ", func(ctx context.Context, c *Client) error { _, err := c.Act(ctx, "5", "unreblog"); return err }},
		{`PUT /api/v1/statuses/5 {"status":"x","spoiler_text":"","sensitive":false}`, func(ctx context.Context, c *Client) error {
			_, err := c.Edit(ctx, "5", EditForm{Status: "x"})
			return err
		}},
		{`POST /api/v1/statuses {"status":"x"} key=k`, func(ctx context.Context, c *Client) error {
			_, err := c.Create(ctx, StatusForm{Status: "x"}, Key{Value: "k"})
			return err
		}},
		{"DELETE /api/v2/filters/keywords/5 ", func(ctx context.Context, c *Client) error { return c.DeleteKeyword(ctx, "5") }},
		{"POST /api/v1/admin/accounts/5/action type=suspend", func(ctx context.Context, c *Client) error {
			return c.AdminAction(ctx, "5", url.Values{"type": {"suspend"}})
		}},
		{"POST /api/v1/admin/reports/5/assign_to_self ", func(ctx context.Context, c *Client) error {
			_, err := c.AdminReportDo(ctx, "5", "assign_to_self")
			return err
		}},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			var got string
			client := local(t, 200, "{}", func(r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.RequestURI
				if r.Method != http.MethodGet {
					got += " " + string(b)
				}
				if k := r.Header.Get("Idempotency-Key"); k != "" {
					got += " key=" + k
				}
			})
			_ = c.call(t.Context(), client)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestUnreadableAnswers(t *testing.T) {
	t.Parallel()
	c := local(t, 200, `{"id":`, nil)
	_, err := c.Status(t.Context(), "1")
	require.ErrorIs(t, err, parvis.ErrBadAnswer)
	_, err = c.Create(t.Context(), StatusForm{Status: "x"}, Key{})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "it may be out there")
	_, err = c.FileReport(t.Context(), url.Values{})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	_, err = c.Act(t.Context(), "1", "favourite")
	require.ErrorIs(t, err, parvis.ErrBadAnswer, "it may be done again")
}

func TestUploadStates(t *testing.T) {
	t.Parallel()
	file := httpx.File{Field: "file", Name: "a.png", Type: "image/png", Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("x")), nil
	}}
	for _, s := range []struct {
		status int
		body   string
		ready  bool
		bad    bool
	}{
		{200, `{"id":"5","url":"u"}`, true, false},
		{202, `{"id":"5","url":null}`, false, false},
		{206, `{"id":"5"}`, false, false},
		{206, ``, false, false},
		{200, `{}`, false, true},
		{200, ``, false, true},
		{200, `{"id":`, false, true},
	} {
		c := local(t, s.status, s.body, nil)
		for _, call := range []func() (Media, bool, error){
			func() (Media, bool, error) { return c.MediaState(t.Context(), "5") },
			func() (Media, bool, error) { return c.Upload(t.Context(), 2, nil, file) },
		} {
			m, ready, err := call()
			if s.bad {
				require.ErrorIs(t, err, parvis.ErrBadAnswer, s.body)
				continue
			}
			require.NoError(t, err, s.body)
			assert.Equal(t, s.ready, ready)
			if s.body != "" {
				assert.Equal(t, "5", m.ID)
			}
		}
	}
}

func TestInstanceIsReadLeniently(t *testing.T) {
	t.Parallel()
	c := local(t, 200, `{"version":"2.7.2 (compatible; Pixelfed 0.12)","urls":[],"rules":{},"api_versions":null,"configuration":{"statuses":{"max_characters":500}},"max_toot_chars":"x"}`, nil)
	in, err := c.InstanceV1(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 500, in.Configuration.Statuses.MaxCharacters)
	_, err = local(t, 200, `<html>`, nil).InstanceV2(t.Context())
	require.ErrorIs(t, err, parvis.ErrBadAnswer)
}

func TestListPages(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", `<https://elsewhere.example/api/v1/notifications?max_id=5>; rel="next"`)
		_, _ = io.WriteString(w, `[{"id":"6"}]`)
	}))
	t.Cleanup(s.Close)
	c, err := New(httpx.Config{Base: s.URL})
	require.NoError(t, err)
	page, err := c.Notifications(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, "5", page.Next.Get("max_id"), "the address of the next page is not followed, its query is")
	assert.WithinDuration(t, time.Now(), page.Date, time.Minute)
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"POST /api/v2/media": "media", "POST /api/v1/statuses": "post", "DELETE /api/v1/statuses/:id": "delete",
		"POST /api/v1/statuses/:id/unreblog": "delete", "GET /api/v1/statuses/:id": "api",
	} {
		assert.Equal(t, want, family(endpoint))
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]ID{`"5"`: "5", `5`: "5", `null`: ""} {
		got, err := into[ID]([]byte(in))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	s, err := DecodeScheduled([]byte(`{"id":"1","params":{"in_reply_to_id":7,"text":null}}`))
	require.NoError(t, err)
	assert.Equal(t, ID("7"), s.Value.Params.InReplyToID)
}

func TestDialErrorsHideTheToken(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]parvis.Code{401: parvis.ErrAuth, 403: parvis.ErrPermission, 404: parvis.ErrUnsupported, 429: parvis.ErrRateLimited, 503: parvis.ErrUnavailable} {
		c := local(t, status, "", nil)
		c.cfg.Auth = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer tok-secret")
			return nil
		}
		_, err := c.DialStream(t.Context(), c.cfg.Base, url.Values{"stream": {"user"}})
		require.ErrorIs(t, err, want, status)
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "tok-secret")
	}
	_, err := local(t, 200, "{}", nil).OpenStream(t.Context(), "http://127.0.0.1:1", "user", nil)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	c := local(t, 200, "{}", nil)
	_, err = c.OpenStream(t.Context(), c.cfg.Base, "user", nil)
	require.ErrorIs(t, err, parvis.ErrUnsupported, "what is no stream is refused")
}
