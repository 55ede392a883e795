package mastodon

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// sensitive is the label that staff can attach to a person: all their media is veiled.
const sensitive = "sensitive"

// A measure is something that the staff can do to an account and take back; see
// https://docs.joinmastodon.org/methods/admin/accounts/#action.
type measure struct {
	do, undo moderate.Do
	verb     string // the type of the action
	back     string // the method that takes it back
	state    string
	is       func(*api.AdminAccount) bool
}

// measures is the table of them. Suspending is the only one that GoToSocial has.
func measures() []measure {
	return []measure{
		{moderate.DoLabel, moderate.DoUnlabel, "sensitive", "unsensitive", "sensitive", func(a *api.AdminAccount) bool { return a.Sensitized }},
		{moderate.DoLock, moderate.DoUnlock, "disable", "enable", "disabled", func(a *api.AdminAccount) bool { return a.Disabled }},
		{moderate.DoLimit, moderate.DoUnlimit, "silence", "unsilence", "limited", func(a *api.AdminAccount) bool { return a.Silenced }},
		{moderate.DoBan, moderate.DoUnban, "suspend", "unsuspend", "suspended", func(a *api.AdminAccount) bool { return a.Suspended }},
	}
}

// stateOf returns an account's state in words: "active", "limited, sensitive", "pending".
func stateOf(a *api.AdminAccount) string {
	var words []string
	if waits(a) {
		words = append(words, "pending")
	}
	for _, m := range measures() {
		if m.is(a) {
			words = append(words, m.state)
		}
	}
	if len(words) == 0 {
		return "active"
	}
	return strings.Join(words, ", ")
}

// waits reports whether an account waits for approval. Those of other servers never do.
func waits(a *api.AdminAccount) bool { return !a.Approved && a.Domain == "" }

// administer does what staff does to a person.
func (c *Client) administer(ctx context.Context, s *server, a moderate.Action, id string) (moderate.Act, error) {
	if (a.Do == moderate.DoLabel || a.Do == moderate.DoUnlabel) && a.Label != sensitive {
		return moderate.Act{}, parvis.Unsupported(c.Account(), string(a.Do), "the only label of a person is "+sensitive)
	}
	for _, m := range measures() {
		if a.Do != m.do && a.Do != m.undo {
			continue
		}
		if !s.fullStaff && a.Do != moderate.DoBan {
			return moderate.Act{}, c.cannot(a)
		}
		return c.apply(ctx, s, a, m)
	}
	switch a.Do {
	case moderate.DoWarn:
		if s.fullStaff {
			return moderate.Act{}, c.api.AdminAction(ctx, id, actionForm(a, "none"))
		}
	case moderate.DoApprove, moderate.DoReject:
		return c.admit(ctx, a, id)
	}
	return moderate.Act{}, c.cannot(a)
}

// apply takes a measure, or takes it back. Taking one also resolves the open reports
// about the person, which stays.
func (c *Client) apply(ctx context.Context, s *server, a moderate.Action, m measure) (moderate.Act, error) {
	id := a.On.ID
	before, err := c.api.AdminAccount(ctx, id)
	if err != nil {
		return moderate.Act{}, err
	}
	want := a.Do == m.do
	state := stateOf(&before.Value)
	if m.is(&before.Value) == want {
		return act(a, state, state, true), nil
	}
	if want {
		err = c.api.AdminAction(ctx, id, actionForm(a, m.verb))
	} else {
		_, err = c.api.AdminUndo(ctx, id, m.back)
	}
	var after api.Whole[api.AdminAccount]
	look := func() (bool, error) {
		var err error
		after, err = c.api.AdminAccount(ctx, id)
		return err == nil && m.is(&after.Value) == want, err
	}
	if err = mustBe(err, look); err != nil {
		return moderate.Act{}, err
	}
	if after.Raw == nil {
		_, _ = look() // only to show it; the act has been done
	}
	done := act(a, state, "", false)
	if done.Raw = after.Raw; after.Raw != nil {
		done.After = stateOf(&after.Value)
	}
	if !s.fullStaff {
		done.Inverse = nil // there is no method that takes it back
	}
	return done, nil
}

// actionForm is the form of an action: with what the person is told, if anything, and the
// report that it belongs to.
func actionForm(a moderate.Action, verb string) url.Values {
	form := url.Values{"type": {verb}}
	if a.Reason.Text != "" {
		form.Set("text", a.Reason.Text)
		form.Set("send_email_notification", "true")
	}
	for _, r := range a.With {
		if r.Kind == parvis.KindReport {
			form.Set("report_id", r.ID)
		}
	}
	return form
}

// admit approves or rejects an account that waits; see
// https://docs.joinmastodon.org/methods/admin/accounts/#approve. Neither can be taken back.
func (c *Client) admit(ctx context.Context, a moderate.Action, id string) (moderate.Act, error) {
	before, err := c.api.AdminAccount(ctx, id)
	if err != nil {
		return moderate.Act{}, err
	}
	state := stateOf(&before.Value)
	if !waits(&before.Value) {
		if a.Do == moderate.DoApprove {
			return moderate.Act{Before: state, After: state}, nil
		}
		return moderate.Act{}, &parvis.Error{
			Code: parvis.ErrConflict, Message: "the account does not wait for approval",
			Help: "ban it instead",
		}
	}
	got, err := c.api.AdminUndo(ctx, id, string(a.Do))
	err = mustBe(err, func() (bool, error) {
		now, err := c.api.AdminAccount(ctx, id)
		if a.Do == moderate.DoReject && errors.Is(err, parvis.ErrNotFound) {
			return true, nil
		}
		return a.Do == moderate.DoApprove && now.Value.Approved, err
	})
	if err != nil {
		return moderate.Act{}, err
	}
	done := moderate.Act{Before: state, After: "rejected", Raw: got.Raw}
	if a.Do == moderate.DoApprove {
		done.After = "active"
	}
	return done, nil
}
