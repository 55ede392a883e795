package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// publish sends the next item of a target: the post, one of its thread, or its comment.
func (t *turn) publish(ctx context.Context, j *job) error {
	items := j.e.Plan.items(j.Target)
	if j.item >= len(items) {
		return t.done(j)
	}
	native, wait := t.native(ctx, j)
	if wait {
		return t.settle(j, "schedule")
	}
	if why := t.mayNot(ctx, j, items); why != nil {
		if _, reason := errors.AsType[*parvis.Error](why); !reason {
			return why // the database could not be asked
		}
		j.become(Held, t.now(), why.Error())
		j.Code = parvis.CodeOf(why)
		j.after("", time.Time{})
		return t.settle(j, "hold")
	}
	d := j.draft(items)
	if len(d.Media) > 0 { // hashing takes its time: what is known is written first
		if err := t.flush(ctx); err != nil {
			return err
		}
	}
	d, err := t.b.openMedia(ctx, d)
	if err != nil {
		return t.outcome(ctx, j, publish.Post{}, err)
	}
	if native {
		d.At = fromMicros(j.due)
	}
	jobs.Point(ctx, "before the intent")
	if ok, err := t.intend(ctx, j); err != nil || !ok {
		return err
	}
	jobs.Point(ctx, "intent stored")
	post, err := t.send(ctx, j, d)
	jobs.Point(ctx, "answer came")
	return t.outcome(ctx, j, post, err)
}

// draft is the present item with its key and what it answers.
func (j *job) draft(items []publish.Draft) publish.Draft {
	d := items[j.item]
	d.Key = j.key
	if j.item > 0 {
		d.Key += "-" + strconv.Itoa(j.item)
		d.ReplyTo = j.life.Posts[j.item-1].Ref
	}
	return d
}

// mayNot says why a target must not go out now without a person; nil is that it may.
func (t *turn) mayNot(ctx context.Context, j *job, items []publish.Draft) error {
	now, due := t.now(), fromMicros(j.due)
	late := j.e.Late
	if late == 0 {
		late = t.b.opt.Late
	}
	if d := now.Sub(due); j.item == 0 && late > 0 && d > late && !j.life.Late {
		return &parvis.Error{
			Code: parvis.ErrTooLate, Message: "its time was missed by " + d.Round(time.Second).String() + ", " + late.String() + " are allowed",
			Help: "let it out with Retry, give it a new time with Move, or Cancel it",
		}
	}
	for _, o := range t.blackout {
		if o.holds(j.Target, now) {
			return &parvis.Error{Code: parvis.ErrConflict, Message: "nothing goes out during " + o.Name, Help: "give it a new time with Move"}
		}
	}
	if exact(items) != j.sum {
		return &parvis.Error{
			Code: parvis.ErrConflict, Message: "what would be sent is not what was scheduled and approved",
			Help: "look at it and save it anew with Edit",
		}
	}
	if t.control {
		return t.b.For(t.client).approvedStill(ctx, t.b.db, j.e.ID, j.e.Hash)
	}
	return nil
}

// send publishes with what the layers below need to know: the fence, how long a limit may
// keep it waiting, and the stages that an earlier attempt has kept.
func (t *turn) send(ctx context.Context, j *job, d publish.Draft) (publish.Post, error) {
	ctx = sending.WithFence(ctx, t.fence(&j.row))
	ctx = sending.WithPatience(ctx, t.b.opt.Patience)
	ctx = publish.WithStages(ctx, &stages{t.b, j.ID, j.started})
	if !t.held() {
		return publish.Post{}, errLeaseLost
	}
	return publish.To(ctx, t.pub, d, j.e.Options...)
}

// outcome turns what an attempt came to into the target's next state.
func (t *turn) outcome(ctx context.Context, j *job, post publish.Post, err error) error {
	now := t.now()
	var rest time.Time
	var paused *errPaused
	switch {
	case err == nil:
		t.took(j, post, now)
	case errors.Is(err, errLeaseLost):
		return nil // whoever has the lane now reconciles
	case errors.As(err, &paused):
		j.become(j.waiting(), now, "")
		j.untry()
		j.Do = DoPublish
		t.park(j, paused, "publish")
		return nil
	case errors.Is(err, parvis.ErrUnknownOutcome):
		j.become(Unknown, now, err.Error())
		j.life.Asked, j.life.Polls = now, 0
		j.after(DoReconcile, now)
	default:
		rest = t.refused(ctx, j, err, now)
	}
	if err != nil {
		j.Code = parvis.CodeOf(err)
	}
	var also func(ctx context.Context, tx store.Tx) error
	if !rest.IsZero() {
		also = func(ctx context.Context, tx store.Tx) error { return t.rest(ctx, tx, rest) }
	}
	t.later(j, "publish", also)
	if t.b.opt.InFlight > 1 || j.Do == DoReconcile {
		return t.flush(ctx)
	}
	return nil
}

// took notes that the network has the item, and goes on to what follows.
func (t *turn) took(j *job, post publish.Post, now time.Time) {
	post.Raw = nil
	j.Tries, j.life.Polls = 0, 0
	if len(j.life.Posts) <= j.item {
		j.life.Posts = append(j.life.Posts, post)
		items := j.e.Plan.items(j.Target)
		j.life.Sums = append(j.life.Sums, exact(items[j.item:j.item+1]))
	} else {
		j.life.Posts[j.item] = post
	}
	if j.life.Out.IsZero() && post.State != publish.Scheduled {
		j.life.Out = now
	}
	switch post.State {
	case publish.Pending, publish.Held:
		why := "the network is still working on it"
		if post.State == publish.Held {
			why = "the network holds it for somebody's approval"
		}
		j.become(Pending, now, why)
		j.after(DoPoll, now.Add(backoff(0)))
	case publish.Scheduled:
		j.become(Native, now, "the network holds it until its time")
		j.after(DoPoll, fromMicros(j.due).Add(backoff(0)))
	default:
		t.advance(j, now)
	}
}

