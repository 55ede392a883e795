package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

const paris = "Europe/Paris"

func TestClosedTimesAreRefused(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	plan := func(wall string) outbox.Plan {
		return outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, wall), Targets: []outbox.Target{outbox.To(r.acme.Account())}}
	}
	before := r.add(t, "avant", 30*time.Hour) // 2026-11-24 16:00
	draft, err := r.cal.Save(t.Context(), plan("2026-11-24 12:00"))
	require.NoError(t, err)
	o, err := r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Inventaire", Scope: outbox.OnAccount(r.acme.Account()), From: outbox.At(paris, "2026-11-24")})
	require.NoError(t, err)
	assert.Equal(t, outbox.Closed, o.Kind)
	assert.Equal(t, "2026-11-23T23:00:00Z 2026-11-24T23:00:00Z", o.Starts.Format(rfc)+" "+o.Ends.Format(rfc))
	for wall, want := range map[string]error{
		"2026-11-23 23:59": nil, "2026-11-24 00:00": parvis.ErrConflict, "2026-11-24 23:59:59": parvis.ErrConflict, "2026-11-25 00:00": nil,
	} {
		_, err := r.cal.Add(t.Context(), plan(wall))
		assert.ErrorIs(t, err, want, wall)
	}
	_, err = r.cal.Add(t.Context(), plan("2026-11-24 12:00"))
	assert.ErrorContains(t, err, "Inventaire")
	_, err = r.cal.Submit(t.Context(), draft.ID)
	assert.ErrorIs(t, err, parvis.ErrConflict)
	_, err = r.cal.Move(t.Context(), before.ID, outbox.At(paris, "2026-11-24 17:00"))
	assert.ErrorIs(t, err, parvis.ErrConflict)
	_, err = r.cal.Edit(t.Context(), before.ID, plan("2026-11-24 17:00"))
	assert.ErrorIs(t, err, parvis.ErrConflict)
	_, err = r.cal.Move(t.Context(), draft.ID, outbox.At(paris, "2026-11-24 13:00"))
	assert.NoError(t, err, "a draft may have any time")
	p := plan("2026-11-24 12:00")
	p.Targets = []outbox.Target{outbox.To(other.Account())}
	_, err = r.cal.Add(t.Context(), p)
	assert.NoError(t, err, "another account is open")

	r.clock.add(29*time.Hour + 30*time.Minute)
	r.pass(t, 30*time.Minute)
	got := r.is(t, before, outbox.Held)
	assert.Contains(t, got.Reason, "Inventaire", "what was there before is held, with the reason")
	require.NoError(t, r.cal.RemoveBlackout(t.Context(), o.ID))
	_, err = r.cal.Retry(t.Context(), before.ID, got.ID)
	require.NoError(t, err)
	r.pass(t, 0)
	r.is(t, before, outbox.Published)
}

func TestHolidaysDoNotHold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Fête", Kind: outbox.Holiday, From: outbox.Now(), To: outbox.At(paris, "2026-12-01")})
	require.NoError(t, err)
	e := r.add(t, "bonne fête", time.Hour)
	r.pass(t, time.Hour)
	r.is(t, e, outbox.Published)
}

func TestBlackoutsAreListedInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, o := range []outbox.Blackout{
		{Name: "été", Kind: outbox.Holiday, From: outbox.At(paris, "2027-08-01"), To: outbox.When{Wall: "2027-08-16"}},
		{Name: "réseau", Scope: outbox.OnNetwork("fake"), From: outbox.At(paris, "2026-12-31 18:00"), To: outbox.At("America/Sao_Paulo", "2027-01-01 00:00")},
		{Name: "heure d'hiver", From: outbox.At(paris, "2027-10-31")},
	} {
		_, err := r.cal.AddBlackout(t.Context(), o)
		require.NoError(t, err)
	}
	list := func(from, to time.Time) string {
		os, err := r.cal.Blackouts(t.Context(), from, to)
		require.NoError(t, err)
		var out []string
		for _, o := range os {
			out = append(out, o.Name+" "+o.Scope.String()+" "+o.Ends.Sub(o.Starts).String())
		}
		return strings.Join(out, ", ")
	}
	assert.Equal(t, "réseau fake 10h0m0s, été everything 360h0m0s, heure d'hiver everything 25h0m0s", list(time.Time{}, time.Time{}))
	assert.Equal(t, "été everything 360h0m0s", list(time.Date(2027, 8, 15, 21, 0, 0, 0, time.UTC), time.Date(2027, 9, 1, 0, 0, 0, 0, time.UTC)))
	assert.Empty(t, list(time.Date(2027, 8, 15, 22, 0, 0, 0, time.UTC), time.Date(2027, 9, 1, 0, 0, 0, 0, time.UTC)), "the end is exclusive")
}

func TestBlackoutsOfAnotherClient(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o, err := r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "x", From: outbox.Now(), To: outbox.At(paris, "2027-01-01")})
	require.NoError(t, err)
	rival := r.box.For("rival")
	os, err := rival.Blackouts(t.Context(), time.Time{}, time.Time{})
	require.NoError(t, err)
	assert.Empty(t, os)
	assert.ErrorIs(t, rival.RemoveBlackout(t.Context(), o.ID), parvis.ErrNotFound)
	a := r.acme.Account()
	a.Client = "acme"
	_, err = rival.AddBlackout(t.Context(), outbox.Blackout{Name: "x", Scope: outbox.OnAccount(a), From: outbox.Now(), To: outbox.At(paris, "2027-01-01")})
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
	_, err = rival.ImportHolidays(t.Context(), strings.NewReader(""), outbox.OnAccount(a), paris)
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
	_, err = rival.Add(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.Now(), Targets: []outbox.Target{outbox.To(r.acme.Account())}})
	assert.NoError(t, err, "it does not close others")
	assert.Equal(t, []string{"add blackout done"}, r.acts(t))
}

