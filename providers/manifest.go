package providers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
)

// A Manifest describes a network and how far its provider goes. Each provider keeps one
// in manifest.json; the table in the README is made from them.
type Manifest struct {
	// Network is the name that accounts carry, Title the name that people read.
	Network parvis.Network `json:"network"`
	Title   string         `json:"title"`
	// About says in one sentence what the network is and what the provider covers.
	About string `json:"about"`
	// API is the address of the vendor's documentation.
	API string `json:"api,omitempty"`
	// Also are other servers that speak the same API, with what differs.
	Also []string `json:"also,omitempty"`
	// Auth is how an account is connected: "application password", "OAuth 2".
	Auth []string `json:"auth"`
	// Scopes are what each power needs: "publish": ["write:statuses"].
	Scopes map[string][]string `json:"scopes,omitempty"`
	// Powers are the degrees of the powers that the provider has: "yes", or
	// "partly: " and the restriction. Those of [Powers] that are not listed are a no.
	Powers map[string]string `json:"powers"`
	// Actions are the moderation acts, as moderate.Do spells them, with what they apply to.
	Actions map[string][]parvis.Kind `json:"actions,omitempty"`
	// Proof says what the provider is tested against.
	Proof string `json:"proof"`
	// Notes are what users should know before they begin.
	Notes []string `json:"notes,omitempty"`
	// Sources are the pages that the facts come from, Checked when they were read (YYYY-MM-DD).
	Sources []string `json:"sources,omitempty"`
	Checked string   `json:"checked,omitempty"`
}

// ParseManifest reads a manifest.json. Unknown fields, unknown powers and missing
// essentials give an error that matches [parvis.ErrInvalid].
func ParseManifest(b []byte) (Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	bad := func(format string, args ...any) (Manifest, error) {
		return Manifest{}, &parvis.Error{Op: "read manifest", Network: m.Network, Code: parvis.ErrInvalid, Message: fmt.Sprintf(format, args...)}
	}
	if err := dec.Decode(&m); err != nil {
		return bad("it is not a manifest: %v", err)
	}
	if m.Network == "" || m.Title == "" || m.About == "" || len(m.Auth) == 0 || len(m.Powers) == 0 || m.Proof == "" {
		return bad("network, title, about, auth, powers and proof must be there")
	}
	for power, degree := range m.Powers {
		if !slices.Contains(Powers(), power) {
			return bad("unknown power %q", power)
		}
		if degree != "yes" && !strings.HasPrefix(degree, "partly: ") {
			return bad("the degree of %s is %q; it must be yes, or begin with \"partly: \"", power, degree)
		}
	}
	return m, nil
}

// MustManifest is [ParseManifest] for a manifest that is compiled in; it panics if that is broken.
func MustManifest(b []byte) Manifest {
	m, err := ParseManifest(b)
	if err != nil {
		panic(err)
	}
	return m
}
