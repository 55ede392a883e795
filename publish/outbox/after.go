package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// follow finds out what comes next for a target whose items are all out.
func (t *turn) follow(j *job, now time.Time) {
	var do Do
	var at time.Time
	next := func(d Do, when time.Time) {
		if at.IsZero() || when.Before(at) {
			do, at = d, when
		}
	}
	if j.life.Verified.IsZero() && t.b.opt.VerifyAfter >= 0 {
		if _, ok := parvis.As[publish.Getter](t.pub); ok {
			next(DoVerify, now.Add(t.b.opt.VerifyAfter))
		}
	}
	ages := slices.Sorted(slices.Values(j.e.Snapshots))
	if j.life.Taken < len(ages) {
		if _, ok := parvis.As[publish.Metrics](t.pub); ok {
			next(DoSnapshot, j.life.Out.Add(ages[j.life.Taken]))
		}
	}
	if j.e.Expire > 0 {
		next(DoWithdraw, j.life.Out.Add(j.e.Expire))
	}
	j.after(do, at)
}

// poll asks about a post that the network still works on, or holds until its time.
func (t *turn) poll(ctx context.Context, j *job) error {
	now := t.now()
	if err := t.flush(ctx); err != nil {
		return err
	}
	post, err := publish.Get(sending.WithPatience(ctx, t.b.opt.Patience), t.pub, j.life.Posts[j.item].Ref)
	if over(ctx) {
		return nil
	}
	j.life.Polls++
	again := now.Add(backoff(j.life.Polls))
	switch {
	case err == nil && post.State == publish.Rejected:
		j.become(Failed, now, "the network refused it after looking at it")
		j.after("", time.Time{})
	case err == nil:
		t.took(j, post, now)
		if j.State == Pending || j.State == Native {
			j.life.Polls++
			j.after(DoPoll, again)
		}
	case errors.Is(err, parvis.ErrNotFound) && j.State == Native:
		// Some networks give the post another identifier when it goes out.
		j.life.Posts = j.life.Posts[:j.item]
		j.life.Sums = j.life.Sums[:j.item]
		j.life.Asked = now
		j.after(DoReconcile, now)
	case errors.Is(err, parvis.ErrNotFound):
		j.become(Failed, now, "the network no longer has it")
		j.after("", time.Time{})
	case errors.Is(err, parvis.ErrUnsupported):
		j.become(Pending, now, "the network does not tell when it is out: look there, then say so with Resolve")
		j.after("", time.Time{})
	default:
		j.Reason = err.Error()
		j.after(DoPoll, again)
	}
	return t.settle(j, "poll")
}

// verify reads a published post back and notes what is wrong with it.
func (t *turn) verify(ctx context.Context, j *job) error {
	now := t.now()
	var faults []string
	items := j.e.Plan.items(j.Target)
	for i, p := range j.life.Posts {
		post, err := publish.Get(sending.WithPatience(ctx, t.b.opt.Patience), t.pub, p.Ref)
		switch {
		case over(ctx):
			return nil
		case errors.Is(err, parvis.ErrNotFound):
			faults = append(faults, "post "+p.Ref.ID+" cannot be seen")
		case errors.Is(err, parvis.ErrUnsupported):
		case err != nil && j.life.Polls < asks:
			j.life.Polls++
			j.after(DoVerify, now.Add(backoff(j.life.Polls)))
			return t.settle(j, "verify")
		case err != nil:
			faults = append(faults, "post "+p.Ref.ID+" could not be read back: "+err.Error())
		case i < len(items):
			faults = append(faults, wrongWith(post, items[i], t.pub.Account())...)
			j.life.Posts[i].URL = post.URL
		}
	}
	j.Faults, j.Verified, j.life.Polls = faults, now, 0
	j.life.Verified = now
	t.follow(j, now)
	return t.settle(j, "verify")
}

// wrongWith compares a post with what was to be sent.
func wrongWith(p publish.Post, d publish.Draft, a parvis.Account) []string {
	var faults []string
	if id := p.Author.Ref.ID; id != "" && a.ID != "" && id != a.ID {
		faults = append(faults, "it was posted by another account: "+p.Author.Handle)
	}
	if p.State != "" && p.State != publish.Published {
		faults = append(faults, "it is "+string(p.State))
	}
	if len(p.Media) < len(d.Media) {
		faults = append(faults, "media are missing")
		return faults
	}
	for i, m := range d.Media {
		if m.Alt != "" && p.Media[i].Alt == "" {
			faults = append(faults, "the alternative text of "+m.Name+" is missing")
		}
	}
	return faults
}

