package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/publish"
)

// Import says how [Client.ReadCSV] and [Client.ReadICal] understand a file.
type Import struct {
	// Accounts are those that the file may name: as Account.String has them,
	// "mastodon:acme@mastodon.example", or by a handle that only one of them has.
	Accounts []parvis.Account
	// Zone is the IANA zone of times for which the file has none, such as "Europe/Paris".
	Zone string
	// Targets are where posts go for which the file names no account.
	Targets []Target
}

// A BadRow is one post of a file that cannot be read.
type BadRow struct {
	// Line is the row's first line in a CSV file, from 1; it is 0 for iCalendar.
	Line int
	// Event names the event of an iCalendar file.
	Event string
	// Text says all that is wrong with it.
	Text string
}

// BadRows are all posts of a file that cannot be read. They are the Err of the error that
// [Client.ReadCSV] and [Client.ReadICal] return then.
type BadRows []BadRow

// Error returns all of them, a line each.
func (rs BadRows) Error() string {
	lines := make([]string, len(rs))
	for i, r := range rs {
		where := r.Event
		if r.Line > 0 {
			where = fmt.Sprintf("line %d", r.Line)
		}
		lines[i] = where + ": " + r.Text
	}
	return strings.Join(lines, "\n")
}

// err is nil if every row was good.
func (rs BadRows) err(op string) error {
	if len(rs) == 0 {
		return nil
	}
	message := "one post of the file cannot be read"
	if len(rs) > 1 {
		message = fmt.Sprintf("%d posts of the file cannot be read", len(rs))
	}
	return &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: message, Help: "correct them in the file and read it again", Err: rs}
}

// maxImport bounds a file that is read whole.
const maxImport = 32 << 20

func readImport(op string, r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxImport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", op, err)
	case len(raw) > maxImport:
		return nil, &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: "the file is larger than 32 MiB", Help: "split it into several files"}
	}
	return raw, nil
}

// A flat is a post as files have it: in words only.
type flat struct {
	id, date, clock, zone, accounts, title, text, link, media, lang, labels, campaign string
	state, url, reason                                                                string
}

// flatten puts an entry into words. What a flat has no place for is left out.
func flatten(e Entry) flat {
	f := flat{
		id: e.ID, title: oneNewline(e.Draft.Title), text: oneNewline(e.Draft.Text), link: e.Draft.Link, lang: e.Draft.Lang,
		labels: joinList(e.Labels), campaign: e.Tagging.Campaign, state: string(e.State),
	}
	if t, err := civil.ParseTime(e.When.Wall); err == nil {
		f.date, f.clock, _ = strings.Cut(t.String(), " ")
		f.zone = e.When.Zone
	}
	var accounts, media, urls, reasons []string
	for _, t := range e.Targets {
		accounts = append(accounts, t.Account.String())
		if u := t.URL(); u != "" {
			urls = append(urls, u)
		}
		if t.Reason != "" {
			reasons = append(reasons, t.Account.String()+": "+oneNewline(t.Reason))
		}
	}
	for _, m := range e.Draft.Media {
		media = append(media, mediaWords(m))
	}
	f.accounts, f.media = joinList(accounts), strings.Join(media, "\n")
	f.url, f.reason = strings.Join(urls, "\n"), strings.Join(reasons, "\n")
	return f
}

// mediaWords is a medium on one line: where it is, and what it shows.
func mediaWords(m parvis.Media) string {
	where := m.Source
	if where == "" {
		where = m.URL
	}
	where = strings.NewReplacer("\n", " ", "\r", " ").Replace(where)
	if m.Alt == "" {
		return where
	}
	return where + mediaSep + strings.Join(strings.Fields(m.Alt), " ")
}

const mediaSep = " | "

// oneNewline makes every end of a line "\n", as files give them back.
func oneNewline(s string) string { return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s) }

// plan reads a flat. All that is wrong with it is in the error.
func (c *Client) plan(f flat, as Import) (Plan, error) {
	p := Plan{
		Draft:  publish.Draft{Text: oneNewline(f.text), Title: oneNewline(f.title), Link: strings.TrimSpace(f.link), Lang: strings.TrimSpace(f.lang)},
		Labels: splitList(f.labels),
	}
	if p.Tagging.Campaign = strings.TrimSpace(f.campaign); p.Tagging.Campaign != "" {
		p.Tagging.Source = "{network}"
	}
	var errs [3]error
	p.When, errs[0] = f.when(as.Zone)
	p.Targets, errs[1] = as.targets(f.accounts)
	p.Draft.Media, errs[2] = c.mediaIn(f.media)
	d := p.Draft
	if strings.TrimSpace(d.Text+d.Title) == "" && d.Link == "" && len(d.Media) == 0 {
		return p, wrongs(append(errs[:], errors.New("it says nothing"))...)
	}
	return p, wrongs(errs[:]...)
}

// wrongs are errors on one line; nil if there are none.
func wrongs(errs ...error) error {
	var words []string
	for _, err := range errs {
		if err == nil {
			continue
		}
		s := err.Error()
		if e, ok := errors.AsType[*parvis.Error](err); ok && e.Help != "" {
			s = e.Message + "; " + e.Help
		}
		words = append(words, s)
	}
	if words == nil {
		return nil
	}
	return errors.New(strings.Join(words, "; "))
}

