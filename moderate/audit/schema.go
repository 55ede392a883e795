package audit

import "github.com/parvis-go/parvis/internal/store"

// The table, and how a chain of hashes fits it.
//
// A row is written once. Its columns are the record as it was taken: valid UTF-8, empty
// text where a field is empty, time in whole microseconds since 1970. That is enough to
// encode a row in one way only; a column that is added later has ” as its default, and an
// encoding that leaves out what is empty gives old rows the same bytes as before.
//
// seq grows in the order in which rows are inserted, and within a transaction in the order
// of the records. In SQLite, which has one writer at a time, that is also the order of
// commits. In PostgreSQL it is not: a transaction may draw a number, and commit after
// another that drew a later one; and what is rolled back leaves a gap. Numbers in the order
// of commits would need a lock that each recorder holds until its commit, and so all
// writers of all rooms would wait for each other.
//
// So a chain is not built by those who insert, and not over seq. It has a table of its own
// (link, seq, hash), in which link counts without gaps and each hash covers the one before
// and the row. One follower at a time, alone by a lock on that table's head, links the
// rows that it finds without a link; a row that commits late is linked late, and no link
// is ever moved. To find them it joins on seq, from a mark below which everything is
// settled. It may raise the mark to the highest seq that it saw as soon as all
// transactions of that moment have ended (pg_snapshot_xmin has passed the
// pg_snapshot_xmax of then), and joins over the whole table when it starts, so that the
// mark saves work and nothing depends on it. Rows whose seq has a link are proven; the
// others are the few that are younger than the follower's last round. Recorders know
// nothing of all that.
const columns = "at, client, account, actor, op, ref_client, ref_network, ref_host, ref_kind, ref_id, outcome, reason, detail"

// fields is how many columns there are; 500 rows of them stay far below the parameters
// that SQLite (32,766) and PostgreSQL (65,535) take in a statement.
//
// https://www.sqlite.org/limits.html#max_variable_number
// https://www.postgresql.org/docs/current/limits.html
const fields = 13

// migrations returns the steps of the trail's tables.
func migrations(d store.Dialect) []store.Migration {
	// SQLite ends each entry of an index with the row's number by itself.
	number, order, guards := "INTEGER PRIMARY KEY AUTOINCREMENT", "at", sqliteGuards
	if d == store.PostgreSQL {
		number, order, guards = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "at, seq", postgresGuards
	}
	return []store.Migration{append(store.Migration{
		`CREATE TABLE parvis_audit (
			seq ` + number + `, at BIGINT NOT NULL, client TEXT NOT NULL CHECK (client <> ''),
			account TEXT NOT NULL, actor TEXT NOT NULL, op TEXT NOT NULL CHECK (op <> ''),
			ref_client TEXT NOT NULL, ref_network TEXT NOT NULL, ref_host TEXT NOT NULL,
			ref_kind TEXT NOT NULL, ref_id TEXT NOT NULL,
			outcome TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL)`,
		// Each index serves one field of a Query in the order of the pages. Two bounded texts
		// fit into an entry of PostgreSQL's (2,704 bytes), three would not.
		"CREATE INDEX parvis_audit_at ON parvis_audit (client, " + order + ")",
		"CREATE INDEX parvis_audit_account ON parvis_audit (client, account, " + order + ")",
		"CREATE INDEX parvis_audit_op ON parvis_audit (client, op, " + order + ")",
		"CREATE INDEX parvis_audit_actor ON parvis_audit (client, actor, " + order + ") WHERE actor <> ''",
		"CREATE INDEX parvis_audit_ref ON parvis_audit (client, ref_id, " + order + ") WHERE ref_id <> ''",
	}, guards...)}
}

// sqliteGuards refuse what is not an append. REPLACE removes a row without firing the
// trigger of DELETE, so numbers that have been given out are refused as well. The number
// of a row that is given none is not known before it is inserted, and is then not positive.
//
// https://www.sqlite.org/lang_createtrigger.html
// https://www.sqlite.org/lang_conflict.html
var sqliteGuards = store.Migration{
	`CREATE TRIGGER parvis_audit_update BEFORE UPDATE ON parvis_audit
		BEGIN SELECT RAISE(ABORT, 'parvis_audit is append-only'); END`,
	`CREATE TRIGGER parvis_audit_delete BEFORE DELETE ON parvis_audit
		BEGIN SELECT RAISE(ABORT, 'parvis_audit is append-only'); END`,
	`CREATE TRIGGER parvis_audit_insert BEFORE INSERT ON parvis_audit
		WHEN NEW.seq BETWEEN 0 AND (SELECT coalesce(max(seq), 0) FROM parvis_audit)
		BEGIN SELECT RAISE(ABORT, 'parvis_audit is append-only'); END`,
}

// postgresGuards refuse every statement that changes or removes rows, whether it meets
// any or not. A number of one's own is refused by GENERATED ALWAYS, unless the statement
// overrides that, and then meets the primary key or fills a gap.
//
// https://www.postgresql.org/docs/current/sql-createtrigger.html
var postgresGuards = store.Migration{
	`CREATE FUNCTION parvis_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'parvis_audit is append-only' USING ERRCODE = 'restrict_violation'; END $$`,
	`CREATE TRIGGER parvis_audit_append BEFORE UPDATE OR DELETE OR TRUNCATE ON parvis_audit
		FOR EACH STATEMENT EXECUTE FUNCTION parvis_audit_refuse()`,
}
