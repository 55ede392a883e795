package fakenet_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestPostsAreTakenAndCounted(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		post, err := publish.To(t.Context(), p, draft("k1", "Good morning #n17"))
		require.NoError(t, err)
		assert.Equal(t, publish.Published, post.State)
		assert.Equal(t, "k1", post.Key)
		assert.Equal(t, "Good morning #n17", post.Text.Plain)
		assert.Equal(t, "acme", post.Ref.Client)
		assert.NotEmpty(t, post.Raw)

		all := s.Deliveries()
		require.Len(t, all, 1)
		got := all[0]
		assert.Equal(t, fakenet.Delivery{
			Seq: 1, ID: post.Ref.ID, Account: p.Account().ID, Class: c, Key: told(c, "k1"), Marker: "#n17",
			Text: "Good morning #n17", Created: got.Created,
		}, got)
		name := "k1"
		if c == fakenet.Blind {
			name = "#n17"
		}
		assert.Len(t, s.Delivered()[name], 1)
		assert.Len(t, s.Marked()["#n17"], 1)
		assert.Empty(t, s.Doubles())
		assert.WithinDuration(t, time.Now(), got.Created, time.Minute)
		assert.Equal(t, 1, s.Count().Posts)
		assert.Equal(t, map[fakenet.Class]int{c: 1}, s.Count().Classes)
	})
}

func TestASecondPostWithTheSameKey(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		d := draft("k/1 é", "twice? #n1")
		one, err := publish.To(t.Context(), p, d)
		require.NoError(t, err)
		two, err := publish.To(t.Context(), p, d)
		require.NoError(t, err)
		assert.Equal(t, once(c), one.Ref == two.Ref)
		assert.Equal(t, "k/1 é", two.Key)
		want := 2
		if once(c) {
			want = 1
		}
		assert.Len(t, s.Marked()["#n1"], want)
		assert.Equal(t, !once(c), len(s.Doubles()) == 1, "a double is seen, and nothing else is one")
		assert.Equal(t, c == fakenet.Keyed, s.Tally().Replayed == 1)
		assert.Equal(t, c == fakenet.ClientID, s.Tally().Conflicts == 1)

		other := d
		other.Key = "k/2"
		three, err := publish.To(t.Context(), p, other)
		require.NoError(t, err)
		assert.NotEqual(t, one.Ref, three.Ref)
		assert.Len(t, s.Doubles(), 1, "another key hides no double")
	})
}

// TestAtTheSameTime sends one draft from many goroutines while the first is slow: the
// network makes them wait for it.
func TestAtTheSameTime(t *testing.T) {
	t.Parallel()
	slow := fakenet.Options{Faults: fakenet.Faults{Slow: 1, SlowFor: 20 * time.Millisecond}}
	each(t, slow, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		const n = 8
		var mu sync.Mutex
		refs := map[parvis.Ref]int{}
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				post, err := publish.To(t.Context(), p, draft("k", "at once #n1"))
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				refs[post.Ref]++
			})
		}
		wg.Wait()
		if once(c) {
			assert.Len(t, refs, 1)
			assert.Len(t, s.Deliveries(), 1)
			return
		}
		assert.Len(t, refs, n)
		assert.Len(t, s.Deliveries(), n)
	})
}

