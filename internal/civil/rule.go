package civil

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// The bounds of a rule. They keep what a stranger's rule costs below a second, and are far
// above what a calendar of posts needs.
const (
	maxLen      = 1000   // characters
	maxInterval = 1000   // days, weeks, months or years
	maxCount    = 10_000 // occurrences
	maxPerDay   = 96     // occurrences: one every quarter of an hour
	maxSetPos   = 31     // positions
)

// A Rule is a recurrence rule: how something repeats. The zero Rule never occurs.
type Rule struct {
	text   string
	option rrule.ROption // without DTSTART, COUNT and UNTIL
	count  int           // 0 where the rule has no COUNT
	until  time.Time     // an instant, or the digits of a wall clock in UTC; zero without UNTIL
	utc    bool          // until is an instant
}

// ruleParts are the parts of a rule in RFC 5545 §3.3.10.
var ruleParts = [...]string{
	"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSECOND", "BYMINUTE", "BYHOUR",
	"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS",
}

// ParseRule reads the value of an RRULE, with or without "RRULE:" before it, in either case.
// [parvis.ErrInvalid] is the answer to what RFC 5545 §3.3.10 forbids, and beyond that to
//
//   - DTSTART in the rule, since the start is given apart from it;
//   - HOURLY, MINUTELY and SECONDLY, for which a calendar of posts has no use;
//   - the second 60, more than 1000 characters, an INTERVAL or COUNT above 1000 and 10000,
//     more than 96 occurrences a day, and more than 31 positions in BYSETPOS.
//
// https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10
func ParseRule(s string) (Rule, error) {
	r, why := parseRule(s)
	if why != "" {
		return Rule{}, invalid(fmt.Sprintf("%q is not a rule for repeating: %s", cut(s), why),
			"write it as in FREQ=WEEKLY;BYDAY=MO,TH")
	}
	return r, nil
}

// parseRule returns the rule, or the reason why it is none.
func parseRule(s string) (Rule, string) {
	if len(s) > maxLen {
		return Rule{}, "it has more than 1000 characters"
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return Rule{}, "it holds spaces, line breaks or letters that no rule has"
	}
	parts, why := splitRule(strings.TrimPrefix(strings.ToUpper(s), "RRULE:"))
	if why != "" {
		return Rule{}, why
	}
	var r Rule
	for _, read := range [...]func(map[string]string) string{r.readFreq, r.readBounds, r.readRest, r.check} {
		if why := read(parts); why != "" {
			return Rule{}, why
		}
	}
	r.text = r.spell(parts["UNTIL"])
	if len(r.text) > maxLen {
		return Rule{}, "written out it has more than 1000 characters"
	}
	return r, ""
}

func splitRule(s string) (map[string]string, string) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		name, value, ok := strings.Cut(part, "=")
		_, twice := parts[name]
		switch {
		case name == "DTSTART":
			return nil, "it holds DTSTART, which is given apart from the rule"
		case !slices.Contains(ruleParts[:], name):
			return nil, fmt.Sprintf("%q is not a part of a rule", cut(name))
		case !ok || value == "":
			return nil, name + " has no value"
		case twice:
			return nil, name + " is there twice"
		}
		parts[name] = value
	}
	return parts, ""
}

func (r *Rule) readFreq(parts map[string]string) string {
	switch freq := parts["FREQ"]; freq {
	case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
		return ""
	case "SECONDLY", "MINUTELY", "HOURLY":
		return "a calendar of posts has no use for " + freq
	case "":
		return "it has no FREQ"
	default:
		return fmt.Sprintf("there is no FREQ %q", cut(freq))
	}
}

// readBounds reads COUNT and UNTIL, which rrule-go is never shown: it would count from
// where the search begins, and knows no wall clock.
func (r *Rule) readBounds(parts map[string]string) string {
	count, until := parts["COUNT"], parts["UNTIL"]
	switch {
	case count != "" && until != "":
		return "it has both COUNT and UNTIL"
	case count != "":
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > maxCount {
			return "COUNT is not 1 to 10000"
		}
		r.count = n
	case until != "":
		return r.readUntil(until)
	}
	return ""
}

func (r *Rule) readUntil(s string) string {
	for _, layout := range [...]string{"20060102", "20060102T150405", "20060102T150405Z"} {
		t, err := time.Parse(layout, s)
		if err != nil || t.Year() < 1 || t.Format(layout) != s {
			continue
		}
		if len(s) == len("20060102") {
			t = t.Add(24*time.Hour - time.Second)
		}
		r.until, r.utc = t, strings.HasSuffix(s, "Z")
		return ""
	}
	return "UNTIL is not a time such as 20261224T180000Z"
}

