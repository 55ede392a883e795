package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/parvis-go/parvis/publish"
)

// Tagging marks links.
type Tagging struct {
	Source string `json:"source,omitempty"`
}

// A Mention is a legal one.
type Mention struct {
	Kind string `json:"kind"`
}

// items are what is sent to a target, one draft a post: the draft as it is for the target's
// language and network, its thread, and its first comment.
func (p Plan) items(t Target) []publish.Draft {
	items := []publish.Draft{p.Draft.For(t.Account.Network)}
	for _, d := range p.Thread {
		items = append(items, d.For(t.Account.Network))
	}
	if p.Comment != nil {
		items = append(items, p.Comment.For(t.Account.Network))
	}
	return items
}

// exact is the hash of exactly what is sent, media by their content.
func exact(items []publish.Draft) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(items) // drafts are data
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// sum is exact for one target of the plan.
func (p Plan) sum(t Target) string { return exact(p.items(t)) }

// hash identifies what the plan sends, and where.
func (p Plan) hash() string {
	h := sha256.New()
	for _, t := range p.Targets {
		_ = json.NewEncoder(h).Encode([]string{laneOf(t.Account), p.sum(t)})
	}
	_ = json.NewEncoder(h).Encode([]any{p.Options, p.Native, p.Expire})
	return hex.EncodeToString(h.Sum(nil))
}
