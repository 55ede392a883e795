package vault

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// batch is how many rows a rotation seals in one transaction.
const batch = 50

// Rotate makes a new data key under the key service's current key, seals everything anew
// with it, and removes the older data keys. It works in small transactions beside
// everything else; one that was cut off is taken up by the next call.
//
// [parvis.ErrConflict] means that another process, which was not given the current key,
// still seals with an older one: give it the key and call Rotate again. [parvis.ErrInvalid]
// names rows that do not open; they stay as they are, with the key that they need.
func (v *Vault) Rotate(ctx context.Context) error {
	if err := v.ring.create(ctx, due); err != nil {
		return storeError("rotate", err)
	}
	to := v.ring.current()
	var unreadable []string
	for range 3 {
		unreadable = nil
		for _, t := range tables() {
			bad, err := v.reseal(ctx, t, to)
			if err != nil {
				return storeError("rotate", err)
			}
			unreadable = append(unreadable, bad...)
		}
		left, err := v.ring.drop(ctx, to)
		if err != nil {
			return storeError("rotate", err)
		}
		if left == 0 {
			return nil
		}
	}
	if len(unreadable) > 0 {
		return damaged(strings.Join(unreadable, ", ") + " cannot be sealed anew")
	}
	return &parvis.Error{
		Op: "rotate", Code: parvis.ErrConflict, Message: "another process still seals with an older key",
		Help: "give every process the current key, and call Rotate again",
	}
}

// due wants a new key unless an earlier rotation to a current one is not at its end.
func due(ctx context.Context, tx store.Tx, keys []dataKey, current string) (bool, error) {
	if len(keys) == 0 || keys[len(keys)-1].service != current {
		return true, nil
	}
	newest := keys[len(keys)-1].seq
	var behind int
	err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM parvis_vault_tokens WHERE key_seq < ?)
		+ (SELECT count(*) FROM parvis_vault_values WHERE key_seq < ?)`, newest, newest).Scan(&behind)
	return behind == 0, err
}

// drop removes the data keys before that one which nothing needs any more, and returns
// how many are left.
func (r *ring) drop(ctx context.Context, newest int64) (left int, err error) {
	keys, err := readKeys(ctx, r.db)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if k.seq >= newest {
			continue
		}
		var gone int64
		err := r.db.Update(ctx, func(tx store.Tx) (err error) {
			// Whoever seals with the key holds its row; what they sealed is visible afterwards.
			var seq int64
			err = tx.QueryRow(ctx, "SELECT seq FROM parvis_vault_keys WHERE seq = ?"+locked(r.db.Dialect(), "FOR UPDATE"), k.seq).Scan(&seq)
			if errors.Is(err, store.ErrNoRows) {
				gone = 1
				return nil
			}
			if err != nil {
				return err
			}
			gone, err = tx.Exec(ctx, `DELETE FROM parvis_vault_keys WHERE seq = ?
				AND NOT EXISTS (SELECT 1 FROM parvis_vault_tokens WHERE key_seq = ?)
				AND NOT EXISTS (SELECT 1 FROM parvis_vault_values WHERE key_seq = ?)`, k.seq, k.seq, k.seq)
			return err
		})
		if err != nil {
			return left, err
		}
		if gone == 0 {
			left++
		}
	}
	return left, nil
}

// table is one of those that hold sealed rows.
type table struct {
	name string
	// key are the columns of its primary key, all texts.
	key []string
	// version is the column that changes whenever the row is sealed by somebody else.
	version string
	// data binds a row, and what names it in an error.
	data func(key []string, version int64) ([]byte, string)
}

// tables returns those that hold sealed rows.
func tables() []table {
	return []table{
		{"parvis_vault_tokens", []string{"client", "network", "host", "id"}, "version", func(k []string, version int64) ([]byte, string) {
			a := parvis.Account{Client: k[0], Network: parvis.Network(k[1]), Host: k[2], ID: k[3]}
			return tokenData(a, version), a.String()
		}},
		{"parvis_vault_values", []string{"kind", "client", "name"}, "until", func(k []string, _ int64) ([]byte, string) {
			return slot{k[0], k[1], k[2]}.data(), "a value of kind " + k[0]
		}},
	}
}

// sealedRow is a row on its way to another key.
type sealedRow struct {
	key          []string
	version, seq int64
	sealed       []byte
}

// reseal seals the rows of a table anew that have another key, and returns those that do
// not open.
func (v *Vault) reseal(ctx context.Context, t table, to int64) (unreadable []string, err error) {
	after := make([]string, len(t.key))
	for {
		var page []sealedRow
		var bad []string
		err := v.ring.sealing(ctx, func(tx store.Tx, seq int64, k cipher.AEAD) (err error) {
			if bad, page = nil, nil; seq != to {
				return overtaken()
			}
			if page, err = t.page(ctx, tx, v.ring.db.Dialect(), to, after); err != nil {
				return err
			}
			bad, err = v.resealPage(ctx, tx, t, page, sealer{to, k})
			return err
		})
		unreadable = append(unreadable, bad...)
		if err != nil || len(page) < batch {
			return unreadable, err
		}
		after = page[len(page)-1].key
	}
}

// overtaken ends a rotation that another one has overtaken.
func overtaken() error {
	return &parvis.Error{
		Op: "rotate", Code: parvis.ErrConflict, Message: "another process has begun another rotation",
		Help: "let one process rotate at a time",
	}
}

// page reads the next rows that have another key, and holds them.
func (t table) page(ctx context.Context, tx store.Tx, d store.Dialect, to int64, after []string) ([]sealedRow, error) {
	cols := strings.Join(t.key, ", ")
	args := []any{to}
	for _, s := range after {
		args = append(args, s)
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s, %s, key_seq, sealed FROM %s WHERE key_seq <> ? AND (%s) > (?%s) ORDER BY %s LIMIT %d%s",
		cols, t.version, t.name, cols, strings.Repeat(", ?", len(t.key)-1), cols, batch, locked(d, "FOR UPDATE")), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it was read to its end
	var page []sealedRow
	for rows.Next() {
		r := sealedRow{key: make([]string, len(t.key))}
		var dest []any
		for i := range r.key {
			dest = append(dest, &r.key[i])
		}
		if err := rows.Scan(append(dest, &r.version, &r.seq, &r.sealed)...); err != nil {
			return nil, err
		}
		page = append(page, r)
	}
	return page, rows.Err()
}

// resealPage seals the rows of a page.
func (v *Vault) resealPage(ctx context.Context, tx store.Tx, t table, page []sealedRow, s sealer) (bad []string, err error) {
	for _, r := range page {
		data, name := t.data(r.key, r.version)
		old := v.ring.known(r.seq)
		if old == nil {
			return nil, errStale
		}
		plain, err := old.Open(nil, nil, r.sealed, data)
		if err != nil {
			bad = append(bad, name)
			continue
		}
		args := []any{s.seq, seal(s.aead, plain, data)}
		for _, k := range r.key {
			args = append(args, k)
		}
		if _, err := tx.Exec(ctx, "UPDATE "+t.name+" SET key_seq = ?, sealed = ? WHERE "+strings.Join(t.key, " = ? AND ")+" = ?", args...); err != nil {
			return bad, err
		}
	}
	return bad, nil
}
