package providers

import (
	"slices"

	"github.com/parvis-go/parvis"
)

// A Lack is a scope that was not granted, and the powers that it costs.
type Lack struct {
	Scope string `json:"scope"`
	// Powers are those that need the scope, in the order of [Powers].
	Powers []string `json:"powers"`
}

// ScopesFor returns the scopes that the powers need by m, each once, in the order of
// [Powers]. No powers means all.
func (m Manifest) ScopesFor(powers ...string) []string {
	var scopes []string
	for _, p := range Powers() {
		if len(powers) > 0 && !slices.Contains(powers, p) {
			continue
		}
		for _, s := range m.Scopes[p] {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	return scopes
}

// Lacking compares the granted scopes with those that m needs, and returns what is
// missing with what that costs. nil granted means that the network does not say: then
// nothing is known to be missing. covers is that of a [Coverer]; nil compares names.
func (m Manifest) Lacking(granted []string, covers func(granted []string, needed string) bool) []Lack {
	if granted == nil {
		return nil
	}
	if covers == nil {
		covers = func(granted []string, needed string) bool { return slices.Contains(granted, needed) }
	}
	var lacks []Lack
	for _, scope := range m.ScopesFor() {
		if covers(granted, scope) {
			continue
		}
		lack := Lack{Scope: scope}
		for _, p := range Powers() {
			if slices.Contains(m.Scopes[p], scope) {
				lack.Powers = append(lack.Powers, p)
			}
		}
		lacks = append(lacks, lack)
	}
	return lacks
}

// A Keeper keeps the accounts of one client. The vault's handle for a client is one.
type Keeper interface {
	// Client is the client whose accounts are kept.
	Client() string
	parvis.TokenStore
}
