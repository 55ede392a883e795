package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A screen is an output that may be looked at while it is written.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	wait []wanted
}

type wanted struct {
	words string
	seen  chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	for i, w := range s.wait {
		if w.seen != nil && strings.Contains(s.text.String(), w.words) {
			close(w.seen)
			s.wait[i].seen = nil
		}
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// until is closed when the words are on the screen.
func (s *screen) until(words string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(chan struct{})
	s.wait = append(s.wait, wanted{words, seen})
	return seen
}

func TestShowsItAll(t *testing.T) {
	t.Parallel()
	var out screen
	require.NoError(t, run(t.Context(), nil, &out))
	for _, want := range []string{
		"5 posts read, 5 put on the calendar",
		"2026-12-01 09:00 Europe/Paris       scheduled  murmure:acme, carnet:acme  Le four est rallumé",
		"2026-12-03 21:00:00  murmure:acme is published  https://murmure.example/p4", // 18:00 in São Paulo
		"On the networks: 5 short messages, 2 blog posts",
		"BEGIN:VCALENDAR", "DTSTART;TZID=America/Sao_Paulo:20261203T180000", "X-PARVIS-STATE:published", "END:VCALENDAR",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.Equal(t, 7, strings.Count(out.String(), " is published "))
	assert.Equal(t, 5, strings.Count(out.String(), "BEGIN:VEVENT"))
}

// due puts a post on the calendar in a file that is to go out now.
func due(t *testing.T, db, text string) {
	t.Helper()
	o := newOffice(io.Discard)
	require.NoError(t, o.open(t.Context(), db))
	_, err := o.cal.Schedule(t.Context(), publish.Draft{Text: text}, outbox.Now(), o.accounts[0])
	require.NoError(t, err)
	require.NoError(t, o.db.Close())
}

func TestWorksOnAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := filepath.Join(dir, "posts.db")
	due(t, db, "Bonjour !")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var out screen
	published := out.until("murmure:acme is published")
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-db", db, "-run"}, &out) }()
	select {
	case <-published:
	case err := <-ended:
		require.NoError(t, err)
		require.FailNow(t, "it ended by itself", out.String())
	}
	stop()
	require.NoError(t, <-ended)
	assert.Equal(t, 1, strings.Count(out.String(), "is published"))

	var later screen
	ics := filepath.Join(dir, "calendar.ics")
	require.NoError(t, run(t.Context(), []string{"-db", db, "-ics", ics}, &later))
	assert.Regexp(t, `UTC +published +murmure:acme +Bonjour !`, later.String(), "the file remembers")
	calendar, err := os.ReadFile(ics)
	require.NoError(t, err)
	assert.Contains(t, string(calendar), "SUMMARY:Bonjour !")
	assert.NotContains(t, later.String(), "BEGIN:VCALENDAR")
}

func TestPutsNothingOnTheCalendarTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "posts.csv")
	year := time.Now().Year() + 1
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "date;heure;texte\n%d-12-24;17h00;Joyeuses fêtes !\n", year), 0o600))
	args := []string{"-db", filepath.Join(dir, "posts.db"), "-csv", file}
	var first, second screen
	require.NoError(t, run(t.Context(), args, &first))
	assert.Contains(t, first.String(), "1 posts read, 1 put on the calendar")
	require.NoError(t, run(t.Context(), args, &second))
	assert.Contains(t, second.String(), "1 posts read, 0 put on the calendar")
	assert.Equal(t, 1, strings.Count(second.String(), "scheduled"))
}

func TestSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "posts.csv")
	require.NoError(t, os.WriteFile(file, []byte("date,time,text\n2026-02-30,9h,a\n2027-01-01,9h,\n"), 0o600))
	var out screen
	err := run(t.Context(), []string{"-csv", file}, &out)
	require.ErrorContains(t, err, "line 2: ")
	require.ErrorContains(t, err, "line 3: it says nothing")
	require.ErrorContains(t, run(t.Context(), []string{"-csv", filepath.Join(dir, "none.csv")}, &out), "none.csv")
	require.ErrorContains(t, run(t.Context(), []string{"-run"}, &out), "-db")
	require.ErrorContains(t, run(t.Context(), []string{"stray"}, &out), "stray")
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	assert.NotContains(t, out.String(), "posts read")
}
