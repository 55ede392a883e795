package e2e

import (
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/calendar"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// The kill test has a short form, which is the default, and a long one:
//
//	go test -run TestOutboxKill -outbox.kills 400 -outbox.posts 3600 -timeout 30m
//
// The figures are for each of the three databases of the fake network.
var (
	outboxKills = flag.Int("outbox.kills", 20, "how many processes are killed on each database")
	outboxPosts = flag.Int("outbox.posts", 210, "how many posts are delivered from each database")
)

// A place is a database and the processes that share it.
type place struct {
	name    string
	journal string // of SQLite; "" is PostgreSQL
	procs   int
	verify  time.Duration
}

var places = []place{
	{"SQLite, one process", "DELETE", 1, -1},
	{"SQLite, two processes", "WAL", 2, -1},
	{"PostgreSQL, three processes", "", 3, time.Second},
}

// setup is a calendar on the database, with times short enough for a test. Settle covers
// what the fake network takes with a request whose sender is gone.
func (p place) setup(t *testing.T) calendar.Setup {
	set := calendar.Setup{
		Journal: p.journal, Workers: 8, Lease: 1500 * time.Millisecond, Settle: 3 * time.Second,
		Patience: 500 * time.Millisecond, Poll: 50 * time.Millisecond, VerifyAfter: p.verify, Timeout: 3 * time.Second,
	}
	if p.journal != "" {
		set.DB = filepath.Join(t.TempDir(), "calendar.db")
	} else {
		set.DB = postgresURL(t)
	}
	return set
}

// wire is what goes wrong between the workers and the fake network.
var wire = fakenet.Faults{
	Drop: 0.01, Lose: 0.02, Delay: 0.02, Slow: 0.02, Unavailable: 0.01, Limit: 0.01,
	DelayFor: 500 * time.Millisecond, SlowFor: 2 * time.Second, RetryAfter: time.Second,
}

// townRun is a calendar for accounts of all classes of a fake network.
type townRun struct {
	calendarRun
	net   *fakenet.Server
	class map[string]fakenet.Class // by account ID
	calm  map[string]bool          // accounts whose wire is without faults
}

// latency is how long a call takes, so that there is something under way to be killed in.
const latency = 30 * time.Millisecond

// A town is a fake network, with so many accounts of each class.
type town struct {
	fakenet.Options
	each    int
	classes []fakenet.Class
}

// newTownRun makes the network. The first account of each class is without faults.
func newTownRun(t *testing.T, set calendar.Setup, of town) *townRun {
	opts := of.Options
	opts.Settle = -1 // what is tested is the outbox's own
	r := &townRun{net: fakenet.Start(t, fake.New(fake.Options{Latency: latency}), &opts), class: map[string]fakenet.Class{}, calm: map[string]bool{}}
	r.set = set
	for i := range of.each {
		for _, c := range of.classes {
			a := r.net.Join(fake.Member{Handle: fmt.Sprintf("%.3s%d", c, i), Client: calendar.Client}, c)
			r.class[a.ID], r.calm[a.ID] = c, i == 0
			r.set.Towns = append(r.set.Towns, calendar.Town{URL: r.net.URL, Account: a, Class: c})
		}
	}
	return r
}

// calmed lets all requests of the calm accounts through.
func (r *townRun) calmed(requests int) {
	for id, calm := range r.calm {
		if calm {
			r.net.Inject(id, make([]fakenet.Fate, requests)...)
		}
	}
}

// fill makes plans of so many posts, due evenly over a span: every seventh is a thread of
// three, every ninth goes to two accounts, every fifth has a picture.
func (r *townRun) fill(posts int, over time.Duration) {
	start, n := time.Now().UTC().Add(3*time.Second), 0
	say := func() publish.Draft {
		n++
		return publish.Draft{Text: fmt.Sprintf("#n%d Bonjour à toutes et à tous", n)}
	}
	for i, made := 0, 0; made < posts; i++ {
		account := func(k int) outbox.Target { return outbox.To(r.set.Towns[k%len(r.set.Towns)].Account) }
		p := outbox.Plan{
			Draft: say(), Targets: []outbox.Target{account(i)},
			When: outbox.On(start.Add(over * time.Duration(made) / time.Duration(posts))),
		}
		if i%7 == 3 {
			p.Thread = []publish.Draft{say(), say()}
		}
		if i%9 == 5 {
			p.Targets = append(p.Targets, account(i+1))
		}
		if i%5 == 2 {
			p.Draft.Media = []parvis.Media{parvis.FromURL("https://acme.example/four.png").WithAlt("un four")}
		}
		made += (1 + len(p.Thread)) * len(p.Targets)
		r.plans = append(r.plans, p)
	}
}

// posted counts by account and marker, when the network has come to rest.
func (r *townRun) posted(t *testing.T) posted {
	t.Helper()
	require.NoError(t, r.net.Drain(t.Context()))
	on := posted{}
	for _, d := range r.net.Deliveries() {
		on[[2]string{d.Account, d.Marker}]++
	}
	return on
}

func (r *townRun) blind(id string) bool { return r.class[id] == fakenet.Blind }

// TestOutboxKill kills workers at any moment and at each named point, over a wire that
// loses requests and answers: what was scheduled is out exactly once, or, on networks that
// can tell nothing, surfaced as unknown and never sent again.
func TestOutboxKill(t *testing.T) {
	var mu sync.Mutex
	all := map[string]int{}
	t.Run("all", func(t *testing.T) {
		for i, p := range places {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				killed := tortureTown(t, p, uint64(i+1))
				mu.Lock()
				defer mu.Unlock()
				for point, n := range killed {
					all[point] += n
				}
			})
		}
	})
	t.Logf("kills by point: %v", all)
	for _, point := range calendar.Points() {
		assert.Positive(t, all[point], "nobody was killed at the point %q", point)
	}
}

