package main

import (
	"context"

	"github.com/parvis-go/parvis/publish"
)

// A verdict is what one network says to the draft.
type verdict struct {
	Account  *Account
	Counters []counter
	Problems publish.Problems
	Trouble  *trouble
}

// Blank tells that nothing has been written yet, which is no reproach.
func (v verdict) Blank() bool {
	return len(v.Problems) == 1 && v.Problems[0].Rule == "empty" && v.Problems[0].Field == "text"
}

// A counter is how long one text is, counted as the network counts.
type counter struct{ publish.Length }

// Over tells that the text is too long, Near that it soon will be.
func (c counter) Over() bool { return c.Max > 0 && c.Value > c.Max }

// Near tells that less than a tenth is left.
func (c counter) Near() bool { return c.Max > 0 && !c.Over() && c.Value*10 > c.Max*9 }

// verdicts asks each chosen account of the client about the draft.
func verdicts(ctx context.Context, c *Client, f composeForm) ([]verdict, error) {
	d, err := f.Draft()
	if err != nil {
		return nil, err
	}
	var vs []verdict
	for _, a := range c.Accounts() {
		if !f.To[a.Key()] {
			continue
		}
		v := verdict{Account: a}
		var err error
		if v.Problems, err = publish.Check(ctx, a, d, f.Options()...); err != nil {
			v.Trouble = explain(err)
		}
		v.Counters = counters(ctx, a, d)
		vs = append(vs, v)
	}
	return vs, nil
}

// counters measures the texts of d as a's network counts them. A network that cannot
// say leaves the page without counters; what is wrong stands in the verdict.
func counters(ctx context.Context, a *Account, d publish.Draft) []counter {
	lengths, err := publish.Lengths(ctx, a, d)
	if err != nil {
		return nil
	}
	cs := make([]counter, len(lengths))
	for i, l := range lengths {
		cs[i] = counter{l}
	}
	return cs
}
