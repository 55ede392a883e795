// Desk serves a local web page on which a community manager speaks, listens and keeps
// order on three make-believe networks: one for short messages, one of blogs, one of
// forums. A small town lives on them, so there is always something to answer.
//
//	go run ./examples/desk
//
// Everything is in memory and ends with the program. It shows how the three verbs of
// Parvis fit together in a real application: publish.Check while somebody types,
// publish.ToAll with one outcome a target, listen.Merge over all accounts of a client,
// moderate.SupportOf to know which buttons to show, an undo for every act, an outbox whose
// calendar sends each post at its time once two people have seen it, and providers.Connect
// to connect more accounts, whose tokens a vault keeps.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// usualAddr is where the desk is when nobody says otherwise.
const usualAddr = "127.0.0.1:8420"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "desk:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	addr  string
	speed float64
	quiet bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("desk", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.addr, "addr", usualAddr, "where to listen, on this machine only; a free port is taken when this one is busy")
	fs.Float64Var(&o.speed, "speed", 1, "how fast the town lives: 1 is something every four seconds, 10 is ten times as fast")
	fs.BoolVar(&o.quiet, "quiet", false, "stop the town: nothing happens but what you do")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; -h lists the flags", fs.Arg(0))
	}
	if !(o.speed > 0 && o.speed <= 1000) {
		return o, fmt.Errorf("-speed %g is out of range: it must be above 0 and at most 1000", o.speed)
	}
	return o, nil
}

// run serves the desk until ctx ends. Everything that it started has ended when it returns.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	ln, err := listenOn(ctx, o.addr)
	if err != nil {
		return err
	}
	defer ln.Close() //nolint:errcheck // the server has closed it by then
	if ln.busy {
		fmt.Fprintf(out, "%s is taken, so a free port is used.\n", o.addr)
	}
	d, err := newDesk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s, err := newServer(d, ln.Addr().String())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var living sync.WaitGroup
	defer living.Wait()
	defer cancel()
	living.Go(func() { d.Listen(ctx) })
	working := make(chan error, 1)
	living.Go(func() {
		err := d.Work(ctx)
		cancel() // a desk whose posts do not go out is closed
		working <- err
	})
	if !o.quiet {
		living.Go(func() { d.town.Run(ctx, o.speed) })
	}
	fmt.Fprintf(out, "The desk is open at http://%s/\nCtrl-C closes it.\n", ln.Addr())
	err = serve(ctx, ln, s)
	cancel()
	return errors.Join(err, <-working)
}

// A listener is a TCP listener on this machine's own address.
type listener struct {
	net.Listener
	// busy tells that the wanted port was taken, and another one is used.
	busy bool
}

// listenOn listens at addr, or at a free port of the same host if that one is taken. An
// addr that other machines could reach is refused.
func listenOn(ctx context.Context, addr string) (listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return listener{}, fmt.Errorf("-addr %q is not an address: it must look like %s", addr, usualAddr)
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return listener{}, fmt.Errorf("-addr %q would open the desk to other machines: it has no login, "+
			"so it listens on this machine only; use an address such as %s", addr, usualAddr)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err == nil {
		return listener{Listener: ln}, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return listener{}, err
	}
	ln, err = lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	return listener{Listener: ln, busy: true}, err
}

// serve answers requests until ctx ends, then lets those under way finish for a moment.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       time.Minute,
		// Streams end with ctx, so that shutting down does not wait for them.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
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