func tortureTown(t *testing.T, p place, seed uint64) map[string]int {
	began := time.Now()
	reads := fakenet.Faults{Drop: 0.01, Lose: 0.01, Unavailable: 0.01}
	r := newTownRun(t, p.setup(t), town{fakenet.Options{Seed: seed, Faults: wire, Reads: reads}, 6, fakenet.Classes()})
	r.procs, r.kills = p.procs, *outboxKills
	r.calmed(10 * *outboxPosts)
	r.open(t)
	r.fill(*outboxPosts, time.Duration(r.kills)*700*time.Millisecond/time.Duration(p.procs))
	r.schedule(t)
	last := r.torture(t)
	killing := time.Since(began)
	r.complete(t, last, 3*time.Minute)
	sum := r.judge(t, r.posted(t), r.blind)
	records := r.trail(t)
	r.audited(t, records)
	r.ordered(t, func(account string) (n, of int) {
		var order []string
		for _, d := range r.net.Order(account) {
			order = append(order, d.Marker)
		}
		return r.inversions(account, order, records)
	})
	cut := interrupted(records)
	assert.Positive(t, cut, "no attempt was cut short")
	tally := r.net.Tally()
	assert.Zero(t, tally.Unsure)
	assert.Empty(t, r.net.Doubles())
	t.Logf("%d kills cut %d attempts short, %d deliveries of %d, %d lost, %d doubles, %d unknown of which %d are out; %v of killing, %v in all; %d replayed, %d conflicts, %d orphans, fates %v",
		r.dead(), cut, sum.deliveries, r.markers(), sum.lost, sum.doubles, sum.unknown, sum.unknownOut,
		killing.Round(time.Second), time.Since(began).Round(time.Second), tally.Replayed, tally.Conflicts, tally.Orphans, tally.Fates)
	t.Logf("kills: %v; warnings: %q", r.killed, r.warned())
	return maps.Clone(r.killed)
}

// ordered checks that accounts without faults post in the order of their times what
// nothing has delayed, and tells about the others.
func (r *townRun) ordered(t *testing.T, inversions func(account string) (n, of int)) {
	t.Helper()
	var calm, rough, of int
	for _, x := range r.set.Towns {
		n, k := inversions(x.Account.ID)
		of += k
		if r.calm[x.Account.ID] {
			calm += n
			assert.Zero(t, n, "%s posts out of order", x.Account.Handle)
		} else {
			rough += n
		}
	}
	t.Logf("of %d first posts that nothing has delayed, %d of calm accounts and %d of others came before one that was due earlier", of, calm, rough)
}
