package outbox

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// Items are what is sent to a target, one draft a post: the draft in the target's language
// and with the override for its network, then the thread, then the first comment, with
// links tagged and the legal mentions in their place. They are what an approval is of;
// show them to whoever approves. Media of a stored plan cannot be opened; see
// [Client.Items].
func (p Plan) Items(t Target) []publish.Draft { return p.items(t) }

// items is Items. It depends on nothing but the plan and the target.
func (p Plan) items(t Target) []publish.Draft {
	items := make([]publish.Draft, 0, len(p.Thread)+2)
	items = append(items, p.item(p.variant(t), t))
	for _, d := range p.Thread {
		items = append(items, p.item(d, t))
	}
	if p.Comment != nil {
		items = append(items, p.item(*p.Comment, t))
	}
	return items
}

// variant is the draft in the target's language, its overrides still to be applied.
func (p Plan) variant(t Target) publish.Draft {
	d := p.Draft
	if t.Lang == "" {
		return d
	}
	o, ok := p.Langs[t.Lang]
	if !ok {
		return d
	}
	o.Lang = cmp.Or(o.Lang, t.Lang)
	on := d.On
	d.On = map[parvis.Network]publish.Override{t.Account.Network: o}
	d = d.For(t.Account.Network)
	d.On = on
	return d
}

// item is one draft as it is sent to a target.
func (p Plan) item(d publish.Draft, t Target) publish.Draft {
	d = d.For(t.Account.Network)
	lang := cmp.Or(d.Lang, t.Lang)
	if !p.Tagging.IsZero() {
		g := p.Tagging.in(t, lang)
		d.Text, d.Link = g.text(d.Text, d.Format), g.url(d.Link)
	}
	if len(p.Legal) > 0 {
		d.Text = mentioned(d.Text, d.Format, p.Legal, cmp.Or(lang, p.Draft.Lang))
	}
	return d
}

// digest is the hash of exactly what is sent, media by their content: where a file lies
// is no part of it. Media that are an address count by the address alone.
func digest(items []publish.Draft) [sha256.Size]byte {
	h := sha256.New()
	for _, d := range items {
		if len(d.Media) > 0 {
			media := make([]parvis.Media, len(d.Media))
			for i, m := range d.Media {
				m.Source = ""
				media[i] = m
			}
			d.Media = media
		}
		b, _ := json.Marshal(d) // drafts are data
		h.Write(stored(b))
		h.Write([]byte("\n"))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// stored is JSON as it is after it was read back and written again: bytes that are no
// UTF-8 are written as an escape, and come back as the replacement character itself.
func stored(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\ufffd`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] != '\\':
			out = append(out, b[i])
		case bytes.HasPrefix(b[i:], []byte(`\ufffd`)):
			out = append(out, "\uFFFD"...)
			i += len(`\ufffd`) - 1
		default:
			out = append(out, b[i], b[i+1])
			i++
		}
	}
	return out
}

// exact is a short digest, to tell whether items are those that were stored.
func exact(items []publish.Draft) string {
	sum := digest(items)
	return hex.EncodeToString(sum[:16])
}

// sum is exact for one target of the plan.
func (p Plan) sum(t Target) string { return exact(p.items(t)) }

// hash identifies what the plan sends, where, and how: what an approval binds to.
func (p Plan) hash() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, t := range p.Targets {
		sum := digest(p.items(t))
		_ = e.Encode([]string{laneOf(t.Account), hex.EncodeToString(sum[:])})
	}
	options := append([]publish.Option{}, p.Options...) // none and nil are the same
	_ = e.Encode([]any{options, p.Native, p.Expire})
	return hex.EncodeToString(h.Sum(nil))
}

// valid refuses a plan that cannot be rendered for each of its targets, or whose parts
// contradict what the outbox itself decides.
func (p Plan) valid() error {
	if err := p.Tagging.valid(); err != nil {
		return err
	}
	for _, d := range p.drafts() {
		if d.Key != "" || !d.At.IsZero() {
			return invalid("a draft of the plan has a key or a time of its own", "leave Draft.Key and Draft.At empty, and set Plan.When")
		}
		for _, o := range d.On {
			if !o.At.IsZero() {
				return invalid("an override has a time of its own", "leave Override.At empty, and set Plan.When")
			}
		}
	}
	for lang, o := range p.Langs {
		if !o.At.IsZero() || strings.TrimSpace(lang) == "" {
			return invalid("a language variant has a time of its own, or no language", "leave Override.At empty, and name the language as in \"fr\"")
		}
	}
	if len(p.Legal) == 0 {
		return nil
	}
	for _, t := range p.Targets {
		for _, d := range p.items(t) {
			if err := sayable(p.Legal, cmp.Or(d.Lang, t.Lang, p.Draft.Lang)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drafts are all drafts of the plan as they were written.
func (p Plan) drafts() []publish.Draft {
	ds := append([]publish.Draft{p.Draft}, p.Thread...)
	if p.Comment != nil {
		ds = append(ds, *p.Comment)
	}
	return ds
}
