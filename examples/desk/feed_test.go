package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func everything(Item) bool { return true }

func said1(id, text string) listen.Event {
	return listen.Event{
		Kind: listen.Reply, Ref: parvis.Ref{Network: murmure, Kind: parvis.KindPost, ID: id},
		Text: parvis.Text{Plain: text}, Time: time.Unix(int64(len(id)), 0),
	}
}

func testAccount() *Account {
	n := fake.New(fake.Options{Name: murmure})
	return newAccount(n.Add(fake.Member{Handle: "acme", Client: "acme"}), n, "acme")
}

func TestFeedFollowsWhatChanges(t *testing.T) {
	t.Parallel()
	f, a := newFeed(), testAccount()
	f.Add(a, said1("1", "first"))
	f.Add(a, said1("22", "second"))
	items, seq := f.Newest(10, everything)
	require.Len(t, items, 2)
	assert.Equal(t, "second", items[0].Event.Text.Plain, "newest first")

	_, _, changed := f.Since(seq, everything)
	edit := said1("1", "first, mended")
	edit.Kind = listen.Edit
	f.Add(a, edit)
	select {
	case <-changed:
	default:
		require.Fail(t, "nobody was woken")
	}
	items, seq, _ = f.Since(seq, everything)
	require.Len(t, items, 1, "only what changed")
	assert.Equal(t, "first, mended", items[0].Event.Text.Plain)
	assert.Equal(t, listen.Reply, items[0].Event.Kind, "an edit changes the item, not its kind")

	gone := said1("22", "")
	gone.Kind = listen.Delete
	f.Add(a, gone)
	items, seq, _ = f.Since(seq, everything)
	require.Len(t, items, 1)
	assert.True(t, items[0].Gone)
	assert.Equal(t, "second", items[0].Event.Text.Plain)
	assert.False(t, items[0].Answerable())

	back := said1("22", "second, restored")
	back.Kind = listen.Edit
	f.Add(a, back)
	items, seq, _ = f.Since(seq, everything)
	require.Len(t, items, 1)
	assert.False(t, items[0].Gone)

	unknown := said1("333", "")
	unknown.Kind = listen.Delete
	f.Add(a, unknown)
	f.Touch(unknown.Ref, "hidden")
	items, _, _ = f.Since(seq, everything)
	assert.Empty(t, items, "what was never heard cannot change")
}

func TestFeedHearsNothingTwice(t *testing.T) {
	t.Parallel()
	f, a := newFeed(), testAccount()
	f.Add(a, said1("1", "hello"))
	mention := said1("1", "hello")
	mention.Kind = listen.Mention
	f.Add(a, mention)
	like := listen.Event{Kind: listen.Reaction, Ref: mention.Ref, Reaction: "like"}
	f.Add(a, like)
	f.Add(a, like)
	items, _ := f.Newest(10, everything)
	assert.Len(t, items, 3, "one thing said, two reactions to it")
	f.Touch(mention.Ref, "hidden")
	it, ok := f.Find("i1")
	require.True(t, ok)
	assert.Equal(t, "hidden", it.State)
	_, ok = f.Find("i99")
	assert.False(t, ok)
}

func TestBadgesAreOnlyForWhatIsWorthAWord(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{"": "", "visible": "", "approved": "", "published": "", "held": "held", "spam": "spam"} {
		assert.Equal(t, want, Item{State: state}.Badge())
	}
	assert.Equal(t, "deleted", Item{State: "held", Gone: true}.Badge())
}

func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	f, a := newFeed(), testAccount()
	for i := range feedLen + 10 {
		f.Add(a, said1(fmt.Sprint(i), "x"))
	}
	items, _ := f.Newest(2*feedLen, everything)
	assert.Len(t, items, feedLen)
	assert.Len(t, f.byRef, feedLen)
	_, ok := f.Find("i1")
	assert.False(t, ok, "the oldest is forgotten")
}

