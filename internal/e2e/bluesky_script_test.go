package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
)

var record = flag.Bool("record", false, "write down what the real network answers, for the test server to answer alike")

// What the test server answers is what the real network answers.
func TestBlueskyAnswersAsTheTestServerDoes(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	player := func(a network.Account) blueskytest.Player {
		return blueskytest.Player{DID: a.DID, Handle: a.Handle, Password: a.AppPassword, Access: a.Access, Refresh: a.Refresh}
	}
	got := blueskytest.Play(t, blueskytest.Theatre{
		URL: n.PDS, Ana: player(bskyAccount(t, n, "ana")), Ben: player(bskyAccount(t, n, "ben")),
		Mod: player(n.Moderator), Labeler: n.OzoneDID, Settle: n.Settle,
	})
	if *record {
		file := filepath.Join("..", "apitest", "bluesky", "testdata", "transcript.txt")
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		return
	}
	assert.Empty(t, blueskytest.Difference(blueskytest.Transcript, got))
}