func TestBadBlackouts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	day := outbox.At(paris, "2026-12-25")
	for name, o := range map[string]outbox.Blackout{
		"no name": {From: day}, "blank": {Name: " ", From: day}, "kind": {Name: "x", Kind: "open", From: day},
		"slot": {Name: "x", From: outbox.NextSlot()}, "until now": {Name: "x", From: day, To: outbox.Now()},
		"backwards": {Name: "x", From: day, To: outbox.At(paris, "2026-12-24")}, "empty": {Name: "x", From: day, To: day},
		"zone": {Name: "x", From: outbox.At("Europe/Atlantis", "2026-12-25")}, "time": {Name: "x", From: outbox.At(paris, "Noël")},
		"end": {Name: "x", From: day, To: outbox.At(paris, "bientôt")},
	} {
		_, err := r.cal.AddBlackout(t.Context(), o)
		assert.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	os, err := r.cal.Blackouts(t.Context(), time.Time{}, time.Time{})
	require.NoError(t, err)
	assert.Empty(t, os)
}

// calendar is an iCalendar file of the events.
func calendar(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//FR\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\n" + strings.ReplaceAll(e, "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	return b.String() + "END:VCALENDAR\r\n"
}

func TestImportHolidays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	noel := "UID:noel\nSUMMARY:Noël\nDTSTART;VALUE=DATE:20261225"
	file := calendar(noel,
		"UID:ete\nSUMMARY:Vacances d'été\nDTSTART;VALUE=DATE:20270710\nDTEND;VALUE=DATE:20270901",
		"UID:an\nSUMMARY:Jour de l'an\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20290101",
		"UID:reunion\nSUMMARY:Réunion\nDTSTART:20261201T100000Z",
		"UID:annule\nSUMMARY:Annulé\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20261226",
		"UID:muet\nDTSTART;VALUE=DATE:20261227")
	load := func(file string, s outbox.Scope) int {
		n, err := r.cal.ImportHolidays(t.Context(), strings.NewReader(file), s, paris)
		require.NoError(t, err)
		return n
	}
	assert.Equal(t, 7, load(file, outbox.Everything))
	assert.Zero(t, load(file, outbox.Everything), "the same file twice adds nothing")
	os, err := r.cal.Blackouts(t.Context(), time.Time{}, time.Time{})
	require.NoError(t, err)
	var got []string
	for _, o := range os {
		assert.Equal(t, outbox.Holiday, o.Kind)
		got = append(got, o.Name+" "+o.From.Wall[:10]+" "+o.To.Wall[:10]+" "+o.Starts.Format("15:04"))
	}
	assert.Equal(t, []string{
		"Noël 2026-12-25 2026-12-26 23:00", "a holiday 2026-12-27 2026-12-28 23:00", "Jour de l'an 2027-01-01 2027-01-02 23:00",
		"Vacances d'été 2027-07-10 2027-09-01 22:00", "Jour de l'an 2028-01-01 2028-01-02 23:00",
		"Jour de l'an 2030-01-01 2030-01-02 23:00", "Jour de l'an 2031-01-01 2031-01-02 23:00",
	}, got)
	assert.Equal(t, 1, load(calendar(strings.Replace(noel, "20261225", "20261224", 1)), outbox.Everything), "an event that has moved moves")
	assert.Equal(t, 1, load(calendar(noel), outbox.OnNetwork("fake")), "another scope is another holiday")
	after, err := r.cal.Blackouts(t.Context(), time.Time{}, time.Time{})
	require.NoError(t, err)
	assert.Len(t, after, 8)
	r.clock.add(365 * 24 * time.Hour)
	assert.Equal(t, 2, load(file, outbox.Everything), "Christmas is back, and one more year is near enough")
}

func TestImportOfBadFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good := "UID:noel\nSUMMARY:Noël\nDTSTART;VALUE=DATE:20261225"
	n, err := r.cal.ImportHolidays(t.Context(), strings.NewReader(calendar("SUMMARY:sans UID\nDTSTART;VALUE=DATE:20261226", good)), outbox.Everything, paris)
	assert.Equal(t, 1, n)
	assert.ErrorIs(t, err, parvis.ErrInvalid)
	assert.ErrorContains(t, err, "sans UID", "it says which event")
	n, err = r.cal.ImportHolidays(t.Context(), strings.NewReader("date;nom"), outbox.Everything, paris)
	assert.Zero(t, n)
	assert.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = r.cal.ImportHolidays(t.Context(), strings.NewReader(calendar(good)), outbox.Everything, "Europe/Atlantis")
	assert.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Equal(t, []string{"import holidays done"}, r.acts(t))
	for rec, err := range r.trail.For("acme").Records(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		assert.Equal(t, "claire", rec.Actor)
		assert.Equal(t, "1 holiday", rec.Detail)
	}
}
