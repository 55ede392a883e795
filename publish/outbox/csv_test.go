package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// An exchange is an outbox with two accounts, for reading and writing files.
type exchange struct {
	box  *outbox.Outbox
	acme *outbox.Client
	as   outbox.Import
	ana  parvis.Account
}

// exchangeNow is the time of its clock.
var exchangeNow = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func newExchange(t testing.TB) *exchange {
	t.Helper()
	murmure := fake.New(fake.Options{Name: "murmure"})
	carnet := fake.New(fake.Options{Name: "carnet", Host: "blog.example", Limits: func(s *publish.Support) {
		s.Headline, s.Title = parvis.Full(), parvis.TextLimits{{Max: 80, Unit: parvis.CodePoints}}
		s.Link = parvis.Full()
	}})
	short, blog := murmure.Join("acme"), carnet.Join("acme")
	ana := murmure.Join("ana")
	box, err := outbox.Open(t.Context(), outbox.SQLite(memory(t)), outbox.Options{
		Accounts: outbox.Publishers(short, blog, ana), Now: func() time.Time { return exchangeNow },
		Media: map[string]fs.FS{"assets": fstest.MapFS{"four.jpg": {Data: []byte("\xff\xd8\xff\xe0 a picture")}}},
	})
	require.NoError(t, err)
	return &exchange{
		box: box, acme: box.For("acme").As("claire"), ana: ana.Account(),
		as: outbox.Import{
			Accounts: []parvis.Account{short.Account(), blog.Account(), ana.Account()}, Zone: "Europe/Paris",
			Targets: []outbox.Target{outbox.To(ana.Account())},
		},
	}
}

func (x *exchange) read(t testing.TB, file string) []outbox.Plan {
	t.Helper()
	ps, err := x.acme.ReadCSV(t.Context(), strings.NewReader(file), x.as)
	require.NoError(t, err)
	return ps
}

// bad reads a file that has bad rows, and returns them.
func (x *exchange) bad(t testing.TB, file string) outbox.BadRows {
	t.Helper()
	ps, err := x.acme.ReadCSV(t.Context(), strings.NewReader(file), x.as)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Empty(t, ps, "nothing is returned of a file with bad rows")
	rows, ok := errors.AsType[outbox.BadRows](err)
	require.True(t, ok, "%v", err)
	return rows
}

func accountsIn(p outbox.Plan) (names []string) {
	for _, t := range p.Targets {
		names = append(names, t.Account.String())
	}
	return names
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	for name, file := range map[string]string{
		"commas": "date,time,zone,accounts,title,text,link,media,lang,labels,campaign\n" +
			`2026-12-24,18:00,America/Sao_Paulo,"murmure:acme, carnet:acme@blog.example",Noël,"Bonjour, vous",https://acme.example/a,assets:four.jpg | Le four,fr,"fêtes, verre",hiver` + "\n",
		"semicolons, in French, with a mark of order": "\uFEFFDate;Heure;Fuseau;Comptes;Titre;Texte;Lien;Média;Langue;Étiquettes;Campagne\r\n" +
			`24/12/2026;18h00;America/Sao_Paulo;murmure:acme, carnet:acme@blog.example;Noël;Bonjour, vous;https://acme.example/a;assets:four.jpg | Le four;fr;"fêtes; verre";hiver` + "\r\n",
		"another order, a column of somebody's own": "CAMPAIGN;who;TEXT;labels;LANG;media;link;title;accounts;zone;time;date\n" +
			`hiver;Zoé;Bonjour, vous;fêtes, verre;fr;assets:four.jpg | Le four;https://acme.example/a;Noël;murmure:acme, carnet:acme@blog.example;America/Sao_Paulo;18:00:00;2026-12-24` + "\n;;;\n",
	} {
		ps := x.read(t, file)
		require.Len(t, ps, 1, name)
		p := ps[0]
		assert.Equal(t, outbox.At("America/Sao_Paulo", "2026-12-24 18:00"), p.When, name)
		assert.Equal(t, []string{"murmure:acme", "carnet:acme@blog.example"}, accountsIn(p), name)
		assert.Equal(t, "Noël", p.Draft.Title, name)
		assert.Equal(t, "Bonjour, vous", p.Draft.Text, name)
		assert.Equal(t, "https://acme.example/a", p.Draft.Link, name)
		assert.Equal(t, "fr", p.Draft.Lang, name)
		assert.Equal(t, []string{"fêtes", "verre"}, p.Labels, name)
		assert.Equal(t, outbox.Tagging{Source: "{network}", Campaign: "hiver"}, p.Tagging, name)
		require.Len(t, p.Draft.Media, 1, name)
		assert.Equal(t, "assets:four.jpg", p.Draft.Media[0].Source, name)
		assert.Equal(t, "four.jpg", p.Draft.Media[0].Name, name)
		assert.Equal(t, "Le four", p.Draft.Media[0].Alt, name)
	}
}

