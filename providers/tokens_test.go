package providers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

func TestTokenIsRefreshedEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.want(1)
		time.Sleep(55*time.Minute - time.Second)
		r.want(1)
		assert.Equal(t, 0, r.net.count(), "not before five minutes ahead of the expiry")
		time.Sleep(2*time.Minute + 31*time.Second + time.Second)
		r.want(2)
		assert.Equal(t, 1, r.net.count())
		r.want(2)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// TestEarlyIsSpread: many pools with the same token do not all refresh at once.
func TestEarlyIsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rigs []*poolRig
		for range 40 {
			rigs = append(rigs, newPoolRig(t, &providers.TokenOptions{Early: 20 * time.Minute}))
			rigs[len(rigs)-1].want(1)
		}
		time.Sleep(40*time.Minute - time.Second)
		early := func() (n int) {
			for _, r := range rigs {
				_, err := r.token()
				require.NoError(t, err)
				n += r.net.count()
			}
			return n
		}
		assert.Equal(t, 0, early())
		time.Sleep(5 * time.Minute)
		half := early()
		assert.Greater(t, half, 5)
		assert.Less(t, half, 35)
		time.Sleep(5*time.Minute + 2*time.Second)
		assert.Equal(t, 40, early(), "half of the lead is left for trouble")
		for _, r := range rigs {
			r.close()
		}
	})
}

// TestEarlyNeverLoops: a lead that is longer than tokens live does not make every call refresh.
func TestEarlyNeverLoops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, &providers.TokenOptions{Early: 100 * time.Hour})
		for range 50 {
			_, err := r.token()
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// earlyNetwork is a network with a lead of its own.
type earlyNetwork struct{ *tokenNetwork }

// Early implements [providers.EarlyRefresher].
func (earlyNetwork) Early(parvis.Account, parvis.Token) time.Duration { return 10 * 24 * time.Hour }

// TestNetworkSaysHowEarly: long-lived tokens of Meta live 60 days and are renewed from the
// 50th on, never within the first day.
func TestNetworkSaysHowEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.life = 60 * 24 * time.Hour
		r.put(r.net.issue())
		r.pool = providers.NewTokenPool(r.store, earlyNetwork{r.net}, nil)
		r.want(2)
		time.Sleep(50*24*time.Hour - time.Minute)
		r.want(2)
		time.Sleep(5*24*time.Hour + 2*time.Minute)
		r.want(3)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

func TestOneRefreshForAllCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.before = func(context.Context, int) error { time.Sleep(2 * time.Second); return nil }
		time.Sleep(2 * time.Hour)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				n, err := r.token()
				assert.NoError(t, err)
				assert.Equal(t, 2, n)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// TestAnswerIsMerged: what an answer leaves out is kept, and never overwritten by nothing.
func TestAnswerIsMerged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		first, err := r.store.Keeper.Load(t.Context(), acme)
		require.NoError(t, err)
		r.net.edit = func(fresh *parvis.Token) {
			r.net.good = first.Refresh
			fresh.Refresh, fresh.Scopes = "", []string{}
			fresh.Extra = map[string]string{"nonce": "parvis-secret-nonce", "key": ""}
		}
		time.Sleep(2 * time.Hour)
		r.want(2)
		saved, err := r.store.Keeper.Load(t.Context(), acme)
		require.NoError(t, err)
		assert.True(t, sameSecret(saved.Refresh, first.Refresh), "the refresh token stays")
		assert.Equal(t, first.Scopes, saved.Scopes)
		assert.True(t, saved.Extra["key"] == "parvis-secret-key" && saved.Extra["flow"] == "town", "old keys stay")
		assert.True(t, sameSecret(saved.Extra["nonce"], "parvis-secret-nonce"), "new keys come")
		time.Sleep(2 * time.Hour)
		r.want(3)
		r.close()
	})
}

// TestSavedBeforeUse: while the store takes nothing, nobody gets the new token, and it is
// neither dropped nor asked for again.
func TestSavedBeforeUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		time.Sleep(2 * time.Hour)
		r.store.set(nil, errors.New("disk full"))
		for range 20 {
			_, err := r.token()
			cleanError(t, err, parvis.ErrUnavailable)
			_, err = r.pool.Tokens(acme).Renew(t.Context(), parvis.Token{Value: "parvis-secret-access-1"})
			cleanError(t, err, parvis.ErrUnavailable)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 1, r.net.count(), "the spent refresh token is not sent again")
		r.store.set(nil, nil)
		time.Sleep(15 * time.Second)
		r.want(2)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// TestSavedButAnswerLost: the store took the token, and the connection broke before it
// could say so.
func TestSavedButAnswerLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		time.Sleep(2 * time.Hour)
		r.pool = providers.NewTokenPool(&forgetfulStore{Keeper: r.store.Keeper}, r.net, nil)
		r.want(2)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

// forgetfulStore saves and then fails, the first time.
type forgetfulStore struct {
	providers.Keeper
	once sync.Once
}

func (f *forgetfulStore) Save(ctx context.Context, a parvis.Account, t parvis.Token) (v int64, err error) {
	v, err = f.Keeper.Save(ctx, a, t)
	f.once.Do(func() { v, err = 0, errors.New("connection reset") })
	return v, err
}

