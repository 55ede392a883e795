package price_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/price"
	"github.com/parvis-go/parvis/publish"
)

func usd(micros int64) parvis.Amount { return parvis.Amount{Unit: "USD", Micros: micros} }

func call(client, item string) parvis.Call {
	return parvis.Call{Network: "x", Client: client, Account: "x:" + client, Endpoint: "POST /2/tweets", Item: item}
}

// ledgers returns a ledger of each kind.
func ledgers(t *testing.T) map[string]price.Ledger {
	return map[string]price.Ledger{"memory": price.NewMemory(), "sqlite": onFile(t, filepath.Join(t.TempDir(), "ledger.db"))}
}

func onFile(t *testing.T, path string) price.Ledger {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	l, err := price.Open(t.Context(), price.SQLite(db))
	require.NoError(t, err)
	return l
}

func meter(t *testing.T, prices []price.Price, l price.Ledger, budgets ...price.Budget) *price.Meter {
	t.Helper()
	m, err := price.New(prices, &price.Options{Ledger: l, Budgets: budgets})
	require.NoError(t, err)
	return m
}

func TestAPostWithALinkCostsThirteenTimesOneWithout(t *testing.T) {
	t.Parallel()
	m := meter(t, price.X(), nil)
	plain, ok := m.Price(call("acme", "post create"))
	require.True(t, ok)
	link, _ := m.Price(call("acme", "post create with link"))
	assert.Equal(t, usd(15_000), plain)
	assert.InDelta(t, 13.3, float64(link.Micros)/float64(plain.Micros), 0.1)
	_, ok = m.Price(call("acme", ""))
	assert.False(t, ok, "an endpoint that is not on the list is free")
	read := call("acme", "post read")
	read.Things = 100
	all, _ := m.Price(read)
	assert.Equal(t, "0.5 USD", all.String())
}

func TestYouTubeUnits(t *testing.T) {
	t.Parallel()
	m := meter(t, price.YouTube(), nil)
	for endpoint, want := range map[string]string{
		"commentThreads.list": "1 youtube units", "comments.insert": "50 youtube units", "videos.insert": "1 youtube uploads",
		"search.list": "1 youtube searches", "captions.insert": "400 youtube units",
	} {
		a, ok := m.Price(parvis.Call{Network: "youtube", Endpoint: endpoint})
		assert.True(t, ok, endpoint)
		assert.Equal(t, want, a.String(), endpoint)
	}
}

func TestBudgetRefusesBeforeTheCall(t *testing.T) {
	t.Parallel()
	for name, l := range ledgers(t) {
		m := meter(t, price.X(), l,
			price.Budget{Client: "acme", Network: "x", Amount: usd(215_000), Per: price.Monthly},
			price.Budget{Amount: usd(10_000_000), Per: price.Once})
		settle, err := m.Reserve(t.Context(), call("acme", "post create with link"))
		require.NoError(t, err, name)
		settle(1)
		_, err = m.Reserve(t.Context(), call("acme", "post create with link"))
		require.ErrorIs(t, err, parvis.ErrBudget, name)
		e, _ := errors.AsType[*parvis.Error](err)
		assert.Contains(t, e.Message, "the call costs 0.2 USD, and 0.015 USD are left of the budget of acme on x for this month", name)
		assert.NotEmpty(t, e.Help, name)
		assert.Positive(t, e.RetryAfter, name)
		settle, err = m.Reserve(t.Context(), call("acme", "post create"))
		require.NoError(t, err, "the rest is enough for a post without a link: "+name)
		settle(1)
		left, err := m.Left(t.Context(), parvis.Account{Network: "x", Client: "acme"})
		require.NoError(t, err)
		assert.Equal(t, []parvis.Amount{usd(0)}, left, name)
		settle, err = m.Reserve(t.Context(), call("bellavista", "post create with link"))
		require.NoError(t, err, "another client has its own: "+name)
		settle(1)
		lines, err := m.Spent(t.Context(), price.Filter{Client: "acme"})
		require.NoError(t, err)
		assert.Equal(t, []price.Line{
			{Client: "acme", Network: "x", Item: "post create", Amount: usd(15_000), Things: 1},
			{Client: "acme", Network: "x", Item: "post create with link", Amount: usd(200_000), Things: 1},
		}, lines, name)
	}
}

func TestWhatWasNotTakenIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, l := range ledgers(t) {
		m := meter(t, price.X(), l, price.Budget{Client: "acme", Amount: usd(500_000), Per: price.Daily})
		refused, err := m.Reserve(t.Context(), call("acme", "post create with link"))
		require.NoError(t, err)
		refused(0)
		read := call("acme", "post read")
		read.Things = 100
		got, err := m.Reserve(t.Context(), read)
		require.NoError(t, err, "the whole budget is there again: "+name)
		got(7)
		lines, err := m.Spent(t.Context(), price.Filter{})
		require.NoError(t, err)
		assert.Equal(t, []price.Line{{Client: "acme", Network: "x", Item: "post read", Amount: usd(35_000), Things: 7}}, lines, name)
		got, err = m.Reserve(t.Context(), read)
		require.ErrorIs(t, err, parvis.ErrBudget, name)
		assert.Nil(t, got)
	}
}

