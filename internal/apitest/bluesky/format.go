package blueskytest

import (
	"regexp"
	"time"
)

// A format is a form that a string must have.
//
// https://atproto.com/specs/lexicon#string-formats
type format struct {
	name string
	ok   func(string) bool
}

func pattern(p string) func(string) bool { return regexp.MustCompile("^(?:" + p + ")$").MatchString }

const (
	didPattern    = `did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]`
	handlePattern = `([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`
	nsidPattern   = `[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(\.[a-zA-Z][a-zA-Z0-9]{0,62})`
	keyPattern    = `[a-zA-Z0-9_~.:-]{1,512}`
)

var (
	isDID    = format{"DID", pattern(didPattern)}
	isHandle = format{"handle", pattern(handlePattern)}
	isActor  = format{"at-identifier", pattern(didPattern + "|" + handlePattern)}
	isNSID   = format{"NSID", pattern(nsidPattern)}
	isATURI  = format{"at-uri", pattern("at://(" + didPattern + "|" + handlePattern + ")(/" + nsidPattern + "(/" + keyPattern + ")?)?")}
	isCID    = format{"CID", pattern(`[a-z2-7]{30,}`)}
	isTID    = format{"TID string", pattern(`[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}`)}
	isKey    = format{"record key", func(s string) bool { return s != "." && s != ".." && pattern(keyPattern)(s) }}
	isLang   = format{"language", pattern(`[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*`)}
	isTime   = format{"datetime", func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil }}
	isURI    = format{"uri", pattern(`\w+:(//)?[^\s/]\S*`)}
)
