package e2e

import (
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A gate stands between a program and a server. Cut, it lets nothing through either way
// and tells nobody, as a network does that has fallen apart; healed, what was on its way
// goes on.
type gate struct {
	addr string // of the server
	l    net.Listener

	mu    sync.Mutex
	moved *sync.Cond
	cut   bool
	over  bool
	conns []net.Conn
}

// openGate stands before the server that the address names, and returns the address of
// the gate in its place.
func openGate(t *testing.T, address string) (g *gate, through string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	g = &gate{addr: u.Host}
	g.moved = sync.NewCond(&g.mu)
	g.l, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := g.l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { g.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = g.l.Close()
		g.mu.Lock()
		g.over = true
		for _, c := range g.conns {
			_ = c.Close()
		}
		g.moved.Broadcast()
		g.mu.Unlock()
		wg.Wait()
	})
	u.Host = g.l.Addr().String()
	return g, u.String()
}

// set cuts the gate or heals it.
func (g *gate) set(cut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = cut
	g.moved.Broadcast()
}

// pass waits until the gate is open, and reports whether there is still somebody to serve.
func (g *gate) pass() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.cut && !g.over {
		g.moved.Wait()
	}
	return !g.over
}

// keep notes a connection, and reports whether it may be used.
func (g *gate) keep(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns = append(g.conns, c)
	return !g.over
}

func (g *gate) serve(c net.Conn) {
	defer c.Close()
	if !g.keep(c) || !g.pass() {
		return
	}
	s, err := net.Dial("tcp", g.addr)
	if err != nil {
		return
	}
	defer s.Close()
	if !g.keep(s) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { g.copy(s, c) })
	both.Go(func() { g.copy(c, s) })
	both.Wait()
}

// copy carries one direction on, and closes the other end when it is over.
func (g *gate) copy(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if !g.pass() {
			return
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
