package wordpress

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func answer(status int, kind, body string) *httpx.Response {
	return &httpx.Response{Status: status, Header: http.Header{"Content-Type": {kind}}, Body: []byte(body)}
}

// The bodies are those of a real WordPress 6.1.
func TestErrorsOfARealSite(t *testing.T) {
	t.Parallel()
	for file, tc := range map[string]struct {
		status  int
		code    parvis.Code
		vendor  string
		message string
	}{
		"already_trashed":   {410, parvis.ErrConflict, "rest_already_trashed", "The post has already been deleted"},
		"comment_duplicate": {409, parvis.ErrDuplicate, "comment_duplicate", "Duplicate comment detected; it looks as though you’ve already said that!"},
		"comment_flood":     {400, parvis.ErrRateLimited, "comment_flood", "You are posting comments too quickly. Slow down"},
		"forbidden_param":   {403, parvis.ErrPermission, "rest_forbidden_param", "Query parameter not permitted: status"},
		"forbidden_status":  {400, parvis.ErrPermission, "rest_invalid_param", "Invalid parameter(s): status; status: Status is forbidden"},
		"invalid_param":     {400, parvis.ErrInvalid, "rest_invalid_param", "Invalid parameter(s): per_page; per_page: per_page must be between 1 (inclusive) and 100 (inclusive)"},
		"no_route":          {404, parvis.ErrUnsupported, "rest_no_route", "No route was found matching the URL and request method"},
		"not_logged_in":     {401, parvis.ErrAuth, "rest_not_logged_in", "You are not currently logged in"},
		"post_invalid_id":   {404, parvis.ErrNotFound, "rest_post_invalid_id", "Invalid post ID"},
		"term_exists":       {400, parvis.ErrDuplicate, "term_exists", "A term with the name provided already exists with this parent"},
		"upload_type":       {500, parvis.ErrInvalid, "rest_upload_sideload_error", "Sorry, you are not allowed to upload this file type"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile("testdata/error_" + file + ".json")
			require.NoError(t, err)
			e := bench(t).judge(answer(tc.status, "application/json; charset=UTF-8", string(body)))
			require.NotNil(t, e)
			assert.Equal(t, tc.code, e.Code)
			assert.Equal(t, tc.vendor, e.Vendor)
			assert.Equal(t, tc.message, e.Message)
			if tc.code == parvis.ErrAuth || tc.code == parvis.ErrPermission {
				assert.NotEmpty(t, e.Help)
			}
		})
	}
}

func TestErrorsThatAreNotWordPresss(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><h1>403 Forbidden</h1>"
	for name, tc := range map[string]struct {
		a    *httpx.Response
		code parvis.Code // empty is left to the client, which goes by the status
	}{
		"fine":                {answer(200, "application/json", "{}"), ""},
		"firewall":            {answer(403, "text/html", page), parvis.ErrUnavailable},
		"mod_security":        {answer(406, "text/html; charset=iso-8859-1", page), parvis.ErrUnavailable},
		"maintenance":         {answer(503, "text/html", page), parvis.ErrUnavailable},
		"basic auth in front": {answer(401, "text/html", page), parvis.ErrAuth},
		"file too large":      {answer(413, "text/html", page), parvis.ErrInvalid},
		"too many":            {answer(429, "text/html", page), ""},
		"gateway":             {answer(502, "text/html", page), ""},
		"other JSON":          {answer(403, "application/json", `{"error":"x"}`), ""},
		"odd data":            {answer(403, "application/json", `{"code":"rest_cannot_edit","message":"No.","data":[]}`), parvis.ErrPermission},
		"no data":             {answer(400, "application/json", `{"code":"something","message":"No.","data":null}`), parvis.ErrInvalid},
		"site is down":        {answer(500, "application/json", `{"code":"internal_server_error","message":"<p>There has been a critical error.</p>","data":{"status":500}}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := bench(t).judge(tc.a)
			if tc.code == "" {
				assert.True(t, e == nil || e.Code == "", "%+v", e)
				return
			}
			require.NotNil(t, e)
			assert.Equal(t, tc.code, e.Code)
			assert.NotEmpty(t, e.Message)
		})
	}
}

func TestFloodSaysHowLong(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Site: "https://blog.example", User: "a", Password: "b", Flood: time.Minute}, nil)
	require.NoError(t, err)
	e := c.judge(answer(400, "application/json", `{"code":"comment_flood","message":"Slow down.","data":{"status":400}}`))
	require.NotNil(t, e)
	assert.Equal(t, time.Minute, e.RetryAfter)
}

func TestRefusalMakesTheRoleBeAskedAgain(t *testing.T) {
	t.Parallel()
	c := bench(t)
	me, ok := c.last.Peek()
	require.True(t, ok)
	c.me.Set(me)
	c.judge(answer(404, "application/json", `{"code":"rest_post_invalid_id","message":"x","data":{"status":404}}`))
	_, known := c.me.Peek()
	assert.True(t, known)
	c.judge(answer(403, "application/json", `{"code":"rest_cannot_edit","message":"x","data":{"status":403}}`))
	_, known = c.me.Peek()
	assert.False(t, known)
	assert.Equal(t, "2", c.Account().ID, "who it is does not change")
}

func FuzzErrors(f *testing.F) {
	for _, name := range []string{"forbidden_status", "invalid_param", "term_exists"} {
		b, err := os.ReadFile("testdata/error_" + name + ".json")
		require.NoError(f, err)
		f.Add(400, string(b))
	}
	f.Add(500, `{"code":"a","message":"<p>b","data":{"details":{"x":{"code":"rest_forbidden","data":{"status":1}}}}}`)
	c := bench(f)
	f.Fuzz(func(t *testing.T, status int, body string) {
		e := c.judge(answer(status, "application/json", body))
		if status >= 200 && status < 400 {
			require.Nil(t, e)
		}
		if e != nil {
			require.Less(t, len([]rune(e.Message)), 4000)
			require.NotContains(t, e.Message, "\n")
		}
	})
}
