package outbox

import "github.com/parvis-go/parvis/internal/store"

// room is the name under which the versions of the tables are counted.
const room = "outbox"

// migrations make the tables. What indexes of targets are about does not change between
// scheduled and sending, so that PostgreSQL writes the intent without touching an index
// (heap-only tuples): parked and attention follow from other columns for that reason.
// Times are microseconds since 1970, zero means none. A target's
// started names the attempt that is under way or was the last; next_at and next_do are what
// is done with it next. A lane is one account's posts: wake is when River will look at it,
// near the time for which a process has a timer,
// holder works it until lease.
var migrations = []store.Migration{{
	`CREATE TABLE parvis_outbox_entries (
		id TEXT PRIMARY KEY, client TEXT NOT NULL, state TEXT NOT NULL, due BIGINT NOT NULL,
		version BIGINT NOT NULL, hash TEXT NOT NULL, author TEXT NOT NULL,
		series TEXT NOT NULL, occurrence TEXT NOT NULL, labels TEXT NOT NULL,
		content BLOB NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL)`,
	`CREATE INDEX parvis_outbox_entries_due ON parvis_outbox_entries (client, due, id)`,
	`CREATE UNIQUE INDEX parvis_outbox_entries_series ON parvis_outbox_entries (series, occurrence) WHERE series <> ''`,
	`CREATE TABLE parvis_outbox_targets (
		id TEXT PRIMARY KEY, entry TEXT NOT NULL, n BIGINT NOT NULL, client TEXT NOT NULL,
		lane TEXT NOT NULL, network TEXT NOT NULL, account BLOB NOT NULL, lang TEXT NOT NULL,
		due BIGINT NOT NULL, sum TEXT NOT NULL, version BIGINT NOT NULL,
		state TEXT NOT NULL, since BIGINT NOT NULL, reason TEXT NOT NULL, code TEXT NOT NULL,
		item BIGINT NOT NULL, tries BIGINT NOT NULL, send_key TEXT NOT NULL, started BIGINT NOT NULL,
		next_at BIGINT NOT NULL, next_do TEXT NOT NULL, parked BIGINT NOT NULL DEFAULT 0, attention BIGINT NOT NULL DEFAULT 0,
		life BLOB NOT NULL, stages BLOB)`,
	`POSTGRESQL ALTER TABLE parvis_outbox_targets SET (fillfactor = 80)`,
	`CREATE INDEX parvis_outbox_targets_entry ON parvis_outbox_targets (entry, n)`,
	`CREATE INDEX parvis_outbox_targets_next ON parvis_outbox_targets (lane, next_at, id) WHERE next_at > 0`,
	`CREATE INDEX parvis_outbox_targets_parked ON parvis_outbox_targets (lane) WHERE parked = 1`,
	`CREATE INDEX parvis_outbox_targets_due ON parvis_outbox_targets (lane, due)`,
	`CREATE INDEX parvis_outbox_targets_sum ON parvis_outbox_targets (lane, sum)`,
	`CREATE INDEX parvis_outbox_targets_attention ON parvis_outbox_targets (client) WHERE attention = 1`,
	`CREATE TABLE parvis_outbox_lanes (
		lane TEXT PRIMARY KEY, client TEXT NOT NULL, network TEXT NOT NULL, account BLOB NOT NULL,
		next_at BIGINT NOT NULL, wake BIGINT NOT NULL, near BIGINT NOT NULL, not_before BIGINT NOT NULL,
		holder TEXT NOT NULL, lease BIGINT NOT NULL)`,
	`CREATE INDEX parvis_outbox_lanes_next ON parvis_outbox_lanes (next_at) WHERE next_at > 0`,
	`CREATE TABLE parvis_outbox_pauses (
		client TEXT NOT NULL, network TEXT NOT NULL, lane TEXT NOT NULL,
		reason TEXT NOT NULL, person TEXT NOT NULL, since BIGINT NOT NULL,
		PRIMARY KEY (client, network, lane))`,
	`CREATE TABLE parvis_outbox_rules (
		client TEXT NOT NULL, n BIGINT NOT NULL, rule BLOB NOT NULL, PRIMARY KEY (client, n))`,
	`CREATE TABLE parvis_outbox_approvals (
		entry TEXT NOT NULL, hash TEXT NOT NULL, person TEXT NOT NULL, via TEXT NOT NULL, maker TEXT NOT NULL,
		at BIGINT NOT NULL, due BIGINT NOT NULL, voided BIGINT NOT NULL, PRIMARY KEY (entry, hash, person, via))`,
	`CREATE TABLE parvis_outbox_comments (
		id TEXT PRIMARY KEY, entry TEXT NOT NULL, n BIGINT NOT NULL, person TEXT NOT NULL, via TEXT NOT NULL,
		hash TEXT NOT NULL, asks BIGINT NOT NULL, text TEXT NOT NULL, at BIGINT NOT NULL)`,
	`CREATE INDEX parvis_outbox_comments_entry ON parvis_outbox_comments (entry, n)`,
	`CREATE TABLE parvis_outbox_slots (
		client TEXT NOT NULL, lane TEXT NOT NULL, zone TEXT NOT NULL, times TEXT NOT NULL, PRIMARY KEY (client, lane))`,
	`CREATE TABLE parvis_outbox_blackouts (
		id TEXT PRIMARY KEY, client TEXT NOT NULL, network TEXT NOT NULL, lane TEXT NOT NULL,
		name TEXT NOT NULL, kind TEXT NOT NULL, starts BIGINT NOT NULL, ends BIGINT NOT NULL, detail BLOB NOT NULL)`,
	`CREATE INDEX parvis_outbox_blackouts_client ON parvis_outbox_blackouts (client, ends)`,
	`CREATE TABLE parvis_outbox_series (
		id TEXT PRIMARY KEY, client TEXT NOT NULL, rule TEXT NOT NULL, next_at BIGINT NOT NULL, next_wall TEXT NOT NULL,
		ended BIGINT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL, content BLOB NOT NULL, created BIGINT NOT NULL)`,
	`CREATE INDEX parvis_outbox_series_client ON parvis_outbox_series (client, id)`,
	`CREATE INDEX parvis_outbox_series_next ON parvis_outbox_series (next_at, id) WHERE next_at > 0`,
	`CREATE TABLE parvis_outbox_snapshots (
		target TEXT NOT NULL, age BIGINT NOT NULL, at BIGINT NOT NULL, metrics BLOB NOT NULL, PRIMARY KEY (target, age))`,
}}
