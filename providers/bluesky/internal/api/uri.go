package api

import (
	"regexp"
	"strings"

	"github.com/parvis-go/parvis"
)

// URI is the address of a record: at://did/collection/rkey.
//
// https://atproto.com/specs/at-uri-scheme
type URI struct{ Authority, Collection, RKey string }

var (
	didSyntax    = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$`)
	handleSyntax = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	nsidSyntax   = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(\.[a-zA-Z][a-zA-Z0-9]{0,62})$`)
	rkeySyntax   = regexp.MustCompile(`^[a-zA-Z0-9_~.:-]{1,512}$`)
)

// ValidDID reports whether s has the syntax of a DID.
//
// https://atproto.com/specs/did
func ValidDID(s string) bool { return len(s) <= 2048 && didSyntax.MatchString(s) }

// ValidHandle reports whether s has the syntax of a handle.
//
// https://atproto.com/specs/handle
func ValidHandle(s string) bool { return len(s) <= 253 && handleSyntax.MatchString(s) }

// ValidNSID reports whether s has the syntax of the name of a method or collection.
//
// https://atproto.com/specs/nsid
func ValidNSID(s string) bool { return len(s) <= 317 && nsidSyntax.MatchString(s) }

// ValidRKey reports whether s may be the key of a record.
//
// https://atproto.com/specs/record-key
func ValidRKey(s string) bool { return rkeySyntax.MatchString(s) && s != "." && s != ".." }

// ParseURI reads the address of a record.
func ParseURI(s string) (URI, error) {
	rest, ok := strings.CutPrefix(s, "at://")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || !ValidDID(parts[0]) && !ValidHandle(parts[0]) || !ValidNSID(parts[1]) || !ValidRKey(parts[2]) {
		return URI{}, &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the reference is not the address of a record",
			Help: "use a reference that this network returned; it looks like at://did/collection/rkey",
		}
	}
	return URI{parts[0], parts[1], parts[2]}, nil
}

// String returns the address.
func (u URI) String() string { return "at://" + u.Authority + "/" + u.Collection + "/" + u.RKey }
