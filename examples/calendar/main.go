// Calendar turns a CSV of posts into an editorial calendar, and sends each of them when its
// time comes.
//
//	calendar                                   show it all with posts of its own, in memory, in a second
//	calendar -db posts.db -csv posts.csv       put the posts of a file on the calendar of a database
//	calendar -db posts.db -run                 work: send what comes due, until Ctrl-C
//	calendar -db posts.db -ics calendar.ics    write the calendar for other programs
//
// Without -db the clock runs as fast as it can from one post to the next. With it the clock
// is the real one, and any number of runs go on where the last one stopped, however it
// ended: what was sent is not sent again, and what was missed waits for somebody to decide.
//
// The networks are make-believe. For real ones, hand publishers of theirs to
// outbox.Publishers; nothing else changes.
package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
	_ "time/tzdata" // for machines without a database of time zones

	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

//go:embed posts.csv
var example []byte

// client is whose calendar it is, and zone where its clock hangs.
const client, zone = "acme", "Europe/Paris"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "calendar:", err)
		if e, ok := errors.AsType[*parvis.Error](err); ok && e.Help != "" {
			fmt.Fprintln(os.Stderr, "  →", e.Help)
		}
		os.Exit(1)
	}
}

type flags struct {
	db, csv, ics string
	run          bool
}

func parse(args []string, out io.Writer) (flags, error) {
	var f flags
	fs := flag.NewFlagSet("calendar", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&f.db, "db", "", "the SQLite file that keeps the calendar; without it everything is in memory")
	fs.StringVar(&f.csv, "csv", "", "a file of posts to put on the calendar")
	fs.StringVar(&f.ics, "ics", "", "where to write the calendar as iCalendar")
	fs.BoolVar(&f.run, "run", false, "send what comes due, until Ctrl-C; needs -db")
	if err := fs.Parse(args); err != nil {
		return f, err
	}
	switch {
	case fs.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case f.run && f.db == "":
		return f, errors.New("-run needs a database that lasts; name one with -db")
	}
	return f, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	f, err := parse(args, out)
	if err != nil {
		return err
	}
	o := newOffice(out)
	if f.db == "" {
		o.clock = time.Date(2026, time.December, 1, 7, 0, 0, 0, time.UTC)
	}
	if err := o.open(ctx, f.db); err != nil {
		return err
	}
	defer o.db.Close() //nolint:errcheck // everything is committed
	if err := o.work(ctx, f); err != nil {
		return err
	}
	return o.export(ctx, f.ics)
}

// An office is one calendar with all that it needs.
type office struct {
	out         io.Writer
	db          *sql.DB
	box         *outbox.Outbox
	cal         *outbox.Client
	town, blogs *fake.Network
	accounts    []parvis.Account
	clock       time.Time // of a show; zero is the real one
}

func newOffice(out io.Writer) *office {
	return &office{out: out, town: fake.New(fake.Options{Name: "murmure"}), blogs: fake.New(fake.Options{Name: "carnet", Limits: blog})}
}

// blog is a network with headlines and long texts.
func blog(s *publish.Support) {
	s.Text = parvis.TextLimits{{Max: 60_000, Unit: parvis.Bytes}}
	s.Title, s.Headline = parvis.TextLimits{{Max: 80, Unit: parvis.CodePoints}}, parvis.Full()
}

// open opens the calendar in the database file, or in memory.
func (o *office) open(ctx context.Context, file string) (err error) {
	dsn := ":memory:"
	if file != "" {
		dsn = "file:" + file + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	}
	if o.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	o.db.SetMaxOpenConns(1)
	trail, err := audit.Open(ctx, audit.SQLite(o.db))
	if err != nil {
		return err
	}
	short, long := o.town.Join(client), o.blogs.Join(client)
	o.accounts = []parvis.Account{short.Account(), long.Account()}
	opts := outbox.Options{Accounts: outbox.Publishers(short, long), Audit: trail, Changed: o.tell}
	if !o.clock.IsZero() {
		opts.Now, opts.Changed = func() time.Time { return o.clock }, nil
	}
	if o.box, err = outbox.Open(ctx, outbox.SQLite(o.db), opts); err == nil {
		o.cal = o.box.For(client).As("claire")
	}
	return err
}

