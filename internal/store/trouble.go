package store

import "strings"

// troubles are what databases say when they cannot write, and what that means. The texts
// are SQLite's own, whichever driver is used, and PostgreSQL's codes.
//
// https://www.sqlite.org/rescode.html
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var troubles = []struct {
	signs         []string
	message, help string
}{
	{[]string{"SQLITE_FULL", "disk is full", "53100", "no space left"}, "the database's disk is full", "make room; nothing was lost, the act was not done"},
	{[]string{"SQLITE_BUSY", "database is locked", "database table is locked", "55P03"}, "another program holds the database", "try again; end long transactions, and set PRAGMA busy_timeout where processes share a file"},
	{[]string{"SQLITE_READONLY", "readonly database", "25006"}, "the database cannot be written", "check the rights of the file, or connect to the primary server"},
	{[]string{"no such table", "42P01"}, "the tables are gone", "open the room again, which makes them"},
	{[]string{"database is closed", "closed pool", "unable to open database", "SQLITE_CANTOPEN", "connection refused", "failed to connect", "57P01", "57P03", "EOF", "reset by peer"}, "the database cannot be reached", "check that it runs; nothing was lost, the act was not done"},
}

// Trouble says in words what an error of the database means, and what to do.
func Trouble(err error) (message, help string) {
	s := err.Error()
	for _, t := range troubles {
		for _, sign := range t.signs {
			if strings.Contains(s, sign) {
				return t.message, t.help
			}
		}
	}
	return "the database gave an error", "see the error below it; the act was not done"
}
