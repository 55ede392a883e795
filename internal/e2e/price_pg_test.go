package e2e

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/price"
	"github.com/parvis-go/parvis/providers/price/pricepg"
)

// TestBudgetHoldsOverManyProcessesOnPostgreSQL opens the ledger as four processes would,
// each by itself and at the same moment, and lets them spend one budget.
func TestBudgetHoldsOverManyProcessesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool := postgres(t)
	post := parvis.Call{Network: "x", Client: "acme", Item: "post create with link"}
	budget := price.Budget{Client: "acme", Network: "x", Amount: parvis.Amount{Unit: "USD", Micros: 50 * 200_000}, Per: price.Once}
	var paid atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			l, err := price.Open(context.Background(), pricepg.Pool(pool))
			if !assert.NoError(t, err) {
				return
			}
			m, err := price.New(price.X(), &price.Options{Ledger: l, Budgets: []price.Budget{budget}})
			if !assert.NoError(t, err) {
				return
			}
			for i := range 40 {
				settle, err := m.Reserve(context.Background(), post)
				switch {
				case err == nil && i%4 == 0:
					settle(0) // surely not taken
				case err == nil:
					paid.Add(1)
					settle(1)
				case !errors.Is(err, parvis.ErrBudget):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 50, paid.Load(), "160 asked, the budget pays for 50")
	l, err := price.Open(t.Context(), pricepg.Pool(pool))
	require.NoError(t, err)
	m, err := price.New(price.X(), &price.Options{Ledger: l})
	require.NoError(t, err)
	lines, err := m.Spent(t.Context(), price.Filter{Client: "acme"})
	require.NoError(t, err)
	assert.Equal(t, []price.Line{{
		Client: "acme", Network: "x", Item: "post create with link",
		Amount: parvis.Amount{Unit: "USD", Micros: 50 * 200_000}, Things: 50,
	}}, lines)
}
