package calendar

import (
	"context"
	"database/sql"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite" // the driver of [Setup.DB]

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/moderate/audit/auditpg"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
	"github.com/parvis-go/parvis/publish/outbox/outboxpg"
)

// A DB is the database of a calendar.
type DB struct {
	outbox outbox.DB
	audit  audit.DB
	close  func()
}

// Open opens the database of a setup. Who has opened it closes it.
func Open(ctx context.Context, set Setup) (*DB, error) {
	if strings.HasPrefix(set.DB, "postgres://") {
		cfg, err := pgxpool.ParseConfig(set.DB)
		if err != nil {
			return nil, err
		}
		cfg.MaxConns = 16
		pool, err := pgxpool.NewWithConfig(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return &DB{outboxpg.Pool(pool), auditpg.Pool(pool), pool.Close}, nil
	}
	address := set.DB + "?_pragma=busy_timeout(10000)"
	if set.Journal != "" {
		address += "&_pragma=journal_mode(" + set.Journal + ")"
	}
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &DB{outbox.SQLite(db), audit.SQLite(db), func() { _ = db.Close() }}, nil
}

// Close closes the database.
func (d *DB) Close() { d.close() }

// Outbox opens the outbox, with the trail of the same database.
func (d *DB) Outbox(ctx context.Context, opts outbox.Options) (*outbox.Outbox, error) {
	trail, err := d.Trail(ctx)
	if err != nil {
		return nil, err
	}
	opts.Audit = trail
	return outbox.Open(ctx, d.outbox, opts)
}

// Trail opens the audit trail.
func (d *DB) Trail(ctx context.Context) (*audit.Trail, error) { return audit.Open(ctx, d.audit) }

// Left counts the targets that the outbox will turn to again.
func (d *DB) Left(ctx context.Context) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err = d.outbox.QueryRow(ctx, "SELECT count(*) FROM parvis_outbox_targets WHERE next_at > 0").Scan(&n)
	return n, err
}

// Versions returns how often each target was stored.
func (d *DB) Versions(ctx context.Context) (map[string]int, error) {
	rows, err := d.outbox.Query(ctx, "SELECT id, version FROM parvis_outbox_targets")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}

// Options are those of the outbox of a setup, but for its database.
func Options(set Setup) (outbox.Options, error) {
	ps, err := publishers(set)
	o := outbox.Options{
		Accounts: outbox.Publishers(ps...), Workers: set.Workers, Lease: set.Lease, Settle: set.Settle,
		Patience: set.Patience, Poll: set.Poll, VerifyAfter: set.VerifyAfter,
	}
	if set.Media != "" {
		o.Media = map[string]fs.FS{Assets: os.DirFS(set.Media)}
	}
	return o, err
}

// Assets is what drafts call the folder Setup.Media.
const Assets = "assets"

func publishers(set Setup) ([]publish.Publisher, error) {
	opts := &providers.Options{
		// The networks count when nobody is connected to them any more.
		HTTPClient: &http.Client{Transport: &http.Transport{IdleConnTimeout: time.Second}},
		Timeout:    set.Timeout, Retry: providers.Retry{MinWait: 50 * time.Millisecond},
	}
	var ps []publish.Publisher
	for _, x := range set.Towns {
		p, err := fakenet.Open(x.URL, x.Account, x.Class, opts)
		if err != nil {
			return nil, err
		}
		if x.UploadFirst {
			p = p.UploadFirst()
		}
		ps = append(ps, p)
	}
	for _, x := range set.Sites {
		p, err := x.Open(opts)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	for _, x := range set.Homes {
		p, err := bluesky.New(bluesky.Config{Tokens: parvis.StaticToken(x.Token), Client: Client, Account: x.Account, Server: x.Server, Video: x.Server}, opts)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// Open opens the account. Its absence is believed at once: what is tested is the patience
// of the outbox.
func (x Site) Open(opts *providers.Options) (*wordpress.Client, error) {
	return wordpress.New(wordpress.Config{Site: x.URL, User: x.User, Password: x.Password, Client: Client, Settle: -1}, opts)
}
