package mastodontest

import (
	"net/http"
	"slices"
	"unicode/utf8"
)

// maxComment bounds what a report says, in characters.
// See https://docs.joinmastodon.org/methods/reports/#post.
const maxComment = 1000

func reportRoutes() []route {
	return []route{{
		at: "POST /api/v1/reports", scopes: []string{"write:reports"}, do: makeReport,
		names: []string{"account_id", "status_ids[]", "collection_ids[]", "comment", "forward", "category", "rule_ids[]"},
	}}
}

// makeReport tells the staff. Rules make it a violation, whatever category it names.
func makeReport(c *call) (any, error) {
	target := c.s.db.account(c.param("account_id"))
	if target == nil {
		return nil, errNotFound
	}
	r := &report{
		by: c.me, target: target, comment: c.str("comment"), category: orElse(c.str("category"), "other"), rules: c.all("rule_ids"),
		forwarded: c.yes("forward") && target.domain != "",
	}
	for _, i := range c.all("status_ids") {
		st := c.s.visible(c.me, c.s.parse(i))
		if st == nil || st.author != target {
			return nil, errNotFound
		}
		r.statuses = append(r.statuses, st)
	}
	if len(r.rules) > 0 {
		r.category = "violation"
	}
	if err := c.s.checkReport(r); err != nil {
		return nil, err
	}
	if err := c.s.limiter.family(c, "reports"); err != nil {
		return nil, err
	}
	r.id, r.created, r.updated = c.s.nextID(), c.s.now(), c.s.now()
	c.s.db.reports = append(c.s.db.reports, r)
	for _, a := range c.s.db.accounts {
		if a.role.may(mayManageReports) {
			c.s.notify(a, c.me, "admin.report", nil, r)
		}
	}
	return c.s.reportJSON(r), nil
}

func (s *Server) checkReport(r *report) error {
	if utf8.RuneCountInString(r.comment) > maxComment {
		return invalid("Comment is too long (maximum is " + itoa(maxComment) + " characters)")
	}
	if !slices.Contains([]string{"spam", "legal", "violation", "other"}, r.category) {
		return refuse(http.StatusUnprocessableEntity, "'"+r.category+"' is not a valid category")
	}
	for _, i := range r.rules {
		if i != "1" && i != "2" {
			return invalid("Rule ids does not reference valid rules")
		}
	}
	return nil
}

// reportJSON is https://docs.joinmastodon.org/entities/Report/.
func (s *Server) reportJSON(r *report) obj {
	ids, rules := []string{}, slices.Concat([]string{}, r.rules)
	for _, st := range r.statuses {
		ids = append(ids, s.text(st.id))
	}
	return obj{
		"id": s.text(r.id), "action_taken": !r.resolvedAt.IsZero(), "action_taken_at": stampOr(r.resolvedAt), "category": r.category,
		"comment": r.comment, "forwarded": r.forwarded, "created_at": stamp(r.created), "status_ids": ids, "rule_ids": rules,
		"collection_ids": []any{}, "target_account": s.accountJSON(r.target),
	}
}

// A Report is what somebody reported, as tests see it.
type Report struct {
	ID, By, Target, Comment, Category string
	Statuses, Rules                   []string
	Forwarded, Resolved               bool
	AssignedTo                        string
}

// Reports lists all reports, oldest first.
func (s *Server) Reports() []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Report
	for _, r := range s.db.reports {
		x := Report{
			ID: s.text(r.id), By: r.by.acct(), Target: r.target.acct(), Comment: r.comment, Category: r.category,
			Rules: r.rules, Forwarded: r.forwarded, Resolved: !r.resolvedAt.IsZero(),
		}
		for _, st := range r.statuses {
			x.Statuses = append(x.Statuses, s.text(st.id))
		}
		if r.worker != nil {
			x.AssignedTo = r.worker.acct()
		}
		out = append(out, x)
	}
	return out
}
