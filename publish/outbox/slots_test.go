package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestSlotsAreKeptInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.acme.Account()
	zone, slots, err := r.cal.Slots(t.Context(), a)
	require.NoError(t, err)
	assert.Empty(t, zone)
	assert.Empty(t, slots)
	given := []outbox.Slot{{Day: time.Sunday, Time: "10:00"}, {Day: time.Monday, Time: "18:00"}, {Day: time.Monday, Time: "09:00"}, {Day: time.Monday, Time: "18:00"}}
	require.NoError(t, r.cal.SetSlots(t.Context(), a, "Europe/Paris", given...))
	zone, slots, err = r.cal.Slots(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, "Europe/Paris", zone)
	assert.Equal(t, "[Monday 09:00 Monday 18:00 Sunday 10:00]", fmt.Sprint(slots))
	require.NoError(t, r.cal.SetSlots(t.Context(), a, "America/Sao_Paulo", outbox.Slot{Day: time.Friday, Time: "23:59"}))
	zone, slots, err = r.cal.Slots(t.Context(), a)
	require.NoError(t, err)
	assert.Equal(t, "America/Sao_Paulo [Friday 23:59]", zone+" "+fmt.Sprint(slots))
	require.NoError(t, r.cal.SetSlots(t.Context(), a, ""))
	_, slots, err = r.cal.Slots(t.Context(), a)
	require.NoError(t, err)
	assert.Empty(t, slots)
	_, err = r.cal.FreeSlots(t.Context(), a, morning, 1)
	assert.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Equal(t, []string{"set slots done", "set slots done", "set slots done"}, r.acts(t))
}

func TestBadSlots(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	foreign := r.acme.Account()
	foreign.Client = "rival"
	nine := outbox.Slot{Day: time.Monday, Time: "09:00"}
	for name, tt := range map[string]struct {
		a    parvis.Account
		zone string
		slot outbox.Slot
		want error
	}{
		"zone":           {r.acme.Account(), "Europe/Atlantis", nine, parvis.ErrInvalid},
		"no zone":        {r.acme.Account(), "", nine, parvis.ErrInvalid},
		"hour 24":        {r.acme.Account(), "UTC", outbox.Slot{Time: "24:00"}, parvis.ErrInvalid},
		"one digit":      {r.acme.Account(), "UTC", outbox.Slot{Time: "9:00"}, parvis.ErrInvalid},
		"seconds":        {r.acme.Account(), "UTC", outbox.Slot{Time: "09:00:00"}, parvis.ErrInvalid},
		"nothing":        {r.acme.Account(), "UTC", outbox.Slot{}, parvis.ErrInvalid},
		"day 7":          {r.acme.Account(), "UTC", outbox.Slot{Day: 7, Time: "09:00"}, parvis.ErrInvalid},
		"no account":     {parvis.Account{}, "UTC", nine, parvis.ErrInvalid},
		"another client": {foreign, "UTC", nine, parvis.ErrForeignClient},
	} {
		assert.ErrorIs(t, r.cal.SetSlots(t.Context(), tt.a, tt.zone, tt.slot), tt.want, name)
	}
	_, _, err := r.cal.Slots(t.Context(), foreign)
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
	_, err = r.cal.FreeSlots(t.Context(), foreign, morning, 1)
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
}

// free are the free slots as wall-clock times with their offsets.
func (r *rig) free(t *testing.T, from time.Time, n int) []string {
	t.Helper()
	ts, err := r.cal.FreeSlots(t.Context(), r.acme.Account(), from, n)
	require.NoError(t, err)
	out := []string{}
	for _, at := range ts {
		out = append(out, at.Format("01-02 15:04-07"))
	}
	return out
}

func TestFreeSlotsKeepTheWallClock(t *testing.T) {
	t.Parallel()
	day := func(d time.Weekday, times ...string) []outbox.Slot {
		var slots []outbox.Slot
		for _, s := range times {
			slots = append(slots, outbox.Slot{Day: d, Time: s})
		}
		return slots
	}
	for _, tt := range []struct {
		name, zone string
		now        string
		slots      []outbox.Slot
		want       []string
	}{
		{"clocks go forward", "Europe/Paris", "2026-03-28T00:00:00Z", day(time.Sunday, "01:30", "02:30", "03:30", "18:00"), []string{
			"03-29 01:30+01", "03-29 03:30+02", "03-29 18:00+02", "04-05 01:30+02", "04-05 02:30+02",
		}},
		{"clocks go back", "Europe/Paris", "2026-10-24T12:00:00Z", day(time.Sunday, "02:30", "18:00"), []string{
			"10-25 02:30+02", "10-25 18:00+01", "11-01 02:30+01",
		}},
		{"a day without midnight", "America/Sao_Paulo", "2018-11-03T12:00:00Z", day(time.Sunday, "00:00", "01:00", "09:00"), []string{
			"11-04 01:00-02", "11-04 09:00-02", "11-11 00:00-02",
		}},
		{"an hour that comes twice", "America/Sao_Paulo", "2019-02-16T12:00:00Z", day(time.Saturday, "23:30"), []string{
			"02-16 23:30-02", "02-23 23:30-03",
		}},
		{"a leap day", "Europe/Paris", "2028-02-28T12:00:00Z", day(time.Tuesday, "09:00"), []string{"02-29 09:00+01", "03-07 09:00+01"}},
		{"the end of a month and a year", "Europe/Paris", "2026-12-31T22:58:00Z", append(day(time.Thursday, "23:59"), day(time.Friday, "00:00")...), []string{
			"12-31 23:59+01", "01-01 00:00+01", "01-07 23:59+01",
		}},
		{"now is no slot any more", "UTC", "2026-11-23T09:00:00Z", day(time.Monday, "09:00"), []string{"11-30 09:00+00"}},
	} {
		now, err := time.Parse(rfc, tt.now)
		require.NoError(t, err)
		r := newRig(t, func(o *outbox.Options) { o.Now = func() time.Time { return now } })
		require.NoError(t, r.cal.SetSlots(t.Context(), r.acme.Account(), tt.zone, tt.slots...), tt.name)
		assert.Equal(t, tt.want, r.free(t, time.Time{}, len(tt.want)), tt.name)
	}
}

