package httpx

// Known returns how many families the limiter remembers.
func (l *Limiter) Known() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.routes)
}