func TestReadCSVFillsIn(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	ps := x.read(t, "text,date,time,accounts,media\n"+
		"a,2026-12-24,9:05,@ANA,\n"+
		"b,,,,\n"+
		"\"c\r\nd\",2026-12-24,09:05:30,,\"https://acme.example/x.png | \nhttps://acme.example/y.png | deux  fours\"\n"+
		"short row\n")
	require.Len(t, ps, 4)
	assert.Equal(t, outbox.At("Europe/Paris", "2026-12-24 09:05"), ps[0].When, "the zone is the usual one")
	assert.Equal(t, []string{"murmure:ana"}, accountsIn(ps[0]), "a handle that one account has is enough")
	assert.True(t, ps[1].When.IsZero())
	assert.Equal(t, x.as.Targets, ps[1].Targets)
	assert.Equal(t, "2026-12-24 09:05:30", ps[2].When.Wall)
	assert.Equal(t, "c\nd", ps[2].Draft.Text)
	require.Len(t, ps[2].Draft.Media, 2)
	assert.Equal(t, "https://acme.example/y.png", ps[2].Draft.Media[1].URL)
	assert.Equal(t, "deux fours", ps[2].Draft.Media[1].Alt)
	assert.Equal(t, "short row", ps[3].Draft.Text)
}

func TestReadCSVTellsOfEveryBadRow(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	rows := x.bad(t, "date,time,zone,accounts,text,media\n"+
		"2026-12-24,18:00,,ana,\"over\ntwo lines, and good\",\n"+ // 2 and 3
		"2026-02-30,18:00,,ana,a,\n"+ // 4
		"2026-12-24,25:00,Europe/Pari,ana,a,\n"+
		"2026-12-24,18:00,Europe/Pari,acme,a,\n"+
		"2026-12-24,,,nobody,a,\n"+
		",18:00,,ana,,\n"+
		"2026-12-24,18:00,,\"ana, @ana\",a,nowhere:four.jpg\n"+
		"24/12/2026,18:00,,ana,a,four.jpg\n"+
		"2026-12-24,18:00,,ana,one \"quote,\n"+
		"2026-12-24,18:00,,ana,a, comma,too many\n"+
		"2026-12-24,18:00,,ana,good,\n")
	want := map[int][]string{
		4:  {`"2026-02-30 18:00"`},
		5:  {`"2026-12-24 25:00"`},
		6:  {"Europe/Pari", `"acme" may be murmure:acme or carnet:acme@blog.example`},
		7:  {"a date and no time", `no account "nobody"`},
		8:  {"a time and no date", "it says nothing"},
		9:  {"murmure:ana twice", `"nowhere:four.jpg"`},
		10: {`"24/12/2026 18:00"`, `"four.jpg"`},
		11: {"bare \""},
		12: {"it has 7 cells, the first row has 6"},
	}
	require.Len(t, rows, len(want), "%v", rows)
	for _, r := range rows {
		require.Contains(t, want, r.Line)
		for _, w := range want[r.Line] {
			assert.Contains(t, r.Text, w, "line %d", r.Line)
		}
	}
	assert.Equal(t, len(want)-1, strings.Count(rows.Error(), "\n"))
	assert.Contains(t, rows.Error(), "line 8: ")

	x.as.Zone, x.as.Targets = "", nil
	rows = x.bad(t, "date,time,text\n2026-12-24,18:00,a\n")
	require.Len(t, rows, 1)
	assert.Contains(t, rows[0].Text, "its time has no zone")
	assert.Contains(t, rows[0].Text, "it names no account")
}

