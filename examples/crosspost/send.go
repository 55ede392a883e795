package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// check lists every problem of the draft at every account.
func check(ctx context.Context, out io.Writer, d publish.Draft, accounts []publish.Publisher, opts []publish.Option) error {
	var bad bool
	for _, p := range accounts {
		problems, err := publish.Check(ctx, p, d, opts...)
		switch {
		case err != nil:
			fmt.Fprintf(out, "%s: cannot be checked: %v\n", p.Account(), err)
		case len(problems) == 0:
			fmt.Fprintf(out, "%s: fits\n", p.Account())
		}
		for _, problem := range problems {
			fmt.Fprintf(out, "%s: %s\n", p.Account(), problem.Text)
		}
		bad = bad || err != nil || len(problems) > 0
	}
	if bad {
		return errSome
	}
	return nil
}

// dryRun shows what each account would get.
func dryRun(ctx context.Context, out io.Writer, d publish.Draft, accounts []publish.Publisher, opts []publish.Option) error {
	for _, p := range accounts {
		mine, warnings, err := publish.Preview(ctx, p, d, opts...)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s would get:\n", p.Account())
		if mine.Title != "" {
			fmt.Fprintf(out, "  title: %s\n", mine.Title)
		}
		fmt.Fprintf(out, "  text:  %s\n", mine.Text)
		for _, m := range mine.Media {
			fmt.Fprintf(out, "  media: %s (%d bytes) alt: %s\n", m.Name, m.Size, m.Alt)
		}
		for _, w := range warnings {
			fmt.Fprintf(out, "  changed: %s\n", w)
		}
	}
	return check(ctx, out, d, accounts, opts)
}

// send publishes, shows each outcome as it comes, and finds out about unclear ones.
func send(ctx context.Context, out io.Writer, d publish.Draft, accounts []publish.Publisher, opts []publish.Option) error {
	meter := newMeter(out)
	ctx = publish.WithProgress(ctx, meter.show)
	var failed bool
	for o := range (publish.Fan{Options: opts}).Each(ctx, d, accounts...) {
		meter.clear()
		o = settle(ctx, o, accounts)
		if o.Err != nil {
			failed = true
			fmt.Fprintf(out, "%s: %s: %v\n", o.Account, o.State, o.Err)
			continue
		}
		fmt.Fprintf(out, "%s: %s %s\n", o.Account, o.State, o.Post.URL)
		for _, w := range o.Post.Warnings {
			fmt.Fprintf(out, "  changed: %s\n", w)
		}
	}
	if failed {
		return errSome
	}
	return nil
}

// settle asks the network what became of an attempt whose answer was lost.
func settle(ctx context.Context, o publish.Outcome, accounts []publish.Publisher) publish.Outcome {
	if o.State != publish.Unknown {
		return o
	}
	for _, p := range accounts {
		if p.Account() != o.Account {
			continue
		}
		post, err := publish.Reconcile(ctx, p, o.Attempt)
		switch {
		case err == nil:
			o.State, o.Post, o.Err = post.State, post, nil
		case errors.Is(err, parvis.ErrNotFound):
			o.State = publish.NotSent
			o.Err = fmt.Errorf("it is surely not there; send it again with a configuration of this account alone, or the others get it twice: %w", err)
		}
	}
	return o
}

// meter shows the progress of uploads in one line of a terminal.
type meter struct {
	mu    sync.Mutex
	out   io.Writer
	on    bool
	shown bool
}

func newMeter(out io.Writer) *meter {
	f, ok := out.(*os.File)
	if !ok {
		return &meter{out: out}
	}
	info, err := f.Stat()
	return &meter{out: out, on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (m *meter) show(p publish.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		return
	}
	m.shown = true
	if p.Total > 0 {
		fmt.Fprintf(m.out, "\r\x1b[K%s: %s %d %%", p.Account, p.Name, 100*p.Sent/p.Total)
	} else {
		fmt.Fprintf(m.out, "\r\x1b[K%s: %s %d bytes", p.Account, p.Name, p.Sent)
	}
}

func (m *meter) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown {
		fmt.Fprint(m.out, "\r\x1b[K")
		m.shown = false
	}
}
