package mastodontest

import (
	"slices"
	"time"
)

func adminReportRoutes() []route {
	read, write := []string{"admin:read:reports"}, []string{"admin:write:reports"}
	at := "/api/v1/admin/reports"
	return []route{
		{at: "GET " + at, scopes: read, may: mayManageReports, names: pageNames("resolved", "account_id", "target_account_id"), do: adminReports},
		{at: "GET " + at + "/{id}", scopes: read, may: mayManageReports, do: onReport(func(*call, *report) error { return nil })},
		{at: "PUT " + at + "/{id}", scopes: write, may: mayManageReports, names: []string{"category", "rule_ids[]"}, do: onReport(updateReport)},
		{at: "POST " + at + "/{id}/assign_to_self", scopes: write, may: mayManageReports, do: onReport(func(c *call, r *report) error { r.worker = c.me; return nil })},
		{at: "POST " + at + "/{id}/unassign", scopes: write, may: mayManageReports, do: onReport(func(_ *call, r *report) error { r.worker = nil; return nil })},
		{at: "POST " + at + "/{id}/resolve", scopes: write, may: mayManageReports, do: onReport(func(c *call, r *report) error { c.s.resolve(r, c.me); return nil })},
		{at: "POST " + at + "/{id}/reopen", scopes: write, may: mayManageReports, do: onReport(reopen)},
	}
}

func (s *Server) report(i id) *report {
	for _, r := range s.db.reports {
		if r.id == i {
			return r
		}
	}
	return nil
}

func (s *Server) resolve(r *report, by *account) {
	if r.resolvedAt.IsZero() {
		r.resolvedAt, r.resolvedBy = s.now(), by
	}
	r.updated = s.now()
}

func reopen(c *call, r *report) error {
	r.resolvedAt, r.resolvedBy, r.updated = time.Time{}, nil, c.s.now()
	return nil
}

// adminReports is https://docs.joinmastodon.org/methods/admin/reports/#get: open ones
// unless it is told otherwise.
func adminReports(c *call) (any, error) {
	var found []*report
	for _, r := range c.s.db.reports {
		by, target := c.param("account_id"), c.param("target_account_id")
		if r.resolvedAt.IsZero() == c.yes("resolved") || by != 0 && r.by.id != by || target != 0 && r.target.id != target {
			continue
		}
		found = append(found, r)
	}
	out := []any{}
	for _, r := range page(c, found, func(r *report) id { return r.id }, 100) {
		out = append(out, c.s.adminReportJSON(r))
	}
	return out, nil
}

// onReport finds the report of the path, does something with it, and answers with it.
func onReport(do func(*call, *report) error) func(*call) (any, error) {
	return func(c *call) (any, error) {
		r := c.s.report(c.path("id"))
		if r == nil {
			return nil, errNotFound
		}
		if err := do(c, r); err != nil {
			return nil, err
		}
		return c.s.adminReportJSON(r), nil
	}
}

func updateReport(c *call, r *report) error {
	next := *r
	next.category = orElse(c.str("category"), r.category)
	if c.has("rule_ids[]") {
		next.rules = c.all("rule_ids")
	}
	if err := c.s.checkReport(&next); err != nil {
		return err
	}
	r.category, r.rules, r.updated = next.category, next.rules, c.s.now()
	return nil
}

// adminReportJSON is https://docs.joinmastodon.org/entities/Admin_Report/.
func (s *Server) adminReportJSON(r *report) obj {
	var by, worker any
	if r.resolvedBy != nil {
		by = s.adminJSON(r.resolvedBy)
	}
	if r.worker != nil {
		worker = s.adminJSON(r.worker)
	}
	rules := []any{}
	for _, rule := range s.rules() {
		if slices.Contains(r.rules, rule.(obj)["id"].(string)) {
			rules = append(rules, rule)
		}
	}
	return obj{
		"id": s.text(r.id), "action_taken": !r.resolvedAt.IsZero(), "action_taken_at": stampOr(r.resolvedAt), "category": r.category,
		"comment": r.comment, "forwarded": r.forwarded, "created_at": stamp(r.created), "updated_at": stamp(r.updated),
		"account": s.adminJSON(r.by), "target_account": s.adminJSON(r.target), "assigned_account": worker, "action_taken_by_account": by,
		"statuses": s.statusList(r.statuses, nil), "rules": rules,
	}
}
