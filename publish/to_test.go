package publish_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

type scheduler struct{ *stub }

func (scheduler) Scheduled(context.Context) iter.Seq2[publish.Post, error] {
	return func(func(publish.Post, error) bool) {}
}

func (s scheduler) Reschedule(_ context.Context, r parvis.Ref, at time.Time) (publish.Post, error) {
	return publish.Post{Ref: r, State: publish.Scheduled, At: at}, nil
}
func (scheduler) Unschedule(context.Context, parvis.Ref) error { return nil }

func asProblems(err error) (publish.Problems, bool) { return errors.AsType[publish.Problems](err) }

func TestToFillsKeyAndState(t *testing.T) {
	t.Parallel()
	s := newStub("acme")
	a, err := publish.To(context.Background(), s, publish.Draft{Text: "a"})
	require.NoError(t, err)
	b, err := publish.To(context.Background(), s, publish.Draft{Text: "b", Key: "mine"})
	require.NoError(t, err)
	assert.Equal(t, publish.Published, a.State)
	assert.NotEmpty(t, a.Key)
	assert.Equal(t, s.sent()[0].Key, a.Key)
	assert.Equal(t, "mine", b.Key)
}

func TestToAppliesOverrides(t *testing.T) {
	t.Parallel()
	s := newStub("")
	_, err := publish.To(context.Background(), s, publish.Draft{
		Text: "long **text** for others", Format: parvis.Markdown, Title: "T", Lang: "fr",
		On: map[parvis.Network]publish.Override{"stub": {Text: "short", Drop: []string{"title"}}, "other": {Text: "no"}},
	})
	require.NoError(t, err)
	got := s.sent()[0]
	assert.Equal(t, "short", got.Text)
	assert.Equal(t, parvis.Plain, got.Format)
	assert.Empty(t, got.Title)
	assert.Equal(t, "fr", got.Lang)
	assert.Nil(t, got.On)
}

func TestUnknownOutcomeCarriesTheAttempt(t *testing.T) {
	t.Parallel()
	s := newStub("acme")
	s.publish = func(context.Context, publish.Draft) (publish.Post, error) {
		return publish.Post{}, errors.New("connection reset")
	}
	_, err := publish.To(context.Background(), s, publish.Draft{Text: "a"})
	require.ErrorIs(t, err, parvis.ErrUnknownOutcome, "what a provider did not classify may be out there")
	attempt, ok := publish.AttemptOf(err)
	require.True(t, ok)
	assert.Equal(t, s.account, attempt.Account)
	assert.Equal(t, "a", attempt.Draft.Text)
	assert.NotEmpty(t, attempt.Draft.Key)
	assert.False(t, attempt.Started.IsZero())
	assert.Contains(t, err.Error(), "Reconcile")
	assert.Len(t, s.sent(), 1, "never sent again by itself")

	_, err = publish.Reconcile(context.Background(), newStub("rival"), attempt)
	require.ErrorIs(t, err, parvis.ErrForeignClient)
	_, err = publish.Reconcile(context.Background(), s, attempt)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestDoorsWithoutThePower(t *testing.T) {
	t.Parallel()
	s, ctx := newStub(""), context.Background()
	ref := s.ref("1")
	first := func(seq iter.Seq2[parvis.Place, error]) error {
		for _, err := range seq {
			return err
		}
		return nil
	}
	_, errGet := publish.Get(ctx, s, ref)
	_, errEdit := publish.Edit(ctx, s, ref, publish.Draft{Text: "x"})
	_, errRestore := publish.Restore(ctx, s, ref)
	_, errMetrics := publish.MetricsOf(ctx, s, ref)
	_, errCreate := publish.CreatePlace(ctx, s, parvis.Place{Name: "x"})
	_, errMove := publish.Reschedule(ctx, s, ref, time.Now().Add(time.Hour))
	for name, err := range map[string]error{
		"get": errGet, "edit": errEdit, "restore": errRestore, "metrics": errMetrics, "create": errCreate, "reschedule": errMove,
		"delete": publish.Delete(ctx, s, ref), "trash": publish.Trash(ctx, s, ref), "react": publish.React(ctx, s, ref, publish.Like),
		"unreact": publish.Unreact(ctx, s, ref, publish.Like), "unschedule": publish.Unschedule(ctx, s, ref),
		"places": first(publish.PlacesOf(ctx, s)), "delete place": publish.DeletePlace(ctx, s, ref),
	} {
		require.ErrorIs(t, err, errors.ErrUnsupported, name)
	}
	require.ErrorIs(t, publish.Delete(ctx, s, parvis.Ref{}), parvis.ErrInvalid)
	require.ErrorIs(t, publish.Delete(ctx, s, parvis.Ref{Client: "rival", Network: "stub", ID: "1"}), parvis.ErrForeignClient)
	sup, err := publish.SupportOf(ctx, s, parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Edit.OK(), "a yes without the interface is narrowed to no")
}

func TestToAllWaitsForNoTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ps []publish.Publisher
		for i := range 20 {
			s := newStub("")
			s.account.ID = fmt.Sprint(i)
			s.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				time.Sleep(100 * time.Millisecond)
				if i == 3 {
					return publish.Post{}, &parvis.Error{Code: parvis.ErrRejected, Message: "no"}
				}
				return s.post("x", d), nil
			}
			ps = append(ps, s)
		}
		start := time.Now()
		outs := publish.ToAll(context.Background(), publish.Draft{Text: "x"}, ps...)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		require.Len(t, outs, 20)
		for i, out := range outs {
			assert.Equal(t, fmt.Sprint(i), out.Account.ID, "in the order of the targets")
			if i == 3 {
				assert.Equal(t, publish.Rejected, out.State)
				require.ErrorIs(t, out.Err, parvis.ErrRejected)
			} else {
				assert.Equal(t, publish.Published, out.State)
			}
		}
		start = time.Now()
		publish.Fan{InFlight: 4}.ToAll(context.Background(), publish.Draft{Text: "x"}, ps...)
		assert.Equal(t, 500*time.Millisecond, time.Since(start), "four at a time")
	})
}

func TestEachStopsWhenTheLoopIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var began atomic.Int32
		var ps []publish.Publisher
		for range 8 {
			s := newStub("")
			s.publish = func(ctx context.Context, _ publish.Draft) (publish.Post, error) {
				if began.Add(1) > 1 {
					<-ctx.Done()
				}
				return publish.Post{}, &parvis.Error{Code: parvis.ErrUnknownOutcome, Err: ctx.Err()}
			}
			ps = append(ps, s)
		}
		for out := range (publish.Fan{InFlight: 2}).Each(context.Background(), publish.Draft{Text: "x"}, ps...) {
			assert.Equal(t, publish.Unknown, out.State)
			break
		}
		synctest.Wait() // would hang, and the bubble fail, if a worker were left
		assert.LessOrEqual(t, began.Load(), int32(3))
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := newStub("")
	outs := publish.ToAll(ctx, publish.Draft{Text: "x"}, s)
	assert.Equal(t, publish.NotSent, outs[0].State)
	require.ErrorIs(t, outs[0].Err, context.Canceled)
	assert.Empty(t, s.sent())
}

func TestThreadResumesAtItsItem(t *testing.T) {
	t.Parallel()
	s := newStub("acme")
	drafts := []publish.Draft{{Text: "un"}, {Text: "deux"}, {Text: "trois"}}
	fail := true
	s.publish = func(_ context.Context, d publish.Draft) (publish.Post, error) {
		if d.Text == "deux" && fail {
			return publish.Post{}, &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Minute}
		}
		return s.post(d.Text, d), nil
	}
	posts, err := publish.Thread(context.Background(), s, drafts)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	stopped, ok := errors.AsType[*publish.ThreadError](err)
	require.True(t, ok)
	assert.Equal(t, 1, stopped.At)
	require.Len(t, posts, 1)

	fail = false
	drafts[0].Key = stopped.Key
	posts, err = publish.Thread(context.Background(), s, drafts, posts...)
	require.NoError(t, err)
	require.Len(t, posts, 3)
	assert.Equal(t, posts[0].Ref, posts[1].ReplyTo)
	assert.Equal(t, posts[1].Ref, posts[2].ReplyTo)
	sent := s.sent()
	require.Len(t, sent, 4, "the first item is not sent again")
	assert.Equal(t, sent[1].Key, sent[2].Key, "the item that failed keeps its key")

	_, err = publish.Thread(context.Background(), s, drafts[:1], posts...)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func TestThreadStopsBehindAHeldItem(t *testing.T) {
	t.Parallel()
	s := newStub("")
	s.publish = func(_ context.Context, d publish.Draft) (publish.Post, error) {
		p := s.post("1", d)
		p.State = publish.Held
		return p, nil
	}
	posts, err := publish.Thread(context.Background(), s, []publish.Draft{{Text: "a"}, {Text: "b"}})
	require.ErrorIs(t, err, parvis.ErrConflict)
	assert.Len(t, posts, 1)
	assert.Len(t, s.sent(), 1)
}

func TestSplitFitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStub("")
	d := publish.Draft{Text: "Une phrase ici. Une autre là. Et la fin de tout.", Lang: "fr", Tags: nil}
	drafts, err := publish.Split(context.Background(), s, d)
	require.NoError(t, err)
	require.Greater(t, len(drafts), 2)
	for _, x := range drafts {
		ps, err := publish.Check(context.Background(), s, x)
		require.NoError(t, err)
		assert.Empty(t, ps, x.Text)
		assert.Equal(t, "fr", x.Lang)
	}
	one, err := publish.Split(context.Background(), s, publish.Draft{Text: "court"})
	require.NoError(t, err)
	assert.Len(t, one, 1)
}

func TestOutcomeRecord(t *testing.T) {
	t.Parallel()
	s := newStub("acme")
	out := publish.ToAll(context.Background(), publish.Draft{Text: "x"}, s)[0]
	r := out.Record()
	assert.Equal(t, "acme", r.Client)
	assert.Equal(t, "publish", r.Op)
	assert.Equal(t, "published", r.Outcome)
	assert.Equal(t, s.ref("1"), r.Ref)
	assert.False(t, r.Time.IsZero())
}

func TestProgressCountsBytes(t *testing.T) {
	t.Parallel()
	var last publish.Progress
	ctx := publish.WithProgress(context.Background(), func(p publish.Progress) { last = p })
	m := publish.Tracked(ctx, newStub("").Account(), parvis.FromBytes("a.bin", make([]byte, 100_000)).WithAlt("alt"))
	assert.Equal(t, "alt", m.Alt)
	rc, err := m.Open(ctx)
	require.NoError(t, err)
	buf := make([]byte, 1000)
	for err == nil {
		_, err = rc.Read(buf)
	}
	require.NoError(t, rc.Close())
	assert.Equal(t, publish.Progress{Account: newStub("").Account(), Name: "a.bin", Sent: 100_000, Total: 100_000}, last)
}
