package vault

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// proofText is what each data key must open, so that a wrong one is noticed with any
// key service.
const proofText = "this is the data key of a vault"

// ring holds the data keys of a vault in memory, by their number in the table.
type ring struct {
	db   DB
	keys KeyService

	mu     sync.Mutex
	aeads  map[int64]cipher.AEAD
	newest int64 // the key to seal with: the newest that this process can unwrap
}

// dataKey is a row of the table of keys.
type dataKey struct {
	seq            int64
	service        string
	wrapped, proof []byte
}

func readKeys(ctx context.Context, tx store.Tx) (keys []dataKey, err error) {
	rows, err := tx.Query(ctx, "SELECT seq, service, wrapped, proof FROM parvis_vault_keys ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it was read to its end
	for rows.Next() {
		var k dataKey
		if err := rows.Scan(&k.seq, &k.service, &k.wrapped, &k.proof); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// open unwraps every data key of the table. It writes nothing.
func (r *ring) open(ctx context.Context) error {
	keys, err := readKeys(ctx, r.db)
	if err != nil {
		return storeError("open vault", err)
	}
	for _, k := range keys {
		if err := r.unwrap(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// unwrap adds a data key, unless it is there already.
func (r *ring) unwrap(ctx context.Context, k dataKey) error {
	if r.known(k.seq) != nil {
		return nil
	}
	plain, err := r.keys.Unwrap(ctx, k.service, k.wrapped)
	switch {
	case errors.Is(err, parvis.ErrNotFound), errors.Is(err, parvis.ErrInvalid):
		return r.wrongKey(ctx, k, err)
	case err != nil:
		return &parvis.Error{
			Op: "open vault", Code: parvis.ErrUnavailable, Message: "the key service did not unwrap the data key",
			Help: "check that it can be reached", Err: err,
		}
	case len(plain) != keySize:
		return r.wrongKey(ctx, k, nil)
	}
	a := newAEAD(plain)
	if text, err := a.Open(nil, nil, k.proof, proofData(k.seq)); err != nil || string(text) != proofText {
		return r.wrongKey(ctx, k, nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aeads[k.seq] = a
	r.newest = max(r.newest, k.seq)
	return nil
}

// wrongKey is the error for a vault that was sealed with a key that is not here. The
// message of the application's own keys names them; a foreign service's error is wrapped.
func (r *ring) wrongKey(ctx context.Context, k dataKey, err error) error {
	current, _ := r.keys.Current(ctx)
	if e, ok := errors.AsType[*parvis.Error](err); ok && r.broken() != nil {
		return e
	}
	return &parvis.Error{
		Op: "open vault", Code: parvis.ErrInvalid,
		Message: fmt.Sprintf("this vault is sealed with another key: it needs %q, and was given %q", k.service, current),
		Help:    "open it with the key that it was made with, passing that as an older key if there is a new one; nothing was changed",
		Err:     err,
	}
}

// broken is the error of keys that cannot be used at all.
func (r *ring) broken() error {
	if k, ok := r.keys.(*localKeys); ok {
		return k.err
	}
	return nil
}

// wanted decides whether there is to be a new data key, by those that there are and the
// name of the key service's current key.
type wanted func(ctx context.Context, tx store.Tx, keys []dataKey, current string) (bool, error)

// create makes a data key under the key service's current key, if it is wanted. Two
// processes that create at once get the same one.
func (r *ring) create(ctx context.Context, want wanted) error {
	current, err := r.keys.Current(ctx)
	if err != nil {
		return err
	}
	plain := newDataKey()
	service, wrapped, err := r.keys.Wrap(ctx, plain)
	if err != nil {
		return err
	}
	err = r.db.Update(ctx, func(tx store.Tx) error {
		keys, err := readKeys(ctx, tx)
		if err != nil {
			return err
		}
		if yes, err := want(ctx, tx, keys, current); err != nil || !yes {
			return err
		}
		seq := int64(1)
		if n := len(keys); n > 0 {
			seq = keys[n-1].seq + 1
		}
		proof := seal(newAEAD(plain), []byte(proofText), proofData(seq))
		// The number is the primary key: of two processes one fails here, and reads the other's key.
		_, err = tx.Exec(ctx, `INSERT INTO parvis_vault_keys (seq, service, wrapped, proof, made)
			VALUES (?, ?, ?, ?, `+r.db.Dialect().Now()+`) ON CONFLICT (seq) DO NOTHING`, seq, service, wrapped, proof)
		return err
	})
	if err != nil {
		return storeError("open vault", err)
	}
	return r.open(ctx)
}

// get returns the data key of that number, made by another process perhaps.
func (r *ring) get(ctx context.Context, seq int64) (cipher.AEAD, error) {
	if a := r.known(seq); a != nil {
		return a, nil
	}
	err := r.open(ctx)
	if a := r.known(seq); a != nil {
		return a, nil // whatever is the matter with the others
	}
	if err != nil {
		return nil, err
	}
	return nil, damaged("the data key " + strconv.FormatInt(seq, 10) + " is missing")
}

// known returns the data key of that number, nil if it was not read yet. Inside a
// transaction nothing else can be asked: it may have the only connection.
func (r *ring) known(seq int64) cipher.AEAD {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.aeads[seq]
}

// current returns the number of the key to seal with.
func (r *ring) current() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newest
}

// errStale tells that another process has made a newer data key.
var errStale = errors.New("vault: there is a newer data key")

// hold keeps the key in the table until the transaction ends, so that a rotation cannot
// remove it before what is sealed with it can be seen. errStale means that it is gone, or
// that there is a newer one than upTo.
func (r *ring) hold(ctx context.Context, tx store.Tx, seq, upTo int64) error {
	var found int64
	err := tx.QueryRow(ctx, "SELECT seq FROM parvis_vault_keys WHERE seq = ?"+locked(r.db.Dialect(), "FOR SHARE"), seq).Scan(&found)
	if errors.Is(err, store.ErrNoRows) {
		return errStale
	}
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, "SELECT max(seq) FROM parvis_vault_keys").Scan(&found)
	if err == nil && found > upTo {
		return errStale
	}
	return err
}

// sealing runs f with the newest key in a transaction, again if there is a newer one. A
// process that was not given the newer key goes on with its own while that is there: a new
// token must not be lost over it.
func (r *ring) sealing(ctx context.Context, f func(tx store.Tx, seq int64, a cipher.AEAD) error) error {
	upTo := r.current()
	for range 20 {
		seq := r.current()
		a, err := r.get(ctx, seq)
		if err != nil {
			return err
		}
		err = r.db.Update(ctx, func(tx store.Tx) error {
			if err := r.hold(ctx, tx, seq, max(seq, upTo)); err != nil {
				return err
			}
			return f(tx, seq, a)
		})
		if !errors.Is(err, errStale) {
			return err
		}
		switch err := r.open(ctx); {
		case err != nil && parvis.CodeOf(err) != parvis.ErrInvalid:
			return err
		case err != nil && upTo == math.MaxInt64: // the own key is gone as well
			return err
		case err != nil:
			upTo = math.MaxInt64
		}
	}
	return &parvis.Error{Op: "seal", Code: parvis.ErrUnavailable, Message: "the keys of the vault change all the time", Help: helpLater}
}

// proofData binds the proof to its number.
func proofData(seq int64) []byte { return bind("proof", strconv.FormatInt(seq, 10)) }

// bind joins texts so that no two lists give the same bytes.
func bind(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// ensure sees to it that there is a data key under the key service's current key.
func (r *ring) ensure(ctx context.Context) error {
	current, err := r.keys.Current(ctx)
	if err != nil {
		return err
	}
	missing := func(_ context.Context, _ store.Tx, keys []dataKey, _ string) (bool, error) {
		return !slices.ContainsFunc(keys, func(k dataKey) bool { return k.service == current }), nil
	}
	keys, err := readKeys(ctx, r.db)
	if err != nil {
		return storeError("open vault", err)
	}
	if yes, _ := missing(ctx, nil, keys, current); !yes {
		return nil
	}
	return r.create(ctx, missing)
}
