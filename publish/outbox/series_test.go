package outbox_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func (r *rig) plan(zone, wall string) outbox.Plan {
	return outbox.Plan{Draft: publish.Draft{Text: "le menu"}, When: outbox.At(zone, wall), Targets: []outbox.Target{outbox.To(r.acme.Account())}}
}

func (r *rig) repeat(t *testing.T, p outbox.Plan, rule string) outbox.Series {
	t.Helper()
	s, err := r.cal.Repeat(t.Context(), p, rule)
	require.NoError(t, err)
	return s
}

// times are the instants of a series' occurrences in its own zone.
func (r *rig) times(t *testing.T, s outbox.Series) []string {
	t.Helper()
	es, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	loc, err := time.LoadLocation(s.When.Zone)
	require.NoError(t, err)
	out := []string{}
	for _, e := range es {
		out = append(out, e.At.In(loc).Format("2006-01-02 15:04-07"))
	}
	return out
}

func horizon(d time.Duration) func(*outbox.Options) {
	return func(o *outbox.Options) { o.Horizon = d }
}

const day = 24 * time.Hour

func TestSeriesKeepTheWallClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, now, zone, wall, rule string
		want                        []string
	}{
		{"Paris, autumn", "2026-10-20T00:00:00Z", paris, "2026-10-24 18:00", "FREQ=DAILY;COUNT=3", []string{"2026-10-24 18:00+02", "2026-10-25 18:00+01", "2026-10-26 18:00+01"}},
		{"Paris, an hour that comes twice", "2026-10-20T00:00:00Z", paris, "2026-10-24 02:30", "FREQ=DAILY;COUNT=3", []string{"2026-10-24 02:30+02", "2026-10-25 02:30+02", "2026-10-26 02:30+01"}},
		{"Paris, an hour that is left out", "2026-03-20T00:00:00Z", paris, "2026-03-28 02:30", "FREQ=DAILY;COUNT=3", []string{"2026-03-28 02:30+01", "2026-03-29 03:30+02", "2026-03-30 02:30+02"}},
		{"Paris, two that the change puts onto one instant", "2026-03-20T00:00:00Z", paris, "2026-03-29 02:30", "FREQ=DAILY;BYHOUR=2,3;COUNT=3", []string{"2026-03-29 03:30+02", "2026-03-30 02:30+02"}},
		{"São Paulo, a day without midnight", "2018-11-01T00:00:00Z", "America/Sao_Paulo", "2018-11-03 00:00", "FREQ=DAILY;COUNT=3", []string{"2018-11-03 00:00-03", "2018-11-04 01:00-02", "2018-11-05 00:00-02"}},
		{"São Paulo, an hour that comes twice", "2019-02-01T00:00:00Z", "America/Sao_Paulo", "2019-02-09 23:30", "FREQ=WEEKLY;COUNT=3", []string{"2019-02-09 23:30-02", "2019-02-16 23:30-02", "2019-02-23 23:30-03"}},
		{"leap days", "2028-01-01T00:00:00Z", paris, "2028-02-29 09:00", "FREQ=YEARLY;COUNT=2", []string{"2028-02-29 09:00+01", "2032-02-29 09:00+01"}},
		{"the 31st", "2026-11-23T00:00:00Z", paris, "2026-12-31 09:00", "FREQ=MONTHLY;COUNT=3", []string{"2026-12-31 09:00+01", "2027-01-31 09:00+01", "2027-03-31 09:00+02"}},
		{"the last of the month", "2027-12-23T00:00:00Z", paris, "2028-01-31 09:00", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", []string{"2028-01-31 09:00+01", "2028-02-29 09:00+01", "2028-03-31 09:00+02"}},
		{"a start that the rule does not name", "2026-11-23T00:00:00Z", paris, "2026-11-24 09:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", []string{"2026-11-30 09:00+01", "2026-12-07 09:00+01"}},
	} {
		now, err := time.Parse(rfc, tt.now)
		require.NoError(t, err)
		r := newRig(t, horizon(5*366*day), func(o *outbox.Options) { o.Now = func() time.Time { return now } })
		s := r.repeat(t, r.plan(tt.zone, tt.wall), tt.rule)
		assert.Equal(t, tt.want, r.times(t, s), tt.name)
		assert.True(t, s.Next.IsZero(), "%s: the rule is at its end", tt.name)
	}
}

