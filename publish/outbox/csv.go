package outbox

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// A csvColumn is one column of a file: the name that is written, others that are read, and
// its place in a flat.
type csvColumn struct {
	name            string
	english, french []string
	cell            func(*flat) *string
}

var csvColumns = [...]csvColumn{
	{"id", nil, nil, func(f *flat) *string { return &f.id }},
	{"date", []string{"day"}, []string{"jour"}, func(f *flat) *string { return &f.date }},
	{"time", []string{"hour"}, []string{"heure"}, func(f *flat) *string { return &f.clock }},
	{"zone", []string{"time zone", "timezone"}, []string{"fuseau", "fuseau horaire"}, func(f *flat) *string { return &f.zone }},
	{"state", []string{"status"}, []string{"état", "etat", "statut"}, func(f *flat) *string { return &f.state }},
	{"accounts", []string{"account"}, []string{"comptes", "compte"}, func(f *flat) *string { return &f.accounts }},
	{"title", nil, []string{"titre"}, func(f *flat) *string { return &f.title }},
	{"text", nil, []string{"texte"}, func(f *flat) *string { return &f.text }},
	{"link", nil, []string{"lien"}, func(f *flat) *string { return &f.link }},
	{"media", nil, []string{"média", "médias", "medias"}, func(f *flat) *string { return &f.media }},
	{"lang", []string{"language"}, []string{"langue"}, func(f *flat) *string { return &f.lang }},
	{"labels", []string{"label"}, []string{"étiquettes", "étiquette", "etiquettes"}, func(f *flat) *string { return &f.labels }},
	{"campaign", nil, []string{"campagne"}, func(f *flat) *string { return &f.campaign }},
	{"url", nil, []string{"adresse"}, func(f *flat) *string { return &f.url }},
	{"reason", nil, []string{"raison", "motif"}, func(f *flat) *string { return &f.reason }},
}

