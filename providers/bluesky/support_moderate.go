package bluesky

import (
	"context"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
)

// ModerateSupport says what the account can do: for itself, and as a member of the team
// of Config.Ozone, which is asked for the account's role once and then remembered for
// Config.Refresh. Without Config.Ozone the network is not called.
func (c *Client) ModerateSupport(ctx context.Context, place parvis.Place) (moderate.Support, error) {
	if !place.IsZero() {
		no := parvis.Never(noRooms)
		return moderate.Support{Pending: no, Log: no}, nil
	}
	m, err := c.membership(ctx)
	if err != nil {
		return moderate.Support{}, err
	}
	t := abilities{}
	t.own()
	t.team(m)
	reads := m.may(moderate.DoResolve)
	return moderate.Support{Actions: t, Pending: reads, Log: reads}, nil
}

// abilities collects them.
type abilities []moderate.Ability

func (t *abilities) add(sup parvis.Support, undo bool, on []parvis.Kind, dos ...moderate.Do) {
	for _, do := range dos {
		*t = append(*t, moderate.Ability{
			Do: do, On: on, Support: sup, Undo: undo && sup.OK(),
			Expires: sup.OK() && (do == moderate.DoBan || do == moderate.DoLabel),
		})
	}
}

func kinds(k ...parvis.Kind) []parvis.Kind { return k }

// own are the abilities of every account.
func (t *abilities) own() {
	post, person, place := kinds(parvis.KindPost), kinds(parvis.KindPerson), kinds(parvis.KindPlace)
	t.add(parvis.Full(), true, person, moderate.DoMute, moderate.DoUnmute, moderate.DoBlock, moderate.DoUnblock)
	t.add(parvis.Partly("the place is a list of people"), true, place, moderate.DoMute, moderate.DoUnmute, moderate.DoBlock, moderate.DoUnblock)
	t.add(parvis.Partly("the whole thread of the post, and the account's notifications only"), true, post, moderate.DoMute, moderate.DoUnmute)
	t.add(parvis.Partly("answers below the account's own threads, up to 300 in each"), true, post, moderate.DoHide, moderate.DoUnhide)
	t.add(parvis.Partly("the account's own threads"), true, post, moderate.DoLock, moderate.DoUnlock)
	t.add(parvis.Partly("one of the account's own posts"), true, post, moderate.DoPin, moderate.DoUnpin)
	t.add(parvis.Full(), false, kinds(parvis.KindPost, parvis.KindPerson), moderate.DoReport)
}

// team are the abilities of the members of an Ozone's team.
func (t *abilities) team(m membership) {
	post, person, report := kinds(parvis.KindPost), kinds(parvis.KindPerson), kinds(parvis.KindReport)
	t.add(m.may(moderate.DoRemove), true, post, moderate.DoRemove, moderate.DoRestore)
	t.add(m.may(moderate.DoBan), true, person, moderate.DoBan, moderate.DoUnban)
	t.add(m.may(moderate.DoLabel), true, kinds(parvis.KindPost, parvis.KindPerson), moderate.DoLabel, moderate.DoUnlabel)
	t.add(m.may(moderate.DoResolve), true, report, moderate.DoResolve)
	t.add(m.may(moderate.DoReopen), true, report, moderate.DoReopen)
}
