package vault

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// MaxValue is the largest value that Put and Remember take, in bytes.
const MaxValue = 1 << 20

// slot is a sealed value that is not a token.
type slot struct {
	kind, client string
	name         string // a hash: the key of a pending flow is a secret itself
}

const (
	pendingKind = "pending"
	noteKind    = "note"
)

func newSlot(kind, client, key string) slot {
	sum := sha256.Sum256(bind(kind, client, key))
	return slot{kind, client, hex.EncodeToString(sum[:])}
}

func (s slot) data() []byte { return bind("value", s.kind, s.client, s.name) }

// Put keeps what a connect flow that has begun needs again, sealed, for ttl by the
// database's clock. The key is the flow's state; only its hash is stored. A key that is
// there already gives [parvis.ErrConflict]; no key, a ttl below a second or above a day,
// and more than [MaxValue] bytes [parvis.ErrInvalid].
func (c *Client) Put(ctx context.Context, key string, pending []byte, ttl time.Duration) error {
	if err := c.named("keep flow"); err != nil {
		return err
	}
	if err := fits("keep flow", key, pending); err != nil {
		return err
	}
	if ttl < time.Second || ttl > 24*time.Hour {
		return &parvis.Error{Op: "keep flow", Code: parvis.ErrInvalid, Message: "the time to keep it is not between a second and a day", Help: "ten minutes are usual"}
	}
	s := newSlot(pendingKind, c.name, key)
	err := c.v.ring.sealing(ctx, func(tx store.Tx, seq int64, k cipher.AEAD) error {
		now := c.v.rows.db.Dialect().Now()
		if _, err := tx.Exec(ctx, "DELETE FROM parvis_vault_values WHERE kind = ? AND until <= "+now, pendingKind); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO parvis_vault_values (kind, client, name, key_seq, sealed, until)
			VALUES (?, ?, ?, ?, ?, `+now+` + ?) ON CONFLICT (kind, client, name) DO NOTHING`,
			s.kind, s.client, s.name, seq, seal(k, pending, s.data()), ttl.Microseconds())
		if err == nil && n == 0 {
			err = &parvis.Error{Op: "keep flow", Code: parvis.ErrConflict, Message: "there is a flow with this key", Help: "make a new key for each flow"}
		}
		return err
	})
	return storeError("keep flow", err)
}

// Take returns what Put kept, and erases it: of any number of calls with one key, in any
// number of processes, one succeeds. A key that is unknown, expired, taken before, or another
// client's gives [parvis.ErrNotFound].
func (c *Client) Take(ctx context.Context, key string) ([]byte, error) {
	if err := c.named("take flow"); err != nil {
		return nil, err
	}
	s := newSlot(pendingKind, c.name, key)
	var seq, left int64
	var sealed []byte
	err := c.v.rows.db.Update(ctx, func(tx store.Tx) error {
		d := c.v.rows.db.Dialect()
		err := tx.QueryRow(ctx, "SELECT key_seq, sealed, until - "+d.Now()+
			" FROM parvis_vault_values WHERE kind = ? AND client = ? AND name = ?"+locked(d, "FOR UPDATE"), s.kind, s.client, s.name).
			Scan(&seq, &sealed, &left)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM parvis_vault_values WHERE kind = ? AND client = ? AND name = ?", s.kind, s.client, s.name)
		return err
	})
	if errors.Is(err, store.ErrNoRows) || err == nil && left <= 0 {
		return nil, &parvis.Error{
			Op: "take flow", Code: parvis.ErrNotFound, Message: "there is no such flow: it expired, or was finished before",
			Help: "start the connection again",
		}
	}
	if err != nil {
		return nil, storeError("take flow", err)
	}
	return c.v.unseal(ctx, s, seq, sealed)
}

// Remember keeps a value under a key, sealed, in the place of an earlier one. It is for
// what belongs to the application rather than to a client, such as its registration
// at a server, so it stays when clients leave. No key, and more than [MaxValue] bytes, give [parvis.ErrInvalid].
func (v *Vault) Remember(ctx context.Context, key string, value []byte) error {
	if err := fits("remember", key, value); err != nil {
		return err
	}
	s := newSlot(noteKind, "", key)
	err := v.ring.sealing(ctx, func(tx store.Tx, seq int64, k cipher.AEAD) error {
		_, err := tx.Exec(ctx, `INSERT INTO parvis_vault_values (kind, client, name, key_seq, sealed, until) VALUES (?, ?, ?, ?, ?, 0)
			ON CONFLICT (kind, client, name) DO UPDATE SET key_seq = excluded.key_seq, sealed = excluded.sealed`,
			s.kind, s.client, s.name, seq, seal(k, value, s.data()))
		return err
	})
	return storeError("remember", err)
}

// Recall returns what Remember keeps, or [parvis.ErrNotFound].
func (v *Vault) Recall(ctx context.Context, key string) ([]byte, error) {
	s := newSlot(noteKind, "", key)
	var seq int64
	var sealed []byte
	err := v.rows.db.QueryRow(ctx, "SELECT key_seq, sealed FROM parvis_vault_values WHERE kind = ? AND client = ? AND name = ?",
		s.kind, s.client, s.name).Scan(&seq, &sealed)
	if errors.Is(err, store.ErrNoRows) {
		return nil, &parvis.Error{Op: "recall", Code: parvis.ErrNotFound, Message: "nothing is kept under this key", Help: "register the application first"}
	}
	if err != nil {
		return nil, storeError("recall", err)
	}
	return v.unseal(ctx, s, seq, sealed)
}

func (v *Vault) unseal(ctx context.Context, s slot, seq int64, sealed []byte) ([]byte, error) {
	k, err := v.ring.get(ctx, seq)
	if err != nil {
		return nil, err
	}
	plain, err := k.Open(nil, nil, sealed, s.data())
	if err != nil {
		return nil, damaged("a stored value does not open")
	}
	return plain, nil
}

func fits(op, key string, value []byte) error {
	switch {
	case key == "":
		return &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: "there is no key", Help: "name what is to be kept"}
	case len(value) > MaxValue:
		return &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: "the value is too large", Help: "keep a megabyte at most"}
	}
	return nil
}
