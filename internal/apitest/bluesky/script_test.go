package blueskytest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
)

// TestScript: the test server answers as a real network did.
func TestScript(t *testing.T) {
	t.Parallel()
	s := blueskytest.New(t, blueskytest.Options{})
	got := blueskytest.Play(t, s.Theatre())
	assert.Empty(t, blueskytest.Difference(blueskytest.Transcript, got))
}

func TestDifference(t *testing.T) {
	t.Parallel()
	assert.Empty(t, blueskytest.Difference("a\n  1", "a\n  1"))
	assert.Equal(t, "line 3, in the answer to b\nwant:\n  2\ngot:\n  3", blueskytest.Difference("a\nb\n  2", "a\nb\n  3"))
	assert.Contains(t, blueskytest.Difference("a\n  1", "a\n  1\nb"), "line 3")
}
