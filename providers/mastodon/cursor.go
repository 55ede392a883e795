package mastodon

import (
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// A position is the ID of the newest item of a list that is dealt with; "" is the beginning.
type position string

// reach moves the position forward to id, never back.
func (p *position) reach(id string) {
	if *p == "" || older(string(*p), id) {
		*p = position(id)
	}
}

// cursor returns where the run is: the feed's name and the ID of the last item,
// "home:115586204417731023", or with the account's own posts two IDs, "n+own:34975861,115586204417731023".
func (h *hearing) cursor() listen.Cursor {
	switch {
	case h.feed.name == "" || h.at == "" && h.own == "":
		return ""
	case h.feed.withOwn:
		return listen.Cursor(h.feed.name + ":" + string(h.at) + "," + string(h.own))
	}
	return listen.Cursor(h.feed.name + ":" + string(h.at))
}

// positionsIn reads a cursor of the feed. The zero cursor is the beginning.
func positionsIn(f feed, c listen.Cursor) (at, own position, err error) {
	if c == "" {
		return "", "", nil
	}
	id, ok := strings.CutPrefix(string(c), f.name+":")
	ownID := ""
	if f.withOwn {
		var both bool
		id, ownID, both = strings.Cut(id, ",")
		ok = ok && both && (id == "" || isID(id)) && (ownID == "" || isID(ownID)) && id+ownID != ""
	} else {
		ok = ok && isID(id)
	}
	if !ok {
		return "", "", &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the cursor does not belong to this query",
			Help: "resume with the cursor of an event that the same query delivered",
		}
	}
	return position(id), position(ownID), nil
}

// isID reports whether s may be an ID: any short text without spaces, commas and control
// characters, since servers of other makes have IDs that are no numbers; see
// https://docs.joinmastodon.org/api/guidelines/#id.
func isID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f || s[i] == ',' {
			return false
		}
	}
	return s != "" && len(s) <= 512
}

// older reports whether the ID a comes before b. IDs are strings that sort first by length
// and then by their characters; see https://docs.joinmastodon.org/api/guidelines/#id.
func older(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
