package providers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// TestLostOnce: a grant that is gone is reported once, with what to do; then the network is
// left alone until somebody connects the account again.
func TestLostOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.good = "" // revoked
		time.Sleep(2 * time.Hour)
		for range 5 {
			_, err := r.token()
			e := cleanError(t, err, parvis.ErrAuth)
			assert.Contains(t, e.Message, "invalid_grant")
			assert.Contains(t, e.Help, "connect the account again")
			_, err = r.pool.Tokens(acme).Renew(t.Context(), parvis.Token{Value: "parvis-secret-access-1"})
			cleanError(t, err, parvis.ErrAuth)
			time.Sleep(time.Hour)
		}
		assert.Equal(t, 1, r.net.count())
		require.Len(t, r.health, 1)
		h := r.health[0]
		assert.Equal(t, providers.Lost, h.Condition)
		assert.Equal(t, acme, h.Account)
		assert.Equal(t, parvis.ErrAuth, h.Code)
		assert.NotEmpty(t, h.Why)
		assert.NotEmpty(t, h.Help)
		assert.NotContains(t, h.Why, "spent")

		r.put(r.net.issue())
		r.want(2)
		time.Sleep(2 * time.Hour)
		r.want(3)
		assert.Len(t, r.health, 1)
		r.close()
	})
}

// TestRefusedButReplaced: the network refuses a refresh token that another process has
// used. The store has the newer one, so nothing is wrong.
func TestRefusedButReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		time.Sleep(2 * time.Hour)
		r.net.before = func(context.Context, int) error {
			r.net.mu.Lock()
			fresh := r.net.issue()
			r.net.mu.Unlock()
			r.put(fresh)
			return failsWith(parvis.ErrAuth)(nil, 0)
		}
		r.want(2)
		assert.Empty(t, r.health)
		r.close()
	})
}

// TestReplacedBeforeRefresh: when the pool comes to it, the store has a good token.
func TestReplacedBeforeRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.want(1)
		r.net.life = 4 * time.Hour
		r.put(r.net.issue())
		r.want(1) // from memory
		time.Sleep(6 * time.Second)
		r.want(2)
		r.pool.Forget(acme)
		r.put(r.net.issue())
		r.want(3)
		assert.Equal(t, 0, r.net.count())
		r.close()
	})
}

// TestMayBeSpent: after an answer that never came the old token serves on, and a refusal
// later says what may have happened.
func TestMayBeSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.want(1)
		r.net.after = failsWith(parvis.ErrUnknownOutcome) // rotated, and the answer lost
		time.Sleep(58 * time.Minute)
		r.want(1)
		time.Sleep(10 * time.Minute)
		_, err := r.token()
		e := cleanError(t, err, parvis.ErrAuth)
		assert.Contains(t, e.Message, "may have been spent")
		require.Len(t, r.health, 1)
		r.close()
	})
}

// TestGrace: a network that answers a spent refresh token once more keeps the account.
func TestGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.after = func(_ context.Context, call int) error {
			if call == 1 {
				r.net.good = "parvis-secret-refresh-1"
				return failsWith(parvis.ErrUnknownOutcome)(nil, 0)
			}
			return nil
		}
		time.Sleep(2 * time.Hour)
		_, err := r.token()
		wait := cleanError(t, err, parvis.ErrUnavailable).RetryAfter
		time.Sleep(wait)
		r.want(3)
		assert.Empty(t, r.health)
		r.close()
	})
}

func TestRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		tokens := r.pool.Tokens(acme)
		first, err := tokens.Token(t.Context())
		require.NoError(t, err)

		var wg sync.WaitGroup
		for range 20 { // all were refused with the same token
			wg.Go(func() {
				fresh, err := tokens.Renew(t.Context(), first)
				assert.NoError(t, err)
				assert.Equal(t, 2, tokenNumber(fresh))
			})
		}
		wg.Wait()
		assert.Equal(t, 1, r.net.count(), "one refusal, one refresh")
		fresh, err := tokens.Renew(t.Context(), first)
		require.NoError(t, err)
		assert.Equal(t, 2, tokenNumber(fresh), "somebody has replaced it since")
		fresh, err = tokens.Renew(t.Context(), fresh)
		require.NoError(t, err)
		assert.Equal(t, 3, tokenNumber(fresh))
		assert.Equal(t, 2, r.net.count())
		r.close()
	})
}

// TestRenewOfTheSame: a network that renews a token with the same one does not make it loop.
func TestRenewOfTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		first, err := r.pool.Tokens(acme).Token(t.Context())
		require.NoError(t, err)
		r.net.edit = func(fresh *parvis.Token) { fresh.Value = first.Value }
		_, err = r.pool.Tokens(acme).Renew(t.Context(), first)
		cleanError(t, err, parvis.ErrUnavailable)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// TestNothingToRenewWith: a token without a refresh token is used until it is refused or
// expires, and then lost, once.
func TestNothingToRenewWith(t *testing.T) {
	t.Parallel()
	for _, refused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newPoolRig(t, nil)
			token := r.net.issue()
			token.Refresh = ""
			if refused {
				token.Expiry = time.Time{}
			}
			r.put(token)
			time.Sleep(59 * time.Minute)
			r.want(2)
			time.Sleep(time.Hour)
			for range 3 {
				_, err := r.token()
				if refused {
					_, err = r.pool.Tokens(acme).Renew(t.Context(), token)
				}
				e := cleanError(t, err, parvis.ErrAuth)
				assert.Contains(t, e.Message, map[bool]string{false: "expired", true: "refuses"}[refused])
			}
			assert.Equal(t, 0, r.net.count())
			assert.Len(t, r.health, 1)
			r.close()
		})
	}
}

