// Connect serves a local web page on which somebody connects accounts, sees what each may
// do and how it is, and disconnects them again. Tokens are kept encrypted in an SQLite
// file, so that they are there the next time.
//
//	go run ./examples/connect
//
// It begins with a make-believe network, on which the whole way can be tried without an
// account anywhere; that network forgets everything when the program ends. Networks that
// need no application of one's own are there too.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/parvis-go/parvis/providers/vault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct{ addr, db, key, client string }

func parse(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("connect", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:8421", "where to listen, on this machine only")
	fs.StringVar(&o.db, "db", "connect.db", "the SQLite file that keeps the tokens, encrypted")
	fs.StringVar(&o.key, "key", "connect.key", "the file with the key to them; it is made if there is none")
	fs.StringVar(&o.client, "client", "acme", "the organisation that the accounts speak for")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; -h lists the flags", fs.Arg(0))
	}
	if o.client == "" {
		return o, errors.New("-client must not be empty")
	}
	host, _, err := net.SplitHostPort(o.addr)
	ip, ipErr := netip.ParseAddr(host)
	if err != nil || ipErr != nil || !ip.IsLoopback() {
		return o, fmt.Errorf("-addr %q would open the page to other machines, or is none: it has no login, "+
			"so it listens on this machine only; use an address such as 127.0.0.1:8421", o.addr)
	}
	return o, nil
}

// run serves the page until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	key, err := loadKey(o.key)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", o.db)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // the vault has closed before, and waited for what it wrote
	v, err := vault.Open(ctx, vault.SQLite(db), vault.Key(key), nil)
	if err != nil {
		return fmt.Errorf("%s with the key in %s: %w", o.db, o.key, err)
	}
	defer func() { // a refresh under way may hold the only copy of a token
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, v.Close(grace))
	}()
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.addr)
	if err != nil {
		return fmt.Errorf("%w; -addr 127.0.0.1:0 takes a free port", err)
	}
	defer ln.Close() //nolint:errcheck // the server has closed it by then
	p, err := newProgram(v, o.client, ln.Addr().String(), slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Connect accounts at http://%s/\nCtrl-C ends it.\n", ln.Addr())
	return serve(ctx, ln, p.handler())
}

// serve answers requests until ctx ends, then lets those under way finish for a moment.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		return served
	}
	return err
}
