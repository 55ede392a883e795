package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
	"github.com/parvis-go/parvis/publish/outbox/outboxpg"
)

// TestCalendarOnPostgres: every query of the calendar, slots, blackouts, checks and series,
// and what only several writers at a time can get wrong.
func TestCalendarOnPostgres(t *testing.T) {
	t.Parallel()
	const paris = "Europe/Paris"
	var mu sync.Mutex
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	acme := fake.New(fake.Options{Now: clock}).Join("acme")
	box, err := outbox.Open(t.Context(), outboxpg.Pool(postgres(t)), outbox.Options{
		Accounts: outbox.Publishers(acme), Now: clock, VerifyAfter: -1, Horizon: 10 * 24 * time.Hour,
	})
	require.NoError(t, err)
	cal, to := box.For("acme").As("claire"), outbox.To(acme.Account())
	require.NoError(t, cal.SetSlots(t.Context(), acme.Account(), paris, outbox.Slot{Day: time.Tuesday, Time: "09:00"}, outbox.Slot{Day: time.Friday, Time: "18:00"}))

	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			_, err := cal.Add(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "créneau"}, Labels: []string{"a|b"}, When: outbox.NextSlot(), Targets: []outbox.Target{to}})
			assert.NoError(t, err)
		})
	}
	together.Wait()
	es, err := cal.Entries(t.Context(), outbox.Query{})
	require.NoError(t, err)
	require.Len(t, es, 8)
	for i := range es[1:] {
		assert.True(t, es[i].At.Before(es[i+1].At), "no two have the same slot")
	}
	month, err := outbox.Month(paris, 2026, time.December)
	require.NoError(t, err)
	month.Network, month.Account, month.Label, month.States, month.Limit = "fake", acme.Account(), "a|b", []outbox.State{outbox.Scheduled, outbox.Draft}, 2
	page, err := cal.Entries(t.Context(), month)
	require.NoError(t, err)
	require.Len(t, page, 2)
	month.After = page[1].ID
	next, err := cal.Entries(t.Context(), month)
	require.NoError(t, err)
	require.Len(t, next, 2)
	assert.True(t, next[0].At.After(page[1].At))

	o, err := cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Inventaire", From: outbox.At(paris, "2026-11-27")})
	require.NoError(t, err)
	file := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:n\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Noël\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	for want := 1; want >= 0; want-- {
		n, err := cal.ImportHolidays(t.Context(), strings.NewReader(file), outbox.OnAccount(acme.Account()), paris)
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
	ps, err := cal.Check(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "créneau"}, When: outbox.At(paris, "2026-11-27 18:30"), Targets: []outbox.Target{to}})
	require.NoError(t, err)
	var rules []string
	for _, p := range ps {
		rules = append(rules, p.Rule)
	}
	assert.ElementsMatch(t, []string{"blackout", "same hour", "same text"}, rules)
	_, err = cal.Schedule(t.Context(), publish.Draft{Text: "x"}, outbox.At(paris, "2026-11-27 12:00"), acme.Account())
	require.ErrorIs(t, err, parvis.ErrConflict)
	require.NoError(t, cal.RemoveBlackout(t.Context(), o.ID))

	s, err := cal.Repeat(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "menu"}, When: outbox.At("UTC", "2026-11-23 12:00"), Targets: []outbox.Target{to}}, "FREQ=DAILY")
	require.NoError(t, err)
	for range 5 {
		mu.Lock()
		now = now.Add(48 * time.Hour)
		mu.Unlock()
		for range 4 {
			together.Go(func() {
				_, err := box.Drain(t.Context())
				assert.NoError(t, err)
			})
		}
		together.Wait()
	}
	es, err = cal.Entries(t.Context(), outbox.Query{Series: s.ID})
	require.NoError(t, err)
	assert.Len(t, es, 20, "each occurrence once")
	held, err := cal.Attention(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, held)
	require.NoError(t, cal.EndSeries(t.Context(), s.ID))
	all, err := cal.AllSeries(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.False(t, all[0].Ended.IsZero())
	left, err := cal.Entries(t.Context(), outbox.Query{Series: s.ID, States: []outbox.State{outbox.Scheduled, outbox.Held}})
	require.NoError(t, err)
	assert.Empty(t, left)
}