func TestSeriesGrow(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(14*day))
	p := r.plan(paris, "2026-11-24 09:00")
	p.Labels, p.Late = []string{"menu"}, -1
	s := r.repeat(t, p, "rrule:freq=weekly")
	assert.Equal(t, "FREQ=WEEKLY", s.Rule)
	assert.Equal(t, []string{"2026-11-24 09:00+01", "2026-12-01 09:00+01"}, r.times(t, s))
	assert.Equal(t, "2026-12-08T08:00:00Z", s.Next.Format(rfc))
	es, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	assert.Equal(t, es[0].Hash, es[1].Hash, "what is said is the same")
	assert.Equal(t, "claire", es[1].Author)
	assert.Equal(t, []string{"menu"}, es[1].Labels)
	assert.Equal(t, outbox.At(paris, "2026-12-01 09:00"), es[1].When)

	r.pass(t, 0)
	assert.Len(t, r.times(t, s), 2, "nothing more is within the horizon")
	_, err = r.cal.Cancel(t.Context(), es[1].ID)
	require.NoError(t, err)
	r.pass(t, 8*day)
	assert.Equal(t, []string{"2026-11-24 09:00+01", "2026-12-01 09:00+01", "2026-12-08 09:00+01", "2026-12-15 09:00+01"}, r.times(t, s))
	r.is(t, es[0], outbox.Published)
	r.is(t, es[1], outbox.Cancelled)
	assert.Equal(t, []string{"le menu"}, r.texts())
	all, err := r.cal.AllSeries(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "2026-12-22T08:00:00Z", all[0].Next.Format(rfc))
	assert.Equal(t, s.ID, all[0].ID)
	assert.Equal(t, p.When, all[0].When)
	assert.Equal(t, "claire", all[0].Author)
}

// TestLongSeries takes more than one transaction.
func TestLongSeries(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(60*day))
	s := r.repeat(t, r.plan("UTC", "2026-11-24 00:00"), "FREQ=DAILY;BYHOUR=0,3,6,9,12,15,18,21;COUNT=450")
	times := r.times(t, s)
	require.Len(t, times, 450)
	seen := map[string]bool{}
	for _, at := range times {
		assert.False(t, seen[at], at)
		seen[at] = true
	}
	assert.Equal(t, "2027-01-19 03:00+00", times[449])
}

func TestSeriesOverAPause(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(day))
	s := r.repeat(t, r.plan("UTC", "2026-11-23 12:00"), "FREQ=DAILY")
	assert.Equal(t, []string{"2026-11-23 12:00+00"}, r.times(t, s))
	require.NoError(t, r.cal.Pause(t.Context(), outbox.Everything, "rappel"))
	r.pass(t, 3*day)
	assert.Len(t, r.times(t, s), 1, "it does not grow")
	require.NoError(t, r.cal.Resume(t.Context(), outbox.Everything))
	r.pass(t, 0)
	assert.Equal(t, []string{"2026-11-23 12:00+00", "2026-11-26 12:00+00"}, r.times(t, s))
	assert.Empty(t, r.texts(), "what was missed is for a person")
	why := ""
	for rec, err := range r.trail.For("acme").Records(t.Context(), audit.Query{Op: "repeat"}) {
		require.NoError(t, err)
		if rec.Outcome == "skipped" {
			why += rec.Detail
		}
	}
	assert.Contains(t, why, "2 occurrences left out, 2026-11-24 12:00 to 2026-11-25 12:00")
	r.pass(t, 4*time.Hour)
	assert.Equal(t, []string{"le menu"}, r.texts(), "it goes on")
}

func TestSeriesOverAPauseOfOneAccount(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	p := r.plan("UTC", "2026-11-23 12:00")
	p.Targets = append(p.Targets, outbox.To(other.Account()))
	s := r.repeat(t, p, "FREQ=WEEKLY;COUNT=30")
	n := len(r.times(t, s))
	require.NoError(t, r.cal.Pause(t.Context(), outbox.OnNetwork("other"), "rappel"))
	r.pass(t, 7*day)
	assert.Len(t, r.times(t, s), n+1, "the other account goes on")
	require.NoError(t, r.cal.Pause(t.Context(), outbox.OnAccount(r.acme.Account()), "rappel"))
	r.pass(t, 7*day)
	assert.Len(t, r.times(t, s), n+1, "none can go out")
	require.NoError(t, r.cal.Resume(t.Context(), outbox.OnNetwork("other")))
	r.pass(t, 0)
	assert.Len(t, r.times(t, s), n+2)
}

