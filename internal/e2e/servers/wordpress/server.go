package wordpress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A Server is a database and the sites on it.
type Server struct {
	root string // of WordPress
	dir  string // of everything that this run writes
	mu   sync.Mutex
	kept []*kept
}

// Start installs what is missing and starts a database. Close stops everything.
func Start(ctx context.Context) (*Server, error) {
	root, err := install(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parvis-wordpress-")
	if err != nil {
		return nil, err
	}
	s := &Server{root: root, dir: dir}
	if err := s.database(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops the sites and the database, and removes what they wrote.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.kept) { // the database last
		v.stop()
	}
	s.kept = nil
	return os.RemoveAll(s.dir)
}

func (s *Server) socket() string { return filepath.Join(s.dir, "db", "sock") }

// database starts MariaDB on a socket of its own, without any network.
func (s *Server) database(ctx context.Context) error {
	home := filepath.Join(s.dir, "db")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Chmod(s.dir, 0o755)); err != nil {
		return err
	}
	as, err := unprivileged(home)
	if err != nil {
		return err
	}
	install, err := find("mariadb-install-db")
	if err != nil {
		return err
	}
	daemon, err := find("mariadbd")
	if err != nil {
		return err
	}
	data := "--datadir=" + filepath.Join(home, "data")
	args := append(as, install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db")
	if err := run(ctx, "", args[0], args[1:]...); err != nil {
		return err
	}
	err = s.keep(s.dir, "db.log", nil, append(as, daemon, "--no-defaults", data, "--skip-networking", "--skip-grant-tables",
		"--socket="+s.socket(), "--pid-file="+filepath.Join(home, "pid"),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--innodb-fast-shutdown=2")...)
	if err != nil {
		return err
	}
	return s.await(ctx, "db.log", func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", s.socket())
		if err == nil {
			err = conn.Close()
		}
		return err
	})
}

// unprivileged returns the beginning of a command line that runs a program as MariaDB's
// own user, who gets home, since MariaDB does not run as root.
func unprivileged(home string) ([]string, error) {
	if os.Geteuid() != 0 {
		return []string{"env"}, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}, chown(home, u)
}

func chown(path string, u *user.User) error {
	var uid, gid int
	if _, err := fmt.Sscan(u.Uid+" "+u.Gid, &uid, &gid); err != nil {
		return err
	}
	return os.Chown(path, uid, gid)
}

// await asks until ask succeeds, for a minute at most. A failure comes with the log.
func (s *Server) await(ctx context.Context, log string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
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
		case <-ctx.Done():
			said, _ := os.ReadFile(filepath.Join(s.dir, log))
			return fmt.Errorf("the server does not come up: %w\n%s", err, said)
		}
	}
}

// kept is a process that ends when its standard input does.
type kept struct {
	cmd  *exec.Cmd
	tie  io.WriteCloser
	once sync.Once
}

func (k *kept) stop() {
	k.once.Do(func() {
		_ = k.tie.Close()
		_ = k.cmd.Wait() // it was told to end; how it did is of no interest
	})
}

// keep starts a process that lives as long as this one; see keep.sh.
func (s *Server) keep(remove, log string, env []string, args ...string) error {
	script, err := site.ReadFile("site/keep.sh")
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(s.dir, log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command("sh", append([]string{"-c", string(script), "keep.sh", remove}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	tie, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, &kept{cmd: cmd, tie: tie})
	return nil
}
