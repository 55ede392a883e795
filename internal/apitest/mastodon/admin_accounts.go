package mastodontest

import (
	"net/http"
	"slices"
	"strings"
)

func adminAccountRoutes() []route {
	read, write := []string{"admin:read:accounts"}, []string{"admin:write:accounts"}
	v1 := pageNames("local", "remote", "by_domain", "active", "pending", "disabled", "sensitized", "silenced", "suspended", "username",
		"display_name", "email", "ip", "staff")
	v2 := pageNames("origin", "status", "permissions", "role_ids[]", "invited_by", "username", "display_name", "by_domain", "email", "ip")
	action := []string{"type", "report_id", "warning_preset_id", "text", "send_email_notification"}
	at := "POST /api/v1/admin/accounts/{id}/"
	return []route{
		{at: "GET /api/v1/admin/accounts", scopes: read, may: mayManageUsers, names: v1, do: adminAccountsV1},
		{at: "GET /api/v2/admin/accounts", scopes: read, may: mayManageUsers, names: v2, do: adminAccountsV2},
		{at: "GET /api/v1/admin/accounts/{id}", scopes: read, may: mayManageUsers, do: adminAccount},
		{at: "DELETE /api/v1/admin/accounts/{id}", scopes: write, may: mayDeleteData, do: adminDelete},
		{at: at + "action", scopes: write, may: mayManageUsers | mayManageReports, names: action, do: adminAction},
		{at: at + "approve", scopes: write, may: mayManageUsers, do: adminApprove},
		{at: at + "reject", scopes: write, may: mayManageUsers, do: adminReject},
		{at: at + "enable", scopes: write, may: mayManageUsers, do: lift(Disabled)},
		{at: at + "unsilence", scopes: write, may: mayManageUsers, do: lift(Silenced)},
		{at: at + "unsensitive", scopes: write, may: mayManageUsers, do: lift(Sensitized)},
		{at: at + "unsuspend", scopes: write, may: mayManageUsers, do: adminUnsuspend},
	}
}

// adminAccountsV1 is https://docs.joinmastodon.org/methods/admin/accounts/#v1: local and
// active ones unless it is told otherwise.
func adminAccountsV1(c *call) (any, error) {
	status, origin := "active", "local"
	for _, st := range []string{"active", "pending", "disabled", "silenced", "suspended"} {
		if c.has(st) {
			status = st
		}
	}
	if c.has("remote") {
		origin = "remote"
	}
	return c.adminAccounts(origin, status, c.has("staff"))
}

// adminAccountsV2 is https://docs.joinmastodon.org/methods/admin/accounts/#v2.
func adminAccountsV2(c *call) (any, error) {
	return c.adminAccounts(c.str("origin"), c.str("status"), c.str("permissions") == "staff")
}

func (c *call) adminAccounts(origin, status string, staff bool) (any, error) {
	var found []*account
	for _, a := range c.s.db.accounts {
		switch {
		case a.gone, origin == "local" && a.domain != "", origin == "remote" && a.domain == "",
			staff && !a.role.may(mayManageReports), !c.matches(a), !a.inState(status):
			continue
		}
		found = append(found, a)
	}
	out := []any{}
	for _, a := range page(c, found, func(a *account) id { return a.id }, 100) {
		out = append(out, c.s.adminJSON(a))
	}
	return out, nil
}

func (a *account) inState(status string) bool {
	switch status {
	case "":
		return true
	case "active":
		return !a.pending && !a.suspended
	}
	p := a.state(State(status))
	return p != nil && *p
}

func (c *call) matches(a *account) bool {
	for name, value := range map[string]string{"username": a.name, "display_name": a.display, "email": a.email, "by_domain": a.domain} {
		if want := c.str(name); want != "" && !strings.HasPrefix(strings.ToLower(value), strings.ToLower(want)) {
			return false
		}
	}
	return true
}

func adminAccount(c *call) (any, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	return c.s.adminJSON(a), nil
}

