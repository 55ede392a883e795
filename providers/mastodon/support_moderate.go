package mastodon

import (
	"context"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

// ModerateSupport says what the account can do: to others for itself, and as staff for
// the server, if its token and its role allow it.
func (c *Client) ModerateSupport(ctx context.Context, place parvis.Place) (moderate.Support, error) {
	s, me, err := c.both(ctx)
	if err != nil {
		return moderate.Support{}, err
	}
	if !place.IsZero() {
		no := parvis.Never("what is done holds for the whole server, or for the account")
		return moderate.Support{Pending: no, Log: no}, nil
	}
	t := table{s: s, me: me}
	t.own()
	t.staff()
	sup := moderate.Support{
		Actions: t.rows, Log: parvis.Never("the API does not show the server's moderation log"),
		MissingScopes: me.missing("write:blocks", "write:mutes", "write:reports"),
	}
	sup.Pending = me.staff(yes(s.staff, "this server shows its staff nothing through this API"), "admin:read:reports", manageReports)
	if !sup.Pending.OK() && s.staff {
		if accounts := me.staff(parvis.Partly("only accounts that wait"), "admin:read:accounts", manageUsers); accounts.OK() {
			sup.Pending = accounts
		}
	}
	return sup, nil
}

// table collects abilities.
type table struct {
	s    *server
	me   *self
	rows []moderate.Ability
}

func (t *table) add(sup parvis.Support, undo bool, on parvis.Kind, dos ...moderate.Do) {
	for _, do := range dos {
		t.rows = append(t.rows, moderate.Ability{
			Do: do, On: []parvis.Kind{on}, Support: sup, Undo: undo && sup.OK(),
			Expires: do == moderate.DoMute && on != parvis.KindPost && sup.OK(),
		})
	}
}

// own are the abilities of every account.
func (t *table) own() {
	s, me := t.s, t.me
	scoped := func(can bool, scope string) parvis.Support {
		return me.given(yes(can, "this server cannot do that"), scope)
	}
	t.add(scoped(true, "write:blocks"), true, parvis.KindPerson, moderate.DoBlock, moderate.DoUnblock)
	t.add(scoped(true, "write:mutes"), true, parvis.KindPerson, moderate.DoMute, moderate.DoUnmute)
	t.add(scoped(s.thread, "write:mutes"), true, parvis.KindPost, moderate.DoMute, moderate.DoUnmute)
	t.add(scoped(s.filters, "write:filters"), true, parvis.KindKeyword, moderate.DoMute, moderate.DoUnmute)
	t.add(scoped(s.domains, "write:blocks"), true, parvis.KindDomain, moderate.DoBlock, moderate.DoUnblock)
	t.add(scoped(s.pin, "write:accounts"), true, parvis.KindPost, moderate.DoPin, moderate.DoUnpin)
	report := scoped(s.reports, "write:reports")
	t.add(report, false, parvis.KindPerson, moderate.DoReport)
	t.add(report, false, parvis.KindPost, moderate.DoReport)
	t.add(parvis.Never(whyNoRemoval), false, parvis.KindPost, moderate.DoRemove, moderate.DoPurge)
}

// staff are the abilities of a server's staff.
func (t *table) staff() {
	s, me := t.s, t.me
	users := func(can bool) parvis.Support {
		return me.staff(yes(can, "this server does not offer that through the API"), "admin:write:accounts", manageUsers)
	}
	reports := func(can bool) parvis.Support {
		return me.staff(yes(can, "this server does not offer that through the API"), "admin:write:reports", manageReports)
	}
	full := s.staff && s.fullStaff
	for _, m := range measures() {
		can := full || s.staff && m.do == moderate.DoBan
		t.add(users(can), full, parvis.KindPerson, m.do)
		t.add(users(full), full, parvis.KindPerson, m.undo)
		if m.do == moderate.DoLabel {
			for i := len(t.rows) - 2; i < len(t.rows); i++ {
				t.rows[i].Labels = []string{sensitive}
			}
		}
	}
	t.add(users(full), false, parvis.KindPerson, moderate.DoWarn)
	t.add(users(s.staff), false, parvis.KindPerson, moderate.DoApprove, moderate.DoReject)
	t.add(reports(s.staff), full, parvis.KindReport, moderate.DoResolve)
	t.add(reports(full), true, parvis.KindReport, moderate.DoReopen, moderate.DoAssign, moderate.DoUnassign)
}
