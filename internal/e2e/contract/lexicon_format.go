package contract

import (
	"regexp"
	"strings"
	"time"
)

// lexFormats are the forms that strings can have.
//
// https://atproto.com/specs/lexicon#string-formats
var lexFormats = func() map[string]func(string) bool {
	whole := func(p string) func(string) bool { return regexp.MustCompile("^(?:" + p + ")$").MatchString }
	const (
		did    = `did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]`
		label  = `[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
		handle = `(` + label + `\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
		nsid   = `[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.` + label + `)+(\.[a-zA-Z][a-zA-Z0-9]{0,62})`
		key    = `[a-zA-Z0-9_~.:-]{1,512}`
	)
	return map[string]func(string) bool{
		"did": whole(did), "handle": whole(handle), "at-identifier": whole(did + "|" + handle), "nsid": whole(nsid),
		"at-uri":     whole(`at://(` + did + `|` + handle + `)(/` + nsid + `(/` + key + `)?)?`),
		"cid":        whole(`baf[a-z2-7]{50,}`),
		"tid":        whole(`[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}`),
		"record-key": func(s string) bool { return s != "." && s != ".." && whole(key)(s) },
		"language":   whole(`[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*`),
		"datetime": func(s string) bool {
			_, err := time.Parse(time.RFC3339Nano, s)
			return err == nil && !strings.HasSuffix(s, "-00:00")
		},
		"uri": whole(`\w+:(//)?[^\s/]\S*`),
	}
}()
