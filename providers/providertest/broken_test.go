package providertest_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

// secret is what must not come out.
const secret = "s3cr3t-t0ken"

// A stage is everything that a case can ask for: a network with every power and every
// limit, and a provider on it that is sound until somebody breaks it.
type stage struct {
	*town
	p   *bent
	rig *providertest.Rig
}

// newStage puts a sound provider on a network that can do everything.
func newStage(o fake.Options) *stage {
	o.Host = "town.example"
	o.Limits = func(s *publish.Support) {
		s.Headline, s.Title = parvis.Full(), parvis.TextLimits{{Max: 80, Unit: parvis.Graphemes}}
		s.WarningCounts = true
		s.Reactions = []publish.Reaction{publish.Like, publish.Repost}
		for i := range s.Media.Rules {
			s.Media.Rules[i].MaxPixels = 1 << 20
		}
	}
	tw := newTown(o, fake.Member{Client: "acme inc", Moderator: true})
	log, lines := logger()
	s := &stage{town: tw, p: &bent{inner: tw.acme, log: log.Info}}
	s.rig = tw.rig(s.p)
	s.rig.Secrets, s.rig.Log = []string{secret}, lines
	s.rig.Break = func(f providertest.Fault) bool {
		if tw.breakNext(f) {
			return true
		}
		s.p.next, s.p.nextOp = f.Kind, f.Op
		return f.Kind == providertest.TooLarge || f.Kind == providertest.Redirect
	}
	return s
}

// touch calls the network.
func (s *stage) touch() {
	_, _ = s.acme.Get(context.Background(), parvis.Ref{Kind: parvis.KindPost, ID: "none"})
}

// bent is the fake with some of its methods bent. It also answers in two ways in which
// the fake cannot: too much, and with a redirect.
type bent struct {
	*inner
	log    func(string, ...any)
	next   providertest.FaultKind
	nextOp string

	account         func() parvis.Account
	publish         func(context.Context, publish.Draft) (publish.Post, error)
	publishSupport  func(publish.Support) publish.Support
	get             func(publish.Post, error) (publish.Post, error)
	edit            func(context.Context, parvis.Ref, publish.Draft) (publish.Post, error)
	delete          func(context.Context, parvis.Ref) error
	restore         func(context.Context, parvis.Ref) (publish.Post, error)
	react           func(context.Context, parvis.Ref, publish.Reaction) error
	reschedule      func(context.Context, parvis.Ref, time.Time) (publish.Post, error)
	unschedule      func(context.Context, parvis.Ref) error
	reconcile       func(context.Context, publish.Attempt) (publish.Post, error)
	metrics         func([]publish.Metric, error) ([]publish.Metric, error)
	places          func(context.Context) iter.Seq2[parvis.Place, error]
	updatePlace     func(context.Context, parvis.Place) (parvis.Place, error)
	listen          func(context.Context, listen.Query) iter.Seq2[listen.Event, error]
	listenSupport   func(listen.Support) listen.Support
	history         func(context.Context, listen.Query) iter.Seq2[listen.Event, error]
	search          func(context.Context, listen.Query) iter.Seq2[listen.Event, error]
	webhook         func(string, func(context.Context, listen.Event) error) (http.Handler, error)
	members         func(context.Context, parvis.Place) iter.Seq2[parvis.Person, error]
	moderate        func(context.Context, moderate.Action) (moderate.Act, error)
	moderateSupport func(moderate.Support) moderate.Support
	pending         func(context.Context, parvis.Place) iter.Seq2[moderate.Case, error]
	logOf           func(context.Context, parvis.Place) iter.Seq2[moderate.Entry, error]
}

// inner gives the embedded account a name that is not that of its method.
type inner = fake.Account

func (b *bent) Account() parvis.Account {
	if b.account != nil {
		return b.account()
	}
	return b.inner.Account()
}

// wrong is the error of an answer that the fake cannot give.
func (b *bent) wrong(op string, code parvis.Code) error {
	kind := b.next
	if kind == "" || b.nextOp != op {
		return nil
	}
	b.next = ""
	return &parvis.Error{Code: code, Message: "the answer is no answer: " + string(kind), Help: "find out with publish.Reconcile"}
}

