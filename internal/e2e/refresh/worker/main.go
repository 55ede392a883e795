// Worker is one process of the torture: it takes tokens out of a shared vault and uses
// them, until it is told to stop or is killed. It prints what happens to accounts, one
// line each, and never a token.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/oauth2"
	_ "modernc.org/sqlite"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/providers/vault/vaultpg"
)

type options struct {
	db, server, key string
	accounts, lanes int
	skew, timeout   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.db, "db", "", "path of an SQLite database, or a postgres:// address")
	flag.StringVar(&o.server, "server", "", "address of the authorization server")
	flag.StringVar(&o.key, "key", "", "32 letters")
	flag.IntVar(&o.accounts, "accounts", 1, "how many accounts there are")
	flag.IntVar(&o.lanes, "lanes", 4, "how many uses at once")
	flag.DurationVar(&o.skew, "skew", 0, "how wrong this process' clock is")
	flag.DurationVar(&o.timeout, "timeout", 300*time.Millisecond, "patience with one refresh")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Println("FAILED", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { // the parent closes the input when it is over
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		stop()
	}()
	whole := context.WithoutCancel(ctx) // what has begun to open is opened, though the end may have come
	db, err := open(whole, o.db)
	if err != nil {
		return err
	}
	v, err := vault.Open(whole, db, vault.Key([]byte(o.key)), &vault.Options{
		Flows: []providers.Flow{flow(o.server)},
		Health: func(_ context.Context, h providers.Health) {
			fmt.Println("HEALTH", h.Account.ID, h.Condition, h.Code)
		},
		Tokens: providers.TokenOptions{
			Timeout: o.timeout, Lease: 2 * o.timeout, MinBackoff: 20 * time.Millisecond, MaxBackoff: 200 * time.Millisecond,
			Reread: 50 * time.Millisecond, Now: func() time.Time { return time.Now().Add(o.skew) },
		},
	})
	if err != nil {
		return err
	}
	fmt.Println("READY")
	var wg sync.WaitGroup
	for range o.lanes {
		wg.Go(func() {
			for ctx.Err() == nil {
				use(ctx, o, v.For("acme"), rand.IntN(o.accounts))
			}
		})
	}
	wg.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := v.Close(last); err != nil {
		return err
	}
	return final(last, o, v.For("acme"))
}

func open(ctx context.Context, dsn string) (vault.DB, error) {
	if !strings.HasPrefix(dsn, "postgres://") {
		db, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, err
		}
		return vault.SQLite(db), nil
	}
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return vaultpg.Pool(pool), nil
}

// flow is the network's, of which only the refreshing is used.
func flow(server string) providers.Flow {
	return &oauth.Code{
		Manifest: providers.Manifest{Network: "torture"},
		App:      oauth.App{ID: "app"},
		Server:   oauth.Server{Endpoint: oauth2.Endpoint{TokenURL: server + "/token", AuthURL: server + "/authorize"}, Rotates: true},
	}
}

func account(i int) parvis.Account {
	return parvis.Account{Client: "acme", Network: "torture", ID: fmt.Sprintf("a%d", i)}
}

// use shows the token of an account to the network, and asks for another if it is refused.
func use(ctx context.Context, o options, c *vault.Client, i int) {
	source := c.Tokens(account(i))
	t, err := source.Token(ctx)
	if err == nil && !shown(ctx, o, t) {
		_, err = source.Renew(ctx, t)
	}
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, parvis.ErrAuth):
		fmt.Println("REFUSED", account(i).ID)
		pause(ctx)
	default:
		pause(ctx)
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(1+rand.IntN(20)) * time.Millisecond):
	}
}

func shown(ctx context.Context, o options, t parvis.Token) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.server+"/use", http.NoBody)
	if err != nil {
		return true
	}
	r.Header.Set("Authorization", "Bearer "+t.Value)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return true
	}
	_ = resp.Body.Close()
	return resp.StatusCode != http.StatusUnauthorized
}

// final reports how many accounts can still be used, by this process alone or beside others.
func final(ctx context.Context, _ options, c *vault.Client) error {
	all, err := c.Accounts(ctx)
	if err != nil {
		return err
	}
	fmt.Println("DONE", len(all))
	return nil
}