// subject finds the account of the path, if the caller's role is above its own.
func (c *call) subject() (*account, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	if rank(c.me.role) <= rank(a.role) {
		return nil, forbidden()
	}
	return a, nil
}

func rank(r Role) int {
	return slices.Index([]Role{RoleUser, RoleModerator, RoleAdmin, RoleOwner}, r)
}

// adminAction is https://docs.joinmastodon.org/methods/admin/accounts/#action. It resolves
// the account's open reports; with type none, only the one that it names.
func adminAction(c *call) (any, error) {
	a, err := c.subject()
	if err != nil {
		return nil, err
	}
	kinds := map[string]State{"none": "", "disable": Disabled, "sensitive": Sensitized, "silence": Silenced, "suspend": Suspended}
	kind, known := kinds[c.str("type")]
	remote := a.domain != "" && (c.str("type") == "none" || c.str("type") == "disable")
	if !known || remote {
		return nil, invalid("Type is not included in the list")
	}
	var named *report
	if c.str("report_id") != "" {
		if named = c.s.report(c.param("report_id")); named == nil {
			return nil, errNotFound
		}
	}
	if kind != "" {
		*a.state(kind) = true
	}
	for _, r := range c.s.db.reports {
		if r.resolvedAt.IsZero() && (r == named || kind != "" && r.target == a) {
			c.s.resolve(r, c.me)
		}
	}
	if kind == Suspended || kind == Disabled {
		c.s.streams.cut(func(x *stream) bool { return x.me == a })
	}
	return obj{}, nil
}

func adminApprove(c *call) (any, error) {
	a, err := c.subject()
	if err != nil {
		return nil, err
	}
	if !a.pending || a.domain != "" {
		return nil, forbidden()
	}
	a.pending = false
	return c.s.adminJSON(a), nil
}

// adminReject deletes the account; it answers with what it was.
func adminReject(c *call) (any, error) {
	a, err := c.subject()
	if err != nil {
		return nil, err
	}
	if !a.pending || a.domain != "" {
		return nil, forbidden()
	}
	answer := c.s.adminJSON(a)
	a.gone = true
	return answer, nil
}

// lift takes an account out of a state; it is no error if it is not in it.
func lift(st State) func(*call) (any, error) {
	return func(c *call) (any, error) {
		a, err := c.other()
		if err != nil {
			return nil, err
		}
		if st == Disabled && a.domain != "" {
			return nil, forbidden()
		}
		*a.state(st) = false
		return c.s.adminJSON(a), nil
	}
}

// adminUnsuspend refuses for an account that is not suspended.
func adminUnsuspend(c *call) (any, error) {
	a, err := c.other()
	if err != nil {
		return nil, err
	}
	if !a.suspended {
		return nil, forbidden()
	}
	a.suspended = false
	return c.s.adminJSON(a), nil
}

func adminDelete(c *call) (any, error) {
	a, err := c.subject()
	if err != nil {
		return nil, err
	}
	if !a.suspended {
		return nil, refuse(http.StatusForbidden, textForbidden)
	}
	answer := c.s.adminJSON(a)
	a.gone = true
	return answer, nil
}

// adminJSON is https://docs.joinmastodon.org/entities/Admin_Account/.
func (s *Server) adminJSON(a *account) obj {
	out := obj{
		"id": s.text(a.id), "username": a.name, "domain": nilIfEmpty(a.domain), "created_at": stamp(a.created), "email": a.email,
		"ip": "127.0.0.1", "ips": []any{obj{"ip": "127.0.0.1", "used_at": stamp(a.created)}}, "locale": "en", "invite_request": nil,
		"role": roleJSON(a.role), "confirmed": !a.unconfirmed, "approved": !a.pending, "disabled": a.disabled, "silenced": a.silenced,
		"suspended": a.suspended, "sensitized": a.sensitized, "account": s.accountJSON(a),
	}
	return out
}
