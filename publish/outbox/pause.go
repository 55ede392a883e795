package outbox

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// A Scope says what a pause or a blackout covers: everything of the client, or of one of
// its networks, or one account.
type Scope struct {
	Network parvis.Network `json:"network,omitempty"`
	Account parvis.Account `json:"account,omitzero"`
}

// Everything is all that there is.
var Everything = Scope{}

// OnNetwork is all on one network.
func OnNetwork(n parvis.Network) Scope { return Scope{Network: n} }

// OnAccount is all of one account.
func OnAccount(a parvis.Account) Scope { return Scope{Account: a} }

// A Pause is in force: nothing of its scope is sent or edited. Withdrawing goes on, and so
// does finding out what became of posts.
type Pause struct {
	// Client is empty if all clients pause.
	Client string `json:"client,omitempty"`
	Scope
	Reason string    `json:"reason"`
	Person string    `json:"person,omitempty"`
	Since  time.Time `json:"since"`

	lane string
}

// Pause stops everything of the scope at once, over all clients: also what is about to be
// sent, whose request is kept back at the last moment. What comes due meanwhile waits, and
// says why. The person is recorded, and asked of Options.Roles as "pause" for the client "*".
func (b *Outbox) Pause(ctx context.Context, s Scope, reason, person string) error {
	return b.For(everybody).As(person).pause(ctx, "", s, reason)
}

// Resume ends the pause of exactly this scope.
func (b *Outbox) Resume(ctx context.Context, s Scope, person string) error {
	return b.For(everybody).As(person).resume(ctx, "", s)
}

// everybody stands for all clients in records and questions to Options.Roles.
const everybody = "*"

// Pause stops everything of the scope at once, for this client; see [Outbox.Pause].
func (c *Client) Pause(ctx context.Context, s Scope, reason string) error {
	return c.pause(ctx, c.name, s, reason)
}

// Resume ends the client's pause of exactly this scope. What came due meanwhile is checked
// again: it goes out if it is within its tolerance, and is held for a person if not.
func (c *Client) Resume(ctx context.Context, s Scope) error { return c.resume(ctx, c.name, s) }

