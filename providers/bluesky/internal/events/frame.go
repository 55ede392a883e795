package events

import (
	"strings"
	"time"

	"github.com/parvis-go/parvis/providers/bluesky/internal/car"
	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
)

// MaxOps is how many operations a commit may have.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/sync/subscribeRepos.json
const MaxOps = 200

// frameKinds are the types of frames.
var frameKinds = map[string]Kind{
	"#commit": Commit, "#identity": Identity, "#account": Account, "#sync": Sync, "#info": Info,
}

// body is what frames say, of all types.
type body struct {
	seq                 int64
	at, did, repo, rev  string
	name, text, failure string
	tooBig              bool
	blocks              []byte
	ops                 []op
}

// op is one operation of a commit.
type op struct {
	action, path string
	id           cbor.CID
}

// Frame reads one frame of com.atproto.sync.subscribeRepos. Of a commit it reads the
// records of the collections that want takes, and hashes them; of others nothing. An
// operation whose record is missing, or is not what the commit says, makes the message
// Lost. nil takes every collection.
//
// https://atproto.com/specs/event-stream#framing
func Frame(b []byte, want func(collection string) bool) (Message, error) {
	r := cbor.NewReader(b)
	kind, err := header(r)
	if err != nil {
		return Message{}, err
	}
	if kind == Other {
		return Message{}, nil
	}
	var x body
	if err := x.read(r); err != nil {
		return Message{}, err
	}
	if len(r.Rest()) > 0 {
		return Message{}, ErrForm
	}
	return x.message(kind, want)
}

// header reads {"op": 1, "t": "#commit"}, or {"op": -1} before an error.
func header(r *cbor.Reader) (Kind, error) {
	n, err := r.Map()
	if err != nil {
		return Other, err
	}
	var op int64
	var t string
	for range n {
		key, err := r.Text()
		if err != nil {
			return Other, err
		}
		switch string(key) {
		case "op":
			op, err = r.Int()
		case "t":
			t, err = text(r)
		default:
			err = r.Skip()
		}
		if err != nil {
			return Other, err
		}
	}
	switch op {
	case 1:
		return frameKinds[t], nil
	case -1:
		return Failure, nil
	}
	return Other, nil
}

// read reads the fields of a body.
func (x *body) read(r *cbor.Reader) error {
	n, err := r.Map()
	if err != nil {
		return err
	}
	for range n {
		key, err := r.Text()
		if err == nil {
			err = x.field(r, string(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *body) field(r *cbor.Reader, key string) (err error) {
	switch key {
	case "seq":
		x.seq, err = r.Int()
	case "time":
		x.at, err = text(r)
	case "did":
		x.did, err = text(r)
	case "repo":
		x.repo, err = text(r)
	case "rev":
		x.rev, err = text(r)
	case "name":
		x.name, err = text(r)
	case "error":
		x.failure, err = text(r)
	case "message":
		x.text, err = text(r)
	case "tooBig":
		x.tooBig, err = r.Bool()
	case "blocks":
		x.blocks, err = r.Bytes()
	case "ops":
		x.ops, err = ops(r)
	default:
		err = r.Skip()
	}
	return err
}

// text reads a text, or a null as "".
func text(r *cbor.Reader) (string, error) {
	if r.Null() {
		return "", nil
	}
	b, err := r.Text()
	return string(b), err
}

func ops(r *cbor.Reader) ([]op, error) {
	n, err := r.Array()
	if err != nil {
		return nil, err
	}
	if n > MaxOps {
		return nil, ErrForm
	}
	out := make([]op, n)
	for i := range out {
		if err := out[i].read(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *op) read(r *cbor.Reader) error {
	n, err := r.Map()
	if err != nil {
		return err
	}
	for range n {
		key, err := r.Text()
		if err != nil {
			return err
		}
		switch string(key) {
		case "action":
			o.action, err = text(r)
		case "path":
			o.path, err = text(r)
		case "cid":
			if !r.Null() {
				o.id, err = r.Link()
			}
		default:
			err = r.Skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// message makes a message of a body.
func (x *body) message(kind Kind, want func(string) bool) (Message, error) {
	m := Message{Kind: kind, Seq: x.seq, DID: x.did, Name: x.name, Text: x.text}
	if kind == Failure {
		m.Name = x.failure
	}
	if kind == Failure || kind == Info {
		if m.Name == "" {
			return Message{}, ErrForm
		}
		return m, nil
	}
	at, err := time.Parse(time.RFC3339Nano, x.at)
	if kind == Commit {
		m.DID, m.Rev = x.repo, x.rev
	}
	if err != nil || x.seq <= 0 || m.DID == "" {
		return Message{}, ErrForm
	}
	m.Time = at.UTC()
	if kind == Commit {
		x.changes(&m, want)
	}
	return m, nil
}

// changes reads the records of a commit.
func (x *body) changes(m *Message, want func(string) bool) {
	var file *car.File
	for _, o := range x.ops {
		collection, rkey, ok := strings.Cut(o.path, "/")
		if !ok || collection == "" || rkey == "" {
			m.Lost = "a commit has a record without an address"
			continue
		}
		if want != nil && !want(collection) {
			continue
		}
		c := Change{Action: o.action, Collection: collection, RKey: rkey}
		if o.action != Delete {
			if file == nil {
				var err error
				if file, err = car.Read(x.blocks); err != nil {
					m.Lost = "the records of a commit cannot be read"
					return
				}
			}
			if err := c.fill(file, o.id); err != nil {
				m.Lost = "a record of a commit cannot be read"
				continue
			}
		}
		m.Changes = append(m.Changes, c)
	}
	if x.tooBig {
		m.Lost = "a commit was too large for the stream"
	}
}

// fill reads the record itself.
func (c *Change) fill(file *car.File, id cbor.CID) error {
	block, err := file.Block(id)
	if err != nil {
		return err
	}
	c.Record, err = cbor.AppendJSON(make([]byte, 0, len(block)+len(block)/4), block)
	if err == nil && (len(c.Record) == 0 || c.Record[0] != '{') {
		err = ErrForm
	}
	c.CID, c.Raw = id.String(), c.Record
	return err
}