func TestSeriesThatAreRefused(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	ok := r.plan(paris, "2026-11-24 09:00")
	with := func(change func(*outbox.Plan)) outbox.Plan {
		p := ok
		change(&p)
		return p
	}
	require.NoError(t, r.cal.Pause(t.Context(), outbox.OnNetwork("other"), "rappel"))
	both := with(func(p *outbox.Plan) { p.Targets = []outbox.Target{p.Targets[0], outbox.To(other.Account())} })
	foreign := r.acme.Account()
	foreign.Client = "rival"
	for name, tt := range map[string]struct {
		p    outbox.Plan
		rule string
		want error
	}{
		"no rule":               {ok, "", parvis.ErrInvalid},
		"hourly":                {ok, "FREQ=HOURLY", parvis.ErrInvalid},
		"never":                 {ok, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", parvis.ErrInvalid},
		"over before it begins": {ok, "FREQ=DAILY;UNTIL=20260101", parvis.ErrInvalid},
		"past":                  {r.plan(paris, "2026-11-22 09:00"), "FREQ=DAILY", parvis.ErrInvalid},
		"zone":                  {r.plan("Europe/Atlantis", "2026-11-24 09:00"), "FREQ=DAILY", parvis.ErrInvalid},
		"no time":               {with(func(p *outbox.Plan) { p.When = outbox.When{} }), "FREQ=DAILY", parvis.ErrInvalid},
		"now":                   {with(func(p *outbox.Plan) { p.When = outbox.Now() }), "FREQ=DAILY", parvis.ErrInvalid},
		"slot":                  {with(func(p *outbox.Plan) { p.When = outbox.NextSlot() }), "FREQ=DAILY", parvis.ErrInvalid},
		"too long":              {with(func(p *outbox.Plan) { p.Draft.Text = strings.Repeat("la ", 300) }), "FREQ=DAILY", parvis.ErrInvalid},
		"foreign":               {with(func(p *outbox.Plan) { p.Targets = []outbox.Target{outbox.To(foreign)} }), "FREQ=DAILY", parvis.ErrForeignClient},
		"endless while paused":  {both, "FREQ=DAILY", parvis.ErrConflict},
	} {
		_, err := r.cal.Repeat(t.Context(), tt.p, tt.rule)
		assert.ErrorIs(t, err, tt.want, name)
	}
	_, err := r.cal.Repeat(t.Context(), both, "FREQ=DAILY")
	assert.ErrorContains(t, err, "COUNT or UNTIL", "it says what to do")
	all, err := r.cal.AllSeries(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
	r.repeat(t, both, "FREQ=DAILY;COUNT=2")
}

func TestSeriesInBlackouts(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(60*day))
	for _, o := range []outbox.Blackout{
		{Name: "Fermeture", From: outbox.At(paris, "2026-12-24"), To: outbox.At(paris, "2027-01-02")},
		{Name: "Fête", Kind: outbox.Holiday, From: outbox.At(paris, "2026-12-17")},
	} {
		_, err := r.cal.AddBlackout(t.Context(), o)
		require.NoError(t, err)
	}
	s := r.repeat(t, r.plan(paris, "2026-12-10 09:00"), "FREQ=WEEKLY;COUNT=6")
	assert.Equal(t, []string{"2026-12-10 09:00+01", "2026-12-17 09:00+01", "2027-01-07 09:00+01", "2027-01-14 09:00+01"}, r.times(t, s))
	var left []string
	for rec, err := range r.trail.For("acme").Records(t.Context(), audit.Query{Op: "repeat"}) {
		require.NoError(t, err)
		if rec.Outcome == "skipped" {
			left = append(left, rec.Detail)
		}
	}
	require.Len(t, left, 2)
	assert.Contains(t, left[0], "2026-12-24 09:00 is left out: nothing goes out during Fermeture")
}

func TestEndSeries(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(14*day))
	s := r.repeat(t, r.plan(paris, "2026-11-24 09:00"), "FREQ=DAILY")
	alone := r.add(t, "reste", 2*day)
	r.pass(t, 23*time.Hour)
	require.Equal(t, []string{"le menu"}, r.texts())
	assert.ErrorIs(t, r.box.For("rival").EndSeries(t.Context(), s.ID), parvis.ErrNotFound)
	require.NoError(t, r.cal.EndSeries(t.Context(), s.ID))
	require.NoError(t, r.cal.EndSeries(t.Context(), s.ID), "twice does no harm")
	es, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	require.Greater(t, len(es), 10)
	assert.Equal(t, outbox.Published, es[0].State)
	for _, e := range es[1:] {
		assert.Equal(t, outbox.Cancelled, e.State)
		assert.True(t, e.Targets[0].Next.IsZero())
	}
	r.pass(t, 30*day)
	assert.Len(t, r.times(t, s), len(es), "it does not grow any more")
	r.is(t, alone, outbox.Held)
	all, err := r.cal.AllSeries(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, morning.Add(23*time.Hour), all[0].Ended)
	assert.Equal(t, "ended by claire", all[0].Reason)
	assert.True(t, all[0].Next.IsZero())
	rivals, err := r.box.For("rival").AllSeries(t.Context())
	require.NoError(t, err)
	assert.Empty(t, rivals)
}

