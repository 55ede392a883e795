package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver

	"github.com/parvis-go/parvis/internal/e2e/servers/postgres"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/moderate/audit/auditpg"
	"github.com/parvis-go/parvis/publish/outbox"
	"github.com/parvis-go/parvis/publish/outbox/outboxpg"
)

// A place is an empty database: as the outbox, the audit trail and bare River take it.
type place struct {
	box   outbox.DB
	trail audit.DB
	river riverQueue
}

// An engine is a kind of database with its settings.
type engine struct {
	name string
	open func(*testing.B) place
}

var (
	sqliteNormal = engine{"sqlite-normal", func(b *testing.B) place { return sqlitePlace(b, "NORMAL") }}
	sqliteFull   = engine{"sqlite-full", func(b *testing.B) place { return sqlitePlace(b, "FULL") }}
	postgresql   = engine{"postgresql", func(b *testing.B) place { return poolPlace(openPool(b, newDatabase(b), 20)) }}
)

// sqlitePlace is a file with a write-ahead log, and the one connection that River's driver wants.
func sqlitePlace(b *testing.B, synchronous string) place {
	b.Helper()
	file := filepath.Join(b.TempDir(), "outbox.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	return place{outbox.SQLite(db), audit.SQLite(db), newRiver(riversqlite.New(db))}
}

func poolPlace(pool *pgxpool.Pool) place {
	return place{outboxpg.Pool(pool), auditpg.Pool(pool), newRiver(riverpgxv5.New(pool))}
}

func openPool(b *testing.B, database string, connections int) *pgxpool.Pool {
	b.Helper()
	pool, err := newPool(b.Context(), database, connections)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

func newPool(ctx context.Context, database string, connections int) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(connections)
	return pgxpool.NewWithConfig(ctx, cfg)
}

// started is the PostgreSQL of this run, if it needed one.
var started atomic.Pointer[postgres.Server]

// serverURL is -postgres, or the address of a server that is started with the settings
// under which what is committed is kept: those of the tests would flatter.
func serverURL(b *testing.B) string {
	b.Helper()
	if *postgresURL != "" {
		return *postgresURL
	}
	if started.Load() == nil {
		s, err := postgres.Start(b.Context(), "fsync=on", "synchronous_commit=on", "full_page_writes=on")
		if err != nil {
			b.Fatal(err)
		}
		started.Store(s)
	}
	return started.Load().URL("postgres")
}

func stopPostgres() {
	if s := started.Load(); s != nil {
		_ = s.Close() // it leaves nothing that is wanted
	}
}

// newDatabase makes a database, which is dropped when b ends, and returns its address.
func newDatabase(b *testing.B) string {
	b.Helper()
	at := serverURL(b)
	name := "bench" + strings.ToLower(rand.Text())
	administer := func(ctx context.Context, statement string) {
		conn, err := pgx.Connect(ctx, at)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	administer(b.Context(), "CREATE DATABASE "+name)
	b.Cleanup(func() { administer(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(at)
	if err != nil {
		b.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// perSecond is the rate of n things in a time.
func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

func label(n int, of string) string { return strconv.Itoa(n) + "-" + of }
