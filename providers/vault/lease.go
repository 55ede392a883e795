package vault

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/providers"
)

// Lease implements [providers.Leaser].
func (r *rows) Lease(ctx context.Context, a parvis.Account, version int64, ttl time.Duration) (providers.Lease, error) {
	return r.lease(ctx, a, ttl, func(w row) bool { return w.version == version && w.lost != w.version && w.leaving == 0 })
}

// lease takes the right to an account whose row is fit.
func (r *rows) lease(ctx context.Context, a parvis.Account, ttl time.Duration, fit func(row) bool) (providers.Lease, error) {
	var before row
	holder := rand.Text()
	err := r.db.Update(ctx, func(tx store.Tx) (err error) {
		if before, err = r.read(ctx, tx, a, "FOR UPDATE"); err != nil {
			return err
		}
		left := time.Duration(before.leased-before.time) * time.Microsecond
		switch {
		case !fit(before):
			return leased(a, 0)
		case before.lease != "" && left > 0:
			return leased(a, left)
		}
		_, err = tx.Exec(ctx, "UPDATE parvis_vault_tokens SET lease = ?, lease_until = ?, intent = version"+where,
			key(a, holder, before.time+ttl.Microseconds())...)
		return err
	})
	if err != nil {
		return providers.Lease{}, storeError("lease account", err)
	}
	unfinished := before.intent == before.version
	return providers.Lease{Unfinished: unfinished, End: func(ctx context.Context, spent bool) error {
		query := "UPDATE parvis_vault_tokens SET lease = '', lease_until = 0"
		if !spent && !unfinished {
			query += ", intent = 0"
		}
		_, err := r.db.Exec(ctx, query+where+" AND lease = ?", append(key(a), holder)...)
		return storeError("end lease", err)
	}}, nil
}

// leased is the error for an account that cannot be leased now.
func leased(a parvis.Account, left time.Duration) error {
	e := &parvis.Error{
		Op: "lease account", Network: a.Network, Account: a.String(), Code: parvis.ErrConflict, RetryAfter: left,
		Message: "the stored token is another one by now", Help: "load it again",
	}
	if left > 0 {
		e.Message, e.Help = "another process is refreshing the token", helpLater
	}
	return e
}

// MarkLost implements [providers.Leaser].
func (r *rows) MarkLost(ctx context.Context, a parvis.Account, version int64, h providers.Health) (bool, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return false, err
	}
	n, err := r.db.Exec(ctx, "UPDATE parvis_vault_tokens SET lost = version, health = ?, lease = '', lease_until = 0"+
		where+" AND version = ? AND lost <> version AND leaving = 0", append(key(a, string(text)), version)...)
	return n == 1, storeError("mark account", err)
}

// health returns what is known of an account.
func (r *rows) health(ctx context.Context, a parvis.Account) (providers.Health, error) {
	w, err := r.read(ctx, r.db, a, "")
	if err != nil {
		return providers.Health{}, err
	}
	h := w.lostHealth(a)
	if h.Condition == "" && w.health != "" {
		if err := json.Unmarshal([]byte(w.health), &h); err != nil {
			return h, damaged("the health of " + a.String() + " cannot be read")
		}
	}
	h.Account = a
	return h, nil
}

// report stores what a probe found, and reports whether that is another condition. What
// is lost stays so until there is a new token.
func (r *rows) report(ctx context.Context, h providers.Health) (changed bool, err error) {
	text, err := json.Marshal(h)
	if err != nil {
		return false, err
	}
	err = r.db.Update(ctx, func(tx store.Tx) error {
		w, err := r.read(ctx, tx, h.Account, "FOR UPDATE")
		if err != nil || w.lostHealth(h.Account).Condition == providers.Lost {
			changed = false
			return err
		}
		var old providers.Health
		_ = json.Unmarshal([]byte(w.health), &old) // what cannot be read differs
		changed = old.Condition != h.Condition
		_, err = tx.Exec(ctx, "UPDATE parvis_vault_tokens SET health = ?"+where, key(h.Account, string(text))...)
		return err
	})
	return changed, storeError("report health", err)
}
