// Worker is one process that works a calendar, until its input ends, or it is killed, or
// it kills or stops itself at a named point of the work. It prints one line for each thing
// that a test wants to know, and never a token.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/publish/outbox"
)

func main() {
	p := points{held: make(chan struct{})}
	flag.Func("die", `"point:n": end with SIGKILL on reaching the point for the nth time`, p.at(p.die))
	flag.Func("stop", `"point:n": end up with SIGSTOP there`, p.at(p.stop))
	flag.Func("hold", `"point:n": print HOLD there, and wait for the line "go"`, p.at(p.hold))
	flag.Parse()
	if err := run(&p); err != nil {
		say("FAILED %v", err)
		os.Exit(1)
	}
}

var output sync.Mutex

// say prints a line at once.
func say(format string, args ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Println(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
}

func run(p *points) error {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var set calendar.Setup
	if err := json.Unmarshal(line, &set); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { // it ends with the input
		defer stop()
		p.listen(in)
	}()
	whole := context.WithoutCancel(ctx) // what has begun to open is opened, though the end may have come
	b, left, err := open(whole, set)
	if err != nil {
		return err
	}
	say("READY")
	go tell(ctx, left)
	if err := b.Run(jobs.WithPoints(ctx, p.reached)); err != nil {
		return err
	}
	say("DONE")
	return nil
}

// open opens the outbox of a database, and what tells how many targets wait in it.
func open(ctx context.Context, set calendar.Setup) (*outbox.Outbox, func(context.Context) (int, error), error) {
	db, err := calendar.Open(ctx, set)
	if err != nil {
		return nil, nil, err
	}
	opts, err := calendar.Options(set)
	if err != nil {
		return nil, nil, err
	}
	opts.Logger = logger()
	opts.Changed = func(c outbox.Change) { say("STATE %s %s", c.Target, c.State) }
	b, err := db.Outbox(ctx, opts)
	return b, db.Left, err
}

// tell says from time to time how many targets wait.
func tell(ctx context.Context, left func(context.Context) (int, error)) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n, err := left(ctx); err == nil {
			say("LEFT %d", n)
		} else if ctx.Err() == nil {
			say("TROUBLE %v", err)
		}
	}
}

// points does something when a point of the work is reached.
type points struct {
	mu   sync.Mutex
	name string
	left int
	act  func(name string)
	held chan struct{}
}

// at is a flag that chooses a point.
func (p *points) at(act func(string)) func(string) error {
	return func(s string) error {
		name, times, ok := strings.Cut(s, ":")
		n, err := strconv.Atoi(times)
		if !ok || err != nil || n < 1 {
			return errors.New(`write it as "point:n"`)
		}
		p.name, p.left, p.act = name, n, act
		return nil
	}
}

// reached is called at each point, by several goroutines.
func (p *points) reached(name string) {
	p.mu.Lock()
	due := false
	if name == p.name {
		p.left--
		due = p.left == 0
	}
	p.mu.Unlock()
	if due {
		p.act(name)
	}
}

func (p *points) die(name string) {
	say("DIES %s", name)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing may happen any more
}

func (p *points) stop(name string) {
	say("STOPS %s", name)
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
}

func (p *points) hold(name string) {
	say("HOLDS %s", name)
	<-p.held
}

// listen reads orders until there are no more.
func (p *points) listen(in *bufio.Reader) {
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) || err != nil {
			return
		}
		if strings.TrimSpace(line) == "go" {
			p.held <- struct{}{}
		}
	}
}
