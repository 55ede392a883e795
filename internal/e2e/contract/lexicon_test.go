package contract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/internal/e2e/contract"
)

func blueskyLexicons(t testing.TB) *contract.Lexicons {
	t.Helper()
	dir, err := contract.SpecDir()
	require.NoError(t, err)
	l, err := contract.Bluesky(dir)
	require.NoError(t, err)
	return l
}

// written is a call that creates a record of the collection; fields are JSON.
func written(collection, fields string) apitest.Exchange {
	return request("POST", "/xrpc/com.atproto.repo.createRecord", jsonType,
		`{"repo":"ana.test","collection":"`+collection+`","record":{"$type":"`+collection+`","createdAt":"2026-01-01T00:00:00.000Z",`+fields+`}}`)
}

func said(fields string) apitest.Exchange { return written("app.bsky.feed.post", fields) }

const aCID = "bafyreidjvbc4ldqhlyjlcpehgjyfm4wmzj5fxnouvh7fbfskpi7gikjg5e"

func TestLexiconRequest(t *testing.T) {
	t.Parallel()
	l := blueskyLexicons(t)
	wide := strings.Repeat("é", 301)
	keyed := said(`"text":"x"`)
	keyed.RequestBody = append([]byte(`{"rkey":"mine",`), keyed.RequestBody[1:]...)
	strange := said(`"text":"x"`)
	strange.RequestBody = []byte(`{"repo":"ana.test","collection":"com.example.thing","record":{"$type":"com.example.thing"}}`)
	blob := `{"$type":"blob","ref":{"$link":"` + aCID + `"},"mimeType":"MIME","size":SIZE}`
	picture := func(mime, size, more string) apitest.Exchange {
		b := `"text":"x","embed":{"$type":"app.bsky.embed.images","images":[{"image":` + replaced(blob, "MIME", mime, "SIZE", size) + more + `}]}`
		return said(b)
	}
	for name, tc := range map[string]struct {
		x    apitest.Exchange
		want string // "" is no problem
	}{
		"a post":              {said(`"text":"x","langs":["en"],"facets":[{"index":{"byteStart":0,"byteEnd":1},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"x"}]}]`), ""},
		"a picture":           {picture("image/png", "10", `,"alt":""`), ""},
		"a query":             {request("GET", "/xrpc/app.bsky.feed.getPosts?uris=at://did:plc:a/app.bsky.feed.post/1", "", ""), ""},
		"a number":            {request("GET", "/xrpc/app.bsky.notification.listNotifications?limit=100", "", ""), ""},
		"a file":              {request("POST", "/xrpc/com.atproto.repo.uploadBlob", "image/png", "x"), ""},
		"no body":             {request("POST", "/xrpc/com.atproto.server.refreshSession", "", ""), ""},
		"an unknown feature":  {said(`"text":"x","facets":[{"index":{"byteStart":0,"byteEnd":1},"features":[{"$type":"com.example.new"}]}]`), ""},
		"a null that may be":  {request("POST", "/xrpc/com.atproto.repo.putRecord", jsonType, `{"repo":"ana.test","collection":"app.bsky.actor.profile","rkey":"self","swapRecord":null,"record":{"$type":"app.bsky.actor.profile"}}`), ""},
		"no such method":      {request("GET", "/xrpc/app.bsky.feed.getPost", "", ""), "there is no such operation"},
		"another path":        {request("GET", "/app.bsky.feed.getPosts", "", ""), "there is no such operation"},
		"the wrong verb":      {request("POST", "/xrpc/app.bsky.feed.getTimeline", "", ""), "the method is POST instead of GET"},
		"unknown parameter":   {request("GET", "/xrpc/app.bsky.feed.getTimeline?max=5", "", ""), `unknown parameter "max"`},
		"missing parameter":   {request("GET", "/xrpc/app.bsky.feed.getPosts", "", ""), `the parameter "uris" is missing`},
		"twice":               {request("GET", "/xrpc/app.bsky.feed.getTimeline?limit=5&limit=6", "", ""), `"limit" is there 2 times`},
		"no number":           {request("GET", "/xrpc/app.bsky.feed.getTimeline?limit=many", "", ""), "at ?limit: many is no integer"},
		"too large a number":  {request("GET", "/xrpc/app.bsky.feed.getTimeline?limit=101", "", ""), "101 is more than 100"},
		"no truth value":      {request("GET", "/xrpc/com.atproto.repo.listRecords?repo=ana.test&collection=a.b.c&reverse=1", "", ""), "is no boolean"},
		"not an address":      {request("GET", "/xrpc/app.bsky.feed.getPosts?uris=x", "", ""), `at ?uris[]: "x" is no at-uri`},
		"a body where no is":  {request("POST", "/xrpc/com.atproto.server.refreshSession", jsonType, "{}"), "there is a body, and none is described"},
		"another type":        {request("POST", "/xrpc/app.bsky.graph.muteActor", "text/plain", "{}"), `the body is "text/plain" instead of "application/json"`},
		"no JSON":             {request("POST", "/xrpc/app.bsky.graph.muteActor", jsonType, "{"), "it is no JSON"},
		"missing in the body": {request("POST", "/xrpc/app.bsky.graph.muteActor", jsonType, "{}"), `"actor" is missing`},
		"unknown in the body": {request("POST", "/xrpc/app.bsky.graph.muteActor", jsonType, `{"actor":"ana.test","for":"ever"}`), `unknown property "for"`},
		"unknown in a record": {said(`"text":"x","title":"y"`), `at /record: unknown property "title"`},
		"unknown deep":        {said(`"text":"x","facets":[{"index":{"byteStart":0,"byteEnd":1,"len":1},"features":[]}]`), `unknown property "len"`},
		"missing in a record": {said(`"langs":["en"]`), `at /record: "text" is missing`},
		"too many graphemes":  {said(`"text":"` + wide + `"`), "301 graphemes, 300 at most"},
		"too many items":      {said(`"text":"x","langs":["a","b","c","d"]`), "4 items, 3 at most"},
		"below the minimum":   {said(`"text":"x","facets":[{"index":{"byteStart":-1,"byteEnd":1},"features":[]}]`), "-1 is less than 0"},
		"an untyped feature":  {said(`"text":"x","facets":[{"index":{"byteStart":0,"byteEnd":1},"features":[{"tag":"x"}]}]`), "there is no $type"},
		"no time":             {written("app.bsky.graph.follow", `"subject":"ana.test"`), `"ana.test" is no did`},
		"a null":              {said(`"text":null`), "<nil> is no string"},
		"a large blob":        {picture("image/png", "2000001", `,"alt":""`), "a blob of 2000001 bytes, 2000000 at most"},
		"a blob of a type":    {picture("text/plain", "1", `,"alt":""`), `a blob of the type "text/plain"`},
		"no alt":              {picture("image/png", "1", ""), `"alt" is missing`},
		"a key":               {keyed, `the key "mine" is no TID`},
		"no such collection":  {strange, `there is no collection "com.example.thing"`},
		"the wrong collection": {request("POST", "/xrpc/com.atproto.repo.createRecord", jsonType,
			`{"repo":"ana.test","collection":"app.bsky.feed.post","record":{"$type":"app.bsky.feed.like","createdAt":"2026-01-01T00:00:00Z","subject":{"uri":"at://did:plc:a/a.b.c/1","cid":"`+aCID+`"}}}`), "goes to app.bsky.feed.post"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, l.Request(tc.x), tc.want)
		})
	}
}

