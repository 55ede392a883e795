package api

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		code   parvis.Code
		vendor string
	}{
		{401, `{"error":"The access token is invalid"}`, parvis.ErrAuth, "The access token is invalid"},
		{422, `{"error":"This method requires an authenticated user"}`, parvis.ErrAuth, "This method requires an authenticated user"},
		{403, `{"error":"This action is outside the authorized scopes"}`, parvis.ErrPermission, "This action is outside the authorized scopes"},
		{403, `{"error":"Your login is currently disabled"}`, parvis.ErrPermission, "Your login is currently disabled"},
		{422, `{"error":"Validation failed: Text can't be blank"}`, parvis.ErrInvalid, "Validation failed: Text can't be blank"},
		{422, `{"error":"Cannot attach files that have not finished processing. Try again in a moment!"}`, parvis.ErrUnavailable, "Cannot attach files that have not finished processing. Try again in a moment!"},
		{422, `{"error":"Duplicate record"}`, parvis.ErrDuplicate, "Duplicate record"},
		{400, `{"error":"Duplicate idempotency key."}`, parvis.ErrDuplicate, "Duplicate idempotency key."},
		{500, `{"error":"Error processing thumbnail for uploaded media"}`, parvis.ErrRejected, "Error processing thumbnail for uploaded media"},
		{404, `{"error":"Record not found"}`, "", "Record not found"},
		{429, `{"error":"Too many requests"}`, "", "Too many requests"},
		{503, `{"error":"Remote data could not be fetched"}`, "", "Remote data could not be fetched"},
		{400, `{"error":"invalid_request","error_description":"Missing   code"}`, "", "invalid_request: Missing code"},
		{422, `{"error":{"text":["is missing"]}}`, parvis.ErrInvalid, `{"text":["is missing"]}`},
		{400, `{"message":"The media ids field is required."}`, "", "The media ids field is required."},
	} {
		e := verdict(&httpx.Response{Status: c.status, Header: http.Header{}, Body: []byte(c.body)})
		require.NotNil(t, e, c.body)
		assert.Equal(t, c.code, e.Code, c.body)
		assert.Equal(t, c.vendor, e.Vendor)
	}
	for _, c := range []struct {
		status int
		body   string
	}{{200, `{"error":"x"}`}, {403, "<html>Blocked</html>"}, {500, ""}, {502, "[]"}, {404, `"x"`}, {400, "{"}} {
		assert.Nil(t, verdict(&httpx.Response{Status: c.status, Header: http.Header{}, Body: []byte(c.body)}), c.body)
	}
	replayed := verdict(&httpx.Response{Status: 422, Header: http.Header{"Idempotent-Replayed": {"true"}}, Body: []byte(`{"error":"no"}`)})
	assert.Contains(t, replayed.Help, "new Key")
}

func FuzzErrorText(f *testing.F) {
	f.Add([]byte(`{"error":"x","error_description":"y"}`))
	f.Add([]byte(`{"error":{"a":1}}`))
	f.Add([]byte("{\"error\":\"\xff" + strings.Repeat("é", 400) + `"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := errorText(b)
		require.LessOrEqual(t, len(s), maxVendor+len("…"))
		require.True(t, utf8.ValidString(s))
		require.NotContains(t, s, "\n")
		for _, status := range []int{200, 400, 401, 403, 422, 500} {
			_ = verdict(&httpx.Response{Status: status, Header: http.Header{}, Body: b})
		}
	})
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{`<https://m.example/api/v1/x?limit=2&max_id=7163058>; rel="next", <https://m.example/api/v1/x?min_id=7275607>; rel="prev"`, "limit=2&max_id=7163058"},
		{`<https://m.example/api/v1/x?min_id=1>; rel="prev",<https://m.example/api/v1/x?max_id=2>; rel=next`, "max_id=2"},
		{`<http://behind.a.proxy/api/v1/x?max_id=2>;title="a";REL="next"`, "max_id=2"},
		{`<https://m.example/a,b?max_id=3>; rel="next"`, "max_id=3"},
		{`<https://m.example/x?min_id=1>; rel="prev"`, ""},
		{`<https://m.example/x>; rel="next"`, ""},
		{"", ""},
		{"<", ""},
		{"<>", ""},
		{`<%zz>; rel="next"`, ""},
		{`rel="next"`, ""},
	} {
		got := next(http.Header{"Link": {c.in}})
		assert.Equal(t, c.want, got.Encode(), c.in)
	}
}

func FuzzNext(f *testing.F) {
	f.Add(`<https://m.example/x?max_id=2>; rel="next", <https://m.example/x?min_id=1>; rel="prev"`)
	f.Fuzz(func(t *testing.T, s string) {
		if q := next(http.Header{"Link": {s}}); q != nil {
			require.Contains(t, s, "<")
		}
	})
}
