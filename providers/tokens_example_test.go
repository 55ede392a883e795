package providers_test

import (
	"context"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// mint renews every token. In life it is the flow of a network.
type mint struct{}

func (mint) Refresh(context.Context, parvis.Account, parvis.Token) (parvis.Token, error) {
	return parvis.Token{Value: "…", Expiry: time.Now().Add(2 * time.Hour)}, nil
}

func ExampleNewTokenPool() {
	ctx := context.Background()
	store := providers.Memory("acme")
	account := parvis.Account{Client: "acme", Network: "x", ID: "7", Handle: "acme"}
	_, _ = store.Save(ctx, account, parvis.Token{Value: "…", Refresh: "…", Expiry: time.Now().Add(-time.Minute)})

	pool := providers.NewTokenPool(store, mint{}, nil)
	token, err := pool.Tokens(account).Token(ctx)
	fmt.Println(token, token.Valid(time.Now()), err)
	fmt.Println(pool.Close(ctx))
	// Output:
	// token [redacted] true <nil>
	// <nil>
}

func ExampleMemory() {
	store := providers.Memory("acme")
	_, err := store.Load(context.Background(), parvis.Account{Client: "globex", Network: "x", ID: "7"})
	fmt.Println(err)
	// Output: x: load token: the account belongs to another client; use the store of its own client
}

func ExampleRefreshers() {
	r := providers.Refreshers() // in life the flows of the networks
	_, err := r.Refresh(context.Background(), parvis.Account{Network: "x", ID: "7"}, parvis.Token{})
	fmt.Println(err)
	// Output: x: refresh: no flow is configured that renews this token; pass the flow of x that connected the account, with its application's settings
}

func ExampleFlowOf() {
	fmt.Println(providers.FlowOf(nil, parvis.Account{Network: "x"}, parvis.Token{}))
	// Output: <nil>
}

func ExampleCheckAccount() {
	fmt.Println(providers.CheckAccount("acme", "keep", parvis.Account{Client: "acme", Network: "x"}))
	// Output: x: keep: the account has no ID; ask the network who it is first
}
