package outbox

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/jobs"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// Accounts opens the publisher that acts as an account. It is called for each account
// when the outbox turns to it, and is safe for concurrent use. An error that matches
// [parvis.ErrUnavailable] is tried again later; any other holds the account's posts for a
// person.
type Accounts func(ctx context.Context, a parvis.Account) (publish.Publisher, error)

// Publishers is the Accounts of a fixed set. A publisher whose account names no client
// serves any.
func Publishers(ps ...publish.Publisher) Accounts {
	find := make(map[string]publish.Publisher, len(ps))
	for _, p := range ps {
		for _, name := range namesOf(p.Account()) {
			find[name] = p
		}
	}
	return func(_ context.Context, a parvis.Account) (publish.Publisher, error) {
		anybody := a
		anybody.Client = ""
		for _, name := range append(namesOf(a), namesOf(anybody)...) {
			if p, ok := find[name]; ok {
				return p, nil
			}
		}
		return nil, &parvis.Error{
			Op: "open account", Network: a.Network, Account: a.String(), Code: parvis.ErrAuth,
			Message: "no publisher acts as this account", Help: "connect the account, or add its publisher to Options.Accounts",
		}
	}
}

// namesOf are the lanes that an account may be known by.
func namesOf(a parvis.Account) []string {
	names := []string{laneOf(a)}
	if a.ID != "" && a.Handle != "" {
		a.ID = ""
		names = append(names, laneOf(a))
	}
	return names
}

// Options are what an outbox needs to know. Accounts is required.
type Options struct {
	// Accounts opens the accounts that posts go to.
	Accounts Accounts
	// Audit gets a record of every act, in the act's own transaction if it keeps its
	// records in the same database (package moderate/audit does). An act whose record
	// fails does not happen.
	Audit parvis.Recorder
	// Roles are asked before each act of a person; nil lets everybody do everything.
	Roles parvis.Roles
	// Media are the file systems that stored drafts may name; see [File].
	Media map[string]fs.FS
	// Files takes copies of media that come from elsewhere; nil refuses such media.
	Files MediaStore
	// LinkKey signs the links of [Client.Link]; at least 32 random bytes, kept secret. nil
	// means that there are no links.
	LinkKey []byte
	// Late is the tolerance of plans that state none; 0 is one hour.
	Late time.Duration
	// Workers is how many accounts one process serves at a time; 0 is 16.
	Workers int
	// InFlight is how many posts of one account are sent at a time; 0 is 1, which keeps
	// their order.
	InFlight int
	// Lease is how long an account stays with a worker that is not heard of; 0 is 30 s.
	// Settle is how long a network may go on with a request whose sender is gone, so that
	// "it is not there" is believed only afterwards; 0 is 30 s.
	Lease, Settle time.Duration
	// Patience is how long a worker waits for a limit before it turns to another account;
	// 0 is 2 s.
	Patience time.Duration
	// Tries is how often a post is tried that the network surely did not take; 0 is 8. The
	// times between grow from 5 s to 15 min.
	Tries int
	// VerifyAfter is when a published post is read back; 0 is 10 s, less than 0 is never.
	VerifyAfter time.Duration
	// Horizon is how far ahead the occurrences of series are on the calendar; 0 is 90 days.
	Horizon time.Duration
	// Poll is how often an idle worker looks for work on SQLite; 0 is 200 ms.
	Poll time.Duration
	// Now is the clock that decides what is due; nil is the database's own, which all
	// workers share.
	Now func() time.Time
	// Changed is called after each change of a target in this process, from several
	// goroutines; it must be quick. Other processes see changes in [Client.Get].
	Changed func(Change)
	// Logger gets what goes wrong below; nil is none.
	Logger *slog.Logger
}

// A Change tells that a target has a new state.
type Change struct {
	Client, Entry, Target string
	Account               parvis.Account
	State                 State
	Reason                string
}

// An Outbox keeps the calendars of all clients. It is safe for concurrent use.
type Outbox struct {
	db      DB
	engine  jobs.Engine
	opt     Options
	commits *committer
	busy    atomic.Int64 // accounts that are being served
}

