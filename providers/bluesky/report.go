package bluesky

import (
	"cmp"
	"context"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// reportReasons are the reasons of reports by the categories of [moderate.Reason], which
// are the network's own too.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/moderation/defs.json
var reportReasons = map[string]string{
	"": api.ReasonOther, "other": api.ReasonOther, "spam": api.ReasonSpam,
	"violation": api.ReasonViolation, "legal": api.ReasonViolation,
	"misleading": api.ReasonMislead, "sexual": api.ReasonSexual, "rude": api.ReasonRude, "appeal": api.ReasonAppeal,
}

// report reports a post or a person to the moderators of Config.Ozone, or else to those of
// the PDS's choice. It cannot be taken back, and is made anew each time. Reason.Category
// is "spam", "legal", "violation", "other", one of the network's own ("misleading",
// "sexual", "rude", "appeal"), or the full name of a reason of the labeler, such as
// "tools.ozone.report.defs#reasonHarassmentTroll". Reason.Text, or else the rule, is what
// the moderators read. The note for colleagues is not sent.
func (c *Client) report(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	kind, ok := reportReasons[a.Reason.Category]
	if !ok && strings.Contains(a.Reason.Category, "#") {
		kind, ok = a.Reason.Category, true
	}
	words := cmp.Or(a.Reason.Text, a.Reason.Rule)
	long := len(words) > api.MaxReasonBytes || text.CountUnit(words, parvis.Graphemes) > api.MaxReasonGraphemes
	switch {
	case !ok:
		return moderate.Act{}, &parvis.Error{
			Code: parvis.ErrInvalid, Message: "there is no category " + a.Reason.Category + " of reports",
			Help: "the categories are spam, legal, violation, misleading, sexual, rude, appeal and other",
		}
	case long:
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the text of the report is longer than 2000 characters", Help: "shorten Reason.Text"}
	case len(a.With) > 0:
		return moderate.Act{}, parvis.Unsupported(c.Account(), "report", "a report is about one thing: report the others by themselves")
	}
	on, err := c.reported(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	id, raw, err := c.api.Report(ctx, "report", c.cfg.Ozone, api.NewReport{ReasonType: kind, Reason: words, Subject: on, ModTool: c.tool()})
	if err != nil {
		return moderate.Act{}, err
	}
	return moderate.Act{After: "open", Made: c.ref(parvis.KindReport, id), Raw: raw}, nil
}

// reported is what a report is about, which must be there.
func (c *Client) reported(ctx context.Context, a moderate.Action) (api.Target, error) {
	if a.On.Kind == parvis.KindPost {
		v, err := c.find(ctx, "report", a.On)
		return api.RecordSubject(v.Strong), unseen(err)
	}
	did, err := didOf(a.On)
	if err != nil {
		return api.Target{}, err
	}
	_, err = c.api.Relation(ctx, "report", c.cfg.AppView, did)
	return api.AccountSubject(did), unseen(err)
}

// tool names this program to moderators.
func (c *Client) tool() api.ModTool { return api.ModTool{Name: cmp.Or(c.opt.UserAgent, "parvis")} }
