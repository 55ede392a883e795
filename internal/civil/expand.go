package civil

import (
	"iter"
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

// horizon is how many years ahead a rule is looked through.
const horizon = 100

// slack is more than the wall clock and UTC are ever apart, gaps included: zones are up to
// 14 hours from UTC, and places that crossed the date line left out a day.
const slack = 2 * 24 * time.Hour

// An Occurrence is one time at which a rule occurs.
type Occurrence struct {
	// Wall is the time that the rule names.
	Wall Time
	// At is its instant, in the zone that was asked for.
	At time.Time
}

// After returns the occurrences in loc strictly after an instant, at most limit, soonest
// first. What the rule leaves open, such as the time of day, is that of start; start itself
// occurs only if the rule says so. COUNT counts from start; UNTIL ending in Z is an instant,
// without it the time on the wall, and a mere date means all of that day.
//
// Occurrences that [In] reads as the same instant, one of them in a gap, are one. RFC 5545
// §3.3.10 both says to leave out times that clocks never show and to read them as §3.3.5
// does; After does the latter, so that a day on which clocks change has its post.
//
// It looks 100 years ahead: of the instant, or of start where that is later or the rule has
// COUNT. There is nothing before year 1 and after year 9999. It panics if loc is nil.
func (r Rule) After(start Time, loc *time.Location, after time.Time, limit int) []Occurrence {
	from := start
	if r.count == 0 {
		if near := Of(after.In(loc).Add(-slack)); near.Compare(start) > 0 {
			from = near
		}
	}
	if r.text == "" || limit <= 0 || start.Year < 1 || from.Year > 9999 {
		return nil
	}
	var out []Occurrence
	for wall := range r.walls(start, from) {
		// A gap moves occurrences past the next ones, but not past what clocks then show.
		if len(out) >= limit && wall.Compare(Of(out[limit-1].At)) > 0 {
			break
		}
		at := In(wall, loc)
		if at.After(after) && (!r.utc || !at.After(r.until)) {
			out = insert(out, Occurrence{wall, at})
		}
	}
	return out[:min(len(out), limit)]
}

// insert keeps out in order. Of two at one instant it keeps the later on the wall, which is
// the one that clocks show.
func insert(out []Occurrence, o Occurrence) []Occurrence {
	i, same := slices.BinarySearchFunc(out, o.At, func(o Occurrence, at time.Time) int { return o.At.Compare(at) })
	if same {
		out[i] = o
		return out
	}
	return slices.Insert(out, i, o)
}

// walls yields the times that the rule names, in order: from start on, and where the rule
// does not count leaving out most of those before from.
//
// rrule-go goes on to the year 9999 after a time that never comes, such as February 30. The
// calendar repeats itself every 400 years, so the search is moved close to that end.
func (r Rule) walls(start, from Time) iter.Seq[Time] {
	return func(yield func(Time) bool) {
		option := r.filled(start)
		begin := r.interval(start.UTC(), from.UTC())
		moved := (9899 - begin.Year()) / 400 * 400
		option.Dtstart = begin.AddDate(moved, 0, 0)
		option.Until = r.end(from).AddDate(moved, 0, 0)
		rule, err := rrule.NewRRule(option)
		if err != nil {
			return // ParseRule let rrule-go check every part that is set here
		}
		next, n := rule.Iterator(), 0
		for t, ok := next(); ok; t, ok = next() {
			wall := Of(t.AddDate(-moved, 0, 0))
			if wall.Compare(start) < 0 || !r.inWeek(wall) {
				continue
			}
			n++
			if !yield(wall) || n == r.count {
				return
			}
		}
	}
}

// inWeek reports whether the week of the day is one of BYWEEKNO. rrule-go takes the first
// days of some years for week 53 of the year before, which had 52, and is not shown BYWEEKNO.
func (r Rule) inWeek(day Time) bool {
	if len(r.option.Byweekno) == 0 {
		return true
	}
	year, week := r.week(day)
	_, last := r.week(Time{Year: year, Month: time.December, Day: 28}) // which is always in it
	return slices.Contains(r.option.Byweekno, week) || slices.Contains(r.option.Byweekno, week-last-1)
}

// week returns the number of the week of the day, and the year that the week belongs to:
// that of its fourth day.
func (r Rule) week(day Time) (year, number int) {
	t := day.UTC()
	fourth := t.AddDate(0, 0, 3-r.intoWeek(t))
	return fourth.Year(), (fourth.YearDay()-1)/7 + 1
}

// intoWeek returns how many days t is after the first day of its week.
func (r Rule) intoWeek(t time.Time) int {
	return (int(t.Weekday()) + 6 - r.option.Wkst.Day() + 7) % 7
}

// end returns the digits after which no occurrence is looked for.
func (r Rule) end(from Time) time.Time {
	end := from.UTC().AddDate(horizon, 0, 0)
	until := r.until
	if r.utc {
		until = until.Add(slack)
	}
	if !until.IsZero() && until.Before(end) {
		return until
	}
	return end
}

// interval returns the beginning of the day, week, month or year of the rule that from is
// in or that is the last before it, counted in intervals from start. rrule-go would begin
// in the middle of one, and choose wrongly by BYSETPOS there.
func (r Rule) interval(start, from time.Time) time.Time {
	step := max(1, r.option.Interval)
	whole := func(n int) int { return n - n%step }
	y, m, d := start.Date()
	switch r.option.Freq {
	case rrule.DAILY:
		return time.Date(y, m, d+whole(days(start, from)), 0, 0, 0, 0, time.UTC)
	case rrule.WEEKLY:
		into := r.intoWeek(start)
		return time.Date(y, m, d-into+7*whole((days(start, from)+into)/7), 0, 0, 0, 0, time.UTC)
	case rrule.MONTHLY:
		months := (from.Year()-y)*12 + int(from.Month()-m)
		return time.Date(y, m+time.Month(whole(months)), 1, 0, 0, 0, 0, time.UTC)
	default:
		return time.Date(y+whole(from.Year()-y), time.January, 1, 0, 0, 0, 0, time.UTC)
	}
}

// days returns the number of midnights from a to b, which may be further apart than a
// [time.Duration] holds.
func days(a, b time.Time) int {
	const day = 24 * 60 * 60
	midnight := func(t time.Time) int64 { return t.Truncate(24 * time.Hour).Unix() }
	return int((midnight(b) - midnight(a)) / day)
}

// filled returns the parts of the rule with those of start where the rule leaves them open.
func (r Rule) filled(start Time) rrule.ROption {
	o := r.option
	o.Byhour = or(o.Byhour, start.Hour)
	o.Byminute = or(o.Byminute, start.Minute)
	o.Bysecond = or(o.Bysecond, start.Second)
	switch {
	case len(o.Byyearday)+len(o.Bymonthday)+len(o.Byweekday) > 0:
		o.Byweekday = numbered(o)
	case o.Freq == rrule.WEEKLY || len(o.Byweekno) > 0:
		o.Byweekday = []rrule.Weekday{weekday(start.UTC().Weekday())}
	case o.Freq == rrule.MONTHLY:
		o.Bymonthday = []int{start.Day}
	case o.Freq == rrule.YEARLY:
		o.Bymonth = or(o.Bymonth, int(start.Month))
		o.Bymonthday = []int{start.Day}
	}
	o.Byweekno = nil
	return o
}

func or(list []int, n int) []int {
	if len(list) > 0 {
		return list
	}
	return []int{n}
}

// numbered returns the days of the rule all with numbers or all without. rrule-go takes
// BYDAY=MO,1TU for the days that are both a Monday and the first Tuesday.
func numbered(o rrule.ROption) []rrule.Weekday {
	plain := func(d rrule.Weekday) bool { return d.N() == 0 }
	if !slices.ContainsFunc(o.Byweekday, plain) || !slices.ContainsFunc(o.Byweekday, func(d rrule.Weekday) bool { return !plain(d) }) {
		return o.Byweekday
	}
	most := 53
	if o.Freq == rrule.MONTHLY || len(o.Bymonth) > 0 {
		most = 5
	}
	var out []rrule.Weekday
	for _, d := range o.Byweekday {
		if !plain(d) {
			out = append(out, d)
			continue
		}
		for n := range most {
			out = append(out, d.Nth(n+1))
		}
	}
	return out
}

func weekday(d time.Weekday) rrule.Weekday {
	return [...]rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}[d]
}
