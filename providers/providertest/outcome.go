package providertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// wait is what the network asks for when it limits the account: longer than a provider
// would wait by itself.
const wait = 2 * time.Minute

// A failure is what an account may answer to a staged fault of publishing.
type failure struct {
	kind FaultKind
	want []error // the codes that are right
	mend bool    // tells that success is right too, if there is one post
	rule string
}

// failures is the table of faults. What holds for all is in publishFault: an error other
// than ErrUnknownOutcome means no post, success means one, and nothing ever means two.
func failures() []failure {
	const never = "A publish is never blindly repeated: "
	unknown := []error{parvis.ErrUnknownOutcome}
	maybe := []error{parvis.ErrUnknownOutcome, parvis.ErrUnavailable}
	return []failure{
		{
			RateLimited,
			[]error{parvis.ErrRateLimited},
			false,
			"A publish that the network refuses for its rate gives ErrRateLimited with RetryAfter, and no post; what is sent after it is refused or posted, never doubled.",
		},
		{
			ServerErrorBefore, maybe, true,
			never + "after a server error the outcome is unknown, unless the network surely took nothing.",
		},
		{
			ServerErrorAfter, unknown, true,
			never + "after a server error that hid a success the outcome is unknown, or there is one post by a key that the network honours.",
		},
		{
			CutBefore, maybe, true,
			"A connection that breaks before the request arrives means no post: the error says so, or that the outcome is unknown, or it was sent again and is there once.",
		},
		{
			CutAfter, unknown, true,
			never + "a connection that breaks before the answer leaves the outcome unknown, or there is one post by a key that the network honours.",
		},
		{
			Timeout, unknown, true,
			never + "an answer that does not come leaves the outcome unknown, or there is one post by a key that the network honours.",
		},
		{
			BadToken,
			[]error{parvis.ErrAuth},
			false,
			"A token that the network no longer takes gives ErrAuth, with what to do in Help, and no post.",
		},
		{
			Forbidden,
			[]error{parvis.ErrPermission},
			false,
			"What the account may not do gives ErrPermission, and no post.",
		},
		{
			Truncated, unknown, true,
			"An answer that breaks off leaves the outcome of a publish unknown, or there is one post by a key that the network honours.",
		},
		{
			TooLarge, unknown, true,
			"An answer that is too large to read leaves the outcome of a publish unknown, or there is one post by a key that the network honours.",
		},
		{
			Redirect,
			[]error{parvis.ErrUnknownOutcome, parvis.ErrUnavailable, parvis.ErrBadAnswer, parvis.ErrInvalid, parvis.ErrRejected, parvis.ErrPermission},
			false,
			"A redirect of a publish to another host is not followed, gives a typed error, and carries no secret away.",
		},
		{
			VersionRetired,
			[]error{parvis.ErrAPIVersionRetired},
			false,
			"An API version that the network no longer speaks gives ErrAPIVersionRetired, and no post.",
		},
	}
}

func outcomeCases() []Case {
	var cases []Case
	for _, f := range failures() {
		cases = append(cases, Case{
			Name:        "outcome/" + slug(f.kind),
			Explanation: f.rule,
			Applies:     needs(canPublish, canCount, staged(f.kind, "publish")),
			Run:         func(ctx context.Context, r *Rig) error { return publishFault(ctx, r, f) },
		})
	}
	return append(cases, Case{
		Name:        "outcome/reconcile",
		Explanation: "Reconcile tells the truth about an attempt that succeeded and about one that was never made: the post, or ErrNotFound.",
		Applies:     needs(canCount, canReconcile),
		Run:         outcomeReconcile,
	}, Case{
		Name:        "outcome/reconcile-neighbours",
		Explanation: "Reconcile is not misled by posts that look like the attempt: an older one with the same text, or a newer one with another.",
		Applies:     needs(canCount, canReconcile),
		Run:         outcomeNeighbours,
	}, Case{
		Name:        "outcome/same-key-after",
		Explanation: "Where keys are honoured, an attempt with an unknown outcome that is sent again with its key makes one post.",
		Applies:     needs(canCount, canBreak, publishing("idempotency keys", func(s publish.Support) bool { return s.Key.OK() })),
		Run:         outcomeSameKey,
	})
}

