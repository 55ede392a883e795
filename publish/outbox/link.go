package outbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/store"
	"github.com/parvis-go/parvis/publish"
)

// The bounds of links: how long they serve, and how long their texts may be.
const (
	maxLink     = 90 * 24 * time.Hour
	maxReviewer = 200
	maxToken    = 4096
)

// A grant is what a link allows: one person to judge one version of one entry, for a time.
type grant struct {
	Client   string `json:"c"`
	Entry    string `json:"e"`
	Hash     string `json:"h"`
	Reviewer string `json:"r"`
	Maker    string `json:"m"`
	Ends     int64  `json:"x"` // seconds since 1970
}

// Link returns a token by which a reviewer who has no account with the application, such as
// the client's own director, sees an entry as it is now, and may approve it, ask for changes
// and comment. Put it into the address of a page of the application that calls
// [Outbox.OpenLink]; it is made of letters, digits, "-", "_" and ".".
//
// Whoever has the token is the reviewer: send it to nobody else, and keep it out of logs. It
// serves for ttl, 90 days at most, until the entry is changed, or its maker may no longer
// approve. The maker vouches for the reviewer, needs the role "approve", and is not who last
// changed the entry: an author could else approve by a link of his own. The reviewer is
// named in approvals, comments and records.
func (c *Client) Link(ctx context.Context, id, reviewer string, ttl time.Duration) (string, error) {
	const op = "make link"
	switch {
	case len(c.b.opt.LinkKey) == 0:
		return "", failed(op, invalid("there is no key to sign links with", "set Options.LinkKey to at least 32 random bytes"))
	case ttl < time.Second || ttl > maxLink:
		return "", failed(op, invalid("a link cannot serve for "+ttl.String(), "choose a time from a second to 90 days"))
	case strings.TrimSpace(reviewer) == "" || len(reviewer) > maxReviewer || !utf8.ValidString(reviewer):
		return "", failed(op, invalid("the reviewer has no name, or none that can be read", "name the person in 200 bytes or less"))
	}
	if err := c.may(ctx, "approve"); err != nil {
		return "", err
	}
	var g grant
	err := c.b.update(ctx, op, func(tx store.Tx) error {
		e, _, err := c.load(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if err := c.mayVouch(&e, reviewer); err != nil {
			return err
		}
		now, err := c.b.now(ctx, tx)
		if err != nil {
			return err
		}
		ends := now.Add(ttl)
		g = grant{c.name, id, e.Hash, reviewer, c.who, ends.Unix()}
		return c.record(ctx, tx, parvis.Record{
			Time: now, Account: e.accounts(), Op: "link", Outcome: "done",
			Detail: "entry " + id + ", " + e.Hash + ", for " + reviewer + " until " + ends.UTC().Format(time.RFC3339),
		})
	})
	if err != nil {
		return "", err
	}
	return c.b.sign(g), nil
}

// mayVouch refuses those by whose links an author could approve his own words.
func (c *Client) mayVouch(e *Entry, reviewer string) error {
	switch {
	case c.who == "":
		return &parvis.Error{Code: parvis.ErrPermission, Message: "nobody vouches for the reviewer", Help: `say who, as in acme.As("claire").Link`}
	case c.who == e.Author:
		return &parvis.Error{Code: parvis.ErrPermission, Message: c.who + " has written or last changed the post", Help: "let another person make the link"}
	case reviewer == e.Author:
		return &parvis.Error{Code: parvis.ErrPermission, Message: "the reviewer has written or last changed the post", Help: "make the link for another person"}
	}
	return nil
}

// mac is the signature of a payload. The words before it keep other uses of the key apart.
func (b *Outbox) mac(payload string) string {
	h := hmac.New(sha256.New, b.opt.LinkKey)
	h.Write([]byte("parvis outbox link 1\n" + payload))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (b *Outbox) sign(g grant) string {
	raw, _ := json.Marshal(g) // strings and a number
	payload := base64.RawURLEncoding.EncodeToString(raw)
	return payload + "." + b.mac(payload)
}

// errLink tells strangers nothing.
var errLink = &parvis.Error{
	Op: "open link", Code: parvis.ErrPermission, Message: "the link is not valid, or no longer", Help: "ask for a new one",
}

// verify returns what a token grants if this outbox signed it.
func (b *Outbox) verify(token string) (grant, error) {
	var g grant
	payload, signature, ok := strings.Cut(token, ".")
	if !ok || len(token) > maxToken || len(b.opt.LinkKey) == 0 {
		return g, errLink
	}
	// As texts: decoding would take some other writings of a signature for the same.
	if !hmac.Equal([]byte(signature), []byte(b.mac(payload))) {
		return g, errLink
	}
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(raw, &g) != nil {
		return g, errLink
	}
	return g, nil
}

// A Reviewer is somebody who came by a link: one person, and one version of one entry.
type Reviewer struct {
	b *Outbox
	g grant
	e Entry
}

// OpenLink returns the reviewer whom a token of [Client.Link] is for. A token that is
// forged, altered, expired or withdrawn gives [parvis.ErrPermission], without a word more;
// one for a version that was changed since gives [parvis.ErrConflict]. The token is
// compared in constant time, and is in no error, record or log.
func (b *Outbox) OpenLink(ctx context.Context, token string) (*Reviewer, error) {
	g, err := b.verify(token)
	if err != nil {
		return nil, err
	}
	r := &Reviewer{b: b, g: g}
	e, err := r.serves(ctx)
	if err != nil {
		return nil, err
	}
	r.e = e
	return r, nil
}

// serves returns the entry, and refuses a link whose time is over, whose maker may no longer
// approve, or whose version is no longer there.
func (r *Reviewer) serves(ctx context.Context) (Entry, error) {
	now, err := r.b.now(ctx, r.b.db)
	if err != nil {
		return Entry{}, failed("open link", err)
	}
	if !now.Before(time.Unix(r.g.Ends, 0)) {
		return Entry{}, errLink
	}
	err = r.b.For(r.g.Client).As(r.g.Maker).may(ctx, "approve")
	if parvis.CodeOf(err) == parvis.ErrPermission {
		return Entry{}, errLink
	}
	if err != nil {
		return Entry{}, err
	}
	e, err := r.client().Get(ctx, r.g.Entry)
	switch {
	case parvis.CodeOf(err) == parvis.ErrNotFound:
		return Entry{}, errLink
	case err != nil:
		return Entry{}, err
	case e.Hash != r.g.Hash:
		return Entry{}, failed("open link", errOlder)
	}
	e.Note = ""
	return e, nil
}

// client is the calendar for the reviewer, whom the roles do not know.
func (r *Reviewer) client() *Client { return r.b.For(r.g.Client).As(r.g.Reviewer) }

func (r *Reviewer) way() way { return way{byLink, r.g.Maker} }

// Name is the reviewer's, as the link has it.
func (r *Reviewer) Name() string { return r.g.Reviewer }

// Entry is the entry as it was when the link was opened, without its note.
func (r *Reviewer) Entry() Entry { return r.e }

// Items are what will be sent to one of the entry's targets; see [Client.Items].
func (r *Reviewer) Items(ctx context.Context, target string) ([]publish.Draft, error) {
	if _, err := r.serves(ctx); err != nil {
		return nil, err
	}
	return r.client().itemsOf(ctx, r.e, target)
}

// Approve approves the version that the link is for; see [Client.Approve].
func (r *Reviewer) Approve(ctx context.Context) (Entry, error) {
	if _, err := r.serves(ctx); err != nil {
		return Entry{}, err
	}
	e, err := r.client().approve(ctx, "", r.g.Entry, r.g.Hash, r.way())
	e.Note = ""
	return e, err
}

// RequestChanges sends the version that the link is for back to its author; see
// [Client.RequestChanges].
func (r *Reviewer) RequestChanges(ctx context.Context, why string) (Entry, error) {
	if _, err := r.serves(ctx); err != nil {
		return Entry{}, err
	}
	e, err := r.client().requestChanges(ctx, "", r.g.Entry, Comment{Hash: r.g.Hash, Text: why, Via: byLink})
	e.Note = ""
	return e, err
}

// Comment says something about the entry; see [Client.Comment].
func (r *Reviewer) Comment(ctx context.Context, text string) (Comment, error) {
	if _, err := r.serves(ctx); err != nil {
		return Comment{}, err
	}
	return r.client().comment(ctx, "", r.g.Entry, Comment{Text: text, Via: byLink})
}

// Comments are what was said about the entry, oldest first.
func (r *Reviewer) Comments(ctx context.Context) ([]Comment, error) {
	if _, err := r.serves(ctx); err != nil {
		return nil, err
	}
	return r.client().Comments(ctx, r.g.Entry)
}
