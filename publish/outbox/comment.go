package outbox

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
)

// maxComment is how long a comment may be, in bytes.
const maxComment = 16 << 10

// A Comment is what somebody said about an entry, to all who work on it, reviewers with a
// link included. It is not sent; nor is Plan.Note, which reviewers do not see.
type Comment struct {
	ID    string `json:"id"`
	Entry string `json:"entry"`
	// Person said it, as [Client.As] or [Client.Link] names people; Via is "link" if the
	// person came by one.
	Person string `json:"person,omitempty"`
	Via    string `json:"via,omitempty"`
	// Text is plain, of 16 KiB at most. It may come from strangers: escape it in pages.
	Text string `json:"text"`
	// Asks tells that it asked for changes; see [Client.RequestChanges].
	Asks bool `json:"asks,omitempty"`
	// Hash is the version that it was said about, and At when.
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
}

func (m Comment) valid() error {
	switch {
	case strings.TrimSpace(m.Text) == "":
		return invalid("the comment says nothing", "give it a text")
	case len(m.Text) > maxComment:
		return invalid("the comment has "+strconv.Itoa(len(m.Text))+" bytes, "+strconv.Itoa(maxComment)+" allowed", "shorten it")
	case !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		return invalid("the comment is no text", "write it in UTF-8")
	}
	return nil
}

// Comment says something about an entry, whatever its state. Options.Roles are asked for "comment".
func (c *Client) Comment(ctx context.Context, id, text string) (Comment, error) {
	return c.comment(ctx, "comment", id, Comment{Text: text})
}

func (c *Client) comment(ctx context.Context, may, id string, m Comment) (Comment, error) {
	if err := m.valid(); err != nil {
		return Comment{}, failed("comment", err)
	}
	if may != "" {
		if err := c.may(ctx, may); err != nil {
			return Comment{}, err
		}
	}
	var said Comment
	err := c.b.update(ctx, "comment", func(tx store.Tx) error {
		e, _, err := c.load(ctx, tx, id, true)
		if err != nil {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		if said, err = c.say(ctx, tx, &e, now, m); err != nil {
			return err
		}
		return c.record(ctx, tx, parvis.Record{Time: now, Account: e.accounts(), Op: "comment", Outcome: "done", Detail: "entry " + id})
	})
	if err != nil {
		return Comment{}, err
	}
	return said, nil
}

// say stores a comment on an entry that is locked.
func (c *Client) say(ctx context.Context, tx store.Tx, e *Entry, now time.Time, m Comment) (Comment, error) {
	var n, asks int64
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(n), 0) FROM parvis_outbox_comments WHERE entry = ?", e.ID).Scan(&n); err != nil {
		return Comment{}, err
	}
	if m.Asks {
		asks = 1
	}
	m.ID, m.Entry, m.Person, m.Hash, m.At = newID(now), e.ID, c.who, e.Hash, now
	_, err := tx.Exec(ctx, `INSERT INTO parvis_outbox_comments (id, entry, n, person, via, hash, asks, text, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, m.ID, e.ID, n+1, m.Person, m.Via, m.Hash, asks, m.Text, toMicros(now))
	return m, err
}

// Comments are what was said about an entry, oldest first.
func (c *Client) Comments(ctx context.Context, id string) ([]Comment, error) {
	if _, err := c.Get(ctx, id); err != nil {
		return nil, err
	}
	ms, err := commentsOf(ctx, c.b.db, id)
	return ms, failed("comments", err)
}

func commentsOf(ctx context.Context, tx store.Tx, entry string) ([]Comment, error) {
	rows, err := tx.Query(ctx, `SELECT id, entry, person, via, hash, asks, text, at FROM parvis_outbox_comments
		WHERE entry = ? ORDER BY n, id`, entry)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var ms []Comment
	for rows.Next() {
		var m Comment
		var asks, at int64
		if err := rows.Scan(&m.ID, &m.Entry, &m.Person, &m.Via, &m.Hash, &asks, &m.Text, &at); err != nil {
			return nil, err
		}
		m.Asks, m.At = asks != 0, fromMicros(at)
		ms = append(ms, m)
	}
	return ms, rows.Err()
}
