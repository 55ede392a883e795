package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"time"

	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// stage is an outbox over a database in memory, with one account on a fake network and a
// clock that the examples set.
type stage struct {
	ctx  context.Context
	now  time.Time
	db   *sql.DB
	town *fake.Network
	acme *fake.Account
	box  *outbox.Outbox
	cal  *outbox.Client
}

func newStage() *stage {
	s := &stage{ctx: context.Background(), now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	s.town = fake.New(fake.Options{Now: clock})
	s.acme = s.town.Join("acme")
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	s.db = db
	s.box, err = outbox.Open(s.ctx, outbox.SQLite(db), outbox.Options{Accounts: outbox.Publishers(s.acme), Now: clock, VerifyAfter: -1})
	if err != nil {
		log.Fatal(err)
	}
	s.cal = s.box.For("acme").As("claire")
	return s
}

// until sets the clock and does what is due.
func (s *stage) until(t time.Time) {
	s.now = t
	if _, err := s.box.Drain(s.ctx); err != nil {
		log.Fatal(err)
	}
}

func Example() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")

	db, err := sql.Open("sqlite", ":memory:") // or a file; for PostgreSQL see outboxpg.Pool
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	trail, err := audit.Open(ctx, audit.SQLite(db))
	if err != nil {
		log.Fatal(err)
	}
	published := make(chan outbox.Change, 10)
	box, err := outbox.Open(ctx, outbox.SQLite(db), outbox.Options{
		Accounts: outbox.Publishers(acme),
		Audit:    trail,
		Changed:  func(c outbox.Change) { published <- c },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- box.Run(ctx) }()

	cal := box.For("acme").As("claire")
	_, err = cal.Schedule(ctx, publish.Draft{Text: "L'atelier ouvre samedi."}, outbox.Now(), acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	for c := range published {
		fmt.Println(c.Account, c.State)
		if c.State == outbox.Published {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	// Output:
	// fake:acme sending
	// fake:acme published
}

func ExampleOpen() {
	_, err := outbox.Open(context.Background(), nil, outbox.Options{})
	fmt.Println(err)
	// Output: open outbox: nothing opens the accounts; set Options.Accounts, for instance to outbox.Publishers(…)
}

func ExamplePublishers() {
	acme := fake.New(fake.Options{}).Join("acme")
	open := outbox.Publishers(acme)
	_, err := open(context.Background(), parvis.Account{Network: "mastodon", Host: "mastodon.example", Handle: "acme"})
	fmt.Println(err)
	// Output: mastodon: open account: no publisher acts as this account; connect the account, or add its publisher to Options.Accounts
}

func ExampleSQLite() {
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = outbox.Open(context.Background(), outbox.SQLite(db), outbox.Options{Accounts: outbox.Publishers()})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleSQLTx() {
	s := newStage()
	tx, err := s.db.BeginTx(s.ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	// … rows of the program's own …
	e, err := s.cal.ScheduleTx(s.ctx, outbox.SQLTx(tx), publish.Draft{Text: "Commande prête"}, outbox.Now(), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	if err := tx.Rollback(); err != nil { // and all is as before
		log.Fatal(err)
	}
	_, err = s.cal.Get(s.ctx, e.ID)
	fmt.Println(errors.Is(err, parvis.ErrNotFound))
	// Output: true
}

func ExampleAt() {
	// A time that occurs twice is the first of the two; one that does not occur is read
	// with the offset before the gap.
	for _, wall := range []string{"2026-12-24 18:00", "2026-10-25 02:30", "2026-03-29 02:30"} {
		t, err := outbox.At("Europe/Paris", wall).Time()
		fmt.Println(t, err)
	}
	_, err := outbox.At("Europe/Atlantis", "2026-12-24 18:00").Time()
	fmt.Println(errors.Is(err, parvis.ErrInvalid))
	// Output:
	// 2026-12-24 18:00:00 +0100 CET <nil>
	// 2026-10-25 02:30:00 +0200 CEST <nil>
	// 2026-03-29 03:30:00 +0200 CEST <nil>
	// true
}

func ExampleOn() {
	fmt.Println(outbox.On(time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC)))
	// Output: 2026-12-24 17:00 UTC
}

func ExampleNow() {
	s := newStage()
	e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: "Tout de suite"}, outbox.Now(), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.At, e.State)
	// Output: 2026-12-01 08:00:00 +0000 UTC scheduled
}

func ExampleTo() {
	s := newStage()
	e, err := s.cal.Add(s.ctx, outbox.Plan{
		Draft: publish.Draft{Text: "Nous ouvrons samedi.", Lang: "fr"},
		Langs: map[string]publish.Override{"en": {Text: "We open on Saturday.", Lang: "en"}},
		When:  outbox.At("Europe/Paris", "2026-12-05 09:00"),
		Targets: []outbox.Target{
			outbox.To(s.acme.Account()).In("en"),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	s.until(e.At)
	fmt.Println(s.town.Posts()[0].Text.Plain)
	// Output: We open on Saturday.
}

func ExampleOnNetwork() {
	s := newStage()
	if err := s.box.Pause(s.ctx, outbox.OnNetwork("fake"), "outage", "claire"); err != nil {
		log.Fatal(err)
	}
	pauses, err := s.cal.Pauses(s.ctx)
	fmt.Println(pauses[0].Scope, pauses[0].Reason, err)
	// Output: fake outage <nil>
}

func ExampleOnAccount() {
	s := newStage()
	if err := s.cal.Pause(s.ctx, outbox.OnAccount(s.acme.Account()), "the account was hacked"); err != nil {
		log.Fatal(err)
	}
	e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: "Bonjour"}, outbox.Now(), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	s.until(s.now)
	e, err = s.cal.Get(s.ctx, e.ID)
	fmt.Println(e.State, "–", e.Targets[0].Reason, err)
	// Output: scheduled – paused: the account was hacked <nil>
}

func ExampleClient_Move() {
	s := newStage()
	e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: "Bonjour"}, outbox.At("Europe/Paris", "2026-12-05 09:00"), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	e, err = s.cal.Move(s.ctx, e.ID, outbox.At("Europe/Paris", "2026-12-06 09:00"))
	fmt.Println(e.When, err)
	// Output: 2026-12-06 09:00 Europe/Paris <nil>
}

func ExampleClient_Retry() {
	s := newStage()
	e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: "Bonjour"}, outbox.At("Europe/Paris", "2026-12-05 09:00"), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	s.until(e.At.Add(26 * time.Hour)) // the machine was down
	e, _ = s.cal.Get(s.ctx, e.ID)
	fmt.Println(e.State, "–", e.Targets[0].Reason)
	if _, err := s.cal.Retry(s.ctx, e.ID, e.Targets[0].ID); err != nil {
		log.Fatal(err)
	}
	s.until(s.now)
	e, _ = s.cal.Get(s.ctx, e.ID)
	fmt.Println(e.State)
	// Output:
	// held – its time was missed by 26h0m0s, 1h0m0s are allowed; let it out with Retry, give it a new time with Move, or Cancel it
	// published
}

func ExampleClient_Withdraw() {
	s := newStage()
	e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: "Offre valable aujourd'hui"}, outbox.Now(), s.acme.Account())
	if err != nil {
		log.Fatal(err)
	}
	s.until(s.now)
	fmt.Println(len(s.town.Posts()))
	if _, err := s.cal.Withdraw(s.ctx, e.ID, "wrong price"); err != nil {
		log.Fatal(err)
	}
	s.until(s.now)
	e, _ = s.cal.Get(s.ctx, e.ID)
	fmt.Println(len(s.town.Posts()), e.State, e.Targets[0].Reason)
	// Output:
	// 1
	// 0 withdrawn wrong price
}
