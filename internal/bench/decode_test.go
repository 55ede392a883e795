package bench

import (
	"encoding/json"
	"os"
	"testing"

	gomastodon "github.com/mattn/go-mastodon"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon"
)

// statusJSON is a status as Mastodon delivers it.
var statusJSON = load("../../providers/mastodon/internal/api/testdata/status.json")

func load(name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return b
}

// TestDecodersAgree compares what both make of the status, so that the benchmark times
// the same work.
func TestDecodersAgree(t *testing.T) {
	masto := newMastodon(t, "https://bench.example")
	ours, err := masto.Read(statusJSON)
	if err != nil {
		t.Fatal(err)
	}
	var theirs gomastodon.Status
	if err := json.Unmarshal(statusJSON, &theirs); err != nil {
		t.Fatal(err)
	}
	if ours.Ref.ID != string(theirs.ID) || ours.URL != theirs.URL || !ours.Created.Equal(theirs.CreatedAt) ||
		ours.Text.Markup != theirs.Content || ours.Author.Handle != theirs.Account.Acct || len(ours.Media) != len(theirs.MediaAttachments) {
		t.Fatalf("they differ:\n%+v\n%+v", ours, theirs)
	}
	if ours.Text.Plain == "" || len(ours.Text.Entities) == 0 {
		t.Fatal("ours is not normalised")
	}
}

// BenchmarkStatus decodes and normalises a status (HTML to text and entities, dates,
// references, the raw payload kept), beside go-mastodon's plain decode of it.
func BenchmarkStatus(b *testing.B) {
	b.Run("parvis-normalised", func(b *testing.B) {
		masto := newMastodon(b, "https://bench.example")
		b.SetBytes(int64(len(statusJSON)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := masto.Read(statusJSON); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-mastodon-plain", func(b *testing.B) {
		b.SetBytes(int64(len(statusJSON)))
		b.ReportAllocs()
		for b.Loop() {
			var st gomastodon.Status
			if err := json.Unmarshal(statusJSON, &st); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func newMastodon(tb testing.TB, server string) *mastodon.Client {
	tb.Helper()
	c, err := mastodon.New(mastodon.Config{Server: server, Tokens: parvis.StaticToken("t")}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
