package vault_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the program chooses the driver

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
)

// memory opens a database that is gone with its last connection.
func memory(name string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+name+"?mode=memory&cache=shared")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// newKey stands for the key that a program keeps outside its database.
func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

func ExampleOpen() {
	ctx := context.Background()
	db := memory("ExampleOpen")
	defer db.Close()
	v, err := vault.Open(ctx, vault.SQLite(db), vault.Key(newKey()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close(ctx)

	acme := v.For("acme")
	account, err := acme.Keep(ctx, parvis.Account{Network: "bluesky", ID: "did:plc:7", Handle: "acme.example"}, parvis.Token{Value: "…"})
	fmt.Println(account, err)
	token, err := acme.Tokens(account).Token(ctx) // refreshed if need be
	fmt.Println(token, err)
	_, err = v.For("globex").Load(ctx, account)
	fmt.Println(err)
	// Output:
	// bluesky:acme.example <nil>
	// token [redacted] <nil>
	// bluesky: load token: the account belongs to another client; use the store of its own client
}

func ExampleSQLite() {
	db := memory("ExampleSQLite") // in life: sql.Open("sqlite", "file:tokens.db?_pragma=journal_mode(WAL)")
	defer db.Close()
	v, err := vault.Open(context.Background(), vault.SQLite(db), vault.Key(newKey()), nil)
	fmt.Println(v, err)
	// Output: vault <nil>
}

func ExampleKey() {
	db := memory("ExampleKey")
	defer db.Close()
	_, err := vault.Open(context.Background(), vault.SQLite(db), vault.Key([]byte("too short")), nil)
	fmt.Println(err)
	// Output: open vault: key 1 has 9 bytes, and must have 32; make one with a source of randomness, such as crypto/rand or openssl rand, and keep it outside the database
}

func ExampleKeys() {
	ctx := context.Background()
	db := memory("ExampleKeys")
	defer db.Close()
	first, second := newKey(), newKey()
	for _, keys := range []vault.KeyService{vault.Key(first), vault.Keys(second, first)} {
		_, err := vault.Open(ctx, vault.SQLite(db), keys, nil)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
}

func ExampleVault_Rotate() {
	ctx := context.Background()
	db := memory("ExampleVault_Rotate")
	defer db.Close()
	first, second := newKey(), newKey()
	v, _ := vault.Open(ctx, vault.SQLite(db), vault.Key(first), nil)
	account, _ := v.For("acme").Keep(ctx, parvis.Account{Network: "x", ID: "7"}, parvis.Token{Value: "…"})

	v, _ = vault.Open(ctx, vault.SQLite(db), vault.Keys(second, first), nil)
	fmt.Println(v.Rotate(ctx))

	v, _ = vault.Open(ctx, vault.SQLite(db), vault.Key(second), nil) // the old key can go
	token, err := v.For("acme").Load(ctx, account)
	fmt.Println(token, err)
	_, err = vault.Open(ctx, vault.SQLite(db), vault.Key(first), nil)
	fmt.Println(parvis.CodeOf(err))
	// Output:
	// <nil>
	// token [redacted] <nil>
	// invalid
}

func ExampleClient_OffBoard() {
	ctx := context.Background()
	db := memory("ExampleClient_OffBoard")
	defer db.Close()
	v, _ := vault.Open(ctx, vault.SQLite(db), vault.Key(newKey()), nil) // without flows
	acme := v.For("acme")
	_, _ = acme.Keep(ctx, parvis.Account{Network: "x", ID: "7"}, parvis.Token{Value: "…"})
	report, err := acme.OffBoard(ctx)
	for _, d := range report {
		fmt.Println(d.Account, d.Revoked, d.Erased, d.Help)
	}
	n, _ := acme.Erase(ctx)
	fmt.Println(n, err)
	// Output:
	// x:7 false false pass the flow of x and call OffBoard again, or revoke by hand and call Erase
	// 1 <nil>
}

func ExampleClient_Put() {
	ctx := context.Background()
	db := memory("ExampleClient_Put")
	defer db.Close()
	v, _ := vault.Open(ctx, vault.SQLite(db), vault.Key(newKey()), nil)
	acme := v.For("acme")
	fmt.Println(acme.Put(ctx, "state", []byte("verifier"), 10*time.Minute))
	pending, err := acme.Take(ctx, "state")
	fmt.Println(string(pending), err)
	_, err = acme.Take(ctx, "state")
	fmt.Println(parvis.CodeOf(err))
	// Output:
	// <nil>
	// verifier <nil>
	// not found
}

func ExampleVault_Remember() {
	ctx := context.Background()
	db := memory("ExampleVault_Remember")
	defer db.Close()
	v, _ := vault.Open(ctx, vault.SQLite(db), vault.Key(newKey()), nil)
	fmt.Println(v.Remember(ctx, "https://mastodon.example", []byte("client id and secret")))
	app, err := v.Recall(ctx, "https://mastodon.example")
	fmt.Println(string(app), err)
	// Output:
	// <nil>
	// client id and secret <nil>
}