// Open brings the tables up to date, River's included, and returns the outbox. Any number
// of processes may open one database. It starts nothing: see [Outbox.Run].
func Open(ctx context.Context, db DB, opts Options) (*Outbox, error) {
	if opts.Accounts == nil {
		return nil, &parvis.Error{
			Op: "open outbox", Code: parvis.ErrInvalid, Message: "nothing opens the accounts",
			Help: "set Options.Accounts, for instance to outbox.Publishers(…)",
		}
	}
	if n := len(opts.LinkKey); n > 0 && n < 32 {
		return nil, &parvis.Error{
			Op: "open outbox", Code: parvis.ErrInvalid, Message: "the key for links is too short",
			Help: "use at least 32 random bytes",
		}
	}
	opts.defaults()
	if err := store.Migrate(ctx, db, room, migrations); err != nil {
		return nil, err
	}
	b := &Outbox{db: db, opt: opts}
	b.commits = &committer{b: b, most: 1, queries: map[int]string{}}
	if db.Dialect() == store.PostgreSQL {
		b.commits.most = 3
	}
	engine, err := db.Open(ctx, jobs.Config{
		Room: room, Work: b.work, Workers: opts.Workers, Poll: opts.Poll, Longest: longest, Logger: opts.Logger,
	})
	if err != nil {
		return nil, err
	}
	b.engine = engine
	return b, nil
}

// longest is how long one turn at an account may take: the largest uploads.
const longest = 12 * time.Hour

func (o *Options) defaults() {
	defaultTo(&o.Late, time.Hour)
	defaultTo(&o.Workers, 16)
	defaultTo(&o.InFlight, 1)
	defaultTo(&o.Lease, 30*time.Second)
	defaultTo(&o.Settle, 30*time.Second)
	defaultTo(&o.Patience, 2*time.Second)
	defaultTo(&o.Tries, 8)
	defaultTo(&o.VerifyAfter, 10*time.Second)
	defaultTo(&o.Horizon, 90*24*time.Hour)
	defaultTo(&o.Poll, 200*time.Millisecond)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func defaultTo[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// A Client is the calendar of one client: it sees nothing of any other. It is cheap to make
// and safe for concurrent use.
type Client struct {
	b    *Outbox
	name string
	who  string
}

// For returns the calendar of a client.
func (b *Outbox) For(client string) *Client { return &Client{b: b, name: client} }

// As returns the calendar for a person, as the application names its people: who does
// what is recorded, asked of Options.Roles, and counted for approvals.
func (c *Client) As(person string) *Client { return &Client{c.b, c.name, person} }

// may asks the roles.
func (c *Client) may(ctx context.Context, act string) error {
	if c.name == "" {
		return &parvis.Error{Op: act, Code: parvis.ErrInvalid, Message: "the calendar belongs to no client", Help: `use Outbox.For("acme")`}
	}
	if c.b.opt.Roles == nil {
		return nil
	}
	if err := c.b.opt.Roles.May(ctx, c.who, act, c.name); err != nil {
		return parvis.In(err, parvis.Account{Client: c.name}, act, parvis.ErrPermission)
	}
	return nil
}

// now is the time by the clock that decides what is due.
func (b *Outbox) now(ctx context.Context, tx store.Tx) (time.Time, error) {
	if b.opt.Now != nil {
		return b.opt.Now(), nil
	}
	var us int64
	if err := tx.QueryRow(ctx, "SELECT "+b.db.Dialect().Now()).Scan(&us); err != nil {
		return time.Time{}, err
	}
	return fromMicros(us), nil
}

// record keeps a record in tx, with the client and the person of c.
func (c *Client) record(ctx context.Context, tx store.Tx, r parvis.Record) error {
	r.Client, r.Actor = c.name, c.who
	return c.b.record(ctx, tx, r)
}

func (b *Outbox) record(ctx context.Context, tx store.Tx, r parvis.Record) error {
	if b.opt.Audit == nil {
		return nil
	}
	return b.opt.Audit.Record(store.With(ctx, b.db, tx), r)
}

// newID returns a random identifier that sorts by the time now.
func newID(now time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(now.UnixMicro())<<8)
	_, _ = rand.Read(raw[7:])
	return idEncoding.EncodeToString(raw[:])
}

// idEncoding keeps the order of the bytes.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
