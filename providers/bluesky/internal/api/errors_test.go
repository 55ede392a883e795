package api

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// TestErrors holds recorded answers against what they mean.
func TestErrors(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/errors.json")
	require.NoError(t, err)
	var cases []struct {
		Request string
		Status  int
		Header  map[string]string
		Body    json.RawMessage
		HTML    bool
		Date    string
		Code    parvis.Code
		Name    string
		Help    string
	}
	require.NoError(t, json.Unmarshal(b, &cases))
	require.Greater(t, len(cases), 25)
	for _, c := range cases {
		t.Run(c.Request+" "+c.Name, func(t *testing.T) {
			t.Parallel()
			w := &wire{answer: func(*http.Request) *http.Response {
				resp := reply(c.Status, string(c.Body))
				if c.HTML {
					resp = reply(c.Status, "<html>Cannot GET</html>", "Content-Type", "text/html")
				}
				for name, v := range c.Header {
					resp.Header.Set(name, v)
				}
				if c.Date != "" {
					off, err := time.ParseDuration(c.Date)
					assert.NoError(t, err)
					resp.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
				}
				return resp
			}}
			h, err := httpx.New(httpx.Config{
				Base: "https://pds.example", Client: &http.Client{Transport: w}, Errors: Verdict, Retry: httpx.RetryPolicy{Max: 1},
			})
			require.NoError(t, err)
			method, path, _ := strings.Cut(c.Request, " ")
			_, err = h.JSON(t.Context(), httpx.Request{Method: method, Path: path, Op: "try"}, nil)
			var e *parvis.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.Code, e.Code)
			assert.Equal(t, c.Name, Name(err))
			assert.Equal(t, c.Status, e.Status)
			assert.Contains(t, e.Help, c.Help)
			assert.NotEmpty(t, e.Message)
			if c.Code == parvis.ErrRateLimited {
				assert.Equal(t, 289*time.Second, e.RetryAfter)
			}
		})
	}
}

// TestSuccessIsNoError also when a success says error in its body.
func TestSuccessIsNoError(t *testing.T) {
	t.Parallel()
	a := &httpx.Response{Status: 200, Header: http.Header{}, Body: []byte(`{"error":"InvalidToken"}`)}
	assert.Nil(t, Verdict(a))
	assert.Nil(t, OAuthVerdict(a))
}

// TestOAuthErrors are those of authorization servers.
func TestOAuthErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		code   parvis.Code
		name   string
	}{
		{400, `{"error":"invalid_grant","error_description":"Refresh token replayed"}`, parvis.ErrAuth, "invalid_grant"},
		{400, `{"error":"use_dpop_nonce","error_description":"Authorization server requires nonce in DPoP proof"}`, parvis.ErrAuth, "use_dpop_nonce"},
		{401, `{"error":"invalid_client","error_description":"x"}`, parvis.ErrInvalid, "invalid_client"},
		{400, `{"error":"invalid_redirect_uri"}`, parvis.ErrInvalid, "invalid_redirect_uri"},
		{400, `{"error":"invalid_scope"}`, parvis.ErrInvalid, "invalid_scope"},
		{403, `{"error":"access_denied"}`, parvis.ErrPermission, "access_denied"},
		{429, `{"error":"invalid_request"}`, parvis.ErrRateLimited, "invalid_request"},
		{500, `{"error":"server_error"}`, "", "server_error"},
		{400, `{"error":"something_new"}`, "", "something_new"},
	} {
		e := OAuthVerdict(&httpx.Response{Status: c.status, Header: http.Header{}, Body: []byte(c.body)})
		require.NotNil(t, e, c.name)
		assert.Equal(t, c.code, e.Code, c.name)
		assert.Equal(t, c.name, Name(e))
	}
	assert.Nil(t, OAuthVerdict(&httpx.Response{Status: 404, Header: http.Header{}, Body: []byte("<html>")}))
}

func TestNameOfOtherErrors(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Name(nil))
	assert.Empty(t, Name(os.ErrNotExist))
	assert.Empty(t, Name(&parvis.Error{}))
}
