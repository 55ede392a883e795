package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

const recordView = `{"uri":"at://did:plc:ana/app.bsky.feed.post/3k","cid":"bafy","value":{"text":"x"},"repo":{"did":"did:plc:ana","handle":"ana.test"},
 "moderation":{"subjectStatus":{"reviewState":"tools.ozone.moderation.defs#reviewClosed","takendown":true,"suspendUntil":"2026-12-01T00:00:00Z",
 "subject":{"$type":"com.atproto.repo.strongRef","uri":"at://did:plc:ana/app.bsky.feed.post/3k","cid":"bafy"}}}}`

func TestDecodeSubject(t *testing.T) {
	t.Parallel()
	v, err := DecodeSubject(json.RawMessage(recordView))
	require.NoError(t, err)
	assert.Equal(t, Target{Type: SubjectRecord, URI: "at://did:plc:ana/app.bsky.feed.post/3k", CID: "bafy"}, v.Subject)
	assert.True(t, v.Status.Takendown)
	assert.Equal(t, ReviewClosed, v.Status.Review)
	assert.Equal(t, v.Subject.ID(), v.Status.Subject.ID())

	v, err = DecodeSubject(json.RawMessage(`{"did":"did:plc:ana","moderation":{}}`))
	require.NoError(t, err)
	assert.Equal(t, AccountSubject("did:plc:ana"), v.Subject)
	assert.Empty(t, v.Status.Review)

	for _, bad := range []string{``, `[]`, `{}`, `{"uri":7}`, `{"did":"did:plc:ana","moderation":{"subjectStatus":{"takendown":"yes"}}}`} {
		_, err := DecodeSubject(json.RawMessage(bad))
		require.ErrorIs(t, err, parvis.ErrBadAnswer, bad)
	}
}

func TestTargetsOfOtherTypesHaveNoID(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Target{Type: "chat.bsky.convo.defs#messageRef", DID: "did:plc:ana"}.ID())
}

// An event is sent with the fields of its type alone.
func TestEventsOnTheWire(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Event{
		`{"$type":"tools.ozone.moderation.defs#modEventLabel","createLabelVals":["spam"],"negateLabelVals":[]}`: {Type: EventLabel, Create: &[]string{"spam"}, Negate: &[]string{}},
		`{"$type":"tools.ozone.moderation.defs#modEventTakedown","comment":"x","durationInHours":36}`:           {Type: EventTakedown, Comment: "x", Hours: 36},
		`{"$type":"tools.ozone.moderation.defs#modEventReverseTakedown"}`:                                       {Type: EventReverse},
	} {
		got, err := json.Marshal(e)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
}

func FuzzDecodeSubject(f *testing.F) {
	f.Add([]byte(recordView))
	f.Add([]byte(`{"did":"did:plc:ana","moderation":{"subjectStatus":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := DecodeSubject(b); err == nil && v.Subject.ID() == "" {
			t.Fatal("a subject without a name")
		}
	})
}