// TestPassingFailure: callers of a valid token notice nothing; those of an expired one are
// told when to come back; the network is not hammered; the account lives.
func TestPassingFailure(t *testing.T) {
	t.Parallel()
	for _, code := range []parvis.Code{
		parvis.ErrUnavailable, parvis.ErrRateLimited, parvis.ErrUnknownOutcome, parvis.ErrBadAnswer, parvis.ErrPermission, "",
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newPoolRig(t, nil)
				r.want(1)
				r.net.before = failsWith(code)
				if code == "" {
					r.net.before = func(context.Context, int) error { return errors.New("POST refresh_token=parvis-secret-refresh-1") }
				}
				for range 60 {
					r.want(1)
					time.Sleep(time.Minute - time.Nanosecond)
				}
				assert.Positive(t, r.net.count(), "it was tried early")
				time.Sleep(time.Second)
				_, err := r.token()
				e := cleanError(t, err, parvis.ErrUnavailable)
				assert.Positive(t, e.RetryAfter)
				require.NotErrorIs(t, err, parvis.ErrUnknownOutcome, "that is about the refresh, not about what the caller does")

				began := r.net.count()
				for range 3600 {
					_, err := r.token()
					cleanError(t, err, parvis.ErrUnavailable)
					time.Sleep(time.Second)
				}
				tries := r.net.count() - began
				assert.GreaterOrEqual(t, tries, 10)
				assert.LessOrEqual(t, tries, 30, "five minutes apart in the end")
				assert.Empty(t, r.health)

				r.net.before = nil
				time.Sleep(6 * time.Minute)
				r.want(2)
				r.close()
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.before = func(context.Context, int) error {
			return &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Hour, Vendor: "RateLimitExceeded"}
		}
		time.Sleep(2 * time.Hour)
		_, err := r.token()
		e := cleanError(t, err, parvis.ErrUnavailable)
		assert.Equal(t, time.Hour, e.RetryAfter)
		assert.Equal(t, "RateLimitExceeded", e.Vendor)
		time.Sleep(59 * time.Minute)
		_, err = r.token()
		assert.Equal(t, time.Minute, cleanError(t, err, parvis.ErrUnavailable).RetryAfter)
		assert.Equal(t, 1, r.net.count())
		r.net.before = nil
		time.Sleep(time.Minute)
		r.want(2)
		r.close()
	})
}

// TestWrongSettings: the application's own mistake is told, and kills no account.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.before = failsWith(parvis.ErrInvalid)
		time.Sleep(58 * time.Minute)
		r.want(1)
		time.Sleep(time.Hour)
		_, err := r.token()
		e := cleanError(t, err, parvis.ErrInvalid)
		assert.Contains(t, e.Help, "application")
		assert.Empty(t, r.health)
		r.net.before = nil
		time.Sleep(6 * time.Minute)
		r.want(2)
		r.close()
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, &providers.TokenOptions{Timeout: 10 * time.Second})
		r.net.before = func(ctx context.Context, call int) error {
			if call > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(2 * time.Hour)
		began := time.Now()
		_, err := r.token()
		cleanError(t, err, parvis.ErrUnavailable)
		assert.Equal(t, 10*time.Second, time.Since(began))
		time.Sleep(time.Second)
		r.want(2)
		r.close()
	})
}

// TestSlowEarlyRefresh: a caller with a valid token does not wait for a network that hangs.
func TestSlowEarlyRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.before = func(context.Context, int) error { time.Sleep(20 * time.Second); return nil }
		r.want(1)
		time.Sleep(59 * time.Minute)
		began := time.Now()
		r.want(1)
		assert.Equal(t, 3*time.Second, time.Since(began))
		time.Sleep(20 * time.Second)
		r.want(2)
		r.close()
	})
}

// TestCallerGivesUp: the refresh goes on, because its answer is the only copy of the token.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.after = func(ctx context.Context, _ int) error { time.Sleep(5 * time.Second); return ctx.Err() }
		time.Sleep(2 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.pool.Tokens(acme).Token(ctx)
		cleanError(t, err, parvis.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		r.want(2)
		assert.Equal(t, 1, r.net.count())
		r.close()
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		r.net.after = func(ctx context.Context, _ int) error { time.Sleep(5 * time.Second); return ctx.Err() }
		time.Sleep(2 * time.Hour)
		go r.token()
		time.Sleep(time.Second)
		r.close() // waits
		saved, err := r.store.Keeper.Load(t.Context(), acme)
		require.NoError(t, err)
		assert.Equal(t, 2, tokenNumber(saved))
		r.want(2)
		time.Sleep(2 * time.Hour)
		_, err = r.token()
		cleanError(t, err, parvis.ErrUnavailable)
	})
}

func TestCloseIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newPoolRig(t, nil)
		time.Sleep(2 * time.Hour)
		r.store.set(nil, errors.New("disk full"))
		_, err := r.token()
		cleanError(t, err, parvis.ErrUnavailable)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		e := cleanError(t, r.pool.Close(ctx), parvis.ErrUnavailable)
		assert.Contains(t, e.Message, "town:acme@town.example")
		require.ErrorIs(t, e, context.DeadlineExceeded)
	})
}