func (b *bent) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	b.log("publish")
	f := b.inner.Publish
	if b.publish != nil {
		f = b.publish
	}
	post, err := f(ctx, d)
	if bad := b.wrong("publish", parvis.ErrUnknownOutcome); bad != nil {
		return publish.Post{}, bad
	}
	return post, err
}

func (b *bent) PublishSupport(ctx context.Context, pl parvis.Place) (publish.Support, error) {
	s, err := b.inner.PublishSupport(ctx, pl)
	return bend(b.publishSupport, s), err
}

func bend[T any](f func(T) T, v T) T {
	if f == nil {
		return v
	}
	return f(v)
}

func (b *bent) Get(ctx context.Context, r parvis.Ref) (publish.Post, error) {
	post, err := b.inner.Get(ctx, r)
	if b.get != nil {
		return b.get(post, err)
	}
	return post, err
}

func (b *bent) Edit(ctx context.Context, r parvis.Ref, d publish.Draft) (publish.Post, error) {
	if b.edit != nil {
		return b.edit(ctx, r, d)
	}
	return b.inner.Edit(ctx, r, d)
}

func (b *bent) Delete(ctx context.Context, r parvis.Ref) error {
	if b.delete != nil {
		return b.delete(ctx, r)
	}
	return b.inner.Delete(ctx, r)
}

func (b *bent) Restore(ctx context.Context, r parvis.Ref) (publish.Post, error) {
	if b.restore != nil {
		return b.restore(ctx, r)
	}
	return b.inner.Restore(ctx, r)
}

func (b *bent) React(ctx context.Context, r parvis.Ref, x publish.Reaction) error {
	if b.react != nil {
		return b.react(ctx, r, x)
	}
	return b.inner.React(ctx, r, x)
}

func (b *bent) Reschedule(ctx context.Context, r parvis.Ref, at time.Time) (publish.Post, error) {
	if b.reschedule != nil {
		return b.reschedule(ctx, r, at)
	}
	return b.inner.Reschedule(ctx, r, at)
}

func (b *bent) Unschedule(ctx context.Context, r parvis.Ref) error {
	if b.unschedule != nil {
		return b.unschedule(ctx, r)
	}
	return b.inner.Unschedule(ctx, r)
}

func (b *bent) Reconcile(ctx context.Context, t publish.Attempt) (publish.Post, error) {
	if b.reconcile != nil {
		return b.reconcile(ctx, t)
	}
	return b.inner.Reconcile(ctx, t)
}

func (b *bent) Metrics(ctx context.Context, r parvis.Ref) ([]publish.Metric, error) {
	ms, err := b.inner.Metrics(ctx, r)
	if b.metrics != nil {
		return b.metrics(ms, err)
	}
	return ms, err
}

func (b *bent) Places(ctx context.Context) iter.Seq2[parvis.Place, error] {
	if b.places != nil {
		return b.places(ctx)
	}
	return b.inner.Places(ctx)
}

func (b *bent) UpdatePlace(ctx context.Context, pl parvis.Place) (parvis.Place, error) {
	if b.updatePlace != nil {
		return b.updatePlace(ctx, pl)
	}
	return b.inner.UpdatePlace(ctx, pl)
}

func (b *bent) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	if bad := b.wrong("listen", parvis.ErrBadAnswer); bad != nil {
		return func(yield func(listen.Event, error) bool) { yield(listen.Event{}, bad) }
	}
	if b.listen != nil {
		return b.listen(ctx, q)
	}
	return b.inner.Listen(ctx, q)
}

func (b *bent) ListenSupport(ctx context.Context, pl parvis.Place) (listen.Support, error) {
	s, err := b.inner.ListenSupport(ctx, pl)
	return bend(b.listenSupport, s), err
}

func (b *bent) History(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	if b.history != nil {
		return b.history(ctx, q)
	}
	return b.inner.History(ctx, q)
}

