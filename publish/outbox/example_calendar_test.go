package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func ExampleMonth() {
	s := newStage()
	_, _ = s.cal.Schedule(s.ctx, publish.Draft{Text: "Le menu de Noël"}, outbox.At("Europe/Paris", "2026-12-20 09:00"), s.acme.Account())
	_, _ = s.cal.Schedule(s.ctx, publish.Draft{Text: "Bonne année"}, outbox.At("Europe/Paris", "2027-01-01 00:00"), s.acme.Account())
	december, _ := outbox.Month("Europe/Paris", 2026, time.December)
	entries, err := s.cal.Entries(s.ctx, december)
	for _, e := range entries {
		fmt.Println(e.When, e.State, e.Draft.Text)
	}
	fmt.Println(err)
	// Output:
	// 2026-12-20 09:00 Europe/Paris scheduled Le menu de Noël
	// <nil>
}

func ExampleWeek() {
	week, err := outbox.Week("Europe/Paris", 2026, 53)
	fmt.Println(week.From.Format("Monday 2006-01-02"), "to", week.To.Format("Monday 2006-01-02"), err)
	// Output: Monday 2026-12-28 to Monday 2027-01-04 <nil>
}

func ExampleClient_Attention() {
	s := newStage()
	_, _ = s.cal.Schedule(s.ctx, publish.Draft{Text: "Ce matin"}, outbox.At("Europe/Paris", "2026-12-01 10:00"), s.acme.Account())
	s.until(s.now.Add(24 * time.Hour)) // the machine was off
	entries, err := s.cal.Attention(s.ctx)
	for _, e := range entries {
		fmt.Println(e.State, e.Targets[0].Reason)
	}
	fmt.Println(err)
	// Output:
	// held its time was missed by 23h0m0s, 1h0m0s are allowed; let it out with Retry, give it a new time with Move, or Cancel it
	// <nil>
}

func ExampleClient_FreeSlots() {
	s := newStage()
	acme := s.acme.Account()
	_ = s.cal.SetSlots(s.ctx, acme, "Europe/Paris", outbox.Slot{Day: time.Tuesday, Time: "18:00"}, outbox.Slot{Day: time.Friday, Time: "12:30"})
	e, _ := s.cal.Schedule(s.ctx, publish.Draft{Text: "Le four est chaud"}, outbox.NextSlot(), acme)
	fmt.Println(e.When)
	free, err := s.cal.FreeSlots(s.ctx, acme, s.now, 2)
	for _, at := range free {
		fmt.Println(at.Format("Monday 2006-01-02 15:04"))
	}
	fmt.Println(err)
	// Output:
	// 2026-12-01 18:00 Europe/Paris
	// Friday 2026-12-04 12:30
	// Tuesday 2026-12-08 18:00
	// <nil>
}

func ExampleNextSlot() {
	s := newStage()
	acme := s.acme.Account()
	_ = s.cal.SetSlots(s.ctx, acme, "Europe/Paris", outbox.Slot{Day: time.Tuesday, Time: "18:00"}, outbox.Slot{Day: time.Friday, Time: "12:30"})
	for _, text := range []string{"Le pain", "Le four"} {
		e, err := s.cal.Schedule(s.ctx, publish.Draft{Text: text}, outbox.NextSlot(), acme)
		fmt.Println(e.Draft.Text, e.When, err)
	}
	// Output:
	// Le pain 2026-12-01 18:00 Europe/Paris <nil>
	// Le four 2026-12-04 12:30 Europe/Paris <nil>
}

func ExampleClient_AddBlackout() {
	s := newStage()
	_, err := s.cal.AddBlackout(s.ctx, outbox.Blackout{
		Name: "the Christmas break", From: outbox.At("Europe/Paris", "2026-12-24 12:00"), To: outbox.At("Europe/Paris", "2026-12-27 00:00"),
	})
	fmt.Println(err)
	_, err = s.cal.Schedule(s.ctx, publish.Draft{Text: "Bonjour"}, outbox.At("Europe/Paris", "2026-12-25 10:00"), s.acme.Account())
	fmt.Println(errors.Is(err, parvis.ErrConflict), err)
	// Output:
	// <nil>
	// true fake: schedule: nothing goes out during the Christmas break; choose a time after 2026-12-27 00:00 Europe/Paris, or remove the blackout
}

func ExampleClient_ImportHolidays() {
	s := newStage()
	file := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Holidays//EN\r\n" +
		"BEGIN:VEVENT\r\nUID:assumption\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Assomption\r\nDTSTART;VALUE=DATE:20270815\r\nEND:VEVENT\r\n" +
		"END:VCALENDAR\r\n"
	for range 2 {
		n, err := s.cal.ImportHolidays(s.ctx, strings.NewReader(file), outbox.Everything, "Europe/Paris")
		fmt.Println(n, "new", err)
	}
	days, _ := s.cal.Blackouts(s.ctx, time.Time{}, time.Time{})
	fmt.Println(days[0].Name, days[0].Kind, "from", days[0].From, "to", days[0].To)
	// Output:
	// 1 new <nil>
	// 0 new <nil>
	// Assomption holiday from 2027-08-15 00:00 Europe/Paris to 2027-08-16 00:00 Europe/Paris
}

func ExampleClient_Check() {
	s := newStage()
	acme := outbox.To(s.acme.Account())
	_, _ = s.cal.Add(s.ctx, outbox.Plan{Draft: publish.Draft{Text: "Le pain est prêt"}, When: outbox.At("Europe/Paris", "2026-12-10 08:00"), Targets: []outbox.Target{acme}})
	plan := outbox.Plan{
		Draft: publish.Draft{Text: "Les coulisses", Title: "Atelier"}, When: outbox.At("Europe/Paris", "2026-12-10 08:30"), Targets: []outbox.Target{acme},
	}
	problems, err := s.cal.Check(s.ctx, plan)
	for _, p := range problems {
		fmt.Println(p.Rule, p.Blocks)
	}
	fmt.Println(len(problems.Blocking()), "block", err)
	// Output:
	// unsupported true
	// same hour false
	// 1 block <nil>
}

func ExampleClient_Repeat() {
	s := newStage()
	series, err := s.cal.Repeat(s.ctx, outbox.Plan{
		Draft: publish.Draft{Text: "Le menu de la semaine"}, When: outbox.At("Europe/Paris", "2026-12-07 11:00"),
		Targets: []outbox.Target{outbox.To(s.acme.Account())},
	}, "FREQ=WEEKLY;BYDAY=MO;COUNT=3")
	fmt.Println(series.Rule, err)
	entries, _ := s.cal.Entries(s.ctx, outbox.Query{Series: series.ID})
	for _, e := range entries {
		fmt.Println(e.When)
	}
	fmt.Println(s.cal.EndSeries(s.ctx, series.ID))
	e, _ := s.cal.Get(s.ctx, entries[0].ID)
	fmt.Println(e.State)
	// Output:
	// FREQ=WEEKLY;BYDAY=MO;COUNT=3 <nil>
	// 2026-12-07 11:00 Europe/Paris
	// 2026-12-14 11:00 Europe/Paris
	// 2026-12-21 11:00 Europe/Paris
	// <nil>
	// cancelled
}
