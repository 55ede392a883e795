package bluesky

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// TestSelfLabels: which labels a draft gets, what is warned of, and how it reads afterwards.
func TestSelfLabels(t *testing.T) {
	t.Parallel()
	file := []parvis.Media{parvis.FromBytes("a.png", nil)}
	for name, c := range map[string]struct {
		draft  publish.Draft
		labels string
		reads  string
		warns  bool
	}{
		"nothing":                {publish.Draft{}, "", "", false},
		"sensitive":              {publish.Draft{Sensitive: true}, "graphic-media", "graphic-media", false},
		"a label":                {publish.Draft{Warning: "porn"}, "porn", "porn", false},
		"labels, in any case":    {publish.Draft{Warning: " Sexual, NUDITY ,sexual"}, "sexual nudity", "sexual, nudity", false},
		"veiled already":         {publish.Draft{Warning: "nudity", Sensitive: true}, "nudity", "nudity", false},
		"not veiled by that":     {publish.Draft{Warning: "!no-unauthenticated", Sensitive: true}, "!no-unauthenticated graphic-media", "!no-unauthenticated, graphic-media", false},
		"words":                  {publish.Draft{Warning: "heat"}, "heat", "heat", true},
		"words and files":        {publish.Draft{Warning: "heat", Media: file}, "heat graphic-media", "heat", true},
		"words and a label":      {publish.Draft{Warning: "heat, porn"}, "heat, porn", "heat, porn", true},
		"words, and sensitive":   {publish.Draft{Warning: "heat", Sensitive: true}, "heat graphic-media", "heat", true},
		"as long as labels may":  {publish.Draft{Warning: strings.Repeat("é", 64)}, strings.Repeat("é", 64), strings.Repeat("é", 64), true},
		"spaces are no warnings": {publish.Draft{Warning: "  "}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, warnings, err := selfLabels(c.draft)
			require.NoError(t, err)
			var values []string
			if got != nil {
				for _, v := range got.Values {
					values = append(values, v.Val)
				}
			}
			assert.Equal(t, c.labels, strings.Join(values, " "))
			assert.Equal(t, c.reads, warningOf(values))
			assert.Equal(t, c.warns, len(warnings) > 0)
		})
	}
	for _, warning := range []string{strings.Repeat("é", 65), "!hide", "!takedown"} {
		_, _, err := selfLabels(publish.Draft{Warning: warning})
		require.ErrorIs(t, err, parvis.ErrInvalid)
	}
}