func (b *bent) Search(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	if b.search != nil {
		return b.search(ctx, q)
	}
	return b.inner.Search(ctx, q)
}

func (b *bent) Webhook(key string, f func(context.Context, listen.Event) error) (http.Handler, error) {
	if b.webhook != nil {
		return b.webhook(key, f)
	}
	return b.inner.Webhook(key, f)
}

func (b *bent) Members(ctx context.Context, pl parvis.Place) iter.Seq2[parvis.Person, error] {
	if b.members != nil {
		return b.members(ctx, pl)
	}
	return b.inner.Members(ctx, pl)
}

func (b *bent) Moderate(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	if b.moderate != nil {
		return b.moderate(ctx, a)
	}
	return b.inner.Moderate(ctx, a)
}

func (b *bent) ModerateSupport(ctx context.Context, pl parvis.Place) (moderate.Support, error) {
	s, err := b.inner.ModerateSupport(ctx, pl)
	return bend(b.moderateSupport, s), err
}

func (b *bent) Pending(ctx context.Context, pl parvis.Place) iter.Seq2[moderate.Case, error] {
	if b.pending != nil {
		return b.pending(ctx, pl)
	}
	return b.inner.Pending(ctx, pl)
}

func (b *bent) Log(ctx context.Context, pl parvis.Place) iter.Seq2[moderate.Entry, error] {
	if b.logOf != nil {
		return b.logOf(ctx, pl)
	}
	return b.inner.Log(ctx, pl)
}

// A wreck breaks a sound stage in one way.
type wreck func(s *stage)

// slow are the cases whose wrecks show only where time passes between two calls.
func options(name string) fake.Options {
	switch name {
	case "listen/order", "listen/past":
		return fake.Options{Latency: time.Second}
	}
	return fake.Options{}
}

// wrecks are all, by the case that must find them.
func wrecks() map[string]wreck {
	all := make(map[string]wreck)
	for _, some := range []map[string]wreck{publishWrecks(), outcomeWrecks(), afterWrecks(), listenWrecks(), moderateWrecks(), commonWrecks()} {
		maps.Copy(all, some)
	}
	return all
}

// TestSound runs every case on the stage as it is: all of them apply, and pass.
func TestSound(t *testing.T) {
	t.Parallel()
	for _, c := range providertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStage(options(c.Name))
				if c.Applies != nil {
					require.NoError(t, c.Applies(t.Context(), s.rig), "the stage lacks something")
				}
				require.NoError(t, c.Run(t.Context(), s.rig), c.Explanation)
			})
		})
	}
}

// TestBroken runs every case on a provider that breaks its rule.
func TestBroken(t *testing.T) {
	t.Parallel()
	broken := wrecks()
	for _, c := range providertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			breakIt, ok := broken[c.Name]
			require.True(t, ok, "no provider breaks this rule: %s", c.Explanation)
			synctest.Test(t, func(t *testing.T) {
				s := newStage(options(c.Name))
				breakIt(s)
				if c.Applies != nil {
					require.NoError(t, c.Applies(t.Context(), s.rig), "the broken provider escapes the case")
				}
				err := c.Run(t.Context(), s.rig)
				require.Error(t, err, "the broken provider is not caught: %s", c.Explanation)
				assert.NotContains(t, fmt.Sprint(err), secret)
				<-time.After(2 * time.Hour) // what a wreck leaves behind ends within an hour of the bubble's time
			})
		})
	}
}

// TestCases checks the table itself.
func TestCases(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range providertest.Cases() {
		assert.Regexp(t, `^[a-z]+/[a-z-]+$`, c.Name)
		assert.Regexp(t, `^[A-Z].*\.$`, c.Explanation)
		assert.NotContains(t, names, c.Name)
		names = append(names, c.Name)
	}
	for name := range wrecks() {
		assert.Contains(t, names, name, "a provider breaks a rule that no case keeps")
	}
	assert.GreaterOrEqual(t, len(names), 100)
	assert.False(t, slices.Contains(names, ""))
}
