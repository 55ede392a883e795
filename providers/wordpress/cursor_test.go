package wordpress

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

const overlap = 120

func at(sec int64) version { return version{at: sec} }

func TestPositionKnowsWhatWasDelivered(t *testing.T) {
	t.Parallel()
	var p position
	assert.False(t, p.knows(1, at(1000)))
	p.add(1, at(1000), overlap)
	p.add(2, at(1000), overlap)
	assert.True(t, p.knows(1, at(1000)))
	assert.True(t, p.knows(2, at(1000)))
	assert.False(t, p.knows(3, at(1000)), "another one of the same second")
	assert.False(t, p.knows(3, at(900)), "one that shows late, within the overlap")
	assert.True(t, p.knows(3, at(800)), "what is older was delivered")
	assert.False(t, p.knows(1, at(1001)), "the same one, changed")
	p.add(9, at(1100), overlap)
	assert.True(t, p.knows(1, at(1000)), "still within the overlap")
	p.add(10, at(2000), overlap)
	assert.Len(t, p.ids, 1, "what lies behind the overlap is not kept one by one")
	assert.True(t, p.knows(1, at(1000)))
}

func TestPositionOfALateArrivalGoesNotBack(t *testing.T) {
	t.Parallel()
	var p position
	p.add(1, at(1000), overlap)
	p.add(2, at(950), overlap)
	assert.Equal(t, int64(1000), p.top)
	assert.Equal(t, int64(1000-overlap), p.from)
	assert.True(t, p.knows(2, at(950)))
}

func TestPositionThatIsHeldBack(t *testing.T) {
	t.Parallel()
	p := position{hold: 1000}
	for i := range 300 {
		p.add(i+1, at(2000+int64(i)), overlap)
	}
	assert.False(t, p.knows(999, at(1000)), "what waits has not been delivered")
	assert.True(t, p.knows(1, at(2000)))
	p.add(301, at(1000+maxHold), overlap)
	assert.True(t, p.knows(999, at(1000)), "nobody waits for ever")
	assert.Len(t, p.ids, 1)
}

func TestPositionsStayShort(t *testing.T) {
	t.Parallel()
	var p position
	for i := range 5000 {
		p.add(i+1, at(1000+int64(i/10)), overlap)
		require.True(t, p.knows(i+1, at(1000+int64(i/10))))
	}
	assert.LessOrEqual(t, len(p.ids), 2*keepIDs+1)
	assert.Less(t, len(p.String()), 1500)

	var same position // a thousand at one second must all be remembered
	for i := range 1000 {
		same.add(i+1, at(1000), overlap)
	}
	for i := range 1000 {
		require.True(t, same.knows(i+1, at(1000)))
	}
	assert.False(t, same.knows(1001, at(1000)))
}

func TestCursorsAreReadBack(t *testing.T) {
	t.Parallel()
	var ps positions
	ps[strandComments].add(7, at(1000), overlap)
	ps[strandComments].add(123456, at(1003), overlap)
	ps[strandEdits].add(3, version{5000, maxVersion}, overlap)
	cur := ps.cursor()
	got, err := parseCursor(cur)
	require.NoError(t, err)
	assert.Equal(t, cur, got.cursor())
	for id, sec := range map[int]int64{7: 1000, 123456: 1003} {
		assert.True(t, got[strandComments].knows(id, at(sec)))
	}
	assert.False(t, got[strandComments].knows(8, at(1000)))
	assert.True(t, got[strandEdits].knows(3, version{5000, maxVersion}))
	assert.False(t, got[strandEdits].knows(3, version{5000, 7}), "changed again within the second")
	assert.Zero(t, got[strandPosts])
	got[strandComments].add(8, at(1001), overlap)
	assert.Equal(t, int64(1003), got[strandComments].top, "a cursor remembers the newest time")

	zero, err := parseCursor("")
	require.NoError(t, err)
	assert.Zero(t, zero)
}

func TestCursorsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []listen.Cursor{
		"x", "w1", "w1/", "w1//", "w1////", "w2///", "w1/-1//", "w1/zzzzzzzzzzzzz//", "w1/a,//", "w1/a,1//", "w1/a,0.1//",
		"w1/a,-1.1//", "w1/a,1.-1//", "w1/a,1.1,//", "w1/a b//", "109348234", "w1/1,1.zzzzzzzzzz//", "w1/a,1.1.zzzz//", "w1/a,1.1.-1//", "w1/a,1.1.1.1//",
	} {
		_, err := parseCursor(s)
		require.ErrorIs(t, err, parvis.ErrInvalid, string(s))
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("w1/a,1.2,3.4/b/")
	f.Add("w1///")
	f.Add("w1/zz,1.1,zzzzzzzzzz.1//")
	f.Fuzz(func(t *testing.T, s string) {
		ps, err := parseCursor(listen.Cursor(s))
		if err != nil {
			return
		}
		for i := range ps {
			for id, v := range ps[i].ids {
				require.Positive(t, id)
				require.GreaterOrEqual(t, v.at, ps[i].from)
				require.LessOrEqual(t, v.at, ps[i].top)
				require.LessOrEqual(t, v.no, maxVersion)
			}
		}
		again, err := parseCursor(ps.cursor())
		require.NoError(t, err)
		require.Equal(t, ps.cursor(), again.cursor())
	})
}
