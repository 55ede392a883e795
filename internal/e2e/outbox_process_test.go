package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/e2e/calendar"
)

// calendarWorker is the program of the workers, built once.
var calendarWorker = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "parvis-calendar-")
	if err != nil {
		return "", err
	}
	atExit(func() error { return os.RemoveAll(dir) })
	program := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-o", program, "./calendar/worker").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

// A process is one worker.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu    sync.Mutex
	news  *sync.Cond // of lines, and of the end
	lines []string
	ended bool // all was read that it printed
}

// startProcess starts a worker, which does not outlive the test.
func startProcess(t testing.TB, set calendar.Setup, flags ...string) *process {
	t.Helper()
	program, err := calendarWorker()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(program, flags...)}
	p.news = sync.NewCond(&p.mu)
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	require.NoError(t, p.cmd.Start())
	go p.read(out)
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	b, err := json.Marshal(set)
	require.NoError(t, err)
	_, err = p.in.Write(append(b, '\n'))
	require.NoError(t, err)
	return p
}

func (p *process) read(out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.news.Broadcast()
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.ended = true
	p.news.Broadcast()
	p.mu.Unlock()
}

// await waits for a line that begins with word, that long at most, and reports whether it
// came. An empty word waits for the end.
func (p *process) await(word string, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.news.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if word != "" && slices.ContainsFunc(p.lines, func(l string) bool { return strings.HasPrefix(l, word) }) {
			return true
		}
		if p.ended || ctx.Err() != nil {
			return p.ended && word == ""
		}
		p.news.Wait()
	}
}

// with returns the lines so far that begin with word, without it.
func (p *process) with(word string) (lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if rest, ok := strings.CutPrefix(l, word+" "); ok || l == word {
			lines = append(lines, rest)
		}
	}
	return lines
}

// signal sends a signal; a process that has ended does not get it.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	p.await("", time.Minute)
	_ = p.cmd.Wait() // it was killed
}

// resume ends a hold.
func (p *process) resume(t testing.TB) {
	t.Helper()
	_, err := io.WriteString(p.in, "go\n")
	require.NoError(t, err)
}

// finish lets the process end what it is at.
func (p *process) finish(t testing.TB) {
	t.Helper()
	_ = p.in.Close()
	require.True(t, p.await("", time.Minute), "a worker does not end")
	require.NoError(t, p.cmd.Wait(), "%v", p.with("FAILED"))
}