func TestFeedForManyAtOnce(t *testing.T) {
	t.Parallel()
	f, a := newFeed(), testAccount()
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 50 {
				f.Add(a, said1(fmt.Sprint(w, "-", i), "x"))
				f.Newest(3, everything)
				f.Find("i1")
			}
		})
	}
	all.Wait()
	items, seq := f.Newest(feedLen, everything)
	assert.Len(t, items, 400)
	assert.Equal(t, 400, seq)
}

func TestBookAnswersOnce(t *testing.T) {
	t.Parallel()
	b, ref := newBook(), said1("1", "").Ref
	won := make(chan string, 20)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, ok := b.Claim(ref, fmt.Sprint(i), "merci"); ok {
				won <- fmt.Sprint(i)
			}
		})
	}
	all.Wait()
	require.Len(t, won, 1)
	assert.Equal(t, <-won, b.Answer(ref).By)

	b.Answered(ref, publish.Unknown)
	_, ok := b.Claim(ref, "late", "merci")
	assert.False(t, ok, "it may be out there")
	b.Answered(ref, publish.NotSent)
	assert.Nil(t, b.Answer(ref), "it surely is not")
	_, ok = b.Claim(ref, "next", "merci")
	assert.True(t, ok)
	b.Answered(ref, publish.Published)
	assert.Equal(t, publish.Published, b.Answer(ref).State)
}

func TestBookSendsOnceForAKey(t *testing.T) {
	t.Parallel()
	b, a := newBook(), testAccount()
	first, fresh := b.Send("k", "Claire", composeForm{Text: "hello"})
	assert.True(t, fresh)
	second, fresh := b.Send("k", "Malik", composeForm{Text: "hello"})
	assert.False(t, fresh)
	assert.Equal(t, first.ID, second.ID)
	assert.Equal(t, "Claire", second.By)

	b.Ended(first.ID, Target{Account: a, Outcome: publish.Outcome{State: publish.NotSent}})
	ready := func(t Target) bool { return t.Outcome.State == publish.NotSent }
	assert.True(t, b.Begin(first.ID, a.Key(), ready))
	assert.False(t, b.Begin(first.ID, a.Key(), ready), "of two clicks one sends")
	b.Ended(first.ID, Target{Account: a, Outcome: publish.Outcome{State: publish.Published}})
	got, ok := b.Sent(first.ID)
	require.True(t, ok)
	require.Len(t, got.Targets, 1)
	assert.Equal(t, publish.Published, got.Targets[0].Outcome.State)
	assert.False(t, b.Begin("s9", a.Key(), ready))
	_, ok = got.Target("elsewhere")
	assert.False(t, ok)
}

func TestBookTakesBackOnce(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.Did(moderate.Act{Action: moderate.Action{Do: moderate.DoHide}})
	b.Did(moderate.Act{Action: moderate.Action{Do: moderate.DoBan}})
	acts := b.Acts()
	require.Len(t, acts, 2)
	assert.Equal(t, moderate.DoBan, acts[0].Act.Action.Do, "newest first")
	_, giveBack, ok := b.TakeBack(acts[0].ID)
	require.True(t, ok)
	_, _, ok = b.TakeBack(acts[0].ID)
	assert.False(t, ok)
	assert.Len(t, b.Acts(), 1)
	giveBack()
	assert.Len(t, b.Acts(), 2)
	_, _, ok = b.TakeBack("a99")
	assert.False(t, ok)
}

func TestBookIsBounded(t *testing.T) {
	t.Parallel()
	b := newBook()
	for i := range bookLen + 50 {
		b.Record(parvis.Record{Op: fmt.Sprint(i)}, "Jo")
		b.Did(moderate.Act{})
		b.Send(fmt.Sprint(i), "Jo", composeForm{})
	}
	rs := b.Records(2 * bookLen)
	assert.Len(t, rs, bookLen)
	assert.Equal(t, fmt.Sprint(bookLen+49), rs[0].Op, "newest first")
	assert.Equal(t, "Jo", rs[0].Actor)
	assert.False(t, rs[0].Time.IsZero())
	assert.Len(t, b.Acts(), bookLen)
	assert.Len(t, b.sent, bookLen)
	b.Record(parvis.Record{Actor: "rule 7"}, "Jo")
	assert.Equal(t, "rule 7", b.Records(1)[0].Actor)
}
