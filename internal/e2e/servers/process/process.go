// Package process starts the programs that real servers consist of: each lives no longer
// than the process that started it, and writes only where it is told to.
package process

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed keep.sh
var keep string

// A Spec says what to start.
type Spec struct {
	// Args are the program and its arguments.
	Args []string
	// Dir is where it runs; empty is here. Env is added to the environment of this process.
	Dir string
	Env []string
	// Log is the file that gets its output.
	Log string
	// Signal ends it: "TERM" if empty.
	Signal string
	// Remove is a folder that is removed when it has ended; empty is none.
	Remove string
}

// A Process is a program that runs until Stop, or until this process ends in any way.
type Process struct {
	log  string
	cmd  *exec.Cmd
	tie  io.WriteCloser
	done chan struct{}
	once sync.Once
}

// Start starts a program.
func Start(s Spec) (*Process, error) {
	signal, remove := s.Signal, s.Remove
	if signal == "" {
		signal = "TERM"
	}
	if remove == "" {
		remove = "-"
	}
	out, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command("sh", append([]string{"-c", keep, "keep.sh", remove, signal}, s.Args...)...)
	cmd.Dir, cmd.Env = s.Dir, append(os.Environ(), s.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	tie, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{log: s.Log, cmd: cmd, tie: tie, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // it was told to end; how it did is of no interest
	}()
	return p, nil
}

// grace is how long a program may take to end when it is told to.
const grace = 20 * time.Second

// Stop ends the program and waits for it. One that does not want to end is killed.
func (p *Process) Stop() {
	p.once.Do(func() {
		_ = p.tie.Close()
		select {
		case <-p.done:
		case <-time.After(grace):
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.done
		}
	})
}

// Ended waits until the program has ended.
func (p *Process) Ended(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Await asks until ask succeeds, for that long at most. A failure comes with the end of
// the program's log.
func (p *Process) Await(ctx context.Context, most time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return fmt.Errorf("the server has ended: %w\n%s", err, p.Log())
		case <-ctx.Done():
			return fmt.Errorf("the server does not come up: %w\n%s", err, p.Log())
		}
	}
}

// logEnd is how much of a log is shown, in bytes.
const logEnd = 8 << 10

// Log is the end of what the program wrote.
func (p *Process) Log() string {
	said, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(said[max(0, len(said)-logEnd):])
}

// Run runs a program to its end; a failure comes with what it said.
func Run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// Install installs Debian's packages with apt-get, which only root can.
func Install(ctx context.Context, packages ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("install " + strings.Join(packages, " ") + ", or run as root")
	}
	if err := Run(ctx, "", "apt-get", "-q", "update"); err != nil {
		return err
	}
	return Run(ctx, "", "apt-get", append([]string{"-q", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends"}, packages...)...)
}

// Ports returns free ports of the loopback, all different.
func Ports(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// CacheDir is the folder .cache/e2e of the checkout, so that nothing is left outside it.
func CacheDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "CHANGELOG.md")); err == nil {
			return filepath.Join(d, ".cache", "e2e"), nil
		}
		if d == filepath.Dir(d) {
			return "", errors.New("the top of the checkout was not found above " + dir)
		}
	}
}

// As returns the beginning of a command line that runs a program as the named user, who
// gets the folder home, since some servers refuse to run as root. Who is not root stays
// who it is.
func As(name, home string) ([]string, error) {
	if os.Geteuid() != 0 {
		return []string{"env"}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	var uid, gid int
	if _, err := fmt.Sscan(u.Uid+" "+u.Gid, &uid, &gid); err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}, os.Chown(home, uid, gid)
}