// readRest has rrule-go read the other parts.
func (r *Rule) readRest(parts map[string]string) string {
	var rest []string
	for _, name := range ruleParts {
		if value, ok := parts[name]; ok && name != "COUNT" && name != "UNTIL" {
			rest = append(rest, name+"="+value)
		}
	}
	option, err := rrule.StrToROption(strings.Join(rest, ";"))
	if err != nil {
		return cut(err.Error())
	}
	if parts["INTERVAL"] != "" && (option.Interval < 1 || option.Interval > maxInterval) {
		return "INTERVAL is not 1 to 1000"
	}
	if option.Interval == 1 {
		option.Interval = 0
	}
	for _, list := range [...]*[]int{
		&option.Bysecond, &option.Byminute, &option.Byhour, &option.Bymonthday,
		&option.Byyearday, &option.Byweekno, &option.Bymonth, &option.Bysetpos,
	} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	option.Dtstart = time.Unix(0, 0)
	if _, err := rrule.NewRRule(*option); err != nil {
		return cut(err.Error())
	}
	option.Dtstart = time.Time{}
	r.option = *option
	return ""
}

// check refuses what RFC 5545 forbids and rrule-go passes or panics on, and what costs too much.
func (r *Rule) check(parts map[string]string) string {
	o := &r.option
	perDay := max(1, len(o.Byhour)) * max(1, len(o.Byminute)) * max(1, len(o.Bysecond))
	by := slices.ContainsFunc(ruleParts[:], func(name string) bool {
		return strings.HasPrefix(name, "BY") && name != "BYSETPOS" && parts[name] != ""
	})
	switch {
	case len(parts["WKST"]) > len("MO"):
		return "WKST is not a day"
	case len(o.Bymonthday) > 0 && o.Freq == rrule.WEEKLY:
		return "BYMONTHDAY is not for weekly rules"
	case len(o.Byyearday) > 0 && o.Freq != rrule.YEARLY:
		return "BYYEARDAY is for yearly rules"
	case len(o.Byweekno) > 0 && o.Freq != rrule.YEARLY:
		return "BYWEEKNO is for yearly rules"
	case len(o.Byweekno) > 0 && len(o.Bysetpos) > 0:
		return "BYSETPOS together with BYWEEKNO is not read"
	case len(o.Bysetpos) > 0 && !by:
		return "BYSETPOS is there without another part that it could choose from"
	case len(o.Bysetpos) > maxSetPos:
		return "BYSETPOS has more than 31 positions"
	case perDay > maxPerDay:
		return "it occurs more than 96 times a day"
	}
	return r.checkDays(parts["BYDAY"])
}

// checkDays checks the numbers in BYDAY. rrule-go reads 0 as none, and reaches outside of
// the year where a month has no such day.
func (r *Rule) checkDays(days string) string {
	most := 53
	if r.option.Freq == rrule.MONTHLY || len(r.option.Bymonth) > 0 {
		most = 5
	}
	if days == "" {
		return ""
	}
	for day := range strings.SplitSeq(days, ",") {
		number := day[:len(day)-len("MO")]
		if number == "" {
			continue
		}
		n, err := strconv.Atoi(number)
		switch {
		case r.option.Freq != rrule.MONTHLY && r.option.Freq != rrule.YEARLY:
			return "numbers in BYDAY are for monthly and yearly rules"
		case len(r.option.Byweekno) > 0:
			return "numbers in BYDAY do not go with BYWEEKNO"
		case err != nil || n == 0 || n < -most || n > most:
			return fmt.Sprintf("BYDAY has a number that is not 1 to %d or -%d to -1", most, most)
		}
	}
	return ""
}

func (r *Rule) spell(until string) string {
	text := r.option.RRuleString()
	if r.count > 0 {
		text += ";COUNT=" + strconv.Itoa(r.count)
	}
	if until != "" {
		text += ";UNTIL=" + until
	}
	return text
}

// Bounded reports whether the rule ends by itself: it has COUNT or UNTIL.
func (r Rule) Bounded() bool { return r.count > 0 || !r.until.IsZero() }

// String returns the value of the RRULE in one fixed spelling, without "RRULE:".
func (r Rule) String() string { return r.text }
