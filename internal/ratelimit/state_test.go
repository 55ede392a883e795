package ratelimit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// t0 is when the tests of states begin.
const t0 = 1_800_000_000 * second

const minute = 60 * second

func compiled(r Rule) *rule {
	o := (&Options{}).defaults()
	return compile(r, "test", &o)
}

// taken is how many calls of cost 1 go at now.
func taken(s *state, r *rule, now int64) int {
	n := 0
	for s.wait(r, now, ask{cost: 1, hasty: true}) == 0 {
		s.take(r, now, 1)
		if n++; n > 10_000 {
			return n
		}
	}
	return n
}

func TestWindowCountsWhatIsOut(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Max: 10, Per: time.Minute, Announced: true}), &state{}
	s.take(r, t0, 1)
	s.take(r, t0, 1)
	s.take(r, t0, 1)
	end := t0 + minute
	s.tell(r, t0+second, told{10, 5, end}, 1)
	assert.Equal(t, 3, taken(s, r, t0+second), "five are left, and two are out that may not be counted yet")
	s.tell(r, t0+second, told{10, 6, end}, 1)
	assert.Equal(t, 1, taken(s, r, t0+second), "an answer that was overtaken: that call had been counted")
	s.tell(r, t0+second, told{10, 9, end}, 0)
	assert.Zero(t, taken(s, r, t0+second), "within a window the number only falls")
}

func TestWindowBeginsAnew(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Max: 10, Per: time.Minute, Announced: true}), &state{}
	end := t0 + minute
	s.take(r, t0, 1)
	s.tell(r, t0, told{10, 0, end}, 1)
	guard := s.guard(r)
	assert.Equal(t, end+guard-t0, s.wait(r, t0, ask{cost: 1}))
	assert.Equal(t, end+guard-t0+minute, s.wait(r, t0, ask{cost: 1, ahead: 10}), "those ahead take the next window")
	now := end + guard
	require.Zero(t, s.wait(r, now, ask{cost: 1}))
	s.take(r, now, 1)
	assert.Equal(t, probeStep, s.wait(r, now, ask{cost: 1}), "one call asks")
	s.tell(r, now, told{10, 3, end}, 0)
	assert.Equal(t, probeStep, s.wait(r, now, ask{cost: 1}), "an answer of the window before tells nothing")
	s.tell(r, now, told{10, 4, end + minute}, 1)
	assert.Equal(t, 3, taken(s, r, now), "somebody else took five, so one is left to them")
}

func TestWindowWhoseEndIsPast(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Max: 10, Per: time.Minute, Announced: true}), &state{}
	s.take(r, t0, 1)
	s.tell(r, t0, told{10, 0, t0 + minute}, 1)
	now := t0 + minute + s.guard(r)
	require.Zero(t, s.wait(r, now, ask{cost: 1}))
	s.take(r, now, 1)
	s.tell(r, now, told{10, 0, now - second}, 1)
	s.exceed(r, now, now+second, 1)
	assert.Equal(t, second, s.wait(r, now, ask{cost: 1}), "the network's clock is behind: wait as it says")
	assert.Greater(t, s.guard(r), int64(DefaultMargin), "and longer at the next end")
	assert.Zero(t, s.wait(r, now+second, ask{cost: 1}), "the window is not lost")
}

func TestSlidingFreesEachByItself(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Kind: Sliding, Max: 2, Per: time.Minute}), &state{}
	s.take(r, t0, 1)
	s.answered(r, t0+second/2, 1)
	s.take(r, t0+10*second, 1)
	s.answered(r, t0+12*second, 1)
	now := t0 + 20*second
	assert.InDelta(t, t0+second/2+minute-now, s.wait(r, now, ask{cost: 1}), float64(2*edge), "counted from its answer")
	assert.InDelta(t, t0+12*second+minute-now, s.wait(r, now, ask{cost: 2}), float64(2*edge))
	s.tell(r, now, told{2, 0, 0}, 0)
	assert.Zero(t, taken(s, r, now))
	assert.Equal(t, 1, taken(s, r, t0+second+minute+2*edge))
}

func TestSlidingNoticesOthers(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Kind: Sliding, Max: 10, Per: time.Minute}), &state{}
	s.take(r, t0, 1)
	s.tell(r, t0, told{10, 3, 0}, 1)
	assert.Equal(t, 3, taken(s, r, t0))
	assert.Zero(t, taken(s, r, t0+minute/2))
}

func TestTokensComeBackEvenly(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Kind: Tokens, Max: 60, Per: time.Minute, Burst: 5}), &state{}
	assert.Equal(t, 5, taken(s, r, t0))
	assert.InDelta(t, second, s.wait(r, t0, ask{cost: 1}), float64(second))
	assert.Equal(t, 3, taken(s, r, t0+4*second), "the network refills from when the call arrives")
	s.tell(r, t0+4*second, told{5, 0, 0}, 1)
	s.tell(r, t0+60*second, told{2, 2, 0}, 1)
	assert.Less(t, taken(s, r, t0+120*second), 5, "the bucket has shrunk")
	s.exceed(r, t0+121*second, 0, 1)
	assert.Positive(t, s.wait(r, t0+121*second, ask{cost: 1}))
}

