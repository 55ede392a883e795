package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
)

// memory opens a trail that ends with the program.
func memory() (*audit.Trail, func() error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	trail, err := audit.Open(context.Background(), audit.SQLite(db))
	if err != nil {
		panic(err)
	}
	return trail, db.Close
}

func ExampleOpen() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	trail, err := audit.Open(ctx, audit.SQLite(db))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trail.Record(ctx, parvis.Record{Time: time.Now(), Client: "acme", Account: "fake:acme", Op: "publish"}))
	_, err = db.Exec("DELETE FROM parvis_audit")
	fmt.Println(err != nil)
	// Output:
	// <nil>
	// true
}

func ExampleSQLite() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	fmt.Println(audit.SQLite(db).Dialect())
	// Output: sqlite
}

func ExampleTrail_Record() {
	ctx := context.Background()
	trail, end := memory()
	defer end()
	// publish.Outcome and moderate.Act make such records of themselves.
	err := trail.Record(ctx, parvis.Record{
		Time: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC), Client: "acme", Account: "mastodon:acme@mastodon.example",
		Actor: "amira", Op: "hide", Outcome: "done", Reason: "advertising",
		Ref: parvis.Ref{Client: "acme", Network: "mastodon", Host: "mastodon.example", Kind: parvis.KindPost, ID: "17"},
	})
	fmt.Println(err)
	err = trail.Record(ctx, parvis.Record{Client: "acme", Op: "hide"})
	fmt.Println(err)
	// Output:
	// <nil>
	// record: the record has no time; set Time to when the act was done
}

func ExampleClient_Records() {
	ctx := context.Background()
	trail, end := memory()
	defer end()
	day := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	err := trail.RecordAll(ctx, []parvis.Record{
		{Time: day, Client: "acme", Account: "mastodon:acme@mastodon.example", Actor: "amira", Op: "publish", Outcome: "published"},
		{Time: day, Client: "bellavista", Account: "bluesky:bella", Actor: "ben", Op: "publish", Outcome: "published"},
		{Time: day.Add(time.Hour), Client: "acme", Account: "mastodon:acme@mastodon.example", Actor: "amira", Op: "delete", Outcome: "done"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range trail.For("acme").Records(ctx, audit.Query{Actor: "amira", Newest: true, Limit: 10}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Seq, e.Time.Format(time.TimeOnly), e.Actor, e.Op, e.Outcome)
	}
	// Output:
	// 3 10:00:00 amira delete done
	// 1 09:00:00 amira publish published
}
