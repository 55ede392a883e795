package bluesky

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// TestPublishSupport: the limits are what Check measures by, and every no says why.
func TestPublishSupport(t *testing.T) {
	t.Parallel()
	c, w := newWired(t, nil)
	sup, err := publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, "300 graphemes and 3000 bytes", sup.Text.String())
	assert.Equal(t, publish.KeySupport{Support: parvis.Full()}, sup.Key, "keys hold for ever")
	for name, no := range map[string]parvis.Support{
		"title": sup.Headline, "edit": sup.Edit, "schedule": sup.Schedule.Support, "trash": sup.Trash, "places": sup.Places, "sticky": sup.Sticky,
	} {
		assert.False(t, no.OK(), name)
		assert.NotEmpty(t, no.Why, name)
	}
	for name, partly := range map[string]parvis.Support{"link": sup.Link, "warning": sup.Warning, "tags": sup.Tags} {
		assert.Equal(t, parvis.Partial, partly.Level, name)
		assert.NotEmpty(t, partly.Why, name)
	}
	assert.Equal(t, []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark}, sup.Reactions)
	for _, rule := range sup.Media.Rules {
		assert.Equal(t, int64(2_000_000), rule.MaxBytes)
	}
	calls := len(w.calls)
	_, err = publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	assert.Len(t, w.calls, calls, "the network is asked once")
	_, err = c.PublishSupport(t.Context(), parvis.Place{Name: "elsewhere"})
	require.ErrorIs(t, err, parvis.ErrUnsupported)
}

// TestCheckBeforeSending: what does not fit is found without a call.
func TestCheckBeforeSending(t *testing.T) {
	t.Parallel()
	c, w := newWired(t, nil)
	_, err := publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	calls := len(w.calls)
	for name, d := range map[string]publish.Draft{
		"graphemes": {Text: strings.Repeat("a", 301)},
		"bytes":     {Text: strings.Repeat("👨‍👩‍👧‍👧", 121)},
		"alt":       {Media: []parvis.Media{parvis.FromBytes("a.png", pngOf(t)).WithAlt(strings.Repeat("a", maxAlt+1))}},
		"video":     {Media: []parvis.Media{film()}},
		"title":     {Text: "x", Title: "y"},
		"card":      {Link: "https://acme.example/", Media: []parvis.Media{parvis.FromBytes("a.png", pngOf(t)).WithAlt("a")}},
		"tags":      {Text: "x", Tags: strings.Fields("a b c d e f g h i")},
		"tag":       {Text: "x", Tags: []string{strings.Repeat("é", 65)}},
		"warning":   {Text: "x", Warning: strings.Repeat("a", 129)},
	} {
		t.Run(name, func(t *testing.T) {
			problems, err := publish.Check(t.Context(), c, d)
			require.NoError(t, err)
			assert.Len(t, problems, 1)
			_, err = publish.To(t.Context(), c, d)
			require.Error(t, err)
			assert.Len(t, w.calls, calls)
		})
	}
}

// TestCheckSaysWhyThereIsNoVideo: the network has videos, and this account does not.
func TestCheckSaysWhyThereIsNoVideo(t *testing.T) {
	t.Parallel()
	c, _ := newWired(t, nil)
	problems, err := publish.Check(t.Context(), c, publish.Draft{Media: []parvis.Media{film()}})
	require.NoError(t, err)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Text, "video/mp4, which the network does not take: there is no video service for this account")
}

// TestSupportGivenUp: the end of the context ends the question for the video service.
func TestSupportGivenUp(t *testing.T) {
	t.Parallel()
	c, _ := newWired(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := publish.SupportOf(ctx, c, parvis.Place{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = publish.SupportOf(t.Context(), c, parvis.Place{})
	require.NoError(t, err)
	_, err = publish.SupportOf(ctx, c, parvis.Place{})
	require.NoError(t, err, "what is known needs no call")
}