func TestUnknownNumberIsFound(t *testing.T) {
	t.Parallel()
	r, s := compiled(Rule{Per: time.Minute}), &state{}
	now := t0 + 0*second
	call := func() { s.take(r, now, 1); s.answered(r, now, 1) }
	call()
	s.take(r, now, 1)
	assert.Equal(t, serialStep, s.wait(r, now, ask{cost: 1}), "one by one")
	s.exceed(r, now, now+20*second, 1)
	assert.Equal(t, 20*second, s.wait(r, now, ask{cost: 1}))
	now += 20 * second
	for range 7 {
		require.Zero(t, s.wait(r, now, ask{cost: 1}))
		call()
		now += second
	}
	s.take(r, now, 1)
	s.exceed(r, now, t0+80*second, 1)
	now = t0 + 80*second + second
	assert.Equal(t, 7, s.max(r), "a whole period was seen")
	assert.True(t, s.Found)
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 300*second, period(290*second))
	assert.Equal(t, second, period(1))
	assert.Equal(t, 100*24*3600*second, period(100*24*3600*second))
}

func TestLedger(t *testing.T) {
	t.Parallel()
	var l ledger
	l.add(10, 2, 0)
	l.add(20, 3, 0)
	l.add(15, 1, 0) // late: it is counted with the newest
	assert.Equal(t, 6, l.N)
	assert.Equal(t, 4, l.since(11))
	assert.Equal(t, 6, l.since(10))
	assert.Equal(t, 3, l.oldest(3))
	assert.Equal(t, 1, l.newest(1))
	_, ok := l.before(19)
	assert.False(t, ok)
	f, ok := l.before(20)
	assert.True(t, ok)
	assert.Equal(t, flight{20, 2}, f)
	assert.Equal(t, 0, l.oldest(5))
	assert.Zero(t, l.N)
	l.add(100, 1, 50)
	l.add(149, 1, 50)
	l.add(150, 1, 50)
	assert.Equal(t, []flight{{149, 2}, {150, 1}}, l.List)
}

// FuzzState: whatever happens in whatever order, sums hold, waits are not negative, a
// state survives its JSON, and a sliding limit is never overdrawn.
func FuzzState(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 2, 3, 4, 5, 6, 7, 255, 128, 9})
	f.Add(uint8(1), []byte{10, 20, 30, 0, 0, 0, 0, 0, 3})
	f.Add(uint8(2), []byte{1, 1, 1, 9, 17, 25})
	f.Add(uint8(3), []byte{7, 7, 7, 2, 2})
	f.Fuzz(func(t *testing.T, kind uint8, ops []byte) {
		r := compiled([]Rule{
			{Max: 5, Per: time.Minute, Announced: true},
			{Kind: Sliding, Max: 5, Per: time.Minute},
			{Kind: Tokens, Max: 5, Per: time.Minute, Burst: 2},
			{Kind: Usage, Per: time.Hour},
			{Midnight: time.UTC, Max: 5},
			{Per: time.Minute},
			{},
		}[kind%7])
		s, now := &state{}, t0+0*second
		for _, op := range ops {
			n := int64(op >> 3)
			switch op & 7 {
			case 0, 1:
				if d := s.wait(r, now, ask{cost: 1 + int(n)%3}); d == 0 {
					s.take(r, now, 1+int(n)%3)
				} else if d < 0 {
					t.Fatalf("a wait of %d", d)
				}
			case 2:
				now += n * second
			case 3:
				s.tell(r, now, told{int(n), int(n) / 2, now + n*n*second - 5*second}, 1)
			case 4:
				s.answered(r, now, 1)
			case 5:
				s.exceed(r, now, now+n*second, 1)
			case 6:
				s.giveBack(r, 1)
			case 7:
				now += n * minute
			}
			check(t, s, r, now)
		}
	})
}

func check(t *testing.T, s *state, r *rule, now int64) {
	for _, l := range []ledger{s.Open, s.Log} {
		sum := 0
		for i, f := range l.List {
			if sum += f.N; f.N <= 0 || i > 0 && f.At < l.List[i-1].At {
				t.Fatalf("a list out of order: %+v", l)
			}
		}
		if sum != l.N {
			t.Fatalf("the sum of %+v is %d", l, sum)
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again := &state{}
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if a, b := s.wait(r, now, ask{cost: 1}), again.wait(r, now, ask{cost: 1}); a != b {
		t.Fatalf("waits %d, and %d after a round trip", a, b)
	}
}
