package fake_test

import (
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// say publishes a text that must be taken.
func say(t *testing.T, a *fake.Account, text string) publish.Post {
	t.Helper()
	return post(t, a, publish.Draft{Text: text})
}

// answer publishes an answer that must be taken.
func answer(t *testing.T, a *fake.Account, to parvis.Ref, text string) publish.Post {
	t.Helper()
	to.Client = a.Account().Client
	return post(t, a, publish.Draft{Text: text, ReplyTo: to})
}

func post(t *testing.T, a *fake.Account, d publish.Draft) publish.Post {
	t.Helper()
	p, err := publish.To(t.Context(), a, d)
	require.NoError(t, err)
	return p
}

// all reads a sequence to its end, which must be no error.
func all[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		require.NoError(t, err)
		out = append(out, v)
	}
	return out
}

// last reads a sequence to its end and returns what came before the error, and the error.
func last[T any](seq iter.Seq2[T, error]) (out []T, err error) {
	for v, e := range seq {
		if e != nil {
			return out, e
		}
		out = append(out, v)
	}
	return out, nil
}

// hear returns what the account hears through the door.
func hear(t *testing.T, a *fake.Account, q listen.Query) []listen.Event {
	t.Helper()
	return all(t, listen.To(t.Context(), a, q))
}

// brief puts events in words: their kind and text.
func brief(events []listen.Event) []string {
	var out []string
	for _, ev := range events {
		s := ev.Kind.String()
		if ev.Reaction != "" {
			s += " " + ev.Reaction
		}
		if ev.Text.Plain != "" {
			s += ": " + ev.Text.Plain
		}
		out = append(out, s)
	}
	return out
}

// texts returns the texts of what is visible on the network.
func texts(n *fake.Network) []string {
	var out []string
	for _, p := range n.Posts() {
		out = append(out, p.Text.Plain)
	}
	return out
}

// wantErr checks that err has the code, says what to do, and has the network's own word.
func wantErr(t *testing.T, err error, code parvis.Code, vendor string) *parvis.Error {
	t.Helper()
	require.ErrorIs(t, err, code)
	e := inner(t, err)
	assert.Equal(t, vendor, e.Vendor)
	assert.NotEmpty(t, e.Help, "it says what to do next")
	assert.NotEmpty(t, e.Message)
	assert.NotEmpty(t, e.Op)
	assert.Equal(t, parvis.Network("fake"), e.Network)
	assert.NotEmpty(t, e.Account)
	return e
}

// inner is the Error that err is or wraps.
func inner(t *testing.T, err error) *parvis.Error {
	t.Helper()
	for err != nil {
		if e, ok := err.(*parvis.Error); ok {
			return e
		}
		u, ok := err.(interface{ Unwrap() error })
		require.True(t, ok, "%T wraps no parvis.Error", err)
		err = u.Unwrap()
	}
	return nil
}

// clock is a clock that moves only when told.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Now().UTC().Truncate(time.Second)} }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

// sameTime checks that two times are the same instant.
func sameTime(t *testing.T, want, got time.Time) {
	t.Helper()
	assert.True(t, want.Equal(got), "%v is not %v", got, want)
}
