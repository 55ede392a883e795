package oauth

import (
	"net/http"
	"strconv"
	"time"
)

// maxSkew is how far a clock may be off before it is called wrong. Servers that check
// times allow five minutes as a rule.
const maxSkew = 5 * time.Minute

// Skew compares the clock of this machine, which says now, with that of a server, which
// wrote the header Date (RFC 9110, section 6.6.1). ok tells that they differ by more than
// five minutes; skew is positive if this machine is ahead.
func Skew(h http.Header, now time.Time) (skew time.Duration, ok bool) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	skew = now.Sub(date)
	return skew, skew.Abs() > maxSkew
}

// ClockHelp says what to do about a clock that is off by skew.
func ClockHelp(skew time.Duration) string {
	return "the clock of this machine is wrong by about " + about(skew.Abs()) + "; set it"
}

// about rounds d to what people say: "1 h", "25 min", "3 d".
func about(d time.Duration) string {
	switch {
	case d < 55*time.Minute:
		return strconv.Itoa(int(d.Round(time.Minute)/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Round(time.Hour)/time.Hour)) + " h"
	}
	return strconv.Itoa(int((d+12*time.Hour)/(24*time.Hour))) + " d"
}
