package events

import (
	"encoding/json"
	"strings"
	"time"
)

// jetstream is a message of Jetstream's endpoint /subscribe, or of
// network.bsky.jetstream.subscribeEvents. One shape reads both: they have no field with
// two meanings.
//
// https://github.com/bluesky-social/jetstream/blob/main/lexicons/network/bsky/jetstream/subscribeEvents.json
type jetstream struct {
	// The older form.
	DID    string `json:"did"`
	TimeUS int64  `json:"time_us"`
	Cursor int64  `json:"cursor"`
	Kind   string `json:"kind"`
	Commit change `json:"commit"`
	// The newer form: an envelope.
	Type    string  `json:"$type"`
	Payload payload `json:"payload"`
	Error   string  `json:"error"`
	Message string  `json:"message"`
}

type payload struct {
	Type      string `json:"$type"`
	Seq       int64  `json:"seq"`
	DID       string `json:"did"`
	Time      string `json:"time"`
	Witnessed string `json:"witnessedAt"`
	Name      string `json:"name"`
	Message   string `json:"message"`
	change
}

type change struct {
	Rev        string          `json:"rev"`
	Operation  string          `json:"operation"`
	Collection string          `json:"collection"`
	RKey       string          `json:"rkey"`
	CID        string          `json:"cid"`
	Record     json.RawMessage `json:"record"`
}

// Jetstream reads one message of Jetstream in either form. The Raw of its change is b.
func Jetstream(b []byte) (Message, error) {
	var m jetstream
	if err := json.Unmarshal(b, &m); err != nil {
		return Message{}, err
	}
	switch m.Type {
	case "":
		return m.legacy(b)
	case "message":
		return m.Payload.modern(b)
	case "error":
		return Message{Kind: Failure, Name: m.Error, Text: m.Message}, nil
	}
	return Message{}, nil // a kind of frame that came later
}

var legacyKinds = map[string]Kind{"commit": Commit, "identity": Identity, "account": Account}

func (m *jetstream) legacy(b []byte) (Message, error) {
	if m.DID == "" || m.TimeUS <= 0 || m.Kind == "" {
		return Message{}, ErrForm
	}
	out := Message{Kind: legacyKinds[m.Kind], Seq: m.Cursor, Time: time.UnixMicro(m.TimeUS).UTC(), DID: m.DID}
	if out.Kind != Commit {
		return out, nil
	}
	return out, out.add(m.Commit, b)
}

var modernKinds = map[string]Kind{"commit": Commit, "identity": Identity, "account": Account, "sync": Sync, "info": Info}

func (p *payload) modern(b []byte) (Message, error) {
	_, fragment, _ := strings.Cut(p.Type, "#")
	out := Message{Kind: modernKinds[fragment], Seq: p.Seq, DID: p.DID, Name: p.Name, Text: p.Message}
	if out.Kind == Other || out.Kind == Info {
		return out, nil
	}
	at := p.Witnessed
	if at == "" {
		at = p.Time
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || p.Seq <= 0 || p.DID == "" {
		return Message{}, ErrForm
	}
	out.Time, out.Name, out.Text = t.UTC(), "", ""
	if out.Kind != Commit {
		return out, nil
	}
	return out, out.add(p.change, b)
}

// add checks and adds the change of a commit.
func (m *Message) add(c change, raw []byte) error {
	if c.Collection == "" || c.RKey == "" || c.Operation == "" {
		return ErrForm
	}
	if c.Operation != Delete && (c.CID == "" || len(c.Record) == 0 || c.Record[0] != '{') {
		return ErrForm
	}
	m.Rev = c.Rev
	m.Changes = []Change{{
		Action: c.Operation, Collection: c.Collection, RKey: c.RKey, CID: c.CID, Record: c.Record, Raw: raw,
	}}
	return nil
}