func TestReadCSVRefusesWhatIsNoSuchFile(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	for file, want := range map[string]string{
		"":                                     "the first row names no column",
		"2026-12-24,18:00,hello\n":             "the first row names no column",
		"date,time\n2026-12-24,9h\n":           "no column says what is posted",
		"text,texte\na,b\n":                    "the column text is there twice",
		"text\nd\xe9j\xe0\n":                   "not in UTF-8",
		"\xff\xfet\x00e\x00":                   "not in UTF-8",
		"text\n" + strings.Repeat("x", 32<<20): "larger than 32 MiB",
	} {
		_, err := x.acme.ReadCSV(t.Context(), strings.NewReader(file), x.as)
		require.ErrorIs(t, err, parvis.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
	broken := errors.New("the line is gone")
	_, err := x.acme.ReadCSV(t.Context(), iotest.ErrReader(broken), x.as)
	require.ErrorIs(t, err, broken)
}

// hostileTexts are those that a spreadsheet, or a careless reader, would make something else of.
var hostileTexts = []string{
	`=HYPERLINK("https://evil.example";"a")`, "+33 1 23 45 67 89", "-1+1", "@acme bonjour", "\t=1", "'=1", "''=1", "'quoted'", "'",
	"＝1+1", "\n=1", "a\nb\n", " spaces ", `"`, `\.`, "a;b,c", "\ufeffmark", "été 🔥", "=", "x\u2028y",
}

func (x *exchange) add(t testing.TB, p outbox.Plan) outbox.Entry {
	t.Helper()
	if len(p.Targets) == 0 {
		p.Targets = []outbox.Target{outbox.To(x.as.Accounts[1])}
	}
	for i := range p.Targets {
		p.Targets[i].Account.Client = ""
	}
	e, err := x.acme.Save(t.Context(), p)
	require.NoError(t, err)
	return e
}

func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	var want []outbox.Plan
	for i, s := range hostileTexts {
		p := outbox.Plan{
			Draft:  publish.Draft{Text: s, Title: s, Lang: "fr", Link: "https://acme.example/?a=1,2"},
			Labels: []string{s + "x", "b, c", `d"e`}, When: outbox.At("Europe/Paris", fmt.Sprintf("2026-12-24 18:%02d", i)),
		}
		if strings.TrimSpace(s) == "" || i == 3 {
			p.When = outbox.When{}
		}
		p.Tagging = outbox.Tagging{Source: "{network}", Campaign: "=hiver"}
		want = append(want, p)
		x.add(t, p)
	}
	var file bytes.Buffer
	require.NoError(t, x.acme.WriteCSV(t.Context(), &file, outbox.Query{}))
	assert.True(t, strings.HasPrefix(file.String(), "id,date,time,zone,state,accounts,title,text,link,media,lang,labels,campaign,url,reason\n"))
	for _, sign := range []string{"=", "+", "-", "@", "＝"} {
		assert.NotContains(t, file.String(), ","+sign, "a spreadsheet would run it")
		assert.NotContains(t, file.String(), `,"`+sign)
	}

	other := x.box.For("other").As("claire")
	got, err := other.ReadCSV(t.Context(), bytes.NewReader(file.Bytes()), x.as)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i, p := range want {
		at := 0
		for k := range got {
			if got[k].Draft.Text == p.Draft.Text {
				at = k
			}
		}
		assert.Equal(t, p.Draft, got[at].Draft, hostileTexts[i])
		assert.Equal(t, p.When, got[at].When, hostileTexts[i])
		assert.Equal(t, p.Labels, got[at].Labels, hostileTexts[i])
		assert.Equal(t, p.Tagging, got[at].Tagging, hostileTexts[i])
		assert.Equal(t, []string{"carnet:acme@blog.example"}, accountsIn(got[at]))
	}

	again, err := x.acme.ReadCSV(t.Context(), bytes.NewReader(file.Bytes()), x.as)
	require.NoError(t, err)
	assert.Empty(t, again, "what the calendar has is not added twice")
}

func TestReadCSVRefusesChangesOfEntries(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	e := x.add(t, outbox.Plan{Draft: publish.Draft{Text: "Bonjour"}, When: outbox.At("Europe/Paris", "2026-12-24 18:00")})
	header := "id,date,time,zone,accounts,text\n"
	row := e.ID + ",2026-12-24,18h,Europe/Paris,carnet:acme@blog.example,"
	assert.Empty(t, x.read(t, header+row+"Bonjour\n"))
	for name, changed := range map[string]string{
		"text":     row + "Bonsoir\n",
		"time":     strings.Replace(row, "18h", "19h", 1) + "Bonjour\n",
		"accounts": strings.Replace(row, "carnet:acme@blog.example", "ana", 1) + "Bonjour\n",
	} {
		rows := x.bad(t, header+changed)
		require.Len(t, rows, 1, name)
		assert.Equal(t, "it changes the entry "+e.ID+"; change that with Edit or Move; without its identifier it is a new post", rows[0].Text, name)
	}
	ps, err := x.box.For("other").ReadCSV(t.Context(), strings.NewReader(header+row+"Bonsoir\n"), x.as)
	require.NoError(t, err)
	assert.Len(t, ps, 1, "another client knows nothing of the entry")
}

func TestReadCSVWhenTheCalendarCannotBeAsked(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := x.acme.ReadCSV(ctx, strings.NewReader("id,text\nx,a\ny,\n"), x.as)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, parvis.ErrInvalid, "the file may be good")
}

