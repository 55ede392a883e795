package bluesky

import (
	"net/url"
	"slices"
	"strings"
)

// scopes returns what is asked for.
func (f *Flow) scopes(powers []string) []string {
	wanted := f.cfg.Scopes
	if wanted == nil {
		wanted = Manifest().ScopesFor(powers...)
	}
	all := []string{"atproto"}
	for _, s := range wanted {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// Covers reports whether the granted scopes include the one needed. transition:generic
// includes all that an app password may do, which is all but direct messages, and granular
// scopes include those that say less.
//
// https://atproto.com/specs/permission
func (f *Flow) Covers(granted []string, needed string) bool { return covers(granted, needed) }

func covers(granted []string, needed string) bool {
	if slices.Contains(granted, needed) {
		return true
	}
	n := parseScope(needed)
	if needed == "transition:generic" {
		return covers(granted, "repo:*") && covers(granted, "blob:*/*") && covers(granted, "rpc:*?aud=*")
	}
	if slices.Contains(granted, "transition:generic") && n.generic() {
		return true
	}
	if n.kind == "rpc" && strings.HasPrefix(n.first("lxm"), "chat.bsky.") && slices.Contains(granted, "transition:chat.bsky") {
		return true
	}
	return slices.ContainsFunc(granted, func(g string) bool { return parseScope(g).includes(n) })
}

// A scope is a granular one in its parts: "repo:app.bsky.feed.post?action=create" is of
// the kind repo, and its values are those of collection and action.
type scope struct {
	kind   string
	values url.Values
}

// positional is the parameter that may stand before the question mark.
var positional = map[string]string{"repo": "collection", "rpc": "lxm", "blob": "accept", "account": "attr", "identity": "attr"}

func parseScope(s string) scope {
	head, query, _ := strings.Cut(s, "?")
	kind, first, has := strings.Cut(head, ":")
	values, err := url.ParseQuery(query)
	if err != nil || positional[kind] == "" {
		return scope{kind: s}
	}
	if has {
		values.Set(positional[kind], first)
	}
	if kind == "repo" && len(values["action"]) == 0 {
		values["action"] = []string{"create", "update", "delete"}
	}
	if kind == "account" && len(values["action"]) == 0 {
		values["action"] = []string{"read"}
	}
	return scope{kind, values}
}

func (s scope) first(name string) string { return s.values.Get(name) }

// generic reports whether transition:generic includes s.
func (s scope) generic() bool {
	switch s.kind {
	case "repo", "blob":
		return true
	case "rpc":
		return !slices.ContainsFunc(s.values["lxm"], func(l string) bool { return l == "*" || strings.HasPrefix(l, "chat.bsky.") })
	}
	return false
}

// includes reports whether s allows all that n does.
func (s scope) includes(n scope) bool {
	if s.kind != n.kind || positional[s.kind] == "" {
		return false
	}
	for name, wanted := range n.values {
		for _, w := range wanted {
			if !slices.ContainsFunc(s.values[name], func(have string) bool { return scopeHas(have, w) }) {
				return false
			}
		}
	}
	return true
}

// scopeHas reports whether a value, which may be a pattern, includes another.
func scopeHas(have, want string) bool {
	if have == want || have == "*" || have == "*/*" {
		return true
	}
	prefix, ok := strings.CutSuffix(have, "/*")
	return ok && strings.HasPrefix(want, prefix+"/")
}
