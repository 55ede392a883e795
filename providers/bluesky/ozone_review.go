package bluesky

import (
	"context"
	"strconv"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// waiting reports whether a case waits for a decision.
func waiting(state string) bool { return state == api.ReviewOpen || state == api.ReviewEscalated }

// The words of the states of a review.
const (
	wordOpen      = "open"
	wordEscalated = "escalated"
	wordClosed    = "closed"
)

func reviewWord(state string) string {
	switch state {
	case api.ReviewOpen:
		return wordOpen
	case api.ReviewEscalated:
		return wordEscalated
	case api.ReviewClosed:
		return wordClosed
	}
	return ""
}

// review closes a case or opens it again.
func (c *Client) review(ctx context.Context, a moderate.Action) (moderate.Act, error) {
	id, err := c.caseOf(ctx, a)
	if err != nil {
		return moderate.Act{}, err
	}
	s, err := c.caseStatus(ctx, string(a.Do), id)
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	return c.setReview(ctx, a, s.Subject)
}

// caseOf returns the subject of a case. A report by its number is the case of its subject.
func (c *Client) caseOf(ctx context.Context, a moderate.Action) (string, error) {
	n, err := strconv.ParseInt(a.On.ID, 10, 64)
	if err != nil {
		return onOf(a.On)
	}
	e, err := c.api.ReportOf(ctx, string(a.Do), c.cfg.Ozone, n)
	return e, notSent(err)
}

// caseStatus reads where a subject stands. One about which there is no case is not found.
func (c *Client) caseStatus(ctx context.Context, op, id string) (api.Status, error) {
	page, err := c.api.Statuses(ctx, api.Paging{Op: op, Proxy: c.cfg.Ozone}, map[string][]string{"subject": {id}, "includeMuted": {"true"}})
	if err != nil {
		return api.Status{}, err
	}
	for _, s := range page.Items {
		if s.Subject.ID() == id {
			return s, nil
		}
	}
	return api.Status{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "Ozone has no case about that", Help: "it may never have been reported"}
}

// setReview brings the case about a subject to the state that a wants. Nothing but a
// report opens a case again: it is made in the name of the team.
func (c *Client) setReview(ctx context.Context, a moderate.Action, on api.Target) (moderate.Act, error) {
	op := string(a.Do)
	s, err := c.caseStatus(ctx, op, on.ID())
	if err != nil {
		return moderate.Act{}, notSent(err)
	}
	was, want := s.Review, api.ReviewClosed
	e := api.Event{Type: api.EventAcknowledge, Comment: why(a.Reason)}
	if a.Do == moderate.DoReopen {
		want, e.Type, e.ReportType = api.ReviewOpen, api.EventReport, api.ReasonOther
		if a.Label == wordEscalated {
			want, e.Type, e.ReportType = api.ReviewEscalated, api.EventEscalate, ""
		}
	}
	if was == want || want == api.ReviewOpen && waiting(was) || want == api.ReviewClosed && !waiting(was) {
		return act(a, change{reviewWord(was), reviewWord(was)}, nil), nil
	}
	is := func(api.SubjectView) bool {
		now, err := c.caseStatus(ctx, op, on.ID())
		return err == nil && now.Review == want
	}
	raw, err := c.emit(ctx, op, on, e, is)
	if err != nil {
		return moderate.Act{}, err
	}
	done := act(a, change{reviewWord(was), reviewWord(want)}, raw)
	if done.Inverse == nil {
		return done, nil
	}
	switch done.Inverse.Label = ""; {
	case want == api.ReviewClosed && was == api.ReviewEscalated:
		done.Inverse.Label = wordEscalated
	case was == api.ReviewOpen && want == api.ReviewEscalated:
		done.Inverse = nil // what is escalated can only be closed
	}
	return done, nil
}
