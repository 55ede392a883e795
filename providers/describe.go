package providers

import (
	"slices"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/publish"
)

// power is one power by name, and whether a value has its interface.
type power struct {
	name string
	in   func(p any) bool
}

func is[T any](p any) bool { _, ok := parvis.As[T](p); return ok }

func powers() []power {
	return []power{
		{"publish", is[publish.Publisher]},
		{"publish.get", is[publish.Getter]},
		{"publish.edit", is[publish.Editor]},
		{"publish.delete", is[publish.Deleter]},
		{"publish.trash", is[publish.Trasher]},
		{"publish.react", is[publish.Reactor]},
		{"publish.schedule", is[publish.Scheduler]},
		{"publish.reconcile", is[publish.Reconciler]},
		{"publish.metrics", is[publish.Metrics]},
		{"publish.places", is[publish.Places]},
		{"publish.place-edit", is[publish.PlaceEditor]},
		{"listen", is[listen.Listener]},
		{"listen.history", is[listen.History]},
		{"listen.search", is[listen.Searcher]},
		{"listen.webhooks", is[listen.Webhooks]},
		{"listen.members", is[listen.Members]},
		{"moderate", is[moderate.Moderator]},
		{"moderate.pending", is[moderate.Pending]},
		{"moderate.log", is[moderate.Log]},
	}
}

// Powers returns the names of all powers, the three verbs among them, in the order in
// which tables show them: "publish", "publish.get", …, "moderate.log".
func Powers() []string {
	var names []string
	for _, p := range powers() {
		names = append(names, p.name)
	}
	return names
}

// Describe returns the names of the powers whose interfaces p has. It calls no method of
// p, so a nil pointer of the provider's type does: Describe((*mastodon.Client)(nil)).
// What a certain account can do may be less; SupportOf of each verb tells.
func Describe(p any) []string {
	var names []string
	for _, pw := range powers() {
		if pw.in(p) {
			names = append(names, pw.name)
		}
	}
	return names
}

// Disagreements compares a manifest with the provider that it describes, and returns
// the powers that only one of them has.
func Disagreements(m Manifest, p any) []string {
	have := Describe(p)
	var out []string
	for _, name := range Powers() {
		_, says := m.Powers[name]
		switch has := slices.Contains(have, name); {
		case says && !has:
			out = append(out, name+": in the manifest, not in the provider")
		case has && !says:
			out = append(out, name+": in the provider, not in the manifest")
		}
	}
	return out
}
