package outbox_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

const rfc = "2006-01-02T15:04:05Z07:00"

func TestMonthAndWeekGoByTheWallClock(t *testing.T) {
	t.Parallel()
	month := func(zone string, year int, m time.Month) func() (outbox.Query, error) {
		return func() (outbox.Query, error) { return outbox.Month(zone, year, m) }
	}
	week := func(zone string, year, w int) func() (outbox.Query, error) {
		return func() (outbox.Query, error) { return outbox.Week(zone, year, w) }
	}
	for name, tt := range map[string]struct {
		make     func() (outbox.Query, error)
		from, to string
	}{
		"clocks go forward in it":            {month("Europe/Paris", 2026, time.March), "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"},
		"clocks go back in it":               {month("Europe/Paris", 2026, time.October), "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"},
		"a leap year's February":             {month("UTC", 2028, time.February), "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		"the last of the year":               {month("America/Sao_Paulo", 2026, time.December), "2026-12-01T00:00:00-03:00", "2027-01-01T00:00:00-03:00"},
		"a first day that begins at one":     {month("America/Asuncion", 2017, time.October), "2017-10-01T01:00:00-03:00", "2017-11-01T00:00:00-03:00"},
		"week 1 of a year that begins on it": {week("Europe/Paris", 2026, 1), "2025-12-29T00:00:00+01:00", "2026-01-05T00:00:00+01:00"},
		"a week 53":                          {week("Europe/Paris", 2026, 53), "2026-12-28T00:00:00+01:00", "2027-01-04T00:00:00+01:00"},
		"week 1 begins in the same year":     {week("UTC", 2027, 1), "2027-01-04T00:00:00Z", "2027-01-11T00:00:00Z"},
		"a week with the change in autumn":   {week("Europe/Paris", 2026, 43), "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
		"a Sunday without midnight":          {week("America/Sao_Paulo", 2018, 44), "2018-10-29T00:00:00-03:00", "2018-11-05T00:00:00-02:00"},
	} {
		q, err := tt.make()
		require.NoError(t, err, name)
		assert.Equal(t, [2]string{tt.from, tt.to}, [2]string{q.From.Format(rfc), q.To.Format(rfc)}, name)
	}
	for name, f := range map[string]func() (outbox.Query, error){
		"month 13": month("UTC", 2026, 13), "month 0": month("UTC", 2026, 0), "year 0": month("UTC", 0, 1), "year 10000": month("UTC", 10000, 1),
		"week 53 of a year with 52": week("UTC", 2025, 53), "week 0": week("UTC", 2026, 0), "no such zone": month("Europe/Atlantis", 2026, 1),
		"the machine's zone": week("Local", 2026, 1),
	} {
		_, err := f()
		assert.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
}

// said is what entries say, in their order.
func said(es []outbox.Entry) []string {
	out := []string{}
	for _, e := range es {
		out = append(out, e.Draft.Text)
	}
	return out
}

func (r *rig) entries(t *testing.T, q outbox.Query) []string {
	t.Helper()
	es, err := r.cal.Entries(t.Context(), q)
	require.NoError(t, err)
	return said(es)
}

// twoNetworks is a rig with a second account on another network.
func twoNetworks(t *testing.T) (*rig, *fake.Account) {
	t.Helper()
	other := fake.New(fake.Options{Name: "other"}).Join("acme")
	r := newRig(t, func(o *outbox.Options) {
		first := o.Accounts
		second := outbox.Publishers(other)
		o.Accounts = func(ctx context.Context, a parvis.Account) (publish.Publisher, error) {
			if a.Network == "other" {
				return second(ctx, a)
			}
			return first(ctx, a)
		}
	})
	return r, other
}

func TestEntriesSelects(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	label := func(words ...string) func(*outbox.Plan) { return func(p *outbox.Plan) { p.Labels = words } }
	both := func(p *outbox.Plan) { p.Targets = append(p.Targets, outbox.To(other.Account())) }
	only := func(p *outbox.Plan) { p.Targets = []outbox.Target{outbox.To(other.Account())} }
	r.add(t, "d", 4*time.Hour, label("noël", "50%"))
	r.add(t, "a", time.Hour, label("a|b"))
	r.add(t, "c", 3*time.Hour, both, label("Noël"))
	r.add(t, "b", 2*time.Hour, only)
	_, err := r.cal.Save(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "idea"}, Targets: []outbox.Target{outbox.To(r.acme.Account())}, Labels: []string{"a"}})
	require.NoError(t, err)
	at := func(h int) time.Time { return morning.Add(time.Duration(h) * time.Hour) }
	byHandle := other.Account()
	byHandle.Client = "acme"
	for name, tt := range map[string]struct {
		q    outbox.Query
		want []string
	}{
		"all, also without a time":     {outbox.Query{}, []string{"idea", "a", "b", "c", "d"}},
		"To is exclusive":              {outbox.Query{From: at(1), To: at(3)}, []string{"a", "b"}},
		"only From":                    {outbox.Query{From: at(3)}, []string{"c", "d"}},
		"only To leaves ideas out":     {outbox.Query{To: at(2)}, []string{"a"}},
		"network":                      {outbox.Query{Network: "other"}, []string{"b", "c"}},
		"account":                      {outbox.Query{Account: r.acme.Account()}, []string{"idea", "a", "c", "d"}},
		"account with its client":      {outbox.Query{Account: byHandle}, []string{"b", "c"}},
		"a label is a whole":           {outbox.Query{Label: "a"}, []string{"idea"}},
		"a label with a bar":           {outbox.Query{Label: "a|b"}, []string{"a"}},
		"a label with a percent sign":  {outbox.Query{Label: "50%"}, []string{"d"}},
		"no pattern":                   {outbox.Query{Label: "5%"}, []string{}},
		"letters count as they are":    {outbox.Query{Label: "noël"}, []string{"d"}},
		"drafts":                       {outbox.Query{States: []outbox.State{outbox.Draft}}, []string{"idea"}},
		"limit":                        {outbox.Query{Limit: 2}, []string{"idea", "a"}},
		"everything at once":           {outbox.Query{From: at(0), To: at(9), Network: "fake", Label: "Noël", States: []outbox.State{outbox.Scheduled}, Limit: 9}, []string{"c"}},
		"a series that does not exist": {outbox.Query{Series: "x"}, []string{}},
	} {
		assert.Equal(t, tt.want, r.entries(t, tt.q), name)
	}
	es, err := r.cal.Entries(t.Context(), outbox.Query{Label: "Noël"})
	require.NoError(t, err)
	require.Len(t, es, 1)
	got := r.get(t, es[0])
	assert.Equal(t, got, es[0], "an entry is the same as Get returns")
	require.Len(t, es[0].Targets, 2)
	assert.Equal(t, parvis.Network("other"), es[0].Targets[1].Account.Network)
}

func TestEntriesPages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 7 { // three times, some of them the same
		r.add(t, string(rune('a'+i)), time.Duration(1+i/3)*time.Hour)
	}
	all, err := r.cal.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	require.Len(t, all, 7)
	assert.True(t, slices.IsSortedFunc(all, func(a, b outbox.Entry) int { return a.At.Compare(b.At) }))
	var paged []outbox.Entry
	for q := (outbox.Query{Limit: 2, From: morning}); ; {
		page, err := r.cal.Entries(t.Context(), q)
		require.NoError(t, err)
		paged = append(paged, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = page[len(page)-1].ID
	}
	assert.Equal(t, all, paged)
	late := outbox.Query{From: morning.Add(150 * time.Minute), After: all[0].ID}
	assert.Equal(t, said(all[6:]), r.entries(t, late), "From still bounds a page")
}

func TestStatesAreThoseOfTheEntries(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	both := func(p *outbox.Plan) { p.Targets = append(p.Targets, outbox.To(other.Account())) }
	r.add(t, "out", time.Minute, both)
	late := r.add(t, "late", time.Minute, both, func(p *outbox.Plan) { p.Late = time.Second })
	out := r.add(t, "taken back", time.Minute)
	gone := r.add(t, "gone", time.Hour)
	_, err := r.cal.Cancel(t.Context(), gone.ID)
	require.NoError(t, err)
	r.pass(t, 2*time.Minute)
	r.add(t, "bad", time.Minute, both)
	r.town.Inject(fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	r.pass(t, 2*time.Minute)
	_, err = r.cal.Withdraw(t.Context(), out.ID, "oups")
	require.NoError(t, err)
	r.pass(t, 0)
	r.add(t, "to come", time.Hour)
	all, err := r.cal.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	found := map[outbox.State]int{}
	for _, s := range []outbox.State{
		outbox.Draft, outbox.Review, outbox.Approved, outbox.Scheduled, outbox.Sending, outbox.Published, outbox.Pending,
		outbox.Native, outbox.Held, outbox.Failed, outbox.Unknown, outbox.Cancelled, outbox.Withdrawn,
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(e outbox.Entry) bool { return e.State != s })
		assert.Equal(t, said(want), r.entries(t, outbox.Query{States: []outbox.State{s}}), s)
		found[s] = len(want)
	}
	for _, s := range []outbox.State{outbox.Scheduled, outbox.Published, outbox.Held, outbox.Failed, outbox.Cancelled, outbox.Withdrawn} {
		assert.NotZero(t, found[s], s)
	}
	two := outbox.Query{States: []outbox.State{outbox.Failed, outbox.Held}}
	assert.Len(t, r.entries(t, two), found[outbox.Failed]+found[outbox.Held])

	es, err := r.cal.Attention(t.Context())
	require.NoError(t, err)
	var ids []string
	for _, e := range es {
		ids = append(ids, e.ID)
		assert.Len(t, e.Targets, len(r.get(t, e).Targets), "each once, with all its targets")
	}
	assert.Subset(t, ids, []string{late.ID})
	assert.Len(t, ids, found[outbox.Failed]+found[outbox.Held])
}

func TestCalendarOfAnotherClient(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "ours", time.Hour)
	rival := r.box.For("rival")
	es, err := rival.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	assert.Empty(t, es)
	_, err = rival.Entries(t.Context(), outbox.Query{After: e.ID})
	assert.ErrorIs(t, err, parvis.ErrNotFound)
	a := r.acme.Account()
	a.Client = "acme"
	_, err = rival.Entries(t.Context(), outbox.Query{Account: a})
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
	r.clock.add(10 * time.Hour)
	r.pass(t, 0)
	r.is(t, e, outbox.Held)
	es, err = rival.Attention(t.Context())
	require.NoError(t, err)
	assert.Empty(t, es)
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, q := range map[string]outbox.Query{
		"limit": {Limit: -1}, "order": {From: morning, To: morning.Add(-1)}, "state": {States: []outbox.State{"gone"}},
	} {
		_, err := r.cal.Entries(t.Context(), q)
		assert.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
}

// TestManyEntriesHaveTheirTargets: more than one query reads them.
func TestManyEntriesHaveTheirTargets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ps := make([]outbox.Plan, 1203)
	for i := range ps {
		ps[i] = outbox.Plan{
			Draft: publish.Draft{Text: "n"}, When: outbox.On(morning.Add(time.Duration(i) * time.Minute)),
			Targets: []outbox.Target{outbox.To(r.acme.Account())},
		}
	}
	_, err := r.cal.AddAll(t.Context(), ps)
	require.NoError(t, err)
	es, err := r.cal.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	require.Len(t, es, len(ps))
	for i, e := range es {
		require.Len(t, e.Targets, 1)
		require.Equal(t, ps[i].When, e.When)
		require.Contains(t, e.Targets[0].ID, e.ID)
	}
}
