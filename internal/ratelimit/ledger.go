package ratelimit

// flight is an amount with its time, in nanoseconds since 1970.
type flight struct {
	At int64 `json:"t"`
	N  int   `json:"n"`
}

// ledger is a list of amounts in the order of their times, and their sum.
type ledger struct {
	List []flight `json:"l,omitempty"`
	N    int      `json:"s,omitempty"`
}

// slots is how many entries a ledger that is added to by grains has in one period.
const slots = 512

// add notes n at the time at. Entries of the same grain become one, which has the later time.
func (l *ledger) add(at int64, n int, grain int64) {
	l.N += n
	if i := len(l.List) - 1; i >= 0 && (grain > 0 && at/grain == l.List[i].At/grain || at < l.List[i].At) {
		l.List[i].At, l.List[i].N = max(at, l.List[i].At), l.List[i].N+n
		return
	}
	l.List = append(l.List, flight{at, n})
}

// oldest takes n away from the oldest entries and returns how much there was.
func (l *ledger) oldest(n int) int {
	taken, i := 0, 0
	for ; i < len(l.List) && taken < n; i++ {
		part := min(n-taken, l.List[i].N)
		taken += part
		if l.List[i].N -= part; l.List[i].N > 0 {
			break
		}
	}
	l.drop(i)
	l.N -= taken
	return taken
}

// newest takes n away from the newest entries and returns how much there was.
func (l *ledger) newest(n int) int {
	taken := 0
	for i := len(l.List) - 1; i >= 0 && taken < n; i-- {
		part := min(n-taken, l.List[i].N)
		taken += part
		if l.List[i].N -= part; l.List[i].N > 0 {
			break
		}
		l.List = l.List[:i]
	}
	l.N -= taken
	return taken
}

// before takes away the first entry if its time is not after t.
func (l *ledger) before(t int64) (flight, bool) {
	if len(l.List) == 0 || l.List[0].At > t {
		return flight{}, false
	}
	f := l.List[0]
	l.drop(1)
	l.N -= f.N
	return f, true
}

// since is the sum of the entries that are not before t.
func (l *ledger) since(t int64) int {
	n := 0
	for i := len(l.List) - 1; i >= 0 && l.List[i].At >= t; i-- {
		n += l.List[i].N
	}
	return n
}

// drop forgets the first i entries. The memory of a list that is empty is used again.
func (l *ledger) drop(i int) {
	if l.List = l.List[i:]; len(l.List) == 0 {
		l.List = l.List[:0:cap(l.List)]
	}
}
