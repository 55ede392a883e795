package providers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
)

// The pages on which people connect accounts for one client. A program puts them behind
// its own login.
func ExampleConnect() {
	town := fake.New(fake.Options{})
	mux := http.NewServeMux()
	mux.Handle("/consent", town.ConsentPage()) // a real network has its own
	done := func(_ context.Context, accounts []parvis.Account) error {
		fmt.Println("connected:", accounts)
		return nil
	}
	pages, err := providers.Connect(providers.Memory("acme"), []providers.Flow{town.Flow("https://desk.example/consent")},
		&providers.ConnectOptions{Base: "https://desk.example/connect/", Done: done})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/connect/", pages)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/connect/", http.NoBody))
	page, _ := io.ReadAll(w.Body)
	fmt.Println(w.Code, strings.Contains(string(page), "Fake"))
	// Output: 200 true
}

func ExampleDisconnect() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	k, account := providers.Memory("acme"), town.Join("acme").Account()
	account.Client = "acme"
	_, _ = k.Save(ctx, account, town.Token("acme"))

	flows := []providers.Flow{town.Flow("https://desk.example/consent")}
	fmt.Println(providers.Disconnect(ctx, k, flows, account))
	_, err := k.Load(ctx, account)
	fmt.Println(err)
	// Output:
	// <nil>
	// fake: load token: the account is not connected; connect it first
}

func ExampleProbe() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Add(fake.Member{Handle: "acme", Scopes: []string{"read", "write"}})
	h, err := providers.Probe(ctx, acme)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Condition, "·", h.Why)
	for _, l := range h.Lacks {
		fmt.Println("without", l.Scope, "there is no", l.Powers)
	}
	// Output:
	// limited · not all scopes were granted
	// without moderate there is no [moderate moderate.pending moderate.log]
}

func ExampleHealthOf() {
	a := parvis.Account{Network: "fake", Handle: "acme"}
	h := providers.HealthOf(a, &parvis.Error{Code: parvis.ErrAuth, Message: "the token was revoked"})
	fmt.Printf("%s: %s; %s\n", h.Condition, h.Why, h.Help)
	// Output: lost: the token was revoked; connect the account again
}

func ExampleWatch() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.Inject(fake.Fault{Kind: fake.VersionRetired, Op: "probe", Times: -1})
	for h := range providers.Watch(context.Background(), []providers.Provider{acme}, nil) {
		fmt.Println(h.Account, "is", h.Condition)
		break
	}
	// Output: fake:acme is outdated
}
