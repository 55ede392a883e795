package main

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// testClient is a client of one account.
func testClient(a *Account) *Client {
	c := &Client{Slug: "acme", Feed: newFeed(), Book: newBook(), health: map[string]health{}, changed: make(chan struct{})}
	c.join(a)
	return c
}

// hearing runs f beside a client of one account that listens, in a bubble of fake time.
func hearing(t *testing.T, f func(t *testing.T, c *Client, a *Account)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := testAccount()
		c := testClient(a)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { c.Listen(ctx) })
		synctest.Wait()
		f(t, c, a)
		cancel()
		all.Wait()
	})
}

func mention(t *testing.T, a *Account, text string) {
	t.Helper()
	_, err := publish.To(t.Context(), a.Net.Join("zoe"), publish.Draft{Text: text + " @acme"})
	require.NoError(t, err)
}

func TestListenHearsOthersAndItself(t *testing.T) {
	t.Parallel()
	hearing(t, func(t *testing.T, c *Client, a *Account) {
		mention(t, a, "bonjour")
		_, err := publish.To(t.Context(), a, publish.Draft{Text: "our own"})
		require.NoError(t, err)
		synctest.Wait()
		items, _ := c.Feed.Newest(10, everything)
		require.Len(t, items, 2)
		byText := map[bool]Item{items[0].Mine: items[0], items[1].Mine: items[1]}
		assert.Equal(t, "our own", byText[true].Event.Text.Plain)
		assert.False(t, byText[true].Answerable(), "one does not answer oneself")
		assert.Equal(t, listen.Mention, byText[false].Event.Kind)
		assert.True(t, byText[false].Answerable())
	})
}

func TestListenSurvivesTroubleAndLosesNothing(t *testing.T) {
	t.Parallel()
	hearing(t, func(t *testing.T, c *Client, a *Account) {
		mention(t, a, "before")
		synctest.Wait()
		a.Net.Inject(fake.Fault{Kind: fake.ExpiredToken, Op: "listen", Account: "acme", Times: -1})
		mention(t, a, "during")
		<-time.After(20 * time.Second)
		ill := c.Troubled()
		require.Len(t, ill, 1)
		assert.Equal(t, parvis.ErrAuth, ill[0].Trouble.Code)
		assert.Same(t, a, ill[0].Account)
		since := ill[0].Since

		<-time.After(20 * time.Second)
		require.Len(t, c.Troubled(), 1)
		assert.Equal(t, since, c.Troubled()[0].Since, "it began when it began")
		a.Net.Clear()
		mention(t, a, "after")
		<-time.After(mostWait + wellAfter + time.Second)
		assert.Empty(t, c.Troubled(), "it is well again")
		items, _ := c.Feed.Newest(10, everything)
		assert.Len(t, items, 3, "nothing was lost, nothing came twice")
	})
}

func TestListenTriesAgainWhenItCannotEvenBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := testAccount()
		a.Net.Inject(fake.Fault{Kind: fake.RateLimited, Op: "listen", RetryAfter: 40 * time.Second})
		c := testClient(a)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { c.Listen(ctx) })
		mention(t, a, "bonjour")
		<-time.After(39 * time.Second)
		require.Len(t, c.Troubled(), 1)
		assert.Equal(t, parvis.ErrRateLimited, c.Troubled()[0].Trouble.Code)
		assert.Equal(t, 1, a.Net.Calls()-1, "it waits as long as it was told")
		<-time.After(3 * time.Second)
		items, _ := c.Feed.Newest(10, everything)
		assert.Len(t, items, 1)
		assert.Empty(t, c.Troubled())
		cancel()
		all.Wait()
	})
}

func TestListenShowsAGap(t *testing.T) {
	t.Parallel()
	hearing(t, func(t *testing.T, c *Client, a *Account) {
		a.Net.Inject(fake.Fault{Kind: fake.StreamGap, Account: "acme"})
		mention(t, a, "lost")
		mention(t, a, "heard")
		<-time.After(20 * time.Second)
		items, _ := c.Feed.Newest(10, func(i Item) bool { return i.Event.Kind == listen.Gap })
		require.Len(t, items, 1)
		assert.NotEmpty(t, items[0].Event.Gap.Why)
		items, _ = c.Feed.Newest(10, saying("heard"))
		assert.Len(t, items, 1)
	})
}

func TestSteadyKeepsPowersAndEndsWithItsReader(t *testing.T) {
	t.Parallel()
	a := testAccount()
	s := steady{inUse: t.Context(), Listener: a, note: func(error) {}}
	_, ok := parvis.As[listen.History](s)
	assert.True(t, ok)
	mention(t, a, "one")
	mention(t, a, "two")
	n := 0
	for _, err := range listen.To(t.Context(), s, listen.Query{Follow: true}) {
		require.NoError(t, err)
		n++
		break
	}
	assert.Equal(t, 1, n)
}