func (c *Client) pause(ctx context.Context, client string, s Scope, reason string) error {
	s, laneName, err := c.scope(client, s)
	if err != nil {
		return failed("pause", err)
	}
	if err := c.may(ctx, "pause"); err != nil {
		return err
	}
	return c.b.update(ctx, "pause", func(tx store.Tx) error {
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		if laneName != "" {
			if laneName, err = c.b.known(ctx, tx, s.Account); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO parvis_outbox_pauses (client, network, lane, reason, person, since) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (client, network, lane) DO UPDATE SET reason = excluded.reason, person = excluded.person`,
			client, string(s.Network), laneName, reason, c.who, toMicros(now))
		if err != nil {
			return err
		}
		return c.record(ctx, tx, parvis.Record{Time: now, Account: s.String(), Op: "pause", Outcome: "done", Reason: reason})
	})
}

func (c *Client) resume(ctx context.Context, client string, s Scope) error {
	s, laneName, err := c.scope(client, s)
	if err != nil {
		return failed("resume", err)
	}
	if err := c.may(ctx, "pause"); err != nil {
		return err
	}
	return c.b.update(ctx, "resume", func(tx store.Tx) error {
		if laneName != "" {
			if laneName, err = c.b.known(ctx, tx, s.Account); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, "DELETE FROM parvis_outbox_pauses WHERE client = ? AND network = ? AND lane = ?", client, string(s.Network), laneName)
		if err != nil || n == 0 {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		if err := c.record(ctx, tx, parvis.Record{Time: now, Account: s.String(), Op: "resume", Outcome: "done"}); err != nil {
			return err
		}
		return c.b.unpark(ctx, tx, reach{client, s.Network, laneName}, now)
	})
}

// scope checks that s lies within the client.
func (c *Client) scope(client string, s Scope) (Scope, string, error) {
	if s.Account == (parvis.Account{}) {
		return s, "", nil
	}
	if client == "" {
		client = s.Account.Client
	}
	if s.Account.Client != "" && s.Account.Client != client {
		return s, "", &parvis.Error{
			Network: s.Account.Network, Account: s.Account.String(), Code: parvis.ErrForeignClient,
			Message: "the account belongs to another client", Help: "use an account of " + c.name,
		}
	}
	s.Account.Client, s.Network = client, ""
	return s, laneOf(s.Account), nil
}

// known is the lane of an account that posts are there for under another of its names: by
// its identifier where only the handle is given, or the other way round.
func (b *Outbox) known(ctx context.Context, tx store.Tx, a parvis.Account) (string, error) {
	rows, err := tx.Query(ctx, "SELECT lane, account FROM parvis_outbox_lanes WHERE client = ? AND network = ?", a.Client, string(a.Network))
	if err != nil {
		return "", err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	name, found := laneOf(a), ""
	for rows.Next() {
		var lane string
		var raw []byte
		if err := rows.Scan(&lane, &raw); err != nil {
			return "", err
		}
		other, err := accountFrom(raw)
		if err != nil {
			return "", err
		}
		same := a.Handle != "" && other.Handle == a.Handle && other.Host == a.Host && (a.ID == "" || other.ID == "")
		if lane == name || same {
			found = lane
		}
		if lane == name {
			break
		}
	}
	if found == "" {
		found = name
	}
	return found, rows.Err()
}

// String names the scope.
func (s Scope) String() string {
	switch {
	case s.Account != (parvis.Account{}):
		return s.Account.String()
	case s.Network != "":
		return string(s.Network)
	}
	return "everything"
}

// reach is a scope as the tables have it; empty parts are all.
type reach struct {
	client  string
	network parvis.Network
	lane    string
}

// unpark lets go on what came due under a pause that is over. What another pause still
// covers parks itself again.
func (b *Outbox) unpark(ctx context.Context, tx store.Tx, over reach, now time.Time) error {
	rows, err := tx.Query(ctx, "SELECT "+targetColumns+` FROM parvis_outbox_targets t
		WHERE t.parked = 1 AND t.reason LIKE 'paused%' AND (? = '' OR t.client = ?) AND (? = '' OR t.network = ?) AND (? = '' OR t.lane = ?)`,
		over.client, over.client, string(over.network), string(over.network), over.lane, over.lane)
	if err != nil {
		return err
	}
	var ts []row
	for rows.Next() {
		t, err := scanTarget(rows)
		if err != nil {
			_ = rows.Close()
			return err
		}
		ts = append(ts, t)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_ = rows.Close()
	for i := range ts {
		t := &ts[i]
		t.Reason, t.Next = "", fromMicros(max(t.due, 1))
		if t.Do != DoPublish {
			t.Next = now
		}
		if _, err := t.save(ctx, tx, "next_at = 0"); err != nil {
			return err
		}
	}
	return b.wake(ctx, tx, now, ts)
}

// pausedFor returns the pause that covers a target, or nil.
func (b *Outbox) pausedFor(ctx context.Context, tx store.Tx, t *row) (*Pause, error) {
	var p Pause
	lock := "" // a pause that is just being ended is waited for
	if b.db.Dialect() == store.PostgreSQL && tx != store.Tx(b.db) {
		lock = " FOR SHARE"
	}
	err := tx.QueryRow(ctx, `SELECT client, reason FROM parvis_outbox_pauses
		WHERE (client = '' OR client = ?) AND (network = '' OR network = ?) AND (lane = '' OR lane = ?) LIMIT 1`+lock,
		t.client, string(t.Account.Network), t.lane).Scan(&p.Client, &p.Reason)
	if err == store.ErrNoRows {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// errPaused is what the fence says during a pause.
type errPaused struct{ reason string }

// Error says why nothing is sent.
func (e *errPaused) Error() string { return "paused: " + e.reason }

// Unwrap lets it be told from refusals of the network.
func (e *errPaused) Unwrap() error { return parvis.ErrConflict }

func (p *Pause) err() error { return &errPaused{p.Reason} }

// Pauses are those in force that concern the client, its own and those of everybody.
func (c *Client) Pauses(ctx context.Context) ([]Pause, error) {
	rows, err := c.b.db.Query(ctx, `SELECT client, network, lane, reason, person, since FROM parvis_outbox_pauses
		WHERE client = '' OR client = ? ORDER BY since`, c.name)
	if err != nil {
		return nil, failed("pauses", err)
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var ps []Pause
	for rows.Next() {
		var p Pause
		var network string
		var since int64
		if err := rows.Scan(&p.Client, &network, &p.lane, &p.Reason, &p.Person, &since); err != nil {
			return nil, failed("pauses", err)
		}
		p.Network, p.Since, p.Account = parvis.Network(network), fromMicros(since), accountOf(p.lane)
		ps = append(ps, p)
	}
	return ps, failed("pauses", rows.Err())
}