func TestSupport(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{KeyLife: time.Hour}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		before := s.Tally().Requests
		sup, err := publish.SupportOf(t.Context(), p, parvis.Place{})
		require.NoError(t, err)
		again, err := publish.SupportOf(t.Context(), p, parvis.Place{})
		require.NoError(t, err)
		assert.Equal(t, sup, again)
		assert.Equal(t, before+1, s.Tally().Requests, "the network is asked once")
		assert.Equal(t, once(c), sup.Key.OK())
		assert.Equal(t, c == fakenet.Keyed, sup.Key.For == time.Hour)
		assert.Equal(t, c != fakenet.Blind, sup.Reconcile.OK())
		assert.True(t, sup.Get.OK() && sup.Edit.OK() && sup.Delete.OK() && sup.Metrics.OK())
		assert.False(t, sup.Trash.OK() || sup.React.OK() || sup.Places.OK() || sup.Schedule.OK())
		assert.Equal(t, 500, sup.Text[0].Max)
		assert.Equal(t, c, p.Class())
	})
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		d := draft("k1", "where is it? #n1")
		if c == fakenet.Blind {
			_, err := publish.Reconcile(t.Context(), p, attempt(p, d, time.Hour))
			require.ErrorIs(t, err, parvis.ErrUnsupported)
			_, err = p.Reconcile(t.Context(), attempt(p, d, time.Hour))
			require.ErrorIs(t, err, parvis.ErrUnsupported)
			return
		}
		_, err := publish.Reconcile(t.Context(), p, attempt(p, d, time.Hour))
		require.ErrorIs(t, err, parvis.ErrNotFound)
		_, err = publish.Reconcile(t.Context(), p, attempt(p, d, 0))
		if c == fakenet.Lookup {
			require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "it may still come")
			assert.Greater(t, after(err), time.Duration(0))
			assert.LessOrEqual(t, after(err), fakenet.DefaultSettle)
		} else {
			require.ErrorIs(t, err, parvis.ErrNotFound)
		}

		want, err := publish.To(t.Context(), p, d)
		require.NoError(t, err)
		got, err := publish.Reconcile(t.Context(), p, attempt(p, d, 0))
		require.NoError(t, err)
		assert.Equal(t, want.Ref, got.Ref)
		assert.Equal(t, "k1", got.Key)

		require.NoError(t, publish.Delete(t.Context(), p, want.Ref))
		_, err = publish.Reconcile(t.Context(), p, attempt(p, d, time.Hour))
		require.ErrorIs(t, err, parvis.ErrConflict, "it was there")
	})
}

// after is how long err asks to wait.
func after(err error) time.Duration {
	if e, ok := err.(*parvis.Error); ok {
		return e.RetryAfter
	}
	return 0
}

// TestReconcileByText looks for attempts without a key.
func TestReconcileByText(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	p := join(t, s, fakenet.Lookup, quick())
	d := draft("", "by its\n text #n5")
	_, err := publish.Reconcile(t.Context(), p, attempt(p, d, time.Hour))
	require.ErrorIs(t, err, parvis.ErrNotFound)
	want, err := p.Publish(t.Context(), d)
	require.NoError(t, err)
	got, err := publish.Reconcile(t.Context(), p, attempt(p, draft("", "by its text  #n5"), time.Second))
	require.NoError(t, err)
	assert.Equal(t, want.Ref, got.Ref)
	_, err = publish.Reconcile(t.Context(), p, attempt(p, d, -time.Hour))
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "what was said long before is not this attempt's")
	assert.Len(t, s.Delivered()["#n5"], 1)
}

// TestAKeyIsForgotten shows that a key is worth nothing when its time is over, and that
// the text still finds the post.
func TestAKeyIsForgotten(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, fakenet.Options{KeyLife: time.Hour, Now: c.Now})
	p := join(t, s, fakenet.Keyed, quick())
	d := draft("k", "forgotten #n1")
	one, err := p.Publish(t.Context(), d)
	require.NoError(t, err)
	c.add(59 * time.Minute)
	two, err := p.Publish(t.Context(), d)
	require.NoError(t, err)
	assert.Equal(t, one.Ref, two.Ref)
	c.add(time.Minute)
	_, err = p.Reconcile(t.Context(), attempt(p, d, 0))
	require.ErrorIs(t, err, parvis.ErrNotFound, "the network does not know the key any more")
	old := attempt(p, d, 2*time.Hour)
	found, err := p.Reconcile(t.Context(), old)
	require.NoError(t, err, "a client that knows how old the key is looks for the text")
	assert.Equal(t, one.Ref, found.Ref)
	three, err := p.Publish(t.Context(), d)
	require.NoError(t, err)
	assert.NotEqual(t, one.Ref, three.Ref)
	got, err := p.Reconcile(t.Context(), attempt(p, d, 0))
	require.NoError(t, err)
	assert.Equal(t, three.Ref, got.Ref, "the key stands for the post that it made last")
	assert.Len(t, s.Doubles(), 1)
}

