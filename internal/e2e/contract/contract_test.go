package contract_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/e2e/contract"
)

func mastodonContract(t testing.TB) *contract.Contract {
	t.Helper()
	dir, err := contract.SpecDir()
	require.NoError(t, err)
	c, err := contract.Mastodon(dir)
	require.NoError(t, err)
	return c
}

// request makes an exchange as a recorder would have it.
func request(method, path, kind, body string) apitest.Exchange {
	u, err := url.Parse(path)
	if err != nil {
		panic(err)
	}
	x := apitest.Exchange{Method: method, Path: u.EscapedPath(), Query: u.Query(), RequestHeader: http.Header{}, RequestBody: []byte(body)}
	if kind != "" {
		x.RequestHeader.Set("Content-Type", kind)
	}
	return x
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	multipart := "multipart/form-data; boundary=b"
	file := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nx\r\n"
	for name, tc := range map[string]struct {
		x    apitest.Exchange
		want string // "" is no problem
	}{
		"JSON":                        {request("POST", "/api/v1/statuses", jsonType, `{"status":"x","sensitive":true,"poll":{"options":["a","b"],"expires_in":600}}`), ""},
		"a form":                      {request("POST", "/api/v1/statuses", formType, "status=x&sensitive=true&poll[options][]=a&poll[options][]=b&poll[expires_in]=600"), ""},
		"media alone":                 {request("POST", "/api/v1/statuses", formType, "media_ids[]=1&media_ids[]=2"), ""},
		"multipart":                   {request("POST", "/api/v2/media", multipart, file+"--b\r\nContent-Disposition: form-data; name=\"focus\"\r\n\r\n0,0\r\n--b--\r\n"), ""},
		"a query":                     {request("GET", "/api/v1/notifications?types[]=mention&types[]=follow&limit=5&min_id=1", "", ""), ""},
		"objects in an array, form":   {request("PUT", "/api/v1/statuses/1", formType, "status=x&media_attributes[][id]=1&media_attributes[][description]=d"), ""},
		"objects in an array, JSON":   {request("PUT", "/api/v1/statuses/1", jsonType, `{"status":"x","media_attributes":[{"id":"1","focus":"0,0"}]}`), ""},
		"staff":                       {request("POST", "/api/v1/admin/accounts/1/action", formType, "type=silence&report_id=1"), ""},
		"a body of a DELETE as query": {request("DELETE", "/api/v1/domain_blocks?domain=x.example", "", ""), ""},

		"no such path":             {request("GET", "/api/v1/status/1", "", ""), "GET /api/v1/status/1: request: there is no such operation"},
		"no such method":           {request("PATCH", "/api/v1/statuses/1", "", ""), "PATCH /api/v1/statuses/1: request: there is no such operation"},
		"an empty id":              {request("GET", "/api/v1/statuses//context", "", ""), "GET /api/v1/statuses//context: request: there is no such operation"},
		"unknown in the query":     {request("GET", "/api/v1/notifications?kinds[]=mention", "", ""), `unknown parameter "kinds[]" in the address`},
		"unknown in JSON":          {request("POST", "/api/v1/statuses", jsonType, `{"status":"x","text":"y"}`), `unknown property "/text"`},
		"unknown deep in JSON":     {request("POST", "/api/v1/statuses", jsonType, `{"status":"x","poll":{"options":["a"],"expires_in":1,"open":true}}`), `unknown property "/poll/open"`},
		"unknown in an array":      {request("PUT", "/api/v1/statuses/1", jsonType, `{"media_attributes":[{"id":"1","alt":"x"}]}`), `unknown property "/media_attributes/alt"`},
		"unknown in a form":        {request("POST", "/api/v1/statuses", formType, "status=x&poll[title]=y"), `unknown property "/poll/title"`},
		"unknown in multipart":     {request("POST", "/api/v2/media", multipart, file+"--b\r\nContent-Disposition: form-data; name=\"alt\"\r\n\r\nx\r\n--b--\r\n"), `unknown property "/alt"`},
		"a body where none is":     {request("POST", "/api/v1/statuses/1/favourite", jsonType, `{"x":1}`), `unknown property "x": the operation has no body`},
		"required, query":          {request("GET", "/api/v2/search", "", ""), `the parameter "q" is missing`},
		"required, JSON":           {request("POST", "/api/v1/reports", jsonType, `{"comment":"x"}`), `at /account_id: property "account_id" is missing`},
		"required, multipart":      {request("POST", "/api/v2/media", multipart, "--b\r\nContent-Disposition: form-data; name=\"focus\"\r\n\r\n0,0\r\n--b--\r\n"), `property "file" is missing`},
		"neither text nor media":   {request("POST", "/api/v1/statuses", jsonType, `{"visibility":"public"}`), `anyOf`},
		"a wrong type, JSON":       {request("POST", "/api/v1/reports", jsonType, `{"account_id":1}`), `at /account_id: value must be a string`},
		"a wrong type, form":       {request("POST", "/api/v1/accounts/1/mute", formType, "duration=long"), `at /duration: value must be an integer`},
		"a wrong type, query":      {request("GET", "/api/v1/notifications?limit=many", "", ""), `value must be an integer`},
		"no truth value":           {request("GET", "/api/v1/timelines/public?local=maybe", "", ""), `value must be a boolean`},
		"a value not in the list":  {request("POST", "/api/v1/admin/accounts/1/action", formType, "type=banish"), `at /type: value is not one of the allowed values`},
		"an array without []":      {request("GET", "/api/v1/notifications?types=mention", "", ""), `"types" is an array, its name ends in []`},
		"an array that is none":    {request("GET", "/api/v1/notifications?limit[]=1", "", ""), `"limit[]" is no array`},
		"twice":                    {request("POST", "/api/v1/reports", formType, "account_id=1&account_id=2"), `"account_id" is there 2 times`},
		"the token in the address": {request("GET", "/api/v1/notifications?access_token=t", "", ""), `the token is in the address`},
		"no JSON":                  {request("POST", "/api/v1/reports", jsonType, `{`), `the body cannot be read`},
		"another kind of body":     {request("POST", "/api/v1/reports", "text/plain", `x`), `a body of type text/plain is not understood`},
		"a body without a kind":    {request("POST", "/api/v1/reports", "", `x`), `the body has no type`},
		"a time that is none":      {request("PUT", "/api/v1/scheduled_statuses/1", jsonType, `{"scheduled_at":"tomorrow"}`), `at /scheduled_at`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, c.Request(tc.x), tc.want)
		})
	}
}

