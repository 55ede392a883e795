package mastodon

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// maxComment is the length of a report's comment; see https://docs.joinmastodon.org/methods/reports/#post.
const maxComment = 1000

// fileReport reports a person, with the posts that show it, to the server's staff; see
// https://docs.joinmastodon.org/methods/reports/#post. Reason.Category is "spam",
// "legal", "violation" or "other". A Reason.Rule that is the ID or the text of one of the
// server's rules is reported as such. The note for colleagues is not sent.
func (c *Client) fileReport(ctx context.Context, a moderate.Action, person string, posts []string) (moderate.Act, error) {
	form := url.Values{"account_id": {person}}
	for _, r := range a.With {
		switch r.Kind {
		case parvis.KindPost, parvis.KindMessage, parvis.KindComment:
			posts = append(posts, r.ID)
		case parvis.KindDomain:
			form.Set("forward", "true")
		}
	}
	if len(posts) > 0 {
		form["status_ids[]"] = slices.Compact(slices.Sorted(slices.Values(posts)))
	}
	comment := a.Reason.Text
	if comment == "" {
		comment = a.Reason.Rule
	}
	if runes := []rune(comment); len(runes) > maxComment {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the text of the report has more than 1000 characters", Help: "shorten Reason.Text"}
	}
	form.Set("comment", comment)
	if err := c.category(ctx, form, a.Reason); err != nil {
		return moderate.Act{}, err
	}
	got, err := c.api.FileReport(ctx, form)
	if err != nil {
		return moderate.Act{}, err
	}
	return moderate.Act{After: "open", Made: c.ref(parvis.KindReport, got.Value.ID), Raw: got.Raw}, nil
}

// category sets the category and the rules of a report.
func (c *Client) category(ctx context.Context, form url.Values, why moderate.Reason) error {
	switch why.Category {
	case "", "spam", "legal", "violation", "other":
	default:
		return &parvis.Error{
			Code: parvis.ErrInvalid, Message: "there is no category " + why.Category + " of reports",
			Help: "the categories are spam, legal, violation and other",
		}
	}
	if why.Category == "" || why.Category == "violation" {
		s, err := c.info(ctx)
		if err != nil {
			return notSent(err)
		}
		for _, r := range s.Rules {
			if why.Rule != "" && (r.ID == why.Rule || strings.EqualFold(r.Text, why.Rule)) {
				form.Set("category", "violation")
				form.Set("rule_ids[]", r.ID)
				return nil
			}
		}
	}
	if why.Category == "violation" {
		return &parvis.Error{Code: parvis.ErrInvalid, Message: "the server has no such rule", Help: "set Reason.Rule to the ID or the text of one of the server's rules"}
	}
	if why.Category != "" {
		form.Set("category", why.Category)
	}
	return nil
}

// reportVerbs are what staff does to reports; see https://docs.joinmastodon.org/methods/admin/reports/.
var reportVerbs = map[moderate.Do]string{
	moderate.DoResolve: "resolve", moderate.DoReopen: "reopen",
	moderate.DoAssign: "assign_to_self", moderate.DoUnassign: "unassign",
}

// onReport resolves, reopens or assigns a report.
func (c *Client) onReport(ctx context.Context, s *server, a moderate.Action, id string) (moderate.Act, error) {
	verb, ok := reportVerbs[a.Do]
	if !ok || !s.fullStaff && a.Do != moderate.DoResolve {
		return moderate.Act{}, c.cannot(a)
	}
	me, err := c.me(ctx)
	if err != nil {
		return moderate.Act{}, err
	}
	before, err := c.api.AdminReport(ctx, id)
	if err != nil {
		return moderate.Act{}, err
	}
	r, state := before.Value, reportState(before.Value)
	same := false
	switch a.Do {
	case moderate.DoResolve, moderate.DoReopen:
		same = r.ActionTaken == (a.Do == moderate.DoResolve)
	case moderate.DoAssign:
		same = r.Assigned != nil && r.Assigned.ID == me.ID
	case moderate.DoUnassign:
		same = r.Assigned == nil
	}
	if same {
		return act(a, state, state, true), nil
	}
	after, err := c.api.AdminReportDo(ctx, id, verb)
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, state, reportState(after.Value), false)
	if done.Raw = after.Raw; !s.fullStaff || r.Assigned != nil && r.Assigned.ID != me.ID && a.Do != moderate.DoResolve && a.Do != moderate.DoReopen {
		done.Inverse = nil // a report cannot be given back to somebody else
	}
	return done, nil
}

