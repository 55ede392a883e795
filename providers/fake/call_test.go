package fake_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestSlowAndLatency(t *testing.T) {
	t.Parallel()
	for _, slow := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			o := fake.Options{Latency: 3 * time.Second}
			if slow {
				o.Latency = 0
			}
			town := fake.New(o)
			acme := town.Join("acme")
			again := func() {
				if slow {
					town.Inject(fake.Fault{Kind: fake.Slow, Delay: 3 * time.Second})
				}
			}
			again()
			start := time.Now()
			p := say(t, acme, "Bonjour")
			assert.Equal(t, 3*time.Second, time.Since(start))

			again()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := publish.To(ctx, acme, publish.Draft{Text: "impatient"})
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 5*time.Second, time.Since(start))
			assert.Equal(t, slow, town.Count("impatient") == 1, "a slow network has it, a far one has not")

			again()
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = publish.Get(ctx, acme, p.Ref)
			require.ErrorIs(t, err, parvis.ErrUnavailable)
			_, err = publish.Get(ctx, acme, p.Ref)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			_, err = publish.To(ctx, acme, publish.Draft{Text: "late"})
			require.ErrorIs(t, err, parvis.ErrUnavailable, "nothing was sent")
			assert.Equal(t, 0, town.Count("late"))
		})
	}
}

func TestTimeoutTakesItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{})
		town.Inject(fake.Fault{Kind: fake.Timeout, Delay: 30 * time.Second})
		start := time.Now()
		_, err := publish.To(t.Context(), town.Join("acme"), publish.Draft{Text: "x"})
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(start))
		assert.Equal(t, 1, town.Count("x"))
	})
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		town := fake.New(fake.Options{RateLimit: fake.RateLimit{Max: 3, Per: time.Minute}})
		acme, ana := town.Join("acme"), town.Join("ana")
		for range 3 {
			say(t, acme, "x")
			time.Sleep(10 * time.Second)
		}
		_, err := publish.To(t.Context(), acme, publish.Draft{Text: "one too many"})
		e := wantErr(t, err, parvis.ErrRateLimited, "too_many_requests")
		assert.Equal(t, 30*time.Second, e.RetryAfter)
		assert.Equal(t, 0, town.Count("one too many"))
		say(t, ana, "each account has its own")
		time.Sleep(e.RetryAfter)
		for range 3 {
			say(t, acme, "y")
		}
		_, err = publish.To(t.Context(), acme, publish.Draft{Text: "x"})
		e = wantErr(t, err, parvis.ErrRateLimited, "too_many_requests")
		assert.Equal(t, time.Minute, e.RetryAfter, "the span begins with the first call")
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	reader := town.Add(fake.Member{Handle: "reader", Scopes: []string{"read"}})
	nothing := town.Add(fake.Member{Handle: "nothing", Scopes: []string{}})
	sup, err := publish.SupportOf(t.Context(), reader, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, []string{"write"}, sup.MissingScopes)
	assert.Equal(t, "write", sup.Edit.Scope)
	assert.True(t, sup.Get.OK())
	_, err = publish.To(t.Context(), reader, publish.Draft{Text: "x"})
	e := wantErr(t, err, parvis.ErrPermission, "insufficient_scope")
	assert.Equal(t, "connect the account again and grant write", e.Help)
	_, err = last(listen.To(t.Context(), nothing, listen.Query{}))
	wantErr(t, err, parvis.ErrPermission, "insufficient_scope")
	_, err = reader.Moderate(t.Context(), moderate.Action{Do: moderate.DoMute, On: nothing.Account().Ref()})
	wantErr(t, err, parvis.ErrPermission, "insufficient_scope")
	sup, err = publish.SupportOf(t.Context(), nothing, parvis.Place{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"read", "write"}, sup.MissingScopes)
	assert.False(t, sup.Get.OK())
}

// TestSupportIsACopy shows that nobody can change the network by changing what it says.
func TestSupportIsACopy(t *testing.T) {
	t.Parallel()
	acme := fake.New(fake.Options{}).Join("acme")
	sup, err := acme.PublishSupport(t.Context(), parvis.Place{})
	require.NoError(t, err)
	sup.Text[0].Max, sup.Media.Rules[0].MaxBytes, sup.Visibilities[0] = 1, 1, "odd"
	again, err := acme.PublishSupport(t.Context(), parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, 500, again.Text[0].Max)
	assert.Equal(t, int64(8<<20), again.Media.Rules[0].MaxBytes)
	assert.Equal(t, publish.Public, again.Visibilities[0])
	assert.Equal(t, "500 graphemes (links count 23)", again.Text.String())
	assert.Equal(t, "2–4 options, up to 50 characters", again.Poll.String())
}
