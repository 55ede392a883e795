package bluesky

import (
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// The labels that authors may put on their own posts, and that apps know. graphic-media is
// what [publish.Draft].Sensitive asks for.
//
// https://docs.bsky.app/docs/advanced-guides/moderation#global-label-values
const (
	labelPorn         = "porn"
	labelSexual       = "sexual"
	labelNudity       = "nudity"
	labelGraphic      = "graphic-media"
	labelNoLogout     = "!no-unauthenticated"
	maxLabelBytes     = 128
	maxLabelsOnRecord = 10
)

var ownLabels = []string{labelPorn, labelSexual, labelNudity, labelGraphic, labelNoLogout}

// selfLabels translates a draft's warning. Words that are labels, separated by commas,
// become these. Any other warning becomes one label with that text, which apps do not
// show; so that readers are warned at all, the media are veiled as graphic-media.
func selfLabels(d publish.Draft) (*api.SelfLabels, []publish.Warning, error) {
	var values []string
	var warnings []publish.Warning
	if w := strings.TrimSpace(d.Warning); w != "" {
		values = known(w)
		if values == nil {
			if len(w) > maxLabelBytes || strings.HasPrefix(w, "!") {
				return nil, nil, &parvis.Error{
					Code: parvis.ErrInvalid, Message: "the warning cannot be kept: the network has labels only, of up to 128 bytes",
					Help: "use one of " + strings.Join(ownLabels, ", "),
				}
			}
			values = []string{w}
			if len(d.Media) > 0 {
				values = append(values, labelGraphic)
			}
			warnings = append(warnings, publish.Warning{Field: "warning", Text: "kept as a label that apps do not show: the network knows " + strings.Join(ownLabels, ", ") + " only"})
		}
	}
	if d.Sensitive && !slices.ContainsFunc(values, veils) {
		values = append(values, labelGraphic)
	}
	if len(values) == 0 {
		return nil, nil, nil
	}
	l := &api.SelfLabels{Type: api.SelfLabelsType}
	for _, v := range values[:min(len(values), maxLabelsOnRecord)] {
		l.Values = append(l.Values, api.SelfLabel{Val: v})
	}
	return l, warnings, nil
}

// veils reports whether apps hide media behind the label.
func veils(label string) bool { return label != labelNoLogout && slices.Contains(ownLabels, label) }

// known returns the labels that a warning lists, or nil if it is anything else.
func known(warning string) []string {
	var out []string
	for word := range strings.SplitSeq(warning, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if !slices.Contains(ownLabels, word) {
			return nil
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// warningOf is the way back: the words that are no labels of the network, or else the
// labels, separated by commas.
func warningOf(labels []string) string {
	var words []string
	for _, l := range labels {
		if !slices.Contains(ownLabels, l) {
			words = append(words, l)
		}
	}
	if words == nil {
		words = labels
	}
	return strings.Join(words, ", ")
}
