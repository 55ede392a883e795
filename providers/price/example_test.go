package price_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/price"
)

func ExampleNew() {
	month := price.Budget{Client: "acme", Network: "x", Amount: parvis.Amount{Unit: "USD", Micros: 300_000}, Per: price.Monthly}
	meter, _ := price.New(price.X(), &price.Options{Budgets: []price.Budget{month}})
	// Providers get it as providers.Options.Meter, and ask before each call.
	post := parvis.Call{Network: "x", Client: "acme", Item: "post create with link"}
	for range 2 {
		settle, err := meter.Reserve(context.Background(), post)
		if err != nil {
			fmt.Println(parvis.CodeOf(err))
			break
		}
		settle(1)
	}
	lines, _ := meter.Spent(context.Background(), price.Filter{Client: "acme"})
	fmt.Println(lines[0].Item, lines[0].Amount)
	// Output:
	// over budget
	// post create with link 0.2 USD
}

func ExampleOpen() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a database in memory belongs to its connection
	ledger, err := price.Open(context.Background(), price.SQLite(db))
	if err != nil {
		fmt.Println(err)
		return
	}
	meter, err := price.New(price.YouTube(), &price.Options{Ledger: ledger, Budgets: price.YouTubeQuota(time.UTC)})
	fmt.Println(meter.Left(context.Background(), parvis.Account{Network: "youtube"}))
	fmt.Println(err)
	// Output:
	// [10000 youtube units 100 youtube uploads 100 youtube searches] <nil>
	// <nil>
}

func ExampleNewMemory() {
	meter, err := price.New(price.X(), &price.Options{Ledger: price.NewMemory()})
	amount, ok := meter.Price(parvis.Call{Network: "x", Item: "post read", Things: 20})
	fmt.Println(amount, ok, err)
	// Output: 0.1 USD true <nil>
}

func ExampleX() {
	meter, err := price.New(price.X(), nil)
	plain, _ := meter.Price(parvis.Call{Network: "x", Item: "post create"})
	link, _ := meter.Price(parvis.Call{Network: "x", Item: "post create with link"})
	fmt.Println(plain, link, err)
	// Output: 0.015 USD 0.2 USD <nil>
}

func ExampleYouTube() {
	meter, err := price.New(price.YouTube(), nil)
	answer, _ := meter.Price(parvis.Call{Network: "youtube", Endpoint: "comments.insert"})
	read, _ := meter.Price(parvis.Call{Network: "youtube", Endpoint: "commentThreads.list"})
	fmt.Println(answer, read, err)
	// Output: 50 youtube units 1 youtube units <nil>
}

func ExampleYouTubeQuota() {
	for _, b := range price.YouTubeQuota(time.UTC) {
		fmt.Println(b.Amount, "a", b.Per)
	}
	// Output:
	// 10000 youtube units a day
	// 100 youtube uploads a day
	// 100 youtube searches a day
}

func ExampleSQLite() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	ledger, err := price.Open(context.Background(), price.SQLite(db))
	if err != nil {
		fmt.Println(err)
		return
	}
	meter, err := price.New(price.X(), &price.Options{Ledger: ledger})
	if err != nil {
		fmt.Println(err)
		return
	}
	settle, err := meter.Reserve(context.Background(), parvis.Call{Network: "x", Client: "acme", Item: "post create"})
	if err != nil {
		fmt.Println(err)
		return
	}
	settle(1) // the network took it
	fmt.Println(meter.Spent(context.Background(), price.Filter{Client: "acme"}))
	// Output: [{acme x post create 0.015 USD 1}] <nil>
}
