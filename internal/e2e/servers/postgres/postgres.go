// Package postgres starts a throwaway PostgreSQL on this machine's loopback, for tests.
// It forgets everything when it stops, and trades safety for speed. Where the program is
// missing it is installed with apt-get, as root.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parvis-go/parvis/internal/e2e/servers/process"
)

// A Server is a PostgreSQL that runs.
type Server struct {
	// Addr is its host and port. Everybody on the loopback is its superuser, "postgres".
	Addr string

	dir  string
	args []string // that run it
	kept *process.Process
}

// Start installs what is missing and starts a server on a free port. Close stops it.
//
// Settings such as "fsync=on" come after those that trade safety for speed, and win.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := programs(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parvis-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(ctx, bin, settings); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// URL is the address of one of its databases, as drivers take it.
func (s *Server) URL(database string) string {
	return "postgres://postgres@" + s.Addr + "/" + database + "?sslmode=disable"
}

// Close stops the server and removes what it wrote.
func (s *Server) Close() error {
	if s.kept != nil {
		s.kept.Stop()
	}
	return os.RemoveAll(s.dir)
}

// programs is the folder of PostgreSQL's programs: the newest of Debian's, or those in the path.
func programs(ctx context.Context) (string, error) {
	if bin := find(); bin != "" {
		return bin, nil
	}
	if err := process.Install(ctx, "postgresql"); err != nil {
		return "", fmt.Errorf("PostgreSQL is missing: %w", err)
	}
	if bin := find(); bin != "" {
		return bin, nil
	}
	return "", errors.New("PostgreSQL cannot be found although apt-get has installed it")
}

func find() string {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(all) > 0 {
		version := func(p string) int {
			n, _ := strconv.Atoi(strings.Split(p, "/")[4])
			return n
		}
		return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) }))
	}
	p, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	return filepath.Dir(p)
}

func (s *Server) start(ctx context.Context, bin string, settings []string) error {
	home := filepath.Join(s.dir, "db")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Chmod(s.dir, 0o755)); err != nil {
		return err
	}
	as, err := process.As("postgres", home)
	if err != nil {
		return err
	}
	data := filepath.Join(home, "data")
	args := append(slices.Clone(as), filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if err := process.Run(ctx, home, args[0], args[1:]...); err != nil {
		return err
	}
	ports, err := process.Ports(1)
	if err != nil {
		return err
	}
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	args = append(as, filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(ports[0]))
	for _, set := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + home, "max_connections=200",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off",
	}, settings...) {
		args = append(args, "-c", set)
	}
	s.args = args
	return s.Resume(ctx)
}

func (s *Server) home() string { return filepath.Join(s.dir, "db") }

// Resume starts the server again after [Server.Stop], at the same address and with what it had.
func (s *Server) Resume(ctx context.Context) (err error) {
	// QUIT is an immediate end: nothing that is lost by it is wanted.
	s.kept, err = process.Start(process.Spec{Args: s.args, Dir: s.home(), Log: filepath.Join(s.dir, "log"), Signal: "QUIT", Remove: s.dir})
	if err != nil {
		return err
	}
	return s.kept.Await(ctx, time.Minute, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// Stop is the "fast" end of PostgreSQL: it breaks off what is being done, disconnects
// everybody, and keeps what was committed.
//
// https://www.postgresql.org/docs/current/server-shutdown.html
func (s *Server) Stop(ctx context.Context) error {
	said, err := os.ReadFile(filepath.Join(s.home(), "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	var pid int
	if _, err := fmt.Sscan(string(said), &pid); err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return err
	}
	return s.kept.Ended(ctx)
}