// TestNoRefresher: without anything that renews, the program is told so, and nothing is lost.
func TestNoRefresher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.pool = providers.NewTokenPool(r.store, nil, nil)
		r.want(1)
		time.Sleep(2 * time.Hour)
		_, err := r.token()
		cleanError(t, err, parvis.ErrInvalid)
		r.pool = providers.NewTokenPool(r.store, providers.Refreshers(), nil)
		_, err = r.token()
		e := cleanError(t, err, parvis.ErrInvalid)
		assert.Contains(t, e.Help, "flow of town")
		r.close()
	})
}

// TestClockWrong: by this machine's clock the new token is an hour old. It is used all the
// same, without refreshing at every call, and trouble is put down to the clock.
func TestClockWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ahead := 2 * time.Hour
		r := newPoolRig(t, &providers.TokenOptions{Now: func() time.Time { return time.Now().Add(ahead) }})
		r.net.now = time.Now
		r.put(r.net.issue())
		for range 10 {
			r.want(3)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 1, r.net.count())
		assert.Contains(t, r.log.String(), "clock of this machine is wrong by about 1.0 hours")

		fresh, err := r.pool.Tokens(acme).Token(t.Context())
		require.NoError(t, err)
		r.net.before = failsWith(parvis.ErrAuth) // a proof of possession with a wrong time, say
		_, err = r.pool.Tokens(acme).Renew(t.Context(), fresh)
		e := cleanError(t, err, parvis.ErrAuth)
		assert.Contains(t, e.Help, "clock")
		r.close()
	})
}

func TestStoreOutOfOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.want(1)
		r.store.set(errors.New("connection refused"), nil)
		time.Sleep(30 * time.Minute)
		r.want(1)
		_, err := r.pool.Tokens(acme).Renew(t.Context(), parvis.Token{Value: "parvis-secret-access-1"})
		cleanError(t, err, parvis.ErrUnavailable)
		time.Sleep(time.Hour)
		_, err = r.token()
		cleanError(t, err, parvis.ErrUnavailable)
		assert.Equal(t, 0, r.net.count(), "nothing is refreshed that cannot be stored")

		r.store.set(nil, nil)
		require.NoError(t, r.store.Delete(t.Context(), acme))
		_, err = r.token()
		cleanError(t, err, parvis.ErrAuth)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		r.close()
	})
}

// TestDeletedMeanwhile: what was erased during a refresh is not brought back.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		time.Sleep(2 * time.Hour)
		r.net.after = func(ctx context.Context, _ int) error { return r.store.Delete(ctx, acme) }
		_, err := r.token()
		cleanError(t, err, parvis.ErrAuth)
		_, err = r.store.Keeper.Load(t.Context(), acme)
		require.ErrorIs(t, err, parvis.ErrNotFound)
		assert.Empty(t, r.health)
		r.close()
	})
}

// TestPoolShowsNothing formats everything that a program could print by mistake.
func TestPoolShowsNothing(t *testing.T) {
	t.Parallel()
	r := newPoolRig(t, nil)
	token, err := r.pool.Tokens(acme).Token(t.Context())
	require.NoError(t, err)
	st := providers.Standing{Token: token}
	for _, v := range []any{r.pool, r.pool.Tokens(acme), r.store.Keeper, token, &token, st, &st} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.Zero(t, strings.Count(fmt.Sprintf(verb, v), "parvis-secret-"), "%T with %s", v, verb)
		}
	}
	r.close()
}

// TestTokenThatRenewsItself: networks such as Threads renew an access token by itself, while
// it is valid. Its flow puts the token in the place of the refresh token.
func TestTokenThatRenewsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		itself := func(token *parvis.Token) {
			token.Refresh = token.Value
			r.net.good = token.Value
		}
		r.net.life, r.net.edit = 60*24*time.Hour, itself
		first := r.net.issue()
		itself(&first)
		r.put(first)
		r.pool = providers.NewTokenPool(r.store, earlyNetwork{r.net}, nil)
		for day := range 365 {
			token, err := r.pool.Tokens(acme).Token(t.Context())
			require.NoError(t, err, "day %d", day)
			require.True(t, token.Valid(time.Now()))
			time.Sleep(24 * time.Hour)
		}
		assert.GreaterOrEqual(t, r.net.count(), 6)
		assert.LessOrEqual(t, r.net.count(), 8)
		r.close()
	})
}

// TestManyAccounts: accounts of one pool do not hold each other up.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.before = func(context.Context, int) error { time.Sleep(20 * time.Second); return nil }
		time.Sleep(2 * time.Hour)
		go r.token()
		time.Sleep(time.Second)
		other := acme
		other.ID = "8"
		_, err := r.store.Save(t.Context(), other, parvis.Token{Value: "parvis-secret-other"})
		require.NoError(t, err)
		began := time.Now()
		_, err = r.pool.Tokens(other).Token(t.Context())
		require.NoError(t, err)
		assert.Zero(t, time.Since(began))
		r.close()
	})
}