func canReconcile(ctx context.Context, r *Rig) error {
	return publishing("reconciling", func(s publish.Support) bool { return s.Reconcile.OK() })(ctx, r)
}

// staged is the need that the next call of op fails in that way, and stages it. It must be
// the last need of a case. What the provider asks once and remembers it has asked before.
func staged(kind FaultKind, op string) need {
	return func(ctx context.Context, r *Rig) error {
		if err := canBreak(ctx, r); err != nil {
			return err
		}
		if err := r.warm(ctx); err != nil || r.stage(kind, op) {
			return nil //nolint:nilerr // a provider that fails here is tried, so that the case fails
		}
		return fmt.Errorf("the rig cannot stage the failure %q of %q", kind, op)
	}
}

// stage breaks the next call, and reports whether that can be done here.
func (r *Rig) stage(kind FaultKind, op string) bool {
	f := Fault{Kind: kind, Op: op}
	if kind == RateLimited {
		f.RetryAfter = wait
	}
	return r.Break(f)
}

func publishFault(ctx context.Context, r *Rig, f failure) error {
	word := mark()
	post, err := publish.To(ctx, r.publisher(), r.draft("Open on Saturday "+word))
	_ = r.saw(err)
	n, cerr := r.count(ctx, word)
	if cerr != nil {
		return cerr
	}
	if err := truth(post, err, n); err != nil {
		return err
	}
	if err == nil {
		if f.mend {
			return nil
		}
		return fmt.Errorf("the publish succeeded in spite of the failure %q", f.kind)
	}
	return errors.Join(refused("the publish", err, f.want...), typed("publish", err), f.after(ctx, r, word, err))
}

// truth compares what a publish said with what the network has.
func truth(post publish.Post, err error, n int) error {
	switch {
	case n > 1:
		return fmt.Errorf("there are %d posts of one draft; the error was %w", n, err)
	case err == nil && n != 1:
		return fmt.Errorf("the publish succeeded with the state %q, and there is no post", post.State)
	case err != nil && !errors.Is(err, parvis.ErrUnknownOutcome) && n != 0:
		return fmt.Errorf("the error %w says that nothing was posted, and there is a post: %w", parvis.CodeOf(err), err)
	}
	return nil
}

// after checks what the single failures ask for besides.
func (f failure) after(ctx context.Context, r *Rig, word string, err error) error {
	if err := telling(f.kind, err); err != nil {
		return err
	}
	switch {
	case f.kind == RateLimited:
		return r.afterLimit(ctx)
	case errors.Is(err, parvis.ErrUnknownOutcome):
		return r.reconciled(ctx, word, err)
	}
	return nil
}

// afterLimit publishes once more after a refusal.
func (r *Rig) afterLimit(ctx context.Context) error {
	word := mark()
	post, err := publish.To(ctx, r.publisher(), r.draft("Open on Sunday "+word))
	_ = r.saw(err)
	n, cerr := r.count(ctx, word)
	if cerr != nil {
		return cerr
	}
	if err != nil {
		cerr = refused("the publish after a refusal", err, parvis.ErrRateLimited)
	}
	return errors.Join(cerr, truth(post, err, n))
}

// reconciled checks that Reconcile knows what became of the attempt that err carries.
func (r *Rig) reconciled(ctx context.Context, word string, err error) error {
	t, ok := publish.AttemptOf(err)
	if !ok {
		return fmt.Errorf("the error carries no attempt for Reconcile: %w", err)
	}
	sup, serr := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(serr) != nil || !sup.Reconcile.OK() {
		return serr
	}
	n, cerr := r.count(ctx, word)
	if cerr != nil {
		return cerr
	}
	post, rerr := publish.Reconcile(ctx, r.publisher(), t)
	return r.judge(verdict{post, r.saw(rerr), n, sup.Reconcile.Level})
}

// A verdict is what Reconcile said, beside what is true.
type verdict struct {
	post  publish.Post
	err   error
	n     int          // posts that there are
	level parvis.Level // what Support says of reconciling
}

