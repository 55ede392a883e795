package bench

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

const (
	processAccounts = 32
	// processWorkers is how many accounts one process serves at a time.
	processWorkers = 4
	// processConnections are for that: one for two accounts, and two.
	processConnections = processWorkers/2 + 2
)

// BenchmarkOutboxProcesses lets 1 and 4 processes work on one PostgreSQL, each serving 4
// accounts at a time: with a network that takes no time, where the processors are the
// bound, and with one that takes 20 ms for a post.
func BenchmarkOutboxProcesses(b *testing.B) {
	n := max(100, *outboxPosts/5)
	for _, c := range []struct {
		name  string
		posts int
		delay time.Duration
	}{
		{"no-op", n, 0},
		{"20ms", max(400, min(n, 4000)), 20 * time.Millisecond},
	} {
		var kept [2]float64
		b.Run(c.name, func(b *testing.B) {
			rates := once(b, &kept, func() [2]float64 {
				one := processes(b, 1, c.posts, c.delay)
				return [2]float64{one, processes(b, 4, c.posts, c.delay)}
			})
			b.ReportMetric(rates[0], "1-process-posts/s")
			b.ReportMetric(rates[1], "4-processes-posts/s")
			b.ReportMetric(rates[1]/rates[0], "ratio")
			b.ReportMetric(0, "ns/op") // it depends on how many posts there are
		})
	}
}

// processes returns how many posts a second so many processes deliver.
func processes(b *testing.B, count, posts int, delay time.Duration) float64 {
	database := newDatabase(b)
	r := (&rig{accounts: processAccounts, posts: posts}).mustOpen(b, poolPlace(openPool(b, database, processConnections)))
	r.schedule(b, atOnceDue)
	out := make(chan byte, posts+count)
	var tell []io.Writer
	for range count {
		tell = append(tell, startWorker(b, database, delay, out))
	}
	await := func(n int, word byte) {
		giveUp := time.After(longest)
		for range n {
			select {
			case said := <-out:
				if said != word {
					b.Fatalf("a worker said %q", said)
				}
			case <-giveUp:
				b.Fatal("the workers do not come to an end")
			}
		}
	}
	await(count, sayReady)
	began := time.Now()
	for _, w := range tell {
		if _, err := w.Write([]byte{'\n'}); err != nil {
			b.Fatal(err)
		}
	}
	await(posts, sayPublished)
	return perSecond(posts, time.Since(began))
}

// What a worker tells on its standard output, and what ends it there.
const (
	sayReady     = 'r'
	sayPublished = '.'
	sayEnd       = '!'
)

// startWorker runs this program as a worker, which begins when it is told and ends with b.
// What it says goes to out.
func startWorker(b *testing.B, database string, delay time.Duration, out chan<- byte) io.Writer {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-outbox.worker="+database, "-outbox.delay="+delay.String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for r := bufio.NewReader(said); ; {
			c, err := r.ReadByte()
			if err != nil {
				c = sayEnd
			}
			select {
			case out <- c:
			default: // nobody listens any more
			}
			if err != nil {
				return
			}
		}
	}()
	b.Cleanup(func() {
		_ = in.Close()
		<-heard
		_ = cmd.Wait() // it was told to end; how it did is of no interest
	})
	return in
}

// beWorker is one of the processes: it opens its outbox, begins to work at a line on the
// standard input, and ends with it.
func beWorker(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pool, err := newPool(ctx, *workerURL, processConnections)
	if err != nil {
		return err
	}
	defer pool.Close()
	r := &rig{accounts: processAccounts, workers: processWorkers, delay: *workerDelay}
	r.tell = func() { _, _ = os.Stdout.Write([]byte{sayPublished}) }
	if err := r.open(ctx, poolPlace(pool)); err != nil {
		return err
	}
	if _, err := os.Stdout.Write([]byte{sayReady}); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadByte(); err != nil {
		return errors.New("nobody told it to begin")
	}
	go func() {
		_, _ = in.ReadByte()
		cancel()
	}()
	return r.box.Run(ctx)
}