// work does what the command line asks for.
func (o *office) work(ctx context.Context, f flags) error {
	if f.csv != "" || f.db == "" {
		if err := o.add(ctx, f.csv); err != nil {
			return err
		}
	}
	if err := o.table(ctx, "The calendar"); err != nil {
		return err
	}
	switch {
	case f.run:
		fmt.Fprintln(o.out, "\nWorking. Ctrl-C ends it.")
		return o.box.Run(ctx)
	case f.db == "":
		return o.show(ctx)
	}
	return nil
}

// add puts the posts of a CSV file on the calendar, if all of them can be, and says what is
// remarkable about them. Those that are on it already are left out.
func (o *office) add(ctx context.Context, file string) error {
	raw := example
	if file != "" {
		var err error
		if raw, err = os.ReadFile(file); err != nil {
			return err
		}
	}
	plans, err := o.cal.ReadCSV(ctx, bytes.NewReader(raw), outbox.Import{
		Accounts: o.accounts, Zone: zone, Targets: []outbox.Target{outbox.To(o.accounts[0])},
	})
	if err != nil {
		return err
	}
	var fresh []outbox.Plan
	for i, p := range plans {
		// A short message has no headline: it goes without.
		p.Draft.On = map[parvis.Network]publish.Override{"murmure": {Drop: []string{"title"}}}
		problems, err := o.cal.Check(ctx, p)
		if err != nil {
			return err
		}
		there := false
		for _, problem := range problems {
			fmt.Fprintf(o.out, "post %d: %s\n", i+1, problem.Text)
			there = there || problem.Rule == "same text"
		}
		if !there {
			fresh = append(fresh, p)
		}
	}
	added, err := o.cal.AddAll(ctx, fresh)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%d posts read, %d put on the calendar\n\n", len(plans), len(added))
	return nil
}

// show lets the time pass, from one thing that is due to the next.
func (o *office) show(ctx context.Context) error {
	fmt.Fprintln(o.out, "\nTime passes:")
	entries, err := o.cal.Entries(ctx, outbox.Query{})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.At.After(o.clock) {
			o.clock = e.At
		}
		if _, err := o.box.Drain(ctx); err != nil {
			return err
		}
		o.clock = o.clock.Add(time.Minute) // published posts are read back
		if _, err := o.box.Drain(ctx); err != nil {
			return err
		}
		if e, err = o.cal.Get(ctx, e.ID); err != nil {
			return err
		}
		for _, t := range e.Targets {
			fmt.Fprintf(o.out, "  %s  %s is %s  %s\n", e.At.Format(time.DateTime), t.Account, t.State, cmp.Or(t.URL(), t.Reason))
		}
	}
	fmt.Fprintf(o.out, "\nOn the networks: %d short messages, %d blog posts\n\n", len(o.town.Posts()), len(o.blogs.Posts()))
	return o.table(ctx, "The calendar afterwards")
}

// tell says what changes while the worker runs.
func (o *office) tell(c outbox.Change) {
	fmt.Fprintf(o.out, "%s  %s  %s is %s %s\n", time.Now().Format(time.TimeOnly), c.Entry, c.Account, c.State, c.Reason)
}

// table prints the calendar.
func (o *office) table(ctx context.Context, title string) error {
	entries, err := o.cal.Entries(ctx, outbox.Query{})
	if err != nil {
		return err
	}
	fmt.Fprintln(o.out, title)
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		var to []string
		for _, t := range e.Targets {
			to = append(to, t.Account.String())
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", e.When, e.State, strings.Join(to, ", "), brief(e.Draft))
	}
	return w.Flush()
}

// brief is a post on one short line.
func brief(d publish.Draft) string {
	s := cmp.Or(d.Title, d.Text)
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return s
}

// export writes the iCalendar to a file, or prints it where there is none and nothing lasts.
func (o *office) export(ctx context.Context, file string) error {
	if file == "" && o.clock.IsZero() {
		return nil
	}
	var ics bytes.Buffer
	if err := o.cal.WriteICal(context.WithoutCancel(ctx), &ics, outbox.Query{}); err != nil {
		return err
	}
	if file != "" {
		return os.WriteFile(file, ics.Bytes(), 0o600)
	}
	fmt.Fprintf(o.out, "\nThe calendar for other programs (iCalendar)\n%s", strings.ReplaceAll(ics.String(), "\r\n", "\n"))
	return nil
}
