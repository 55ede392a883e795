package publish

import (
	"context"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// A Length is how long a part of a draft is under one rule, for counters beside an input.
type Length struct {
	// Field is the part: "text", "title", "media[0].alt".
	Field string `json:"field"`
	// Value is what it measures and Max what is allowed, in Unit; Max 0 means no limit is known.
	Value int         `json:"value"`
	Max   int         `json:"max,omitempty"`
	Unit  parvis.Unit `json:"unit"`
}

// Lengths measures the texts of d as p's network counts them: one Length for each rule
// about the text, the title, and the alternative texts. [Check] tells what is wrong.
func Lengths(ctx context.Context, p Publisher, d Draft) ([]Length, error) {
	d, sup, _, err := adapted(ctx, p, d, nil)
	if err != nil {
		return nil, parvis.In(err, p.Account(), "measure", parvis.ErrUnavailable)
	}
	s, err := sup.counted(d)
	if err != nil {
		return nil, parvis.In(err, p.Account(), "measure", parvis.ErrInvalid)
	}
	var out []Length
	measure := func(field, s string, ls ...parvis.TextLimit) {
		for _, l := range ls {
			if l.Unit != "" {
				out = append(out, Length{Field: field, Value: text.Count(s, l), Max: l.Max, Unit: l.Unit})
			}
		}
	}
	measure("text", s, sup.Text...)
	if sup.Headline.OK() {
		measure("title", d.Title, sup.Title...)
	}
	for i, m := range d.Media {
		measure(mediaField(i)+".alt", m.Alt, sup.Media.Alt)
	}
	return out, nil
}

// counted returns the text that the network counts: in its own format, with the content
// warning where that counts too.
func (s Support) counted(d Draft) (string, error) {
	body := d.Text
	if len(s.Formats) == 0 || s.Formats[0] == parvis.Plain {
		plain, err := d.TextIn(parvis.Plain)
		if err != nil {
			return "", err
		}
		body = plain
	}
	if s.WarningCounts {
		body = d.Warning + body
	}
	return body, nil
}