// TestTwoProcessesGrowOneSeries: each occurrence is made once, whoever comes first.
func TestTwoProcessesGrowOneSeries(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "box.db")
	c := &clock{t: morning}
	acme := fake.New(fake.Options{Now: c.now}).Join("acme")
	open := func() *outbox.Outbox {
		db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(10000)")
		require.NoError(t, err)
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		box, err := outbox.Open(t.Context(), outbox.SQLite(db), outbox.Options{
			Accounts: outbox.Publishers(acme), Now: c.now, Horizon: 10 * day, VerifyAfter: -1,
		})
		require.NoError(t, err)
		return box
	}
	boxes := []*outbox.Outbox{open(), open()}
	cal := boxes[0].For("acme")
	p := outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At("UTC", "2026-11-30 00:00"), Targets: []outbox.Target{outbox.To(acme.Account())}}
	_, err := cal.Repeat(t.Context(), p, "FREQ=DAILY;BYHOUR=0,6,12,18;COUNT=200")
	require.NoError(t, err)
	for range 8 {
		c.add(5 * day)
		var both sync.WaitGroup
		for _, box := range boxes {
			both.Go(func() {
				_, err := box.Drain(context.Background())
				assert.NoError(t, err)
			})
		}
		both.Wait()
	}
	es, err := cal.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, e := range es {
		assert.False(t, seen[e.When.Wall], e.When.Wall)
		seen[e.When.Wall] = true
	}
	assert.Len(t, seen, 174, "all within the horizon")
}

// TestASeriesThatCannotGoOn does not keep the others back, and says why.
func TestASeriesThatCannotGoOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(day))
	bad := r.repeat(t, r.plan("UTC", "2026-11-23 12:00"), "FREQ=DAILY")
	r.clock.add(time.Millisecond)
	good := r.repeat(t, r.plan("UTC", "2026-11-23 13:00"), "FREQ=DAILY")
	_, err := r.db.Exec("UPDATE parvis_outbox_series SET rule = 'FREQ=NEVER' WHERE id = ?", bad.ID)
	require.NoError(t, err)
	r.pass(t, day)
	assert.Len(t, r.times(t, bad), 1)
	assert.Len(t, r.times(t, good), 2)
	all, err := r.cal.AllSeries(t.Context())
	require.NoError(t, err)
	assert.Contains(t, all[0].Reason, "FREQ=NEVER")
	assert.Empty(t, all[1].Reason)
	_, err = r.db.Exec("UPDATE parvis_outbox_series SET rule = 'FREQ=DAILY' WHERE id = ?", bad.ID)
	require.NoError(t, err)
	r.pass(t, 0)
	assert.Len(t, r.times(t, bad), 2)
	all, err = r.cal.AllSeries(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all[0].Reason)
}

// TestOneApprovalHoldsForTheSeries: also for occurrences that are made later, but for none
// that says something else.
func TestOneApprovalHoldsForTheSeries(t *testing.T) {
	t.Parallel()
	r := newRig(t, horizon(3*day))
	require.NoError(t, r.cal.RequireApproval(t.Context(), outbox.Rule{Need: 2, Time: true}))
	s := r.repeat(t, r.plan(paris, "2026-11-24 09:00"), "FREQ=DAILY")
	es, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	require.Len(t, es, 3)
	other := r.plan(paris, "2026-11-26 09:00")
	other.Draft.Text = "le menu du jeudi"
	edited, err := r.cal.Edit(t.Context(), es[2].ID, other)
	require.NoError(t, err)
	alone := r.add(t, "le menu", time.Hour)
	states := func() (out []outbox.State) {
		got, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
		require.NoError(t, err)
		for _, e := range got {
			out = append(out, e.State)
		}
		return out
	}
	_, err = r.cal.As("amira").Approve(t.Context(), es[0].ID, es[0].Hash)
	require.NoError(t, err)
	assert.Equal(t, []outbox.State{outbox.Review, outbox.Review, outbox.Review}, states())
	_, err = r.cal.As("bruno").Approve(t.Context(), es[1].ID, es[1].Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, states()[1], "two people have approved it, one through another occurrence")
	_, err = r.cal.As("bruno").Approve(t.Context(), es[0].ID, es[0].Hash)
	require.NoError(t, err)
	assert.Equal(t, []outbox.State{outbox.Scheduled, outbox.Scheduled, outbox.Review}, states())
	r.pass(t, day)
	assert.Equal(t, []outbox.State{outbox.Published, outbox.Scheduled, outbox.Review, outbox.Scheduled}, states())
	got, err := r.cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	as, err := r.cal.Approvals(t.Context(), got[3].ID)
	require.NoError(t, err)
	assert.Len(t, as, 2)
	r.is(t, edited, outbox.Review)
	r.is(t, alone, outbox.Review)
	r.pass(t, day)
	assert.Equal(t, outbox.Published, states()[1])
}
