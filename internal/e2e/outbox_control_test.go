package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// A witness notes failures in the place of a test.
type witness struct {
	testing.TB
	failures []string
}

// Errorf implements [testing.TB].
func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// TestOutboxKillControl shows that the kill test sees doubles. A worker is killed while the
// network is at work on its posts. With an outbox that believes at once what the network
// says it does not have, the same judge must find each post twice; with one that waits,
// none.
func TestOutboxKillControl(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settle time.Duration
		until  string // what the next worker has come to when the network is done
		twice  bool
	}{
		"believes at once": {time.Microsecond, "published", true},
		"waits":            {5 * time.Second, "unknown", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			control(t, tt.settle, tt.until, tt.twice)
		})
	}
}

func control(t *testing.T, settle time.Duration, until string, twice bool) {
	const accounts = 4
	received, done := make(chan bool, 2*accounts), make(chan struct{})
	var first atomic.Int32
	net := fakenet.Start(t, fake.New(fake.Options{}), &fakenet.Options{Settle: -1, At: func(p fakenet.Point, _ fakenet.Visit) {
		if p == fakenet.Received && first.Add(1) <= accounts {
			received <- true
			<-done
		}
	}})
	r := &calendarRun{set: calendar.Setup{
		DB: filepath.Join(t.TempDir(), "calendar.db"), Workers: 8, Lease: time.Second, Settle: settle,
		Poll: 50 * time.Millisecond, VerifyAfter: -1,
	}}
	r.lookups(net, accounts)
	r.open(t)
	r.schedule(t)
	killed := startProcess(t, r.set)
	for range accounts {
		<-received
	}
	killed.kill()
	next := startProcess(t, r.set)
	assert.Eventually(t, func() bool { return strings.Count(strings.Join(next.with("STATE"), "\n"), until) >= accounts },
		time.Minute, 20*time.Millisecond)
	close(done)
	r.complete(t, []*process{next}, time.Minute)

	w, doubles := &witness{TB: t}, 0
	if twice {
		doubles = accounts
	}
	sum := r.judge(w, (&townRun{net: net}).posted(t), func(string) bool { return false })
	assert.Equal(t, doubles, sum.doubles)
	assert.Len(t, w.failures, doubles)
	assert.Len(t, net.Doubles(), doubles)
	t.Logf("%d deliveries, %d doubles, %d failures noted", sum.deliveries, sum.doubles, len(w.failures))
}

// lookups makes accounts whose posts can be found, and a post for each.
func (r *calendarRun) lookups(net *fakenet.Server, accounts int) {
	for i := range accounts {
		a := net.Join(fake.Member{Handle: fmt.Sprintf("acme%d", i), Client: calendar.Client}, fakenet.Lookup)
		r.set.Towns = append(r.set.Towns, calendar.Town{URL: net.URL, Account: a, Class: fakenet.Lookup})
		r.plans = append(r.plans, outbox.Plan{
			Draft: publish.Draft{Text: fmt.Sprintf("#n%d Bonjour", i)}, When: outbox.Now(), Targets: []outbox.Target{outbox.To(a)},
		})
	}
}
