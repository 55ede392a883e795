package main

import "sync"

// liveLen is how many changed entries a live remembers, for pages that reconnect.
const liveLen = 1000

// A live tells the pages of a client which entries of its calendar have changed. It is safe
// for concurrent use, and never waits for a page.
type live struct {
	mu      sync.Mutex
	seq     int
	entries map[string]int // by the number of their last change
	changed chan struct{}  // closed at the next change
}

func newLive() *live { return &live{entries: map[string]int{}, changed: make(chan struct{})} }

// Touch notes that an entry has changed; "" is the calendar as a whole.
func (l *live) Touch(entry string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	l.entries[entry] = l.seq
	if len(l.entries) > liveLen {
		for id, at := range l.entries {
			if at <= l.seq-liveLen/2 {
				delete(l.entries, id)
			}
		}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// Seq is the number of the last change.
func (l *live) Seq() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// Since returns the entries that have changed after the change seq, the number of the last
// change, and a channel that is closed at the next.
func (l *live) Since(seq int) (entries []string, now int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range l.entries {
		if at > seq {
			entries = append(entries, id)
		}
	}
	return entries, l.seq, l.changed
}