// advance goes on to the next item, or to what comes after the last.
func (t *turn) advance(j *job, now time.Time) {
	j.item++
	j.Tries = 0
	if j.item < len(j.e.Plan.items(j.Target)) {
		j.become(Sending, now, "")
		j.started = 0
		j.after(DoPublish, j.ahead(now))
		return
	}
	j.become(Published, now, "")
	t.follow(j, now)
}

// done repairs a target that has no item left to send.
func (t *turn) done(j *job) error {
	j.become(Published, t.now(), "")
	t.follow(j, t.now())
	return t.settle(j, "publish")
}

// refused deals with an attempt that the network surely did not take. It returns until when
// the account must rest.
func (t *turn) refused(ctx context.Context, j *job, err error, now time.Time) time.Time {
	e, _ := errors.AsType[*parvis.Error](err)
	code := parvis.CodeOf(err)
	switch {
	case ctx.Err() != nil: // the worker is being stopped
		j.become(j.waiting(), now, "")
		j.untry()
		j.after(DoPublish, j.ahead(now))
	case code == parvis.ErrRateLimited:
		wait := backoff(j.Tries - 1)
		if e != nil && e.RetryAfter > 0 {
			wait = e.RetryAfter
		}
		j.become(j.waiting(), now, err.Error())
		j.untry()
		return t.restFor(j, wait, now)
	case code.Transient() && j.Tries < t.b.opt.Tries:
		wait := max(backoff(j.Tries-1), retryAfter(e))
		j.become(j.waiting(), now, err.Error())
		if j.Tries <= inOrder {
			return t.restFor(j, wait, now)
		}
		j.after(DoPublish, now.Add(wait))
	case code == parvis.ErrDuplicate && j.Tries > 1: // it may be the earlier attempt that it is like
		j.become(Unknown, now, err.Error())
		j.life.Asked = now
		j.after(DoReconcile, now)
	case code == parvis.ErrAuth, code == parvis.ErrPermission, code == parvis.ErrBudget, code == parvis.ErrConflict, errors.Is(err, errMedia):
		j.become(Held, now, err.Error())
		j.after("", time.Time{})
	default:
		j.become(Failed, now, err.Error())
		j.after("", time.Time{})
	}
	return time.Time{}
}

// waiting is the state of a target whose present item is not out yet.
func (t *row) waiting() State {
	if t.item > 0 {
		return Sending
	}
	return Scheduled
}

// untry takes back that an attempt was counted that came to nothing by no fault of its own.
func (j *job) untry() {
	if j.sent {
		j.Tries--
	}
}

// native decides about a target whose entry prefers that the network holds it: whether it
// is handed over now, or waits for the network's window or its own time.
func (t *turn) native(ctx context.Context, j *job) (native, wait bool) {
	now, due := t.now(), fromMicros(j.due)
	if !j.e.Native || j.item > 0 || !now.Before(due) {
		return false, false
	}
	items := j.e.Plan.items(j.Target)
	sup, err := publish.SupportOf(ctx, t.pub, items[0].Place)
	if err != nil {
		j.Reason = err.Error()
		j.after(DoPublish, minTime(due, now.Add(backoff(j.Tries))))
		j.Tries++
		return false, true
	}
	left := due.Sub(now)
	switch w := sup.Schedule; {
	case !w.OK(), left < w.Least, len(items) > 1:
		j.after(DoPublish, due)
		return false, true
	case w.Most > 0 && left > w.Most:
		j.after(DoPublish, due.Add(-w.Most))
		return false, true
	}
	return true, false
}

// ahead is now for what must come before all that is due later and waits already.
func (t *row) ahead(now time.Time) time.Time { return minTime(now, fromMicros(max(t.due, 1))) }

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// inOrder is how many failures of a post its followers wait for.
const inOrder = 3

// restFor keeps the account from being used for a time, so that the order of its posts
// stays: the present one is the first again afterwards.
func (t *turn) restFor(j *job, wait time.Duration, now time.Time) time.Time {
	j.after(DoPublish, j.ahead(now))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resting = true
	return now.Add(wait)
}

func retryAfter(e *parvis.Error) time.Duration {
	if e == nil {
		return 0
	}
	return e.RetryAfter
}

// stages keeps what an attempt has done, for the next one.
type stages struct {
	b       *Outbox
	target  string
	started int64
}

// Load implements [publish.Stages].
func (s *stages) Load(ctx context.Context, name string) (json.RawMessage, error) {
	all, err := s.all(ctx, s.b.db)
	return all[name], err
}

func (s *stages) all(ctx context.Context, tx store.Tx) (map[string]json.RawMessage, error) {
	var raw []byte
	err := tx.QueryRow(ctx, "SELECT coalesce(stages, '') FROM parvis_outbox_targets WHERE id = ?", s.target).Scan(&raw)
	all := map[string]json.RawMessage{}
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &all)
	}
	return all, err
}

// Save implements [publish.Stages].
func (s *stages) Save(ctx context.Context, name string, value json.RawMessage) error {
	return s.b.update(ctx, "keep a stage", func(tx store.Tx) error {
		all, err := s.all(ctx, tx)
		if err != nil {
			return err
		}
		all[name] = value
		if value == nil {
			delete(all, name)
		}
		raw, err := json.Marshal(all)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE parvis_outbox_targets SET stages = ? WHERE id = ? AND started = ?", raw, s.target, s.started)
		return err
	})
}
