package events_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

const (
	legacyPost = `{"did":"did:plc:bo","time_us":1725911162329308,"cursor":12345,"kind":"commit","commit":{"rev":"3l3qo2vutsw2b","operation":"create",` +
		`"collection":"app.bsky.feed.post","rkey":"3l3qo2vuowo2b","cid":"bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi",` +
		`"record":{"$type":"app.bsky.feed.post","createdAt":"2024-09-09T19:46:02.102Z","langs":["en"],"text":"Hello from the older form",` +
		`"reply":{"root":{"uri":"at://did:plc:al/app.bsky.feed.post/1","cid":"bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"},` +
		`"parent":{"uri":"at://did:plc:al/app.bsky.feed.post/1","cid":"bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}}}}}`
	modernPost = `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":12345,"did":"did:plc:bo",` +
		`"time":"2020-01-01T00:00:00.000000Z","witnessedAt":"2024-09-09T19:46:02.329308Z","rev":"3l3qo2vutsw2b","operation":"create",` +
		`"collection":"app.bsky.feed.post","rkey":"3l3qo2vuowo2b","cid":"bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi",` +
		`"record":{"$type":"app.bsky.feed.post","createdAt":"2024-09-09T19:46:02.102Z","text":"Hello from the newer form"}}}`
)

// seen is when the messages above were.
var seen = time.Date(2024, 9, 9, 19, 46, 2, 329308000, time.UTC)

func TestJetstream(t *testing.T) {
	t.Parallel()
	for _, in := range []string{legacyPost, modernPost} {
		m, err := events.Jetstream([]byte(in))
		require.NoError(t, err)
		assert.Equal(t, events.Commit, m.Kind)
		assert.EqualValues(t, 12345, m.Seq)
		assert.Equal(t, seen, m.Time)
		assert.Equal(t, "did:plc:bo", m.DID)
		assert.Equal(t, "3l3qo2vutsw2b", m.Rev)
		require.Len(t, m.Changes, 1)
		c := m.Changes[0]
		assert.Equal(t, [4]string{"create", "app.bsky.feed.post", "3l3qo2vuowo2b", "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"},
			[4]string{c.Action, c.Collection, c.RKey, c.CID})
		assert.Contains(t, string(c.Record), "Hello from the")
		assert.Equal(t, in, string(c.Raw), "the message is kept as it was sent")
	}
}

func TestJetstreamOtherMessages(t *testing.T) {
	t.Parallel()
	modern := func(fragment, rest string) string {
		return `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#` + fragment + `",` + rest + `}}`
	}
	const when = `"seq":7,"did":"did:plc:bo","time":"2024-09-09T19:46:02.329308Z"`
	for in, want := range map[string]events.Message{
		`{"did":"did:plc:bo","time_us":1725911162329308,"kind":"identity","identity":{"handle":"bo.test"}}`: {Kind: events.Identity, DID: "did:plc:bo", Time: seen},
		`{"did":"did:plc:bo","time_us":1725911162329308,"kind":"account","account":{"active":false}}`:       {Kind: events.Account, DID: "did:plc:bo", Time: seen},
		`{"did":"did:plc:bo","time_us":1725911162329308,"kind":"later"}`:                                    {DID: "did:plc:bo", Time: seen},
		modern("identity", when+`,"identity":{}`):                                                           {Kind: events.Identity, Seq: 7, DID: "did:plc:bo", Time: seen},
		modern("sync", when+`,"sync":{}`):                                                                   {Kind: events.Sync, Seq: 7, DID: "did:plc:bo", Time: seen},
		modern("info", `"name":"OutdatedCursor","message":"resumed at 5"`):                                  {Kind: events.Info, Name: "OutdatedCursor", Text: "resumed at 5"},
		modern("later", `"seq":9`):                                                                          {Seq: 9},
		`{"$type":"error","error":"ConsumerTooSlow","message":"too slow"}`:                                  {Kind: events.Failure, Name: "ConsumerTooSlow", Text: "too slow"},
		`{"$type":"later"}`: {},
	} {
		got, err := events.Jetstream([]byte(in))
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
}

func TestJetstreamRefusals(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "null x", "[]", `"x"`, "{}", `{"did":"did:plc:bo"}`, `{"did":"did:plc:bo","time_us":-1,"kind":"commit"}`,
		strings.Replace(legacyPost, `"cid":"bafyreidw`, `"cid_":"bafyreidw`, 1), strings.Replace(legacyPost, `"rkey"`, `"x"`, 1),
		strings.Replace(legacyPost, `"operation"`, `"x"`, 1), strings.Replace(modernPost, `"seq":12345`, `"seq":0`, 1),
		strings.Replace(modernPost, `"witnessedAt":"2024`, `"witnessedAt":"year `, 1), strings.Replace(modernPost, `"did":"did:plc:bo"`, `"did":""`, 1),
		`{"did":"did:plc:bo","time_us":1,"kind":"commit","commit":{"operation":"create","collection":"a.b.c","rkey":"1","cid":"b","record":"no object"}}`,
	} {
		_, err := events.Jetstream([]byte(in))
		assert.Error(t, err, in)
	}
	m, err := events.Jetstream([]byte(`{"did":"did:plc:bo","time_us":1,"kind":"commit","commit":{"rev":"r","operation":"delete","collection":"a.b.c","rkey":"1"}}`))
	require.NoError(t, err, "a deletion has no record")
	assert.Equal(t, events.Delete, m.Changes[0].Action)
}

