package vault

import (
	"context"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/providers"
)

// rows is the store of the accounts of all clients, below the handles that keep them apart.
type rows struct {
	db   DB
	ring *ring
	now  func() time.Time
}

// where finds the row of an account; its arguments are those of key.
const where = " WHERE client = ? AND network = ? AND host = ? AND id = ?"

// key returns more and then the arguments of where.
func key(a parvis.Account, more ...any) []any {
	return append(more, a.Client, string(a.Network), a.Host, a.ID)
}

// row is a row of the table of tokens, with the database's clock at the time of reading.
type row struct {
	version, expiry, issued, keySeq     int64
	intent, lost, leaving, leased, time int64
	lease, health                       string
	sealed                              []byte
}

func (r *rows) read(ctx context.Context, tx store.Tx, a parvis.Account, lock string) (row, error) {
	var w row
	err := tx.QueryRow(ctx, `SELECT version, expiry, issued, key_seq, intent, lost, leaving, lease_until, lease, health, sealed, `+
		r.db.Dialect().Now()+` FROM parvis_vault_tokens`+where+locked(r.db.Dialect(), lock), key(a)...).
		Scan(&w.version, &w.expiry, &w.issued, &w.keySeq, &w.intent, &w.lost, &w.leaving, &w.leased, &w.lease, &w.health, &w.sealed, &w.time)
	if errors.Is(err, store.ErrNoRows) {
		return w, &parvis.Error{
			Op: "load token", Network: a.Network, Account: a.String(), Code: parvis.ErrNotFound,
			Message: "the account is not connected", Help: "connect it first",
		}
	}
	return w, storeError("load token", err)
}

// Load implements [parvis.TokenStore].
func (r *rows) Load(ctx context.Context, a parvis.Account) (parvis.Token, error) {
	st, err := r.Look(ctx, a)
	return st.Token, err
}

// Look implements [providers.Leaser].
func (r *rows) Look(ctx context.Context, a parvis.Account) (providers.Standing, error) {
	w, err := r.read(ctx, r.db, a, "")
	if err != nil {
		return providers.Standing{}, err
	}
	now := r.now()
	k, err := r.ring.get(ctx, w.keySeq)
	if err != nil {
		return providers.Standing{}, err
	}
	t, err := openToken(k, a, w.version, w.sealed)
	if err != nil {
		return providers.Standing{}, err
	}
	// What counts is how long from now on by the database's clock: this process's own may be wrong.
	here := func(db int64) time.Time { return now.Add(time.Duration(db-w.time) * time.Microsecond) }
	if w.expiry != 0 {
		t.Expiry = here(w.expiry)
	}
	return providers.Standing{
		Token: t, Issued: here(w.issued), Lost: w.lostHealth(a),
		Skew: time.UnixMicro(w.time).Sub(now),
	}, nil
}

// lostHealth says why the token cannot be used, or is zero.
func (w row) lostHealth(a parvis.Account) (h providers.Health) {
	switch {
	case w.leaving != 0:
		return providers.Health{
			Account: a, Condition: providers.Lost, Time: time.UnixMicro(w.leaving), Code: parvis.ErrAuth,
			Why:  "the client is being off-boarded",
			Help: "connect the account again if it is to stay; else call OffBoard again, or Erase",
		}
	case w.lost != w.version:
		return h
	}
	if json.Unmarshal([]byte(w.health), &h) != nil || h.Condition != providers.Lost {
		h = providers.Health{Condition: providers.Lost, Code: parvis.ErrAuth, Why: "the grant is gone", Help: "somebody must connect the account again"}
	}
	h.Account = a
	return h
}

// Save implements [parvis.TokenStore]. A saved token ends the lease, and makes a lost
// account alive.
func (r *rows) Save(ctx context.Context, a parvis.Account, t parvis.Token) (version int64, err error) {
	err = r.ring.sealing(ctx, func(tx store.Tx, seq int64, k cipher.AEAD) (err error) {
		version, err = r.put(ctx, tx, a, t, sealer{seq, k})
		return err
	})
	return version, storeError("save token", err)
}

// sealer is a data key and its number.
type sealer struct {
	seq  int64
	aead cipher.AEAD
}

// put writes t as the version after t.Version. The first version is the time, so that
// versions of an account that was deleted and connected again are not used twice.
func (r *rows) put(ctx context.Context, tx store.Tx, a parvis.Account, t parvis.Token, s sealer) (int64, error) {
	var now, expiry int64
	if err := tx.QueryRow(ctx, "SELECT "+r.db.Dialect().Now()).Scan(&now); err != nil {
		return 0, err
	}
	if !t.Expiry.IsZero() {
		expiry = now + t.Expiry.Sub(r.now()).Microseconds()
	}
	version := t.Version + 1
	if t.Version == 0 {
		version = now
	}
	sealed, err := sealToken(s.aead, a, version, t)
	if err != nil {
		return 0, err
	}
	query, args := insertRow, key(a)
	args = append(args, a.Handle, a.Name, version, expiry, now, s.seq, sealed)
	if t.Version != 0 {
		query, args = updateRow+where+" AND version = ?", key(a, version, expiry, now, s.seq, sealed, a.Handle, a.Handle, a.Name, a.Name)
		args = append(args, t.Version)
	}
	n, err := tx.Exec(ctx, query, args...)
	if err == nil && n == 0 {
		err = &parvis.Error{
			Op: "save token", Network: a.Network, Account: a.String(), Code: parvis.ErrConflict,
			Message: "the stored token is another one by now", Help: "load it again",
		}
	}
	return version, err
}

const (
	insertRow = `INSERT INTO parvis_vault_tokens
		(client, network, host, id, handle, name, version, expiry, issued, key_seq, sealed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client, network, host, id) DO NOTHING`
	updateRow = `UPDATE parvis_vault_tokens SET version = ?, expiry = ?, issued = ?, key_seq = ?, sealed = ?,
		handle = CASE WHEN ? = '' THEN handle ELSE ? END, name = CASE WHEN ? = '' THEN name ELSE ? END,
		health = CASE WHEN lost <> 0 THEN '' ELSE health END,
		lease = '', lease_until = 0, intent = 0, lost = 0, leaving = 0`
)

// Delete implements [parvis.TokenStore].
func (r *rows) Delete(ctx context.Context, a parvis.Account) error {
	_, err := r.db.Exec(ctx, "DELETE FROM parvis_vault_tokens"+where, key(a)...)
	return storeError("delete token", err)
}
