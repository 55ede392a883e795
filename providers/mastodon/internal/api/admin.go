package api

import (
	"context"
	"net/url"

	"github.com/parvis-go/parvis/internal/httpx"
)

// AdminAccount is an account as the staff of its server sees it; see
// https://docs.joinmastodon.org/entities/Admin_Account/.
type AdminAccount struct {
	ID            string  `json:"id"`
	Username      string  `json:"username"`
	Domain        string  `json:"domain"`
	CreatedAt     string  `json:"created_at"`
	InviteRequest string  `json:"invite_request"`
	Approved      bool    `json:"approved"`
	Disabled      bool    `json:"disabled"`
	Silenced      bool    `json:"silenced"`
	Suspended     bool    `json:"suspended"`
	Sensitized    bool    `json:"sensitized"`
	Account       Account `json:"account"`
}

// AdminReport is a report as the staff sees it; see https://docs.joinmastodon.org/entities/Admin_Report/.
type AdminReport struct {
	ID          string        `json:"id"`
	ActionTaken bool          `json:"action_taken"`
	Category    string        `json:"category"`
	Comment     string        `json:"comment"`
	CreatedAt   string        `json:"created_at"`
	Reporter    AdminAccount  `json:"account"`
	Target      AdminAccount  `json:"target_account"`
	Assigned    *AdminAccount `json:"assigned_account"`
	Statuses    []Status      `json:"statuses"`
}

// AdminAccount reads an account; see https://docs.joinmastodon.org/methods/admin/accounts/#get-one.
func (c *Client) AdminAccount(ctx context.Context, id string) (Whole[AdminAccount], error) {
	return take(ctx, c, at("GET", "/api/v1/admin/accounts/:id", id), wholeLenient[AdminAccount])
}

// AdminAccounts lists accounts; see https://docs.joinmastodon.org/methods/admin/accounts/#v2.
func (c *Client) AdminAccounts(ctx context.Context, q url.Values) (List[Whole[AdminAccount]], error) {
	r := at("GET", "/api/v2/admin/accounts", "")
	r.Query = q
	return list(ctx, c, r, wholesLenient[AdminAccount])
}

// AdminAction does something to an account; see https://docs.joinmastodon.org/methods/admin/accounts/#action.
// It is recorded, and the person may be told, so that it must not be repeated.
func (c *Client) AdminAction(ctx context.Context, id string, form url.Values) error {
	r := at("POST", "/api/v1/admin/accounts/:id/action", id)
	r.Body = httpx.Form(form)
	return c.send(ctx, r)
}

// AdminUndo approves or rejects an account, or takes an action back: approve, reject,
// enable, unsilence, unsuspend, unsensitive; see https://docs.joinmastodon.org/methods/admin/accounts/#approve
// and the sections below it.
func (c *Client) AdminUndo(ctx context.Context, id, verb string) (Whole[AdminAccount], error) {
	return take(ctx, c, at("POST", "/api/v1/admin/accounts/:id/"+verb, id), wholeLenient[AdminAccount])
}

// AdminReport reads a report; see https://docs.joinmastodon.org/methods/admin/reports/#get-one.
func (c *Client) AdminReport(ctx context.Context, id string) (Whole[AdminReport], error) {
	return take(ctx, c, at("GET", "/api/v1/admin/reports/:id", id), wholeLenient[AdminReport])
}

// AdminReports lists reports, newest first; see https://docs.joinmastodon.org/methods/admin/reports/#get.
func (c *Client) AdminReports(ctx context.Context, q url.Values) (List[Whole[AdminReport]], error) {
	r := at("GET", "/api/v1/admin/reports", "")
	r.Query = q
	return list(ctx, c, r, wholesLenient[AdminReport])
}

// AdminReportDo resolves, reopens or assigns a report: resolve, reopen, assign_to_self,
// unassign; see https://docs.joinmastodon.org/methods/admin/reports/#resolve and the
// sections around it.
func (c *Client) AdminReportDo(ctx context.Context, id, verb string) (Whole[AdminReport], error) {
	r := at("POST", "/api/v1/admin/reports/:id/"+verb, id)
	r.Safe = true // "or it was already resolved"
	return take(ctx, c, r, wholeLenient[AdminReport])
}