func frame(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".frame"))
	require.NoError(t, err)
	return b
}

func TestFrameOfAServer(t *testing.T) {
	t.Parallel()
	m, err := events.Frame(frame(t, "reply"), nil)
	require.NoError(t, err)
	assert.Equal(t, events.Commit, m.Kind)
	assert.Empty(t, m.Lost)
	assert.Positive(t, m.Seq)
	assert.Equal(t, 2026, m.Time.Year())
	require.Len(t, m.Changes, 1)
	c := m.Changes[0]
	assert.Equal(t, [3]string{"create", "app.bsky.feed.post", "3n2udrlxcgc2b"}, [3]string{c.Action, c.Collection, c.RKey})
	assert.Equal(t, "bafyreifflji5gaoodd4u3pmn4e7tbm66lo6biztnwdl76zxoy3xggwkkwi", c.CID, "as the server itself said")
	var post struct {
		Text  string
		Langs []string
		Reply struct{ Parent struct{ URI, CID string } }
	}
	require.NoError(t, json.Unmarshal(c.Record, &post))
	assert.Equal(t, "back reply", post.Text)
	assert.Equal(t, []string{"en"}, post.Langs)
	assert.Equal(t, "at://did:plc:ca7buxcv6pyt3q37rmy76eby/app.bsky.feed.post/3n2udrltt3s2b", post.Reply.Parent.URI)

	m, err = events.Frame(frame(t, "reply"), func(c string) bool { return c == "app.bsky.feed.like" })
	require.NoError(t, err)
	assert.Empty(t, m.Changes, "records of other collections are not read")
}

func TestOtherFramesOfAServer(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]events.Kind{"sync": events.Sync, "identity": events.Identity, "account": events.Account} {
		m, err := events.Frame(frame(t, name), nil)
		require.NoError(t, err, name)
		assert.Equal(t, kind, m.Kind, name)
		assert.Equal(t, "did:plc:c7glo2kwozsrrumpwmsbe33b", m.DID, name)
		assert.Positive(t, m.Seq, name)
		assert.False(t, m.Time.IsZero(), name)
	}
}

// Every single byte of a record or of its way that is another makes the message lost, or
// unreadable: never another record.
func TestNoForgedRecord(t *testing.T) {
	t.Parallel()
	whole := frame(t, "reply")
	want, err := events.Frame(whole, nil)
	require.NoError(t, err)
	for i := range whole {
		b := append([]byte(nil), whole...)
		b[i] ^= 0x01
		m, err := events.Frame(b, nil)
		if err != nil || m.Kind != events.Commit || len(m.Changes) == 0 {
			continue
		}
		if string(m.Changes[0].Record) != string(want.Changes[0].Record) {
			t.Fatalf("byte %d changed gives the record %s", i, m.Changes[0].Record)
		}
	}
}

func TestFrameFailures(t *testing.T) {
	t.Parallel()
	m, err := events.Frame(failure("FutureCursor"), nil)
	require.NoError(t, err)
	assert.Equal(t, events.Message{Kind: events.Failure, Name: "FutureCursor"}, m)
	m, err = events.Frame(info("OutdatedCursor"), nil)
	require.NoError(t, err)
	assert.Equal(t, events.Message{Kind: events.Info, Name: "OutdatedCursor"}, m)
	m, err = events.Frame(frameOf("#later", []byte{0xa0}), nil)
	require.NoError(t, err, "a type that came later is no failure")
	assert.Equal(t, events.Other, m.Kind)
	for name, in := range map[string][]byte{
		"nothing": nil, "no header": {0x80}, "no body": {0xa1, 0x62, 'o', 'p', 0x20}, "an error without a name": frameOf("", []byte{0xa0}),
		"a body that is none": frameOf("#commit", []byte{0x80}), "an empty commit": frameOf("#commit", []byte{0xa0}),
		"more behind it": append(info("OutdatedCursor"), 0), "cut": frame(t, "reply")[:600],
	} {
		_, err := events.Frame(in, nil)
		assert.Error(t, err, name)
	}
}

func TestACommitThatLacksItsRecords(t *testing.T) {
	t.Parallel()
	m, err := events.Frame(commit(op("create", "app.bsky.feed.post/1", cbor.Sum([]byte{0xa0})), nil, false), nil)
	require.NoError(t, err)
	assert.NotEmpty(t, m.Lost)
	assert.Empty(t, m.Changes)
	m, err = events.Frame(commit(op("create", "app.bsky.feed.like/1", cbor.Sum([]byte{0xa0})), nil, false), func(string) bool { return false })
	require.NoError(t, err)
	assert.Empty(t, m.Lost, "nothing is lost that nobody wants")
	m, err = events.Frame(commit(nil, nil, true), nil)
	require.NoError(t, err)
	assert.NotEmpty(t, m.Lost, "too big for the stream")
	m, err = events.Frame(commit(op("delete", "app.bsky.feed.post/1", cbor.CID{}), nil, false), nil)
	require.NoError(t, err)
	assert.Equal(t, []events.Change{{Action: "delete", Collection: "app.bsky.feed.post", RKey: "1"}}, m.Changes)
	m, err = events.Frame(commit(op("create", "nowhere", cbor.CID{}), nil, false), nil)
	require.NoError(t, err)
	assert.NotEmpty(t, m.Lost)
}