// expect wants one problem with that text, or none.
func expect(t *testing.T, problems []contract.Problem, want string) {
	t.Helper()
	if want == "" {
		assert.Empty(t, problems)
		return
	}
	require.NotEmpty(t, problems)
	assert.Contains(t, problems[0].String(), want)
}

func answered(method, path string, status int, body string) apitest.Exchange {
	x := request(method, path, "", "")
	x.Status, x.Header, x.Body = status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, []byte(body)
	return x
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	html := answered("GET", "/api/v1/statuses/1/source", 200, `<p>`)
	html.Header.Set("Content-Type", "text/html")
	relation := `{"id":"1","following":false,"showing_reblogs":false,"notifying":false,"followed_by":false,"blocking":true,"blocked_by":false,` +
		`"muting":false,"muting_notifications":false,"requested":false,"requested_by":false,"domain_blocking":false,"endorsed":false,"note":""}`
	for name, tc := range map[string]struct {
		x    apitest.Exchange
		want string
	}{
		"good":                           {answered("GET", "/api/v1/statuses/1/source", 200, `{"id":"1","text":"x","spoiler_text":""}`), ""},
		"an object":                      {answered("POST", "/api/v1/accounts/1/block", 200, relation), ""},
		"nothing was promised":           {answered("POST", "/api/v1/domain_blocks", 200, `{}`), ""},
		"a refusal":                      {answered("GET", "/api/v1/statuses/1", 404, `{"error":"Record not found"}`), ""},
		"a refusal with a tolerance":     {answered("POST", "/api/v1/statuses", 403, `{"error":"This action is outside the authorized scopes"}`), ""},
		"a refusal in an own way":        {answered("POST", "/api/v1/statuses", 422, `{"message":"no"}`), `at /error: property "error" is missing`},
		"an undocumented status":         {answered("GET", "/api/v1/statuses/1", 418, `{}`), "the status 418 is not documented"},
		"an undocumented good status":    {answered("POST", "/api/v1/statuses", 201, `{}`), "the status 201 is not documented"},
		"a field that is missing":        {answered("GET", "/api/v1/statuses/1/source", 200, `{"id":"1","spoiler_text":""}`), `at /text: property "text" is missing`},
		"a field of another type":        {answered("GET", "/api/v1/statuses/1/source", 200, `{"id":1,"text":"x","spoiler_text":""}`), "at /id: value must be a string"},
		"null where none may be":         {answered("GET", "/api/v1/statuses/1/source", 200, `{"id":"1","text":null,"spoiler_text":""}`), "at /text: Value is not nullable"},
		"an object instead of a list":    {answered("GET", "/api/v1/notifications", 200, `{}`), "value must be an array"},
		"HTML":                           {html, `the answer is "text/html" instead of JSON`},
		"no JSON":                        {answered("GET", "/api/v1/statuses/1/source", 200, `{`), "the answer is no JSON"},
		"a time that is none":            {answered("GET", "/api/v1/accounts/relationships", 200, `[`+relation[:len(relation)-1]+`,"muting_expires_at":"soon"}]`), "muting_expires_at"},
		"the documented nullable one":    {answered("GET", "/api/v1/accounts/relationships", 200, `[`+relation[:len(relation)-1]+`,"muting_expires_at":null}]`), ""},
		"what is relied on is not there": {answered("GET", "/api/v1/media/1", 206, `{"id":"1","type":"video"}`), `the field "url", which is relied on, is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, c.Answer(tc.x), tc.want)
		})
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	assert.Empty(t, c.Event("delete", "123"))
	assert.Empty(t, c.Event("filters_changed", ""))
	expect(t, c.Event("delete", `{"id":"1"}`), "is no id")
	expect(t, c.Event("update", `{"id":"1"}`), "is missing")
	expect(t, c.Event("update", `x`), "it is no JSON")
	expect(t, c.Event("news", `{}`), "there is no such event")
	expect(t, c.Event("filters_changed", "undefined"), "there is a payload")
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	c := mastodonContract(t)
	var v contract.Coverage
	v.Add(c, answered("GET", "/api/v1/statuses/1/source", 200, `{"id":"1","text":"x","spoiler_text":""}`))
	v.Add(c, answered("GET", "/api/v1/statuses/2/source", 404, `{"error":"x"}`))
	v.Add(c, answered("GET", "/api/v9/x", 404, ``))
	assert.Equal(t, []int{3, 1, 3}, []int{v.Requests, v.Operations, v.Fields})
	assert.True(t, v.Saw("GET /api/v1/statuses/{id}/source"))
	assert.Empty(t, v.Below(contract.Coverage{Requests: 3, Operations: 1, Fields: 3}))
	assert.Equal(t, []string{"operations: 1 instead of at least 2", "events: 0 instead of at least 1"}, v.Below(contract.Coverage{Operations: 2, Events: 1}))
}

func TestSpecDirSaysWhereToPutIt(t *testing.T) {
	t.Setenv(contract.SpecsVariable, t.TempDir()+"/nothing")
	_, err := contract.SpecDir()
	require.Error(t, err)
	assert.Contains(t, err.Error(), "put the folder there, or name another one in PARVIS_SPECS")
}
