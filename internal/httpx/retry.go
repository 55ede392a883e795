package httpx

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
)

// checkRetry hands each try to its call, which reads the answer and decides.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	return callOf(ctx).judge(resp, err), nil
}

// backoff doubles from lo up to hi, with jitter over the upper half, and gives way to
// what the server asks for.
func backoff(lo, hi time.Duration, try int, resp *http.Response) time.Duration {
	if resp != nil && resp.Request != nil {
		switch k := callOf(resp.Request.Context()); {
		case k == nil:
		case k.fresh:
			return 0
		case k.wait > 0:
			return k.wait
		}
	}
	d := hi
	if try < 30 {
		if e := lo << try; e > 0 && e < hi {
			d = e
		}
	}
	return d/2 + rand.N(d/2+1)
}

// judge settles one try and reports whether there is to be another.
func (k *call) judge(resp *http.Response, err error) bool {
	k.err, k.answer, k.retryable, k.wait = nil, nil, false, 0
	if err != nil {
		k.fail(err)
	} else {
		k.settle(resp)
	}
	challenged := err == nil && k.err != nil && k.challenged(resp.Request)
	again := k.err != nil && k.retryable && k.try+1-k.challenges < k.c.cfg.Retry.Max &&
		k.wait <= k.longest() && k.Context.Err() == nil || challenged
	k.pay()
	k.waiting = again
	k.log(again)
	k.end()
	return again
}

// longest is how long the call may sleep because a server asks it to come back later.
func (k *call) longest() time.Duration {
	if d, ok := sending.Patience(k.Context); ok {
		return min(d, k.c.cfg.Retry.MaxWait)
	}
	return k.c.cfg.Retry.MaxWait
}

// challenged reports whether the answer asks for other credentials, which there are now.
func (k *call) challenged(r *http.Request) bool {
	k.fresh = k.c.cfg.Challenge != nil && k.answer != nil && k.challenges < MaxChallenges &&
		k.Context.Err() == nil && k.c.cfg.Challenge(sending.Unfenced(k.Context), r, k.answer)
	if k.fresh {
		k.challenges++
	}
	return k.fresh
}

// pay settles with the meter: only what surely was not taken is given back.
func (k *call) pay() {
	if k.charge == nil {
		return
	}
	taken := max(k.req.Things, 1)
	refused := k.err != nil && (k.err.Code == parvis.ErrUnavailable || k.err.Code == parvis.ErrRateLimited || k.fresh)
	switch {
	case !k.wired || k.fenced || refused:
		taken = 0
	case k.err == nil && k.answer != nil && k.req.Count != nil:
		taken = min(taken, max(0, k.req.Count(k.answer)))
	}
	k.charge(taken)
	k.charge = nil
}

// fail settles a try without an answer.
func (k *call) fail(err error) {
	if k.own != nil {
		k.err = ownError(k.own)
		k.retryable = k.err.Code == parvis.ErrUnavailable && k.Context.Err() == nil && !k.fenced
		return
	}
	if k.source != nil && k.Context.Err() == nil && k.tryCtx.Err() == nil {
		if e := k.source.failure(); e != nil {
			k.err = e
			return
		}
	}
	left := k.left.Load()
	if !k.read && !k.traced.Load() {
		left = !neverSent(err)
	}
	k.err = k.noAnswer(err, left)
	k.retryable = (k.safe || !left) && worthRepeating(err)
	k.taken = k.taken || (left && !k.read)
}

// settle settles a try that was answered.
func (k *call) settle(resp *http.Response) {
	told := k.learn(resp.Header)
	defer func() {
		if !told && (k.err == nil || k.err.Code != parvis.ErrRateLimited) {
			k.c.cfg.Limiter.Learn(k.limit, parvis.Limit{}) // answered, and nothing said
		}
	}()
	good := resp.StatusCode >= 200 && resp.StatusCode < 300
	if k.mode == stream {
		if good {
			k.open = resp
			resp.Body = &openBody{ReadCloser: resp.Body, cancel: k.cancel}
			return
		}
		defer time.AfterFunc(k.c.cfg.Timeout, k.cancel).Stop()
	}
	body, err := readBody(resp, k.c.cfg.MaxBody)
	_ = resp.Body.Close()
	resp.Body = http.NoBody
	k.answer = &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, URL: resp.Request.URL}
	if err != nil && good {
		k.err = k.unreadable(err)
		k.retryable = k.safe && !errors.Is(err, errTooLarge)
		k.taken = k.taken || !k.read
		return
	}
	if k.err = k.verdict(k.answer); k.err == nil {
		return
	}
	k.wait = k.err.RetryAfter
	broken := brokeOff(k.answer.Status)
	k.taken = k.taken || (broken && !k.read && k.err.Code == parvis.ErrUnknownOutcome)
	switch k.err.Code {
	case parvis.ErrRateLimited:
		k.retryable = true
		k.c.cfg.Limiter.Learn(k.limit, exceeded(k.wait))
	case parvis.ErrUnavailable, parvis.ErrUnknownOutcome:
		k.retryable = broken && k.safe
	}
}

// learn hands the rate headers of an answer to the limiter.
func (k *call) learn(h http.Header) bool {
	limits := k.c.cfg.Limits(h)
	for _, l := range limits {
		k.c.cfg.Limiter.Learn(k.limit, l)
	}
	return len(limits) > 0
}

func exceeded(wait time.Duration) parvis.Limit {
	l := parvis.Limit{Exceeded: true}
	if wait > 0 {
		l.Reset = time.Now().Add(wait)
	}
	return l
}

// outcome turns the error of the last try into that of the call: once some try may have
// taken effect, no error may claim that nothing was taken.
func (k *call) outcome(e *parvis.Error) *parvis.Error {
	if !k.taken || k.read {
		return e
	}
	if k.fenced { // whatever its code; who set the fence must not take it for one that nothing came before
		return &parvis.Error{
			Code: parvis.ErrUnknownOutcome, Message: "no clear answer came, and another try was kept back", Help: helpUnknown,
		}
	}
	switch e.Code {
	case parvis.ErrRateLimited, parvis.ErrUnavailable, parvis.ErrBadAnswer, parvis.ErrAuth, parvis.ErrPermission, parvis.ErrBudget:
		e.Code, e.Help = parvis.ErrUnknownOutcome, helpUnknown
	}
	return e
}
