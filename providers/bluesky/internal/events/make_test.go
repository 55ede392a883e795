package events_test

import (
	"testing"

	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
	"github.com/parvis-go/parvis/providers/bluesky/internal/events"
)

// str writes a text of up to 255 bytes.
func str(s string) []byte {
	if len(s) < 24 {
		return append([]byte{0x60 | byte(len(s))}, s...)
	}
	return append([]byte{0x78, byte(len(s))}, s...)
}

// frameOf writes a frame: an error if t is empty.
func frameOf(t string, body []byte) []byte {
	if t == "" {
		return append([]byte{0xa1, 0x62, 'o', 'p', 0x20}, body...)
	}
	b := append([]byte{0xa2, 0x61, 't'}, str(t)...)
	return append(append(b, 0x62, 'o', 'p', 0x01), body...)
}

func failure(name string) []byte {
	return frameOf("", append(append([]byte{0xa1}, str("error")...), str(name)...))
}

func info(name string) []byte {
	return frameOf("#info", append(append([]byte{0xa1}, str("name")...), str(name)...))
}

// op writes one operation.
func op(action, path string, id cbor.CID) []byte {
	b := append(append([]byte{0xa3}, str("cid")...), 0xf6)
	if id != (cbor.CID{}) {
		b = append(append([]byte{0xa3}, str("cid")...), 0xd8, 0x2a, 0x58, 0x25, 0x00)
		b = append(b, id[:]...)
	}
	b = append(append(b, str("path")...), str(path)...)
	return append(append(b, str("action")...), str(action)...)
}

// commit writes a commit with at most one operation.
func commit(op, blocks []byte, tooBig bool) []byte {
	b := append([]byte{0xa7}, str("ops")...)
	if op == nil {
		b = append(b, 0x80)
	} else {
		b = append(append(b, 0x81), op...)
	}
	b = append(append(b, str("seq")...), 0x07)
	b = append(append(b, str("repo")...), str("did:plc:bo")...)
	b = append(append(b, str("rev")...), str("3l3qo2vutsw2b")...)
	b = append(append(b, str("time")...), str("2024-09-09T19:46:02.329Z")...)
	b = append(append(b, str("blocks")...), 0x40|byte(len(blocks)))
	b = append(b, blocks...)
	b = append(b, str("tooBig")...)
	if tooBig {
		return frameOf("#commit", append(b, 0xf5))
	}
	return frameOf("#commit", append(b, 0xf4))
}

func FuzzFrame(f *testing.F) {
	for _, name := range []string{"reply", "sync", "identity", "account"} {
		f.Add(frame(f, name))
	}
	f.Add(failure("FutureCursor"))
	f.Add(commit(op("create", "a/b", cbor.Sum([]byte{0xa0})), nil, true))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := events.Frame(in, nil)
		if err != nil {
			return
		}
		for _, c := range m.Changes {
			if c.Action != events.Delete && (len(c.Record) == 0 || c.Record[0] != '{') || c.Collection == "" || c.RKey == "" {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func FuzzJetstream(f *testing.F) {
	f.Add([]byte(legacyPost))
	f.Add([]byte(modernPost))
	f.Add([]byte(`{"$type":"error","error":"ConsumerTooSlow"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := events.Jetstream(in)
		if err != nil {
			return
		}
		for _, c := range m.Changes {
			if c.Action != events.Delete && (c.CID == "" || len(c.Record) == 0) || c.Collection == "" || c.RKey == "" || m.DID == "" {
				t.Fatalf("%+v", m)
			}
		}
	})
}

func BenchmarkJetstream(b *testing.B) {
	for name, in := range map[string]string{"legacy": legacyPost, "modern": modernPost} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := events.Jetstream([]byte(in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	in := frame(b, "reply")
	for name, want := range map[string]func(string) bool{"read": nil, "skip": func(string) bool { return false }} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := events.Frame(in, want); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