// WriteCSV writes the entries that q selects, one a row, in UTF-8 with commas (RFC 4180).
// The columns are
//
//	id, date, time, zone, state, accounts, title, text, link, media, lang, labels, campaign, url, reason
//
// with accounts and labels separated by commas, and media, addresses and reasons by ends
// of lines. Cells which a spreadsheet would take for a formula begin with an apostrophe. What
// has no column is not written: threads, first comments, variants, polls, formats, options.
//
// https://www.rfc-editor.org/rfc/rfc4180
// https://owasp.org/www-community/attacks/CSV_Injection
func (c *Client) WriteCSV(ctx context.Context, w io.Writer, q Query) error {
	es, err := c.Entries(ctx, q)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	row := make([]string, len(csvColumns))
	for i, col := range csvColumns {
		row[i] = col.name
	}
	_ = out.Write(row) // the writer keeps its error
	for _, e := range es {
		f := flatten(e)
		for i, col := range csvColumns {
			row[i] = guard(*col.cell(&f))
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// guarded matches what a spreadsheet runs, behind any number of apostrophes. Some take the
// wide forms of the signs for signs.
var guarded = regexp.MustCompile("^'*[=+\\-@\t\r\n＝＋－＠]")

// guard keeps a cell from being run; unguard gives it back.
func guard(cell string) string {
	if guarded.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && guarded.MatchString(cell) {
		return cell[1:]
	}
	return cell
}

// ReadCSV reads posts from a file with the columns of [Client.WriteCSV], in any order; text,
// title, link or media must be among them, and those it does not know are passed over. The
// names of columns may be in French: date, heure, fuseau, comptes, titre, texte, lien, média,
// langue, étiquettes, campagne; then a date may also be 24/12/2026. The separator is a comma
// or a semicolon, and times are 18:00 or 18h00. A post without date and time is one without
// a time. A campaign tags the post's links with it, and with the network as their source;
// see [Tagging]. The file is at most 32 MiB, in UTF-8.
//
// Nothing is stored: Check and Add the plans. A row with the identifier of an entry of this
// client is passed over if it says the same, and is a bad row if it does not: reading back
// what was written adds nothing. State, url and reason are not read.
//
// If rows are bad, the error matches [parvis.ErrInvalid] and wraps [BadRows], which has all
// of them; no plan is returned then.
func (c *Client) ReadCSV(ctx context.Context, r io.Reader, as Import) ([]Plan, error) {
	const op = "read CSV"
	raw, err := readImport(op, r)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) {
		return nil, &parvis.Error{Op: op, Code: parvis.ErrInvalid, Message: "the file is not in UTF-8", Help: `save it as "CSV UTF-8"`}
	}
	in, cols, err := csvHeader(raw)
	if err != nil {
		return nil, failed(op, err)
	}
	var plans []Plan
	var bad BadRows
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, isNew := csvLine(in, row, err), false
		var p Plan
		if err == nil {
			p, isNew, err = c.csvRow(ctx, row, cols, as)
		}
		switch {
		case fatal(err):
			return nil, failed(op, err)
		case err != nil:
			bad = append(bad, BadRow{Line: line, Text: wrongs(err).Error()})
		case isNew:
			plans = append(plans, p)
		}
	}
	if err := bad.err(op); err != nil {
		return nil, err
	}
	return plans, nil
}

// csvRow reads one row, and reports whether the calendar does not have it.
func (c *Client) csvRow(ctx context.Context, row []string, cols csvCols, as Import) (Plan, bool, error) {
	if blank(row) {
		return Plan{}, false, nil
	}
	p, err := c.csvPlan(row, cols, as)
	if err != nil {
		return Plan{}, false, err
	}
	isNew, err := c.fresh(ctx, cols.id(row), p)
	return p, isNew, err
}

// csvCols says which column each cell of a row is of; nil is none that is known.
type csvCols struct {
	cells  []*csvColumn
	french bool
}

// id is the identifier in a row.
func (cs csvCols) id(row []string) string {
	for i, col := range cs.cells {
		if col != nil && col.name == "id" && i < len(row) {
			return strings.TrimSpace(unguard(row[i]))
		}
	}
	return ""
}

// csvHeader reads the first row with the separator that makes more sense of it.
func csvHeader(raw []byte) (*csv.Reader, csvCols, error) {
	var best csvCols
	var in *csv.Reader
	known := -1
	for _, comma := range ",;" {
		r := csv.NewReader(bytes.NewReader(raw))
		r.Comma, r.FieldsPerRecord = comma, -1
		row, err := r.Read()
		if err != nil {
			continue
		}
		cols, n := csvNames(row)
		if n > known {
			in, best, known = r, cols, n
		}
	}
	help := "write column names into the first row, such as date, time, accounts, text"
	if known <= 0 {
		return nil, best, invalid("the first row names no column", help)
	}
	seen := map[string]bool{}
	for _, col := range best.cells {
		if col != nil && seen[col.name] {
			return nil, best, invalid("the column "+col.name+" is there twice", "remove one of them")
		}
		if col != nil {
			seen[col.name] = true
		}
	}
	if !seen["text"] && !seen["title"] && !seen["link"] && !seen["media"] {
		return nil, best, invalid("no column says what is posted", help)
	}
	return in, best, nil
}

// csvNames finds the columns that a first row names, and how many it knows.
func csvNames(row []string) (cs csvCols, known int) {
	cs.cells = make([]*csvColumn, len(row))
	for i, name := range row {
		name = strings.ToLower(strings.Join(strings.Fields(unguard(name)), " "))
		for k := range csvColumns {
			col := &csvColumns[k]
			french := slices.Contains(col.french, name)
			if !french && col.name != name && !slices.Contains(col.english, name) {
				continue
			}
			cs.cells[i] = col
			cs.french = cs.french || french
			known++
		}
	}
	return cs, known
}

// csvLine is where a row begins.
func csvLine(in *csv.Reader, row []string, err error) int {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return e.StartLine
	}
	if len(row) == 0 {
		return 0
	}
	line, _ := in.FieldPos(0)
	return line
}

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// csvPlan reads one row.
func (c *Client) csvPlan(row []string, cols csvCols, as Import) (Plan, error) {
	var f flat
	for i, cell := range row {
		if i >= len(cols.cells) {
			if strings.TrimSpace(cell) != "" {
				return Plan{}, fmt.Errorf("it has %d cells, the first row has %d; put cells that hold the separator into quotes", len(row), len(cols.cells))
			}
			continue
		}
		if col := cols.cells[i]; col != nil {
			*col.cell(&f) = unguard(cell)
		}
	}
	f.date, f.clock = csvDate(f.date, cols.french), csvClock(f.clock)
	return c.plan(f, as)
}

var frenchDate = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})$`)

// csvDate turns a date that a French spreadsheet has rewritten into one that is plain.
func csvDate(s string, french bool) string {
	s = strings.TrimSpace(s)
	if m := frenchDate.FindStringSubmatch(s); french && m != nil {
		return m[3] + "-" + twoDigits(m[2]) + "-" + twoDigits(m[1])
	}
	return s
}

var csvTime = regexp.MustCompile(`^(\d{1,2})(?: ?[hH] ?(\d{2})?|:(\d{2})(:\d{2})?)$`)

// csvClock turns 9:00, 18h and 18h30 into 09:00, 18:00 and 18:30.
func csvClock(s string) string {
	s = strings.TrimSpace(s)
	m := csvTime.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	minute := m[2] + m[3]
	if minute == "" {
		minute = "00"
	}
	return twoDigits(m[1]) + ":" + minute + m[4]
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}