func TestWriteCSVTellsWhatBecameOfPosts(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	e, err := x.acme.Add(t.Context(), outbox.Plan{
		Draft: publish.Draft{Text: "Bonjour"}, When: outbox.Now(), Targets: []outbox.Target{outbox.To(x.ana)},
	})
	require.NoError(t, err)
	_, err = x.box.Drain(t.Context())
	require.NoError(t, err)
	e, err = x.acme.Get(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, outbox.Published, e.State)
	var file bytes.Buffer
	require.NoError(t, x.acme.WriteCSV(t.Context(), &file, outbox.Query{}))
	assert.Contains(t, file.String(), e.ID+",2026-11-22,09:00,UTC,published,murmure:ana,,Bonjour,")
	assert.Contains(t, file.String(), e.Targets[0].URL())
	require.Error(t, x.acme.WriteCSV(t.Context(), brokenWriter{}, outbox.Query{}))
}

// A brokenWriter is a file on a full disk.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// FuzzReadCSV: whatever a file holds, it is read or refused; and what was read is the same
// after it was written and read again.
func FuzzReadCSV(f *testing.F) {
	x := newExchange(f)
	f.Add("date,time,zone,accounts,title,text,link,media,lang,labels,campaign\n2026-12-24,18:00,Europe/Paris,ana,t,x,https://a.example,https://a.example/b.png | c,fr,\"a, b\",c\n")
	f.Add("\ufeffDate;Heure;Texte\r\n24/12/2026;18h;'=1\r\n")
	f.Add("id,text\nx,\"a\n")
	f.Add("text,text\n")
	f.Add("media\nassets:four.jpg | \"x\" | y\n")
	f.Add("labels,text\n\"\"\"a\"\"\"\"b, ;c\",''+1\n")
	n := 0
	f.Fuzz(func(t *testing.T, file string) {
		ps, err := x.acme.ReadCSV(t.Context(), strings.NewReader(file), x.as)
		if err != nil {
			require.ErrorIs(t, err, parvis.ErrInvalid)
			assert.Empty(t, ps)
			return
		}
		n++
		c := x.box.For(fmt.Sprintf("client-%d", n))
		var kept []outbox.Plan
		for _, p := range ps {
			q := p
			q.Targets = nil
			for _, to := range p.Targets {
				to.Account.Client = ""
				q.Targets = append(q.Targets, to)
			}
			if _, err := c.Save(t.Context(), q); err == nil {
				kept = append(kept, p)
			}
		}
		var out bytes.Buffer
		require.NoError(t, c.WriteCSV(t.Context(), &out, outbox.Query{}))
		again, err := x.acme.ReadCSV(t.Context(), bytes.NewReader(out.Bytes()), x.as)
		require.NoError(t, err, out.String())
		assert.ElementsMatch(t, kept, again)
	})
}
