package mastodon

// recentLen is how many events a run remembers, so that what comes both by the stream and
// by catching up is delivered once.
const recentLen = 4096

// recent remembers the last IDs. The zero value is empty and ready.
type recent struct {
	ring []string
	next int
	set  map[string]struct{}
}

// before reports whether id came before, and remembers it. Empty IDs are never remembered.
func (r *recent) before(id string) bool {
	if id == "" {
		return false
	}
	if _, ok := r.set[id]; ok {
		return true
	}
	if r.set == nil {
		r.set = make(map[string]struct{})
	}
	if len(r.ring) < recentLen {
		r.ring = append(r.ring, id)
	} else {
		delete(r.set, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % recentLen
	}
	r.set[id] = struct{}{}
	return false
}