// judge compares what Reconcile said with the number of posts that there are.
func (r *Rig) judge(v verdict) error {
	switch {
	case errors.Is(v.err, parvis.ErrUnknownOutcome) && v.level == parvis.Partial:
		return nil
	case errors.Is(v.err, parvis.ErrNotFound):
		if v.n != 0 {
			return fmt.Errorf("Reconcile says that it was not posted, and it was: %w", v.err)
		}
		return nil
	case v.err != nil:
		return fmt.Errorf("Reconcile failed, there are %d posts: %w", v.n, v.err)
	case v.n != 1:
		return fmt.Errorf("Reconcile found the post %v, and there are %d", v.post.Ref, v.n)
	}
	return complete(r.Account.Account(), "the reconciled post", v.post.Ref, said()...)
}

func slug(k FaultKind) string {
	b := []byte(k)
	for i, c := range b {
		if c == ' ' {
			b[i] = '-'
		}
	}
	return string(b)
}

// attempt publishes text and returns the attempt as a program would keep it.
func (r *Rig) attempt(ctx context.Context, text string) (publish.Attempt, publish.Post, error) {
	d := r.draft(text)
	d.Key = mark()
	t := publish.Attempt{Account: r.Account.Account(), Draft: d.For(r.Account.Account().Network), Started: time.Now()}
	post, err := r.to(ctx, d)
	return t, post, err
}

func outcomeReconcile(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	t, post, err := r.attempt(ctx, "Open on Saturday "+mark())
	if err != nil {
		return err
	}
	got, err := publish.Reconcile(ctx, r.publisher(), t)
	if err := r.judge(verdict{got, r.saw(err), 1, sup.Reconcile.Level}); err != nil {
		return err
	}
	if err == nil && got.Ref != post.Ref {
		return fmt.Errorf("Reconcile found %v, the attempt made %v", got.Ref, post.Ref)
	}
	never := t
	never.Draft = r.draft("Open on Sunday " + mark())
	never.Draft.Key = mark()
	got, err = publish.Reconcile(ctx, r.publisher(), never)
	return r.judge(verdict{got, r.saw(err), 0, sup.Reconcile.Level})
}

func outcomeNeighbours(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	text := "Open on Saturday " + mark()
	t, _, err := r.attempt(ctx, text)
	if err != nil {
		return err
	}
	never := t
	never.Draft.Key, never.Started = mark(), time.Now().Add(time.Hour)
	got, err := publish.Reconcile(ctx, r.publisher(), never)
	if err := r.judge(verdict{got, r.saw(err), 0, sup.Reconcile.Level}); err != nil {
		return fmt.Errorf("an older post with the same text: %w", err)
	}
	never.Draft, never.Started = r.draft("Open on Monday "+mark()), t.Started.Add(-time.Hour)
	never.Draft.Key = mark()
	got, err = publish.Reconcile(ctx, r.publisher(), never)
	if err := r.judge(verdict{got, r.saw(err), 0, sup.Reconcile.Level}); err != nil {
		return fmt.Errorf("a newer post with another text: %w", err)
	}
	return nil
}

// outcomeSameKey sends again as a program does that cannot reconcile.
func outcomeSameKey(ctx context.Context, r *Rig) error {
	for _, kind := range []FaultKind{CutAfter, ServerErrorAfter, Timeout, Truncated} {
		if err := r.warm(ctx); err != nil {
			return err
		}
		if !r.stage(kind, "publish") {
			continue
		}
		word := mark()
		d := r.draft("Open on Saturday " + word)
		d.Key = mark()
		_, err := publish.To(ctx, r.publisher(), d)
		if r.saw(err) != nil {
			if _, err = r.to(ctx, d); err != nil && !errors.Is(err, parvis.ErrDuplicate) {
				return fmt.Errorf("sent again after %q: %w", kind, err)
			}
		}
		if err := r.counts(ctx, word, 1); err != nil {
			return fmt.Errorf("after %q and sending again: %w", kind, err)
		}
	}
	return nil
}
