package bluesky

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
)

const put = "com.atproto.repo.putRecord"

var conflict = answer{status: 400, body: `{"error":"InvalidSwap","message":"Record was at bafy"}`}

// gated is a threadgate as getRecord gives it.
func gated(fields string) answer {
	return answer{body: `{"uri":"at://` + acmeDID + `/app.bsky.feed.threadgate/3l6oveex3ii2l","cid":"bafyreiaone","value":{"$type":"app.bsky.feed.threadgate","post":"` +
		ownPost.ID + `","createdAt":"2026-01-02T03:04:05.678Z"` + fields + `}}`}
}

// TestHideReply: a gate is changed only as it was read, and nothing else in it is lost.
func TestHideReply(t *testing.T) {
	t.Parallel()
	absent := answer{status: 400, body: missing}
	hidden := `,"hiddenReplies":["` + anaPost.ID + `"]`
	more := `,"allow":[{"$type":"app.bsky.feed.threadgate#mentionRule"}],"custom":{"x":1}`
	full, _ := json.Marshal(make([]string, 300))
	lost := answer{status: 500, body: "{}"}
	for name, c := range map[string]struct {
		hide      bool
		get, put  []answer
		changed   bool
		code      error
		puts      int
		lastPut   string
		lastErase string
	}{
		"no gate yet":        {hide: true, get: []answer{absent}, put: []answer{{body: "{}"}}, changed: true, puts: 1, lastPut: "null"},
		"hidden already":     {hide: true, get: []answer{gated(hidden)}},
		"beside other rules": {hide: true, get: []answer{gated(more)}, put: []answer{{body: "{}"}}, changed: true, puts: 1, lastPut: `"bafyreiaone"`},
		"changed meanwhile":  {hide: true, get: []answer{absent, gated(more)}, put: []answer{conflict, {body: "{}"}}, changed: true, puts: 2, lastPut: `"bafyreiaone"`},
		"answer lost":        {hide: true, get: []answer{gated(more), gated(more + hidden)}, put: []answer{lost}, changed: true, puts: 1, lastPut: `"bafyreiaone"`},
		"changed always":     {hide: true, get: []answer{absent}, put: []answer{conflict}, code: parvis.ErrConflict, puts: amends, lastPut: "null"},
		"full":               {hide: true, get: []answer{gated(`,"hiddenReplies":` + string(full))}, code: parvis.ErrConflict},
		"show, none":         {hide: false, get: []answer{absent}},
		"show the last":      {hide: false, get: []answer{gated(hidden)}, changed: true, lastErase: `"bafyreiaone"`},
		"show beside rules":  {hide: false, get: []answer{gated(more + hidden)}, put: []answer{{body: "{}"}}, changed: true, puts: 1, lastPut: `"bafyreiaone"`},
		"cannot be read":     {hide: true, get: []answer{{status: 503, body: "{}"}}, code: parvis.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, w := newWired(t, map[string][]answer{get: c.get, put: c.put, erase: {{body: "{}"}}})
			changed, err := p.hideReply(t.Context(), ownPost, anaPost, c.hide)
			if c.code != nil {
				require.ErrorIs(t, err, c.code)
			} else {
				require.NoError(t, err)
				assert.Equal(t, c.changed, changed)
			}
			require.Equal(t, c.puts, w.called(put))
			var sent struct {
				SwapRecord json.RawMessage
				Record     map[string]any
			}
			if c.puts > 0 {
				require.NoError(t, json.Unmarshal(w.bodies[put][c.puts-1], &sent))
				assert.Equal(t, c.lastPut, string(sent.SwapRecord))
				assert.Equal(t, ownPost.ID, sent.Record["post"])
				assert.Equal(t, c.hide, sent.Record["hiddenReplies"] != nil)
				if c.lastPut != "null" {
					assert.Equal(t, map[string]any{"x": 1.0}, sent.Record["custom"])
					assert.Len(t, sent.Record["allow"], 1)
				}
			}
			assert.Equal(t, c.lastErase != "", w.called(erase) == 1)
		})
	}
	p, w := newWired(t, nil)
	require.ErrorIs(t, p.HideReply(t.Context(), anaPost, ownPost), parvis.ErrPermission)
	require.ErrorIs(t, p.UnhideReply(t.Context(), ownPost, parvis.Ref{Client: "other", Network: Network, Kind: parvis.KindPost, ID: anaPost.ID}), parvis.ErrForeignClient)
	assert.Empty(t, w.calls)
}

// TestGate sets a gate of every kind on a server that checks records, and back.
func TestGate(t *testing.T) {
	t.Parallel()
	s := blueskytest.New(t, blueskytest.Options{})
	u := s.AddUser("acme")
	base, _ := newWired(t, nil)
	cfg := base.cfg
	cfg.Server, cfg.Tokens, cfg.Account = s.URL, parvis.StaticToken(u.Access), parvis.Account{ID: u.DID, Handle: u.Handle}
	c, err := New(cfg, nil)
	require.NoError(t, err)
	uri, err := u.Say("a thread", "")
	require.NoError(t, err)
	post := c.postRef(uri)
	list := c.placeRef("at://" + u.DID + "/app.bsky.graph.list/3l6oveex3ii2l")
	before := Gate{}
	for i, g := range []Gate{
		{Closed: true},
		{Closed: true, Mentioned: true, Followers: true, Following: true, Lists: []parvis.Ref{list}},
		{NoQuotes: true},
		{Closed: true, Followers: true, NoQuotes: true},
		{},
	} {
		got, err := c.Gate(t.Context(), post, g)
		require.NoError(t, err)
		assert.Equal(t, before, got, strconv.Itoa(i))
		before = g
	}
	assert.Empty(t, s.Records(u.DID, "app.bsky.feed.threadgate"))
	assert.Empty(t, s.Records(u.DID, "app.bsky.feed.postgate"))
	for _, lists := range [][]parvis.Ref{{post}, {list, list, list, list, list, list}} {
		_, err = c.Gate(t.Context(), post, Gate{Closed: true, Lists: lists})
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
	answer, err := u.Say("an answer", uri)
	require.NoError(t, err)
	_, err = c.Gate(t.Context(), c.postRef(answer), Gate{Closed: true})
	require.ErrorIs(t, err, parvis.ErrInvalid, "only the first post of a thread has a gate")
	_, err = c.Gate(t.Context(), anaPost, Gate{})
	require.ErrorIs(t, err, parvis.ErrPermission)
}
