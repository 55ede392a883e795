// Package recent remembers the last IDs that came by, to drop what comes twice: what a
// network repeats after a reconnect, in overlapping pages, or by stream and list alike.
package recent

// Len is how many IDs a [Set] remembers.
const Len = 8192

// A Set remembers the last [Len] IDs. The zero value is empty and ready. It is not safe
// for concurrent use.
type Set struct {
	ring []string
	next int
	set  map[string]struct{}
}

// Before reports whether id came before, and remembers it. Empty IDs are never remembered.
func (s *Set) Before(id string) bool {
	if id == "" {
		return false
	}
	if _, ok := s.set[id]; ok {
		return true
	}
	if s.set == nil {
		s.set = make(map[string]struct{})
	}
	if len(s.ring) < Len {
		s.ring = append(s.ring, id)
	} else {
		delete(s.set, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % Len
	}
	s.set[id] = struct{}{}
	return false
}
