package bench

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

const (
	calendarClients = 100
	calendarMonths  = 24
	calendarQueries = 100
	calendarZone    = "Europe/Paris"
)

// calendarFrom is the beginning of the first month.
var calendarFrom = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

// BenchmarkCalendarMonth reads months of clients, chosen at random, from the calendars of
// 100 clients over 24 months, of which one half is published and one is to come.
func BenchmarkCalendarMonth(b *testing.B) {
	n := max(100_000, 10**outboxPosts)
	for _, e := range []engine{sqliteNormal, postgresql} {
		b.Run(e.name+"/"+label(n, "posts"), func(b *testing.B) {
			box := fill(b, e.open(b), n)
			var kept months
			b.Run("month", func(b *testing.B) {
				m := once(b, &kept, func() months { return readMonths(b, box) })
				b.ReportMetric(milliseconds(m.took[len(m.took)/2]), "p50-ms")
				b.ReportMetric(milliseconds(m.took[len(m.took)*99/100]), "p99-ms")
				b.ReportMetric(float64(m.entries)/float64(len(m.took)), "posts/month")
				b.ReportMetric(0, "ns/op") // it is of all queries together
			})
		})
	}
}

// months is how long each of the queries took, sorted, and how much they found together.
type months struct {
	took    []time.Duration
	entries int
}

func readMonths(b *testing.B, box *outbox.Outbox) (m months) {
	random := rand.New(rand.NewPCG(1, 2))
	for range calendarQueries {
		client := box.For(calendarClient(random.IntN(calendarClients)))
		first := calendarFrom.AddDate(0, random.IntN(calendarMonths), 0)
		began := time.Now()
		q, err := outbox.Month(calendarZone, first.Year(), first.Month())
		if err != nil {
			b.Fatal(err)
		}
		es, err := client.Entries(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		if len(es) == 0 || len(es[0].Targets) != 1 {
			b.Fatal("a month is empty, or its posts have lost their targets")
		}
		m.took = append(m.took, time.Since(began))
		m.entries += len(es)
	}
	slices.Sort(m.took)
	return m
}

func calendarClient(i int) string { return "client" + strconv.Itoa(i) }

// fill puts n posts into an empty database: two of each client by the outbox, of which one
// is published, and copies of their rows.
func fill(b *testing.B, p place, n int) *outbox.Outbox {
	b.Helper()
	publishers := make([]publish.Publisher, calendarClients)
	for i := range publishers {
		publishers[i] = &mute{account: parvis.Account{Client: calendarClient(i), Network: "mute", ID: strconv.Itoa(i), Handle: "account"}}
	}
	box, err := outbox.Open(b.Context(), p.box, outbox.Options{Accounts: outbox.Publishers(publishers...), VerifyAfter: -1})
	if err != nil {
		b.Fatal(err)
	}
	for i, pub := range publishers {
		plan := outbox.Plan{
			Draft: publish.Draft{
				Text: "Samedi, le marché d’été ouvre à neuf heures sur la place de la Mairie. Venez avec vos paniers : " +
					"les producteurs du canton y seront jusqu’à treize heures. https://marche.example/ete",
			},
			Labels: []string{"marché", "été"}, Targets: []outbox.Target{outbox.To(pub.Account())},
		}
		later := plan
		plan.When, later.When = outbox.Now(), outbox.At(calendarZone, "2999-12-31 12:00")
		if _, err := box.For(calendarClient(i)).AddAll(b.Context(), []outbox.Plan{plan, later}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := box.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
	multiply(b, p.box, n)
	return box
}

// multiply copies each row, its time moved so that a client's posts are spread evenly over
// the months, first those that are published. The rows come in the order of their times,
// those of all clients between each other, as they would over the years.
func multiply(b *testing.B, db outbox.DB, n int) {
	b.Helper()
	each := n / calendarClients / 2 // of each row
	step := calendarFrom.AddDate(0, calendarMonths, 0).Sub(calendarFrom) / time.Duration(2*each)
	const copies = "WITH RECURSIVE c(k) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT k + 1 FROM c WHERE k + 1 < CAST(? AS BIGINT)) "
	const at = "? + (CASE WHEN t.next_at > 0 THEN CAST(? AS BIGINT) ELSE 0 END + c.k) * ?"
	args := []any{each, calendarFrom.UnixMicro(), each, step.Microseconds()}
	mustExec(b, db, copies+`INSERT INTO parvis_outbox_entries (id, client, state, due, version, hash, author,
			series, occurrence, labels, content, created, updated)
		SELECT CAST(1000000 + c.k AS TEXT) || e.id, e.client, e.state, `+at+`, e.version, e.hash, e.author,
			e.series, e.occurrence, e.labels, e.content, e.created, e.updated
		FROM c CROSS JOIN parvis_outbox_entries e JOIN parvis_outbox_targets t ON t.entry = e.id ORDER BY t.next_at, c.k, e.id`, args...)
	mustExec(b, db, copies+`INSERT INTO parvis_outbox_targets (id, entry, n, client, lane, network, account, lang, due, sum, version,
			state, since, reason, code, item, tries, send_key, started, next_at, next_do, life)
		SELECT CAST(1000000 + c.k AS TEXT) || t.id, CAST(1000000 + c.k AS TEXT) || t.entry, t.n, t.client, t.lane, t.network, t.account, t.lang, `+at+`, t.sum, t.version,
			t.state, t.since, t.reason, t.code, t.item, t.tries, t.send_key, t.started, t.next_at, t.next_do, t.life
		FROM c CROSS JOIN parvis_outbox_targets t ORDER BY t.next_at, c.k, t.id`, args...)
	if db.Dialect() == store.PostgreSQL { // as its autovacuum does by itself
		mustExec(b, db, "VACUUM ANALYZE parvis_outbox_entries")
		mustExec(b, db, "VACUUM ANALYZE parvis_outbox_targets")
	}
}
