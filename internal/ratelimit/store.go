package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/parvis-go/parvis/internal/store"
)

// Store keeps the states of buckets in a database, where several processes change them in turn.
type Store struct{ db store.DB }

// room is the name of the tables' versions.
const room = "ratelimit"

// migrations are the steps of the tables. A state is JSON, which only this package reads.
var migrations = []store.Migration{{
	`CREATE TABLE parvis_ratelimit (bucket TEXT PRIMARY KEY, state TEXT NOT NULL, touched BIGINT NOT NULL)`,
	`CREATE INDEX parvis_ratelimit_touched ON parvis_ratelimit (touched)`,
}}

// unused is how long a row is kept that nobody touches: longer than the longest window.
const unused = 49 * time.Hour

// OpenStore brings the tables up to date.
func OpenStore(ctx context.Context, db store.DB) (*Store, error) {
	if err := store.Migrate(ctx, db, room, migrations); err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// wish is what a process wants of a bucket, and what it has learned.
type wish struct {
	reports []report // their resets and times are by the process's clock, which shows now
	now     int64
	back    int // leased and not used
	cost    int // 0 leases nothing
	want    int
	urgent  bool
}

// loan is what it gets.
type loan struct {
	units  int
	wait   int64 // until there is more, if units is 0
	share  float64
	prompt bool // others wait for the answers to what was lent
}

// sync tells a bucket what a process has learned, and leases from it.
func (st *Store) sync(ctx context.Context, key string, r *rule, w *wish) (l loan, err error) {
	key = column(key)
	err = st.db.Update(ctx, func(tx store.Tx) error {
		now, s, err := st.load(ctx, tx, key)
		if err != nil {
			return err
		}
		for _, p := range w.reports {
			if p.Reset != 0 {
				p.Reset = now + p.Reset - w.now
			}
			p.apply(s, r, now)
		}
		if w.back > 0 {
			s.giveBack(r, w.back)
		}
		l = s.lend(r, now, w)
		return st.save(ctx, tx, key, now, s)
	})
	return l, err
}

// longest is how long a key may be in the database, whose index has a bound.
const longest = 500

// column is a key as the database takes it: valid text that is not too long.
func column(key string) string {
	key = strings.ToValidUTF8(strings.ReplaceAll(key, "\x00", ""), "")
	if len(key) > longest {
		sum := sha256.Sum256([]byte(key))
		key = strings.ToValidUTF8(key[:longest-64], "") + hex.EncodeToString(sum[:])
	}
	return key
}

// load returns a bucket's state, locked, and the time by the database's clock.
func (st *Store) load(ctx context.Context, tx store.Tx, key string) (int64, *state, error) {
	query := "SELECT state FROM parvis_ratelimit WHERE bucket = ?"
	if st.db.Dialect() == store.PostgreSQL {
		query += " FOR UPDATE"
	}
	var text string
	err := tx.QueryRow(ctx, query, key).Scan(&text)
	if errors.Is(err, store.ErrNoRows) {
		_, err = tx.Exec(ctx, "INSERT INTO parvis_ratelimit (bucket, state, touched) VALUES (?, '{}', "+st.db.Dialect().Now()+
			") ON CONFLICT (bucket) DO NOTHING", key)
		if err != nil {
			return 0, nil, err
		}
		err = tx.QueryRow(ctx, query, key).Scan(&text)
	}
	if err != nil {
		return 0, nil, err
	}
	var now int64
	if err := tx.QueryRow(ctx, "SELECT "+st.db.Dialect().Now()).Scan(&now); err != nil {
		return 0, nil, err
	}
	s := &state{}
	return now * int64(time.Microsecond), s, json.Unmarshal([]byte(text), s)
}

func (st *Store) save(ctx context.Context, tx store.Tx, key string, now int64, s *state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE parvis_ratelimit SET state = ?, touched = ? WHERE bucket = ?", string(text), now/int64(time.Microsecond), key)
	return err
}

// forget deletes the rows that nobody has touched for long.
func (st *Store) forget(ctx context.Context) error {
	_, err := st.db.Exec(ctx, "DELETE FROM parvis_ratelimit WHERE touched < "+st.db.Dialect().Now()+" - ?", unused.Microseconds())
	return err
}

// lend takes as many units as leave enough for the others: a thirty-second of what is
// left, or what the one call costs.
func (s *state) lend(r *rule, now int64, w *wish) loan {
	s.settle(r, now)
	tight := s.serial(r, now) || !s.Probed && (r.Announced || s.Told != 0 || s.Refused != 0)
	l := loan{share: s.share(r, now), prompt: tight}
	if w.cost == 0 {
		return l
	}
	if l.wait = s.wait(r, now, ask{cost: w.cost, urgent: w.urgent}); l.wait > 0 {
		switch {
		case s.Hold > now:
		case s.alone(r, now) > 0:
			l.wait = min(l.wait, pollEvery) // another process's answer is awaited
		case s.Open.N > 0 && s.Left > 0:
			l.wait = min(l.wait, 10*pollEvery) // what another has leased may come back
		}
		return l
	}
	l.units = w.cost
	if !tight {
		free := s.free(r, w.urgent)
		l.units = max(w.cost, min(free/32, max(w.want, leastBatch), mostBatch))
	}
	s.take(r, now, l.units)
	return l
}

// free is how much may be taken now.
func (s *state) free(r *rule, urgent bool) int {
	limit := s.max(r)
	keep := 0
	if !urgent {
		keep = int(r.reserve * float64(limit))
	}
	switch {
	case r.Kind == Usage:
		return 0
	case r.Kind == Tokens:
		return int(s.Level) - keep
	case limit == 0 || s.windowed(r) && s.Reset == 0:
		return unlimited
	case s.windowed(r):
		return s.Left - s.Open.N - s.others(r) - keep
	}
	return limit - s.Log.N - s.Open.N - keep
}
