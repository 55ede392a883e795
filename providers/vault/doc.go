// Package vault keeps the tokens of accounts in the user's own database, encrypted, and
// keeps them fresh.
//
//	v, err := vault.Open(ctx, vault.SQLite(db), vault.Key(key), &vault.Options{Flows: flows})
//	acme := v.For("acme")
//	bsky, err := bluesky.New(bluesky.Config{Tokens: acme.Tokens(account)}, nil)
//
// The tables live in SQLite through [SQLite] or in PostgreSQL through vaultpg.Pool. Any
// number of processes may open one database; of these, one at a time refreshes an account,
// as [providers.TokenPool] describes. Expiries and leases go by the database's clock, so
// processes whose own clocks are wrong agree.
//
// A handle that [Vault.For] returns sees the accounts of one client, and refuses those of
// others with [parvis.ErrForeignClient] before anything else.
//
// # Keys
//
// Every row is sealed with AES-256-GCM under a data key and names it. The data keys are in
// the database too, wrapped by a [KeyService]: the key of [Key], several of [Keys], or a
// service that never gives its key away. A row is bound to its client, network, host and
// ID, so rows that are exchanged do not open. Opening a vault with another key fails, says
// so, and changes nothing.
//
// To replace a key: give every process the new key beside the old with Keys(old, new);
// then make it the current one everywhere with Keys(new, old); call [Vault.Rotate], which
// seals everything anew while the others work; then leave the old one out: Key(new).
//
// In clear are: which client has which account, versions, times, and the last known health.
package vault
