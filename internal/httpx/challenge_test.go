package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// asks is a network that wants the nonce "2" in the place of the one that was signed.
type asks struct {
	nonce  atomic.Int32
	seen   []string // nonce and body of each request
	status int
}

func (a *asks) wire(r *http.Request) (*http.Response, error) {
	b, _ := io.ReadAll(r.Body)
	a.seen = append(a.seen, r.Header.Get("Nonce")+" "+string(b))
	if r.Header.Get("Nonce") == "2" {
		return answer(r, 200, `{}`), nil
	}
	return answer(r, a.status, `{"error":"use_nonce"}`, "Nonce", "2"), nil
}

func (a *asks) auth(_ context.Context, r *http.Request) error {
	r.Header.Set("Nonce", string('0'+a.nonce.Load()))
	return nil
}

func (a *asks) challenge(_ context.Context, _ *http.Request, answer *httpx.Response) bool {
	if answer.Header.Get("Nonce") != "2" {
		return false
	}
	a.nonce.Store(2)
	return true
}

func TestChallengeIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401} {
		a := &asks{status: status}
		c := newClient(t, "https://host.example", onWire(a.wire), func(c *httpx.Config) {
			c.Auth, c.Challenge = a.auth, a.challenge
			c.Retry = httpx.RetryPolicy{Max: 1, MinWait: time.Hour, MaxWait: time.Hour}
		})
		_, err := c.JSON(t.Context(), httpx.Request{Method: "POST", Path: "/post", Body: httpx.JSON("once")}, nil)
		require.NoError(t, err)
		assert.Equal(t, []string{`0 "once"`, `2 "once"`}, a.seen, "a mutation is sent again, whole, and at once")
		_, err = c.JSON(t.Context(), httpx.Request{Method: "POST", Path: "/post", Body: httpx.JSON("then")}, nil)
		require.NoError(t, err)
		assert.Len(t, a.seen, 3, "the credentials are kept")
	}
}

func TestChallengesEnd(t *testing.T) {
	t.Parallel()
	var sent int
	c := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		sent++
		return answer(r, 401, `{"error":"again"}`), nil
	}), func(c *httpx.Config) {
		c.Challenge = func(context.Context, *http.Request, *httpx.Response) bool { return true }
	})
	_, err := c.Do(t.Context(), httpx.Request{Method: "POST", Path: "/post"})
	require.ErrorIs(t, err, parvis.ErrAuth)
	assert.Equal(t, 1+httpx.MaxChallenges, sent)
}

func TestChallengeDoesNotUseUpTries(t *testing.T) {
	t.Parallel()
	var sent int
	c := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		sent++
		switch sent {
		case 1:
			return answer(r, 401, `{}`), nil
		case 2, 3:
			return answer(r, 503, `{}`), nil
		}
		return answer(r, 200, `{}`), nil
	}), func(c *httpx.Config) {
		c.Challenge = func(_ context.Context, _ *http.Request, a *httpx.Response) bool { return a.Status == 401 }
	})
	_, err := c.Do(t.Context(), httpx.Request{Path: "/read"})
	require.NoError(t, err)
	assert.Equal(t, 4, sent, "three tries, and one more for the challenge")
}

// purse is a meter that pays until it is empty, and notes what was settled.
type purse struct {
	left    int
	settled []int
	calls   []parvis.Call
}

func (p *purse) Reserve(_ context.Context, c parvis.Call) (func(int), error) {
	p.calls = append(p.calls, c)
	if p.left == 0 {
		return nil, &parvis.Error{Code: parvis.ErrBudget, Message: "nothing is left"}
	}
	p.left--
	return func(taken int) {
		p.settled = append(p.settled, taken)
		if taken == 0 {
			p.left++
		}
	}, nil
}

func (*purse) Left(context.Context, parvis.Account) ([]parvis.Amount, error) { return nil, nil }

func TestMeterCountsThings(t *testing.T) {
	t.Parallel()
	p := &purse{left: 9}
	c := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, `{"posts":[1,2,3]}`), nil
	}), func(c *httpx.Config) { c.Meter = p })
	count := func(a *httpx.Response) int { return strings.Count(string(a.Body), ",") + 1 }
	_, err := c.Do(t.Context(), httpx.Request{Path: "/posts", Things: 100, Count: count})
	require.NoError(t, err)
	_, err = c.Do(t.Context(), httpx.Request{Path: "/posts", Things: 2, Count: count})
	require.NoError(t, err)
	_, err = c.Do(t.Context(), httpx.Request{Path: "/posts", Things: 100})
	require.NoError(t, err)
	assert.Equal(t, []int{3, 2, 100}, p.settled)
	assert.Equal(t, 100, p.calls[0].Things)
}

func TestMeterIsChargedForWhatMayHaveBeenTaken(t *testing.T) {
	t.Parallel()
	p := &purse{left: 3}
	var sent int
	c := newClient(t, "https://host.example", onWire(func(r *http.Request) (*http.Response, error) {
		sent++
		switch sent {
		case 1:
			return answer(r, 429, `{}`), nil
		case 2:
			return answer(r, 401, `{}`), nil
		case 3:
			return answer(r, 200, `{}`), nil
		case 4:
			return nil, io.ErrUnexpectedEOF
		}
		return answer(r, 400, `{}`), nil
	}), func(c *httpx.Config) {
		c.Meter = p
		c.Challenge = func(_ context.Context, _ *http.Request, a *httpx.Response) bool { return a.Status == 401 }
		c.Account = func() parvis.Account { return parvis.Account{Client: "acme", Network: "testnet", Handle: "acme"} }
	})
	post := httpx.Request{Method: "POST", Path: "/posts", Item: "post with link"}
	_, err := c.Do(t.Context(), post)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 0, 1}, p.settled, "a refusal and a challenge are given back")
	assert.Equal(t, "acme", p.calls[0].Client)
	assert.Equal(t, "post with link", p.calls[0].Item)

	_, err = c.Do(t.Context(), post)
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Equal(t, []int{1}, p.settled[3:], "what may have arrived is paid")
	_, err = c.Do(t.Context(), post)
	require.Error(t, err)
	assert.Zero(t, p.left)

	before := sent
	_, err = c.Do(t.Context(), post)
	require.ErrorIs(t, err, parvis.ErrBudget)
	assert.Equal(t, before, sent, "nothing is sent that is not paid for")
	assert.ErrorContains(t, err, "nothing is left")
}
