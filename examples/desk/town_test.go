package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/publish"
)

// told lists what is visible on all networks of a desk.
func told(d *Desk) []string {
	var lines []string
	for _, s := range d.town.sites {
		for _, p := range s.net.Posts() {
			lines = append(lines, string(s.name)+" "+p.Author.Handle+": "+p.Text.Plain)
		}
	}
	return lines
}

func TestTownIsTheSameInEveryRun(t *testing.T) {
	t.Parallel()
	var runs [2][]string
	for i := range runs {
		d, err := openDesk(t)
		require.NoError(t, err)
		for range 200 {
			require.NoError(t, d.town.Step(t.Context()))
		}
		runs[i] = told(d)
	}
	assert.Equal(t, runs[0], runs[1])
	assert.Greater(t, len(runs[0]), 100)
}

func TestTownIsVaried(t *testing.T) {
	t.Parallel()
	d, err := openDesk(t)
	require.NoError(t, err)
	for range 300 {
		require.NoError(t, d.town.Step(t.Context()))
	}
	all := strings.Join(told(d), "\n")
	for _, c := range d.Clients {
		for _, mood := range []string{"praise", "ask", "complain"} {
			require.NotEmpty(t, sayings[c.Slug][mood])
			assert.Contains(t, all, sayings[c.Slug][mood][0], "%s: %s", c.Slug, mood)
		}
	}
	for _, line := range sayings["any"]["spam"] {
		assert.Contains(t, all, line)
	}
	for _, c := range cast {
		assert.Contains(t, all, c.handle)
	}
}

func TestTownAnswersWhatIsNewFirst(t *testing.T) {
	t.Parallel()
	d, err := openDesk(t)
	require.NoError(t, err)
	a, _ := d.Clients[0].Account(string(murmure))
	post, err := publish.To(t.Context(), a, publish.Draft{Text: "news of the day"})
	require.NoError(t, err)
	answers := func() (n int) {
		for _, p := range a.Net.Posts() {
			if p.ReplyTo.ID == post.Ref.ID {
				n++
			}
		}
		return n
	}
	for range 12 * len(d.town.sites) {
		require.NoError(t, d.town.Step(t.Context()))
	}
	assert.Positive(t, answers(), "somebody answers soon")
}

func TestTownKeepsItsPaceAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, err := openDesk(t)
		require.NoError(t, err)
		began := d.town.turn
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { d.town.Run(ctx, 2); close(ended) }()
		<-time.After(10*pace + pace/4)
		synctest.Wait()
		cancel()
		<-ended
		assert.Equal(t, began+20, d.town.turn, "twice as fast")
	})
}

func TestEverythingSaidFits(t *testing.T) {
	t.Parallel()
	for client, moods := range sayings {
		for mood, lines := range moods {
			for _, line := range lines {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 250, "%s %s: %s", client, mood, line)
			}
		}
	}
}