// reportState returns a report's state in words.
func reportState(r api.AdminReport) string {
	state := "open"
	if r.ActionTaken {
		state = "resolved"
	}
	if r.Assigned != nil {
		state += ", assigned to " + r.Assigned.Username
	}
	return state
}

// Pending lists the open reports and then the accounts that wait for approval, each oldest
// first, as far as the account's scopes and role go.
func (c *Client) Pending(ctx context.Context, place parvis.Place) iter.Seq2[moderate.Case, error] {
	return func(yield func(moderate.Case, error) bool) {
		if !place.IsZero() {
			yield(moderate.Case{}, parvis.Unsupported(c.Account(), "list pending", "reports and accounts belong to the whole server"))
			return
		}
		me, err := c.who(ctx)
		if err != nil {
			yield(moderate.Case{}, err)
			return
		}
		reports := me.staff(parvis.Full(), "admin:read:reports", manageReports)
		accounts := me.staff(parvis.Full(), "admin:read:accounts", manageUsers)
		if !reports.OK() && !accounts.OK() {
			yield(moderate.Case{}, reports.Err(c.Account(), "list pending"))
			return
		}
		if reports.OK() && !show(c.reportCase, yield)(oldestFirst(ctx, c.api.AdminReports, url.Values{"resolved": {"false"}})) {
			return
		}
		if accounts.OK() {
			show(c.accountCase, yield)(oldestFirst(ctx, c.api.AdminAccounts, url.Values{"origin": {"local"}, "status": {"pending"}}))
		}
	}
}

// oldestFirst reads all pages of a list, which come newest first.
func oldestFirst[T any](ctx context.Context, page func(context.Context, url.Values) (api.List[T], error), q url.Values) ([]T, error) {
	q.Set("limit", pageSize)
	var all []T
	for q != nil {
		got, err := page(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, got.Items...)
		q = further(q, got.Next, len(got.Items))
	}
	slices.Reverse(all)
	return all, nil
}

// show returns a function that gives a list to yield as cases, and reports whether to go on.
func show[T any](to func(T) moderate.Case, yield func(moderate.Case, error) bool) func([]T, error) bool {
	return func(all []T, err error) bool {
		if err != nil {
			yield(moderate.Case{}, err)
			return false
		}
		for _, v := range all {
			if !yield(to(v), nil) {
				return false
			}
		}
		return true
	}
}

func (c *Client) reportCase(w api.Whole[api.AdminReport]) moderate.Case {
	r := w.Value
	k := moderate.Case{
		Ref: c.ref(parvis.KindReport, r.ID), Why: "reported", On: c.ref(parvis.KindPerson, r.Target.ID),
		Author: c.person(&r.Target.Account), Reporter: c.person(&r.Reporter.Account), Note: r.Comment, Category: r.Category,
		State: reportState(r), Time: when(r.CreatedAt), URL: c.base + "/admin/reports/" + url.PathEscape(r.ID), Raw: w.Raw,
	}
	for i := range r.Statuses {
		ref := c.ref(parvis.KindPost, r.Statuses[i].ID)
		if i == 0 {
			k.On, k.Text = ref, words(&r.Statuses[i])
			continue
		}
		k.Also = append(k.Also, ref)
	}
	if k.On.Kind == parvis.KindPost {
		k.Also = append(k.Also, c.ref(parvis.KindPerson, r.Target.ID))
	}
	return k
}

func (c *Client) accountCase(w api.Whole[api.AdminAccount]) moderate.Case {
	a := w.Value
	ref := c.ref(parvis.KindPerson, a.ID)
	return moderate.Case{
		Ref: ref, Why: "held", On: ref, Author: c.person(&a.Account), Text: parvis.Text{Plain: a.InviteRequest},
		State: "pending", Time: when(a.CreatedAt), URL: c.base + "/admin/accounts/" + url.PathEscape(a.ID), Raw: w.Raw,
	}
}
