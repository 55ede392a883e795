package bluesky

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// A membership is the account's role in the team of Config.Ozone; it is zero if there is none.
type membership struct {
	role string
	why  string // if the role is "": why there is none
	at   time.Time
}

// The team remembers the account's role in it.
type team struct {
	mu    sync.Mutex
	known membership
}

// membership asks once, and again after Config.Refresh. An Ozone that does not answer is
// an error; one that refuses makes no member.
func (c *Client) membership(ctx context.Context) (membership, error) {
	if c.cfg.Ozone == "" {
		return membership{}, nil
	}
	c.team.mu.Lock()
	defer c.team.mu.Unlock()
	if k := c.team.known; !k.at.IsZero() && time.Since(k.at) < c.cfg.Refresh {
		return k, nil
	}
	role, err := c.api.Role(ctx, "ask for the role", c.cfg.Ozone)
	m := membership{role: role, at: time.Now()}
	switch code := parvis.CodeOf(err); {
	case err == nil:
	case api.Name(err) == "MemberDisabled":
		m.why = "the account's membership in the labeler's team is disabled"
	case code == parvis.ErrPermission:
		m.why = "the account is not in the labeler's team"
	case code == parvis.ErrInvalid || code == parvis.ErrUnsupported || code == parvis.ErrNotFound:
		m.why = "Config.Ozone names no labeler that the account's PDS can reach"
	default:
		return membership{}, err
	}
	c.team.known = m
	return m, nil
}

// may says whether the role allows an action. Triage may decide on cases; it takes more
// to take down and label, and verifiers do neither.
//
// https://github.com/bluesky-social/ozone/blob/main/docs/userguide.md
func (m membership) may(do moderate.Do) parvis.Support {
	needs := api.RoleModerator
	if do == moderate.DoResolve || do == moderate.DoReopen {
		needs = api.RoleTriage
	}
	switch {
	case m.at.IsZero():
		return parvis.Never("Config.Ozone names no labeler: this is done by the moderators of one")
	case m.role == api.RoleAdmin, m.role == api.RoleModerator, m.role == needs:
		return parvis.Full()
	case m.role != "":
		m.why = "the account's role in the labeler's team does not allow that"
	}
	return parvis.Support{Why: m.why, Scope: needs}
}

// onOf returns the subject's ID: the address of a record or a DID.
func onOf(r parvis.Ref) (string, error) {
	switch {
	case r.Kind == parvis.KindPerson, r.Kind == parvis.KindReport && strings.HasPrefix(r.ID, "did:"):
		return didOf(parvis.Ref{Kind: parvis.KindPerson, ID: r.ID})
	case r.Kind == parvis.KindReport && !strings.HasPrefix(r.ID, "at://"):
		return "", &parvis.Error{Code: parvis.ErrInvalid, Message: "that is no case of Ozone", Help: "use the Ref of a case that Pending lists"}
	}
	at, err := api.ParseURI(r.ID)
	return at.String(), err
}

// emit does something to a subject. If the answer is not clear, or says that it is so
// already, done tells from the subject's state whether it was done.
func (c *Client) emit(ctx context.Context, op string, on api.Target, e api.Event, done func(api.SubjectView) bool) (json.RawMessage, error) {
	raw, err := c.api.Emit(ctx, op, c.cfg.Ozone, api.Emission{
		Event: e, Subject: on, CreatedBy: c.Account().ID, ExternalID: "parvis:" + rand.Text(), ModTool: c.tool(),
	})
	switch parvis.CodeOf(err) {
	case parvis.ErrUnknownOutcome, parvis.ErrUnavailable, parvis.ErrBadAnswer, parvis.ErrInvalid:
		if v, look := c.api.LookAt(ctx, op, c.cfg.Ozone, on.ID()); look == nil && done(v) {
			return nil, nil
		}
	}
	return raw, err
}

// hours is how long something lasts that ends at a time, rounded up; 0 is for ever.
func hours(until time.Time) int {
	if until.IsZero() {
		return 0
	}
	return max(1, int(math.Ceil(time.Until(until).Hours())))
}

// takeDown takes a record or an account out of everybody's sight, or brings it back. A
// takedown closes the case about it; taking it back by the inverse opens it again.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-emit-event
func (c *Client) takeDown(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	op := string(a.Do)
	id, err := onOf(a.On)
	if err != nil {
		return moderate.Act{}, err
	}
	v, err := c.api.LookAt(ctx, op, c.cfg.Ozone, id)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	want := a.Do == moderate.DoRemove || a.Do == moderate.DoBan
	ends := api.ParseTime(v.Status.SuspendUntil)
	done := act(a, change{sight(v.Status.Takendown), sight(want)}, nil)
	if want && v.Status.Takendown && !a.Until.IsZero() && hours(ends) != hours(a.Until) {
		return moderate.Act{}, &parvis.Error{Code: parvis.ErrConflict, Message: "the account is out of service until another time", Help: "lift the ban first"}
	}
	if v.Status.Takendown != want {
		e := api.Event{Type: api.EventReverse, Comment: why(a.Reason)}
		if want {
			e.Type, e.Hours = api.EventTakedown, hours(a.Until)
		}
		is := func(v api.SubjectView) bool { return v.Status.Takendown == want }
		if done.Raw, err = c.emit(ctx, op, v.Subject, e, is); err != nil {
			return moderate.Act{}, err
		}
	}
	if inv := done.Inverse; inv != nil {
		inv.Label = ""
		if want && waiting(v.Status.Review) {
			inv.Label = reviewWord(v.Status.Review)
		}
		if !want && ends.After(time.Now()) {
			inv.Until = ends
		}
	}
	return done, c.reopenAfter(ctx, a, v.Subject, want)
}

// reopenAfter opens the case again that a takedown has closed which a takes back.
func (c *Client) reopenAfter(ctx context.Context, a moderate.Action, on api.Target, taken bool) error {
	if taken || a.Label == "" {
		return nil
	}
	_, err := c.setReview(ctx, moderate.Action{Do: moderate.DoReopen, On: a.On, Reason: a.Reason, Label: a.Label}, on)
	return err
}

func sight(taken bool) string { return word(taken, "taken down", "visible") }