// TestAKeyWhosePostIsGone sends a draft again whose post was deleted.
func TestAKeyWhosePostIsGone(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick())
		d := draft("k", "gone #n1")
		one, err := p.Publish(t.Context(), d)
		require.NoError(t, err)
		require.NoError(t, p.Delete(t.Context(), one.Ref))
		_, err = publish.To(t.Context(), p, d)
		if once(c) {
			require.ErrorIs(t, err, parvis.ErrDuplicate)
			assert.Len(t, s.Deliveries(), 1)
		} else {
			require.NoError(t, err)
			assert.Len(t, s.Deliveries(), 2)
		}
		assert.True(t, s.Deliveries()[0].Deleted)
		assert.Equal(t, 1, s.Count().Deleted)
	})
}

func TestTheClassMustBeTheOneThatJoined(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	a := s.Join(fake.Member{Handle: "acme"}, fakenet.Blind)
	p, err := fakenet.Open(s.URL, a, fakenet.Keyed, quick())
	require.NoError(t, err)
	_, err = publish.To(t.Context(), p, draft("k", "x"))
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Empty(t, s.Deliveries())
	assert.Equal(t, a, s.Join(fake.Member{Handle: "acme"}, fakenet.Keyed), "whoever has joined keeps the class")
	_, err = publish.To(t.Context(), p, draft("k", "x"))
	require.ErrorIs(t, err, parvis.ErrInvalid)

	for name, try := range map[string]func() error{
		"no ID": func() error {
			_, err := fakenet.Open(s.URL, parvis.Account{Network: "fake"}, fakenet.Blind, nil)
			return err
		},
		"no class": func() error { _, err := fakenet.Open(s.URL, a, "odd", nil); return err },
		"no URL":   func() error { _, err := fakenet.Open("nowhere", a, fakenet.Blind, nil); return err },
	} {
		require.ErrorIs(t, try(), parvis.ErrInvalid, name)
	}
	stranger, err := fakenet.Open(s.URL, parvis.Account{Network: "fake", ID: "u99"}, fakenet.Blind, quick())
	require.NoError(t, err)
	_, err = publish.To(t.Context(), stranger, draft("k", "x"))
	require.ErrorIs(t, err, parvis.ErrAuth)
}

// TestTwoAccounts keeps keys, chosen IDs and marks of two accounts apart.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		one := join(t, s, c, quick())
		two, err := fakenet.Open(s.URL, s.Join(fake.Member{Handle: "other", Client: "other"}, c), c, quick())
		require.NoError(t, err)
		a, err := publish.To(t.Context(), one, draft("same", "one's #n1"))
		require.NoError(t, err)
		if c != fakenet.Blind {
			_, err = publish.Reconcile(t.Context(), two, attempt(two, draft("same", "one's #n1"), time.Hour))
			require.ErrorIs(t, err, parvis.ErrNotFound)
		}
		b, err := publish.To(t.Context(), two, draft("same", "two's #n2"))
		require.NoError(t, err)
		assert.NotEqual(t, a.Ref.ID, b.Ref.ID)
		assert.Empty(t, s.Doubles())
		assert.Len(t, s.Order(one.Account().ID), 1)
		assert.Len(t, s.Order(two.Account().ID), 1)
		err = two.Delete(t.Context(), ref(two, a.Ref.ID))
		require.ErrorIs(t, err, parvis.ErrPermission)
		assert.Zero(t, s.Count().Deleted)
	})
}
