package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/publish"
)

// giveUp is how long a network that cannot be asked is asked again, before a person must look.
const giveUp = 24 * time.Hour

// reconcile finds out what became of an attempt that got no clear answer, or whose worker
// died: the network's own word decides.
func (t *turn) reconcile(ctx context.Context, j *job) error {
	now := t.now()
	if j.State == Sending { // whoever sent it is gone
		j.life.Asked, j.life.Polls = now, 0
	}
	items := j.e.Plan.items(j.Target)
	if j.item >= len(items) {
		return t.done(j)
	}
	d := j.draft(items)
	if j.e.Native && fromMicros(j.started).Before(fromMicros(j.due)) && j.item == 0 {
		d.At = fromMicros(j.due)
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	jobs.Point(ctx, "before the network is asked")
	attempt := publish.Attempt{Account: t.pub.Account(), Draft: d, Started: fromMicros(j.started)}
	post, err := publish.Reconcile(sending.WithPatience(ctx, t.b.opt.Patience), t.pub, attempt)
	jobs.Point(ctx, "the network was asked")
	if over(ctx) {
		return nil // it stays as it is; whoever comes next asks again
	}
	j.life.Polls++
	sure := now.Sub(j.life.Asked) >= t.b.opt.Settle
	switch {
	case err == nil:
		t.took(j, post, now)
	case errors.Is(err, parvis.ErrNotFound) && sure:
		t.again(j, now)
	case errors.Is(err, parvis.ErrNotFound):
		t.doubt(j, now, "the network does not have it yet", j.life.Asked.Add(t.b.opt.Settle))
	case !sure && (errors.Is(err, parvis.ErrUnsupported) || errors.Is(err, parvis.ErrUnknownOutcome)):
		// Some networks note a key only when they have made the post.
		t.doubt(j, now, err.Error(), j.life.Asked.Add(t.b.opt.Settle))
	case errors.Is(err, parvis.ErrUnsupported), errors.Is(err, parvis.ErrUnknownOutcome):
		t.untold(ctx, j, err, now)
	case now.Sub(j.life.Asked) > giveUp:
		t.person(j, now, err)
	default:
		e, _ := errors.AsType[*parvis.Error](err)
		t.doubt(j, now, err.Error(), now.Add(max(backoff(j.life.Polls-1), retryAfter(e))))
	}
	return t.settle(j, "reconcile")
}

// again sends the item once more, under the same key: the network surely does not have it.
func (t *turn) again(j *job, now time.Time) {
	if j.State == Native {
		j.become(Held, now, "the network held it, and no longer has it")
		j.after("", time.Time{})
		return
	}
	j.become(j.waiting(), now, "sent again: the network surely did not take it")
	if j.Tries >= t.b.opt.Tries {
		j.become(Failed, now, "the network took none of the attempts")
		j.after("", time.Time{})
		return
	}
	j.after(DoPublish, j.ahead(now))
}

// untold deals with a network that cannot tell what became of an attempt: where it honours
// keys, sending again under the same key is safe; else a person must look.
func (t *turn) untold(ctx context.Context, j *job, err error, now time.Time) {
	sup, serr := publish.SupportOf(ctx, t.pub, parvis.Place{})
	if serr != nil {
		t.doubt(j, now, serr.Error(), now.Add(backoff(j.life.Polls)))
		return
	}
	age := now.Sub(fromMicros(j.started))
	handed := j.draft(j.e.Plan.items(j.Target)).At // keys need not hold for what a network schedules
	if sup.Key.OK() && handed.IsZero() && (sup.Key.For == 0 || age < sup.Key.For*9/10) && j.Tries < t.b.opt.Tries {
		j.become(j.waiting(), now, "sent again under the same key, which the network honours")
		j.after(DoPublish, j.ahead(now))
		return
	}
	if errors.Is(err, parvis.ErrUnknownOutcome) && j.life.Polls < asks {
		e, _ := errors.AsType[*parvis.Error](err)
		wait := retryAfter(e)
		if wait == 0 {
			wait = backoff(j.life.Polls)
		}
		t.doubt(j, now, err.Error(), now.Add(wait))
		return
	}
	t.person(j, now, err)
}

// asks is how often a network is asked that says it cannot be sure.
const asks = 5

// doubt keeps the outcome unknown and asks again at a time.
func (t *turn) doubt(j *job, now time.Time, why string, at time.Time) {
	if j.State != Native {
		j.become(Unknown, now, why)
	}
	j.after(DoReconcile, at)
}

// person leaves the outcome to somebody who looks.
func (t *turn) person(j *job, now time.Time, err error) {
	j.become(Unknown, now, "it may be out, and the network cannot tell: look there, then say so with Resolve ("+err.Error()+")")
	j.Code = parvis.ErrUnknownOutcome
	j.after("", time.Time{})
}