func TestManySpendersPassNoBudget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	budget := price.Budget{Client: "acme", Amount: usd(20 * 15_000), Per: price.Once}
	var paid sync.Map
	var wg sync.WaitGroup
	for range 4 { // as four processes would: each has a database handle of its own
		m := meter(t, price.X(), onFile(t, path), budget)
		for range 4 {
			wg.Go(func() {
				for range 4 {
					settle, err := m.Reserve(context.Background(), call("acme", "post create"))
					if err == nil {
						settle(1)
						paid.Store(new(int), true)
					} else if !errors.Is(err, parvis.ErrBudget) {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	n := 0
	paid.Range(func(any, any) bool { n++; return true })
	assert.Equal(t, 20, n, "64 asked, the budget pays for 20")
}

func TestBudgetsBeginAnew(t *testing.T) {
	t.Parallel()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		m := meter(t, price.YouTube(), nil, price.YouTubeQuota(pacific)...)
		insert := parvis.Call{Network: "youtube", Client: "acme", Endpoint: "videos.insert"}
		for range 100 {
			settle, err := m.Reserve(t.Context(), insert)
			require.NoError(t, err)
			settle(1)
		}
		_, err := m.Reserve(t.Context(), insert)
		require.ErrorIs(t, err, parvis.ErrBudget)
		_, err = m.Reserve(t.Context(), parvis.Call{Network: "youtube", Endpoint: "comments.insert"})
		require.NoError(t, err, "the units are another quota")
		e, _ := errors.AsType[*parvis.Error](mustFail(m.Reserve(t.Context(), insert)))
		// The bubble begins on 1 January 2000 at 00:00 UTC, which is 16:00 in Los Angeles.
		assert.Equal(t, 8*time.Hour, e.RetryAfter)
		time.Sleep(e.RetryAfter - time.Second)
		require.ErrorIs(t, mustFail(m.Reserve(t.Context(), insert)), parvis.ErrBudget)
		time.Sleep(2 * time.Second)
		_, err = m.Reserve(t.Context(), insert)
		require.NoError(t, err)
	})
}

func mustFail(_ func(int), err error) error { return err }

func TestBadSettingsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := price.New([]price.Price{{Network: "x", Item: "post"}}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = price.New(nil, &price.Options{Budgets: []price.Budget{{Amount: usd(1)}}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestALedgerThatFailsSpendsNothing(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	l, err := price.Open(t.Context(), price.SQLite(db))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = meter(t, price.X(), l).Reserve(t.Context(), call("acme", "post create"))
	require.ErrorIs(t, err, parvis.ErrUnavailable)
}

// town is a network that charges as X does.
func town(t *testing.T, budget int64) (*fake.Network, *fake.Account, *price.Meter) {
	t.Helper()
	prices := []price.Price{{Network: "fake", Item: "publish", Amount: usd(15_000)}, {Network: "fake", Item: "publish with link", Amount: usd(200_000)}}
	m := meter(t, prices, nil, price.Budget{Client: "acme", Amount: usd(budget), Per: price.Monthly})
	n := fake.New(fake.Options{Meter: m, Limits: func(s *publish.Support) {
		s.Prices = []publish.Price{
			{Item: "publish", Amount: usd(15_000)},
			{Item: "publish with link", Amount: usd(200_000), When: publish.WithLink, Instead: true},
		}
	}})
	return n, n.Add(fake.Member{Handle: "acme", Client: "acme"}), m
}

func TestCheckKnowsThePrice(t *testing.T) {
	t.Parallel()
	n, acme, m := town(t, 30_000)
	plain, link := publish.Draft{Text: "Bonjour !"}, publish.Draft{Text: "Bonjour : https://acme.example/"}
	cost, err := publish.Estimate(t.Context(), acme, link)
	require.NoError(t, err)
	assert.Equal(t, []parvis.Amount{usd(200_000)}, cost)

	problems, err := publish.Check(t.Context(), acme, link)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	assert.Equal(t, "budget", problems[0].Rule)
	assert.Equal(t, "fake: the post costs 0.2 USD, and 0.03 USD are left of the budget; raise the budget, or publish when it begins anew", problems[0].String())
	before := n.Calls()
	_, err = publish.To(t.Context(), acme, link)
	require.ErrorIs(t, err, parvis.ErrBudget)
	assert.Equal(t, before, n.Calls())

	for range 2 {
		_, err = publish.To(t.Context(), acme, plain)
		require.NoError(t, err)
	}
	_, err = publish.To(t.Context(), acme, plain)
	require.ErrorIs(t, err, parvis.ErrBudget)
	lines, err := m.Spent(t.Context(), price.Filter{Client: "acme"})
	require.NoError(t, err)
	assert.Equal(t, 2, lines[0].Things)
}

func TestTheProviderItselfRefuses(t *testing.T) {
	t.Parallel()
	n, acme, _ := town(t, 10_000)
	before := n.Calls()
	_, err := acme.Publish(t.Context(), publish.Draft{Text: "Bonjour !", Key: "k"})
	require.ErrorIs(t, err, parvis.ErrBudget, "past the door")
	assert.Equal(t, before, n.Calls())
}