// snapshot keeps the network's figures at an age.
func (t *turn) snapshot(ctx context.Context, j *job) error {
	now := t.now()
	ages := slices.Sorted(slices.Values(j.e.Snapshots))
	if j.life.Taken >= len(ages) {
		t.follow(j, now)
		return t.settle(j, "snapshot")
	}
	metrics, err := publish.MetricsOf(sending.WithPatience(ctx, t.b.opt.Patience), t.pub, j.life.Posts[0].Ref)
	switch {
	case over(ctx):
		return nil
	case err != nil && parvis.CodeOf(err).Transient() && j.life.Polls < asks:
		j.life.Polls++
		j.after(DoSnapshot, now.Add(backoff(j.life.Polls)))
		return t.settle(j, "snapshot")
	case err != nil: // this age has no figures, which is told apart from zero
		metrics = nil
	}
	age := ages[j.life.Taken]
	j.life.Taken++
	j.life.Polls = 0
	t.follow(j, now)
	raw, err := json.Marshal(metrics)
	if err != nil {
		return err
	}
	var also func(ctx context.Context, tx store.Tx) error
	if metrics != nil {
		also = func(ctx context.Context, tx store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_snapshots (target, age, at, metrics) VALUES (?, ?, ?, ?)
				ON CONFLICT (target, age) DO NOTHING`, j.ID, age.Microseconds(), toMicros(now), raw)
			return err
		}
	}
	t.later(j, "snapshot", also)
	return nil
}

// edit brings what is out to what the entry says now. Doing it twice does no harm.
func (t *turn) edit(ctx context.Context, j *job) error {
	now := t.now()
	if err := t.flush(ctx); err != nil {
		return err
	}
	if t.control {
		err := t.b.For(t.client).approvedStill(ctx, t.b.db, j.e.ID, j.e.Hash)
		if _, reason := errors.AsType[*parvis.Error](err); err != nil && !reason {
			return err // the database could not be asked
		}
		if err != nil {
			return t.notDone(ctx, j, DoEdit, err, now)
		}
	}
	items := j.e.Plan.items(j.Target)
	ctx = sending.WithPatience(sending.WithFence(ctx, t.fence(&j.row)), t.b.opt.Patience)
	for i := range min(len(items), len(j.life.Posts)) {
		sum := exact(items[i : i+1])
		if j.life.Sums[i] == sum {
			continue
		}
		d, err := t.b.openMedia(ctx, items[i])
		if err == nil {
			var post publish.Post
			if post, err = publish.Edit(ctx, t.pub, j.life.Posts[i].Ref, d, j.e.Options...); err == nil {
				post.Raw = nil
				j.life.Posts[i], j.life.Sums[i] = post, sum
				continue
			}
		}
		return t.notDone(ctx, j, DoEdit, err, now)
	}
	j.become(Published, now, "")
	j.life.Verified = time.Time{}
	j.Verified = time.Time{}
	t.follow(j, now)
	return t.settle(j, "edit")
}

// notDone deals with an edit, a move or a withdrawal that failed: the post stays as it was.
func (t *turn) notDone(ctx context.Context, j *job, do Do, err error, now time.Time) error {
	var paused *errPaused
	switch {
	case over(ctx), errors.Is(err, errLeaseLost):
		return nil // whoever comes next does it again
	case errors.As(err, &paused):
		j.Do = do
		t.park(j, paused, string(do))
		return nil
	case (parvis.CodeOf(err).Transient() || errors.Is(err, parvis.ErrUnknownOutcome)) && j.life.Polls < t.b.opt.Tries:
		e, _ := errors.AsType[*parvis.Error](err)
		j.Reason, j.Code = string(do)+": "+err.Error(), parvis.CodeOf(err)
		j.after(do, now.Add(max(backoff(j.life.Polls), retryAfter(e))))
		j.life.Polls++
	default:
		j.Reason, j.Code = string(do)+" failed: "+err.Error(), parvis.CodeOf(err)
		j.Faults = append(j.Faults, j.Reason)
		j.life.Polls = 0
		j.after("", time.Time{})
	}
	return t.settle(j, string(do))
}

// move tells the network that holds a post its new time.
func (t *turn) move(ctx context.Context, j *job) error {
	now := t.now()
	if err := t.flush(ctx); err != nil {
		return err
	}
	at := fromMicros(j.due)
	fenced := sending.WithPatience(sending.WithFence(ctx, t.fence(&j.row)), t.b.opt.Patience)
	post, err := publish.Reschedule(fenced, t.pub, j.life.Posts[0].Ref, at)
	if err != nil {
		return t.notDone(ctx, j, DoMove, err, now)
	}
	post.Raw = nil
	j.life.Posts[0] = post
	j.life.Polls = 0
	j.become(Native, now, "the network holds it until its time")
	j.after(DoPoll, at.Add(backoff(0)))
	return t.settle(j, "move")
}

// withdraw takes what is out from the network, the last first. A post that is gone already
// is no failure.
func (t *turn) withdraw(ctx context.Context, j *job) error {
	now := t.now()
	if err := t.flush(ctx); err != nil {
		return err
	}
	patient := sending.WithPatience(ctx, t.b.opt.Patience)
	for n := len(j.life.Posts); n > 0; n-- {
		ref := j.life.Posts[n-1].Ref
		take := publish.Delete
		if j.State == Native {
			take = publish.Unschedule
		}
		err := take(patient, t.pub, ref)
		if err != nil && !errors.Is(err, parvis.ErrNotFound) {
			return t.notDone(ctx, j, DoWithdraw, err, now)
		}
		j.life.Posts, j.life.Sums = j.life.Posts[:n-1], j.life.Sums[:n-1]
	}
	j.become(Withdrawn, now, j.Reason)
	if j.life.Out.IsZero() {
		j.State = Cancelled
	}
	j.after("", time.Time{})
	return t.settle(j, "withdraw")
}
