package listen_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// A stub listener plays back events, then fails with err, or waits if the query follows.
type stub struct {
	account parvis.Account
	events  []listen.Event
	err     error
	every   time.Duration // between events
	kinds   listen.Kind
	took    int
}

func newStub(id string, events ...listen.Event) *stub {
	return &stub{account: parvis.Account{Network: "stub", ID: id, Handle: id}, events: events, kinds: listen.Post | listen.Reply | listen.Mention | listen.Delete}
}

func (s *stub) Account() parvis.Account { return s.account }

func (s *stub) ListenSupport(context.Context, parvis.Place) (listen.Support, error) {
	return listen.Support{Kinds: s.kinds, Delivery: listen.Poll | listen.Webhook, Search: parvis.Full()}, nil
}

func (s *stub) Listen(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	return func(yield func(listen.Event, error) bool) {
		for _, ev := range s.events {
			if s.every > 0 {
				select {
				case <-time.After(s.every):
				case <-ctx.Done():
					yield(listen.Event{}, ctx.Err())
					return
				}
			}
			s.took++
			if !yield(ev, nil) {
				return
			}
		}
		if s.err != nil {
			yield(listen.Event{}, s.err)
			return
		}
		if q.Follow {
			<-ctx.Done()
			yield(listen.Event{}, ctx.Err())
		}
	}
}

func event(id string, kind listen.Kind, author string) listen.Event {
	return listen.Event{ID: id, Kind: kind, Author: parvis.Person{Ref: parvis.Ref{Network: "stub", Kind: parvis.KindPerson, ID: author}}, Time: time.Unix(1000, 0)}
}

func collect(t *testing.T, seq iter.Seq2[listen.Event, error]) (ids []string, last error) {
	t.Helper()
	for ev, err := range seq {
		require.NoError(t, last, "an error is the last pair")
		if last = err; err == nil {
			ids = append(ids, ev.ID)
		}
	}
	return ids, last
}

func TestToDropsDoublesOwnPostsAndOtherKinds(t *testing.T) {
	t.Parallel()
	s := newStub("1", event("a", listen.Reply, "2"), event("a", listen.Reply, "2"), event("b", listen.Post, "1"),
		event("c", listen.Mention, "3"), event("d", listen.Delete, "1"), listen.Event{ID: "g", Kind: listen.Gap})
	ids, err := collect(t, listen.To(context.Background(), s, listen.Query{}))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "c", "d", "g"}, ids)
	ids, _ = collect(t, listen.To(context.Background(), s, listen.Query{Own: true, Kinds: listen.Post | listen.Mention}))
	assert.Equal(t, []string{"b", "c", "g"}, ids, "a gap is always delivered")
	ids, _ = collect(t, listen.To(context.Background(), s, listen.Query{After: time.Unix(1001, 0)}))
	assert.Equal(t, []string{"g"}, ids)
}

func TestToRemembersABoundedNumberOfIDs(t *testing.T) {
	t.Parallel()
	var events []listen.Event
	for i := range 20_000 {
		events = append(events, event(fmt.Sprint(i), listen.Reply, "2"))
	}
	events = append(events, event("19999", listen.Reply, "2"), event("15000", listen.Reply, "2"), event("0", listen.Reply, "2"))
	ids, _ := collect(t, listen.To(context.Background(), newStub("1", events...), listen.Query{}))
	assert.Len(t, ids, 20_001, "recent doubles are dropped, one of long ago is not")
}

func TestToRefusesBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	s := newStub("1", event("a", listen.Reply, "2"))
	s.account.Client = "acme"
	foreign := parvis.Ref{Client: "rival", Network: "stub", Kind: parvis.KindPost, ID: "1"}
	for name, tt := range map[string]struct {
		q    listen.Query
		want error
	}{
		"foreign thread": {listen.Query{Thread: foreign}, parvis.ErrForeignClient},
		"foreign place":  {listen.Query{Place: parvis.Place{Ref: foreign}}, parvis.ErrForeignClient},
		"deaf":           {listen.Query{Kinds: listen.Review}, errors.ErrUnsupported},
	} {
		ids, err := collect(t, listen.To(context.Background(), s, tt.q))
		require.ErrorIs(t, err, tt.want, name)
		assert.Empty(t, ids)
	}
	assert.Zero(t, s.took)
	_, err := collect(t, listen.Past(context.Background(), s, listen.Query{}))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = collect(t, listen.Search(context.Background(), s, listen.Query{Text: "x"}))
	require.ErrorIs(t, err, errors.ErrUnsupported, "a yes without the interface is a no")
	for _, err := range listen.MembersOf(context.Background(), s, parvis.Place{}) {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	_, err = listen.Receive(s, "secret", nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	sup, err := listen.SupportOf(context.Background(), s, parvis.Place{})
	require.NoError(t, err)
	assert.Equal(t, listen.Poll, sup.Delivery)
}

func TestMergeGoesOnWhenASourceFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := newStub("bad", event("x", listen.Reply, "9"))
		bad.err = &parvis.Error{Code: parvis.ErrAuth}
		good := newStub("good", event("a", listen.Reply, "9"), event("b", listen.Reply, "9"), event("c", listen.Reply, "9"))
		good.every = time.Second
		var ids []string
		var failed []string
		for ev, err := range listen.Merge(context.Background(), listen.Source{Listener: bad}, listen.Source{Listener: good}) {
			if err != nil {
				require.ErrorIs(t, err, parvis.ErrAuth)
				failed = append(failed, ev.Account.ID)
				continue
			}
			ids = append(ids, ev.Account.ID+ev.ID)
		}
		assert.Equal(t, []string{"badx", "gooda", "goodb", "goodc"}, ids)
		assert.Equal(t, []string{"bad"}, failed)
	})
}

func TestMergeHoldsItsSourcesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sources []listen.Source
		var stubs []*stub
		for i := range 3 {
			s := newStub(fmt.Sprint("s", i))
			for j := range 100 {
				s.events = append(s.events, event(fmt.Sprint(i, "-", j), listen.Reply, "9"))
			}
			stubs, sources = append(stubs, s), append(sources, listen.Source{Listener: s, Query: listen.Query{Follow: true}})
		}
		n := 0
		for _, err := range listen.Merge(context.Background(), sources...) {
			require.NoError(t, err)
			synctest.Wait() // let every source run as far as it can
			if n++; n == 5 {
				break
			}
		}
		total := 0
		for _, s := range stubs {
			total += s.took
		}
		assert.LessOrEqual(t, total, 5+3, "each source has at most one event waiting")
		synctest.Wait() // leaving the loop has ended the followers, or the bubble fails
	})
}

func TestMergeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var last error
		for _, err := range listen.Merge(ctx, listen.Source{Listener: newStub("a"), Query: listen.Query{Follow: true}}) {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
	})
}

func TestKindsAreText(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(listen.Query{Kinds: listen.Reply | listen.Mention})
	require.NoError(t, err)
	assert.JSONEq(t, `{"kinds":"reply|mention"}`, string(b))
	var q listen.Query
	require.NoError(t, json.Unmarshal(b, &q))
	assert.True(t, q.Wants(listen.Reply))
	assert.False(t, q.Wants(listen.Follow))
	assert.True(t, q.Wants(listen.Gap))
	assert.True(t, q.Kinds.Has(listen.Reply|listen.Mention))
	require.ErrorIs(t, json.Unmarshal([]byte(`{"kinds":"shout"}`), &q), parvis.ErrInvalid)
}
