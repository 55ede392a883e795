package mastodon

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// BenchmarkDecodeStatus decodes a status as a server sends it, and makes it an event:
// with plain text, entities, author, media and the raw answer.
func BenchmarkDecodeStatus(b *testing.B) {
	in, err := os.ReadFile("internal/api/testdata/status.json")
	require.NoError(b, err)
	c, err := New(Config{Server: "https://town.example", Client: "acme", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(b, err)
	h := &hearing{c: c, me: "108241500917436001"}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		st, err := api.DecodeStatus(in)
		if err != nil {
			b.Fatal(err)
		}
		if ev := h.said(&st); ev.Text.Plain == "" {
			b.Fatal("it says nothing")
		}
	}
}

// TestDecodeStatusAllocations keeps the bar of the house: at most 20 allocations for a status.
func TestDecodeStatusAllocations(t *testing.T) {
	in, err := os.ReadFile("internal/api/testdata/status.json")
	require.NoError(t, err)
	c, err := New(Config{Server: "https://town.example", Client: "acme", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(t, err)
	h := &hearing{c: c, me: "108241500917436001"}
	n := testing.AllocsPerRun(100, func() {
		st, err := api.DecodeStatus(in)
		if err != nil || h.said(&st).Text.Plain == "" {
			t.Error("it cannot be read")
		}
	})
	require.LessOrEqual(t, n, 20.0)
}