func TestSlotsThatAreTaken(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	a := r.acme.Account()
	set := func(a parvis.Account) {
		require.NoError(t, r.cal.SetSlots(t.Context(), a, "Europe/Paris",
			outbox.Slot{Day: time.Tuesday, Time: "09:00"}, outbox.Slot{Day: time.Tuesday, Time: "18:00"}))
	}
	set(a)
	set(other.Account())
	nine := outbox.At("Europe/Paris", "2026-11-24 09:00:30")
	plan := outbox.Plan{Draft: publish.Draft{Text: "pris"}, When: nine, Targets: []outbox.Target{outbox.To(a)}}
	e, err := r.cal.Save(t.Context(), plan)
	require.NoError(t, err)
	r.add(t, "à côté", 32*time.Hour+time.Minute) // 18:01, no slot
	assert.Equal(t, []string{"11-24 18:00+01", "12-01 09:00+01", "12-01 18:00+01"}, r.free(t, morning, 3), "a draft takes its minute")
	from := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	assert.Equal(t, []string{"12-01 09:00+01"}, r.free(t, from, 1), "from counts")
	assert.Empty(t, r.free(t, from, 0))
	elsewhere, err := r.cal.FreeSlots(t.Context(), other.Account(), morning, 1)
	require.NoError(t, err)
	assert.Equal(t, "2026-11-24T09:00:00+01:00", elsewhere[0].Format(rfc), "other accounts have their own")

	_, err = r.cal.Cancel(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Equal(t, []string{"11-24 09:00+01"}, r.free(t, morning, 1), "what is cancelled takes nothing")
	_, err = r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Fête", Kind: outbox.Holiday, From: outbox.At("Europe/Paris", "2026-11-24")})
	require.NoError(t, err)
	assert.Equal(t, []string{"12-01 09:00+01"}, r.free(t, morning, 1), "a holiday takes its slots")
}

func TestNextSlot(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	plan := func(text string, w outbox.When) outbox.Plan {
		return outbox.Plan{Draft: publish.Draft{Text: text}, When: w, Targets: []outbox.Target{outbox.To(r.acme.Account()), outbox.To(other.Account())}}
	}
	_, err := r.cal.Add(t.Context(), plan("sans", outbox.NextSlot()))
	require.ErrorIs(t, err, parvis.ErrInvalid)
	require.NoError(t, r.cal.SetSlots(t.Context(), r.acme.Account(), "Europe/Paris",
		outbox.Slot{Day: time.Tuesday, Time: "09:00"}, outbox.Slot{Day: time.Thursday, Time: "18:00"}))
	es, err := r.cal.AddAll(t.Context(), []outbox.Plan{plan("un", outbox.NextSlot()), plan("deux", outbox.NextSlot()), plan("trois", outbox.NextSlot())})
	require.NoError(t, err)
	for i, want := range []string{"2026-11-24 09:00 Europe/Paris", "2026-11-26 18:00 Europe/Paris", "2026-12-01 09:00 Europe/Paris"} {
		assert.Equal(t, want, es[i].When.String(), "each gets one of its own, in their order")
		assert.Equal(t, es[i].At, r.get(t, es[i]).At)
	}
	e, err := r.cal.Add(t.Context(), plan("après Noël", outbox.When{Wall: "2026-12-26 00:00", Zone: "Europe/Paris", Slot: true}))
	require.NoError(t, err)
	assert.Equal(t, "2026-12-29 09:00 Europe/Paris", e.When.String())
	e, err = r.cal.Add(t.Context(), plan("heure des créneaux", outbox.When{Wall: "2026-12-29 09:00", Slot: true}))
	require.NoError(t, err)
	assert.Equal(t, "2026-12-31 18:00 Europe/Paris", e.When.String(), "after means after, in the zone of the slots")
	moved, err := r.cal.Move(t.Context(), e.ID, outbox.NextSlot())
	require.NoError(t, err)
	assert.Equal(t, "2026-12-03 18:00 Europe/Paris", moved.When.String())
	moved, err = r.cal.Move(t.Context(), e.ID, outbox.NextSlot())
	require.NoError(t, err)
	assert.Equal(t, "2026-12-03 18:00 Europe/Paris", moved.When.String(), "its own slot is free for it")

	_, err = r.cal.AddBlackout(t.Context(), outbox.Blackout{
		Name: "travaux", Scope: outbox.OnNetwork("other"), From: outbox.Now(), To: outbox.At("Europe/Paris", "2029-01-01"),
	})
	require.NoError(t, err)
	_, err = r.cal.Add(t.Context(), plan("nulle part", outbox.NextSlot()))
	assert.ErrorIs(t, err, parvis.ErrConflict, "a blackout of any target counts")
	_, err = r.cal.Add(t.Context(), plan("faux", outbox.When{Wall: "demain", Slot: true}))
	assert.ErrorIs(t, err, parvis.ErrInvalid)
}