func replaced(s string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}

func TestLexiconAnswer(t *testing.T) {
	t.Parallel()
	l := blueskyLexicons(t)
	at := func(method, path string, status int, body string) apitest.Exchange {
		x := request(method, "/xrpc/"+path, "", "")
		x.Status, x.Header, x.Body = status, http.Header{}, []byte(body)
		return x
	}
	for name, tc := range map[string]struct {
		x    apitest.Exchange
		want string
	}{
		"good":                {at("GET", "com.atproto.identity.resolveHandle", 200, `{"did":"did:plc:a"}`), ""},
		"nothing":             {at("POST", "app.bsky.graph.muteActor", 200, ""), ""},
		"a refusal":           {at("GET", "app.bsky.feed.getPostThread", 400, `{"error":"NotFound","message":"x"}`), ""},
		"a general refusal":   {at("GET", "app.bsky.feed.getPostThread", 429, `{"error":"RateLimitExceeded","message":"x"}`), ""},
		"a strange refusal":   {at("GET", "app.bsky.feed.getPostThread", 400, `{"error":"Tired","message":"x"}`), `the error "Tired" is not described`},
		"a silent refusal":    {at("GET", "app.bsky.feed.getPostThread", 400, `{"error":"NotFound"}`), "names no error and message"},
		"another status":      {at("GET", "com.atproto.identity.resolveHandle", 201, `{}`), "the status 201 is not described"},
		"something":           {at("POST", "app.bsky.graph.muteActor", 200, "{}"), "there is a body, and none is described"},
		"missing":             {at("GET", "com.atproto.identity.resolveHandle", 200, `{}`), `"did" is missing`},
		"unknown":             {at("GET", "com.atproto.identity.resolveHandle", 200, `{"did":"did:plc:a","x":1}`), `unknown property "x"`},
		"another type":        {at("GET", "com.atproto.identity.resolveHandle", 200, `{"did":1}`), "1 is no string"},
		"a list that is none": {at("GET", "app.bsky.feed.getPosts", 200, `{"posts":{}}`), "it is no array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, l.Answer(tc.x), tc.want)
		})
	}
}

func TestLexiconCoverage(t *testing.T) {
	t.Parallel()
	l := blueskyLexicons(t)
	var v contract.Coverage
	x := said(`"text":"x"`)
	x.Status, x.Body = 200, []byte(`{"uri":"at://did:plc:a/app.bsky.feed.post/1","cid":"`+aCID+`"}`)
	v.AddLexicon(l, x)
	v.AddLexicon(l, x)
	// repo, collection, record, createdAt, text; uri, cid
	assert.Equal(t, []int{2, 1, 7}, []int{v.Requests, v.Operations, v.Fields})
	assert.True(t, v.Saw("com.atproto.repo.createRecord"))
	assert.True(t, json.Valid(x.RequestBody))
}
