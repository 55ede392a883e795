package e2e

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// closers end what tests started for all tests to use.
var closers struct {
	mu   sync.Mutex
	list []func() error
}

// atExit makes TestMain call f when all tests are done.
func atExit(f func() error) {
	closers.mu.Lock()
	defer closers.mu.Unlock()
	closers.list = append(closers.list, f)
}

func TestMain(m *testing.M) {
	if job, ok := os.LookupEnv(jobVariable); ok { // this is a process that a test has started
		if err := limitWorker(context.Background(), job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	for _, f := range closers.list {
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
