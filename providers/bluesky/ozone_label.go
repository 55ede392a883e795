package bluesky

import (
	"context"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// label puts a label of the labeler on a record or an account, or takes it off.
//
// https://atproto.com/specs/label
func (c *Client) label(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	op := string(a.Do)
	if strings.ContainsAny(a.Label, " ,;'\"") || len(a.Label) > 128 {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the label is not one word of up to 128 letters", Help: "use a word such as spam"}
	}
	id, err := onOf(a.On)
	if err != nil {
		return moderate.Act{}, err
	}
	v, err := c.api.LookAt(ctx, op, c.cfg.Ozone, id)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	was, err := c.labelled(ctx, op, id, a.Label)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	want := a.Do == moderate.DoLabel
	done := act(a, change{word(was != nil, "labelled ", "not labelled ") + a.Label, word(want, "labelled ", "not labelled ") + a.Label}, nil)
	if done.Inverse == nil && (!want || hours(a.Until) == hours(api.ParseTime(was.Exp))) {
		return done, nil
	}
	e := api.Event{Type: api.EventLabel, Comment: why(a.Reason), Create: &[]string{a.Label}, Negate: &[]string{}, Hours: hours(a.Until)}
	if !want {
		e.Create, e.Negate, e.Hours = e.Negate, e.Create, 0
		done.Inverse.Until = api.ParseTime(was.Exp)
	}
	done.Raw, err = c.emit(ctx, op, v.Subject, e, func(api.SubjectView) bool {
		now, err := c.labelled(ctx, op, id, a.Label)
		return err == nil && (now != nil) == want
	})
	if err != nil {
		return moderate.Act{}, err
	}
	if want && was != nil {
		done.Inverse = &moderate.Action{Do: moderate.DoLabel, On: a.On, Reason: a.Reason, Label: a.Label, Until: api.ParseTime(was.Exp)}
	}
	return done, nil
}

// labelled returns the label of the labeler that is on a subject, or nil.
func (c *Client) labelled(ctx context.Context, op, id, val string) (*api.Label, error) {
	labeler, _, _ := strings.Cut(c.cfg.Ozone, "#")
	at := api.Paging{Op: op, Proxy: c.cfg.Ozone}
	for {
		page, err := c.api.Labelings(ctx, at, labeler, id)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Items {
			exp := api.ParseTime(l.Exp)
			if l.Val == val && !l.Neg && (exp.IsZero() || exp.After(time.Now())) {
				return &l, nil
			}
		}
		if page.Cursor == "" || page.Cursor == at.Cursor || len(page.Items) == 0 {
			return nil, nil
		}
		at.Cursor = page.Cursor
	}
}