// when is the time of a flat, in its own zone or the usual one. No time is the zero When.
func (f flat) when(zone string) (When, error) {
	date, clock := strings.TrimSpace(f.date), strings.TrimSpace(f.clock)
	if own := strings.TrimSpace(f.zone); own != "" {
		zone = own
	}
	switch {
	case date == "" && clock == "":
		return When{}, nil
	case date == "":
		return When{}, errors.New("it has a time and no date")
	case clock == "":
		return When{}, errors.New("it has a date and no time")
	case zone == "":
		return When{}, errors.New("its time has no zone; write one such as Europe/Paris, or set Import.Zone")
	}
	w := At(zone, date+" "+clock)
	t, err := civil.ParseTime(w.Wall)
	if err != nil {
		return When{}, err
	}
	w.Wall = t.String()
	_, err = w.Time()
	return w, err
}

// targets finds the accounts that a cell names.
func (as Import) targets(cell string) ([]Target, error) {
	names := splitList(cell)
	if len(names) == 0 {
		if len(as.Targets) == 0 {
			return nil, errors.New("it names no account")
		}
		return slices.Clone(as.Targets), nil
	}
	var ts []Target
	var errs []error
	for _, name := range names {
		a, err := as.account(name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case slices.ContainsFunc(ts, func(t Target) bool { return laneOf(t.Account) == laneOf(a) }):
			errs = append(errs, fmt.Errorf("it names the account %s twice", a))
		default:
			ts = append(ts, To(a))
		}
	}
	return ts, wrongs(errs...)
}

// account finds an account by the words of a file.
func (as Import) account(name string) (parvis.Account, error) {
	var found []parvis.Account
	for _, a := range as.Accounts {
		if strings.EqualFold(a.String(), name) {
			return a, nil
		}
		if strings.EqualFold(a.Handle, strings.TrimPrefix(name, "@")) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return parvis.Account{}, fmt.Errorf("there is no account %q", name)
	case 1:
		return found[0], nil
	}
	words := make([]string, len(found))
	for i, a := range found {
		words[i] = a.String()
	}
	return parvis.Account{}, fmt.Errorf("the account %q may be %s", name, strings.Join(words, " or "))
}

// mediaIn reads media, one a line: an address, or a file as "assets:four.jpg", and behind
// " | " what it shows.
func (c *Client) mediaIn(cell string) ([]parvis.Media, error) {
	var ms []parvis.Media
	var errs []error
	for line := range strings.SplitSeq(oneNewline(cell), "\n") {
		where, alt, _ := strings.Cut(line, mediaSep)
		where, alt = strings.TrimSpace(where), strings.Join(strings.Fields(alt), " ")
		if where == "" && alt == "" {
			continue
		}
		m, err := c.mediumAt(where)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ms = append(ms, m.WithAlt(alt))
	}
	return ms, wrongs(errs...)
}

func (c *Client) mediumAt(where string) (parvis.Media, error) {
	if strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://") {
		return parvis.FromURL(where), nil
	}
	fsName, name, ok := strings.Cut(where, ":")
	if !ok || fsName == "" || name == "" {
		return parvis.Media{}, fmt.Errorf("the medium %q is neither an address nor a file such as assets:four.jpg", where)
	}
	if _, known := c.b.opt.Media[fsName]; !known {
		return parvis.Media{}, fmt.Errorf("the medium %q is in no file system that Options.Media has", where)
	}
	m := File(fsName, name)
	m.Name = path.Base(name)
	return m, nil
}

// fresh reports whether a post of a file is one that the calendar does not have. One that
// names an entry of the client, and says the same, is not; one that says something else is
// refused, so that no post goes out twice because somebody has edited a file.
func (c *Client) fresh(ctx context.Context, id string, p Plan) (bool, error) {
	if id == "" {
		return true, nil
	}
	e, err := c.Get(ctx, id)
	if errors.Is(err, parvis.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if flatten(e).content() == flatten(Entry{Plan: p}).content() {
		return false, nil
	}
	return false, &parvis.Error{
		Code: parvis.ErrConflict, Message: "it changes the entry " + id,
		Help: "change that with Edit or Move; without its identifier it is a new post",
	}
}

// fatal reports whether an error is not the file's fault: the database, or its context.
func fatal(err error) bool {
	switch parvis.CodeOf(err) {
	case parvis.ErrConflict, parvis.ErrInvalid:
		return false
	case "":
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	}
	return true
}

// content is what of a flat can be changed, for comparing.
func (f flat) content() flat {
	accounts := splitList(f.accounts)
	slices.Sort(accounts)
	f.accounts = joinList(accounts)
	f.id, f.state, f.url, f.reason = "", "", "", ""
	f.link, f.lang, f.campaign = strings.TrimSpace(f.link), strings.TrimSpace(f.lang), strings.TrimSpace(f.campaign)
	return f
}

// joinList writes words with commas between them; [splitList] reads them.
func joinList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if strings.ContainsAny(w, ",;\"\r\n") || strings.TrimSpace(w) != w {
			w = `"` + strings.ReplaceAll(w, `"`, `""`) + `"`
		}
		quoted[i] = w
	}
	return strings.Join(quoted, ", ")
}

// splitList reads words between commas, semicolons or ends of lines; those in quotes may
// hold them. Empty words are left out.
func splitList(s string) []string {
	var words []string
	for s = strings.TrimLeft(s, listSpace); s != ""; s = strings.TrimLeft(s, listSpace) {
		var word string
		if s[0] == '"' {
			word, s = unquote(s[1:])
			_, s = cutList(s) // nothing but space belongs there
		} else {
			word, s = cutList(s)
			word = strings.TrimSpace(word)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}

const listSpace = " \t,;\r\n\u00a0"

func cutList(s string) (word, rest string) {
	if i := strings.IndexAny(s, ",;\r\n"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// unquote reads up to a quote that stands alone.
func unquote(s string) (word, rest string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `"`)
		b.WriteString(before)
		if !found || !strings.HasPrefix(after, `"`) {
			return b.String(), after
		}
		b.WriteByte('"')
		s = after[1:]
	}
}
