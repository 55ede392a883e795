package jetstream

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The limits on filters.
const (
	maxCollections = 100
	maxDIDs        = 10_000
	maxKinds       = 4
)

// seqLimit tells numbers, which lie below it, from times in microseconds.
const seqLimit = 1_000_000_000_000_000

var (
	didForm        = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]+$`)
	collectionForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z0-9-]+)+(\.\*)?$`)
	kindNames      = []string{"commit", "identity", "account", "sync"}
)

// A filter is what a consumer asked for.
type filter struct {
	modern            bool
	kinds, dids, cols []string
	cursor            int64
	live              bool // no cursor
	maxSize           int64
}

// parse reads the parameters of an endpoint, and refuses what the documentation refuses.
func parse(modern bool, q url.Values) (f filter, err error) {
	f.modern, f.live = modern, !q.Has("cursor")
	f.dids, f.cols = q["wantedDids"], q["wantedCollections"]
	if modern {
		if q.Has("wantedDids") || q.Has("wantedCollections") {
			return f, fmt.Errorf("wantedDids and wantedCollections are now dids and collections")
		}
		f.kinds, f.dids, f.cols = unique(q["kinds"]), unique(q["dids"]), unique(q["collections"])
	}
	if err := f.check(); err != nil {
		return f, err
	}
	if !f.live {
		if f.cursor, err = strconv.ParseInt(q.Get("cursor"), 10, 64); err != nil || f.cursor < 0 {
			return f, fmt.Errorf("the cursor is no number")
		}
	}
	if s := q.Get("maxMessageSizeBytes"); s != "" {
		if f.maxSize, err = strconv.ParseInt(s, 10, 64); err != nil || f.maxSize < 0 || f.maxSize > 1<<32-1 {
			return f, fmt.Errorf("maxMessageSizeBytes is out of range")
		}
	}
	return f, nil
}

func unique(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

func (f *filter) check() error {
	switch {
	case len(f.cols) > maxCollections:
		return fmt.Errorf("at most %d collections", maxCollections)
	case len(f.dids) > maxDIDs:
		return fmt.Errorf("at most %d DIDs", maxDIDs)
	case len(f.kinds) > maxKinds:
		return fmt.Errorf("at most %d kinds", maxKinds)
	case len(f.cols) > 0 && len(f.kinds) > 0 && !slices.Contains(f.kinds, "commit"):
		return fmt.Errorf("only commits have a collection")
	}
	for _, k := range f.kinds {
		if !slices.Contains(kindNames, k) {
			return fmt.Errorf("unknown kind %q", k)
		}
	}
	for _, d := range f.dids {
		if !didForm.MatchString(d) {
			return fmt.Errorf("malformed DID %q", d)
		}
	}
	for _, c := range f.cols {
		if !collectionForm.MatchString(c) {
			return fmt.Errorf("malformed collection %q", c)
		}
	}
	return nil
}

// wants reports whether an event, which is a commit, passes all filters.
func (f *filter) wants(e *Event) bool {
	if len(f.kinds) > 0 && !slices.Contains(f.kinds, "commit") || len(f.dids) > 0 && !slices.Contains(f.dids, e.DID) {
		return false
	}
	return len(f.cols) == 0 || slices.ContainsFunc(f.cols, func(c string) bool {
		prefix, open := strings.CutSuffix(c, "*")
		return c == e.Collection || open && strings.HasPrefix(e.Collection, prefix)
	})
}
