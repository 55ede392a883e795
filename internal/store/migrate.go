package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/parvis-go/parvis"
)

// A Migration is one step of a room's tables: statements that are run in order. In them
// BLOB stands for the dialect's type of bytes, and BIGINT for a 64-bit integer. One that
// begins with "POSTGRESQL " is run there only.
type Migration []string

// Migrate brings the tables of a room up to date. Versions count from 1 in the order of
// steps; each step and the note that it was done are one transaction, so any number of
// processes may call Migrate at once. Tables of a newer version than steps knows give an
// error that matches [parvis.ErrConflict], and nothing is changed.
func Migrate(ctx context.Context, db DB, room string, steps []Migration) error {
	_, err := db.Exec(ctx, `CREATE TABLE IF NOT EXISTS parvis_migrations (
		room TEXT NOT NULL, version BIGINT NOT NULL, applied BIGINT NOT NULL, PRIMARY KEY (room, version))`)
	if err != nil && !exists(err) {
		return migrationError(room, err)
	}
	for done := false; !done; {
		err := db.Update(ctx, func(tx Tx) (err error) {
			done, err = step(ctx, db.Dialect(), tx, room, steps)
			return err
		})
		if err != nil {
			return migrationError(room, err)
		}
	}
	return nil
}

// exists tells that another process has just made the table, which PostgreSQL reports as
// a broken unique rule of its catalogue.
func exists(err error) bool {
	return strings.Contains(err.Error(), "23505") || strings.Contains(err.Error(), "already exists")
}

// step applies the next step, and reports whether none was left.
func step(ctx context.Context, d Dialect, tx Tx, room string, steps []Migration) (bool, error) {
	if d == PostgreSQL {
		if _, err := tx.Exec(ctx, "LOCK TABLE parvis_migrations IN EXCLUSIVE MODE"); err != nil {
			return false, err
		}
	}
	var version int
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM parvis_migrations WHERE room = ?", room).Scan(&version); err != nil {
		return false, err
	}
	switch {
	case version == len(steps):
		return true, nil
	case version > len(steps):
		return false, &parvis.Error{
			Code:    parvis.ErrConflict,
			Message: fmt.Sprintf("the tables are of version %d, and this program knows %d", version, len(steps)),
			Help:    "use the newer release of this module that made them",
		}
	}
	for _, statement := range steps[version] {
		statement, only := strings.CutPrefix(statement, "POSTGRESQL ")
		if only && d != PostgreSQL {
			continue
		}
		if d == PostgreSQL {
			statement = strings.ReplaceAll(statement, " BLOB", " "+d.Blob())
		}
		if _, err := tx.Exec(ctx, statement); err != nil {
			return false, err
		}
	}
	_, err := tx.Exec(ctx, "INSERT INTO parvis_migrations (room, version, applied) VALUES (?, ?, "+d.Now()+")", room, version+1)
	return false, err
}

func migrationError(room string, err error) error {
	if e, ok := err.(*parvis.Error); ok { //nolint:errorlint // made just above
		e.Op = "open " + room
		return e
	}
	return &parvis.Error{
		Op: "open " + room, Code: parvis.ErrUnavailable, Message: "the tables could not be brought up to date",
		Help: "check that the database can be written and that the user may create tables", Err: err,
	}
}
