package moderate

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/parvis-go/parvis"
)

// A Case is something that the network itself keeps for a decision.
type Case struct {
	// Ref names the case where it is a thing of its own (a report), else the held content.
	Ref parvis.Ref `json:"ref"`
	// Why is "held", "reported" or "flagged".
	Why string `json:"why"`
	// On is what it is about: the held or reported content, or the person.
	On parvis.Ref `json:"on"`
	// Also are further things that it is about.
	Also []parvis.Ref `json:"also,omitempty"`
	// Author is who made the content, or the person reported; Reporter who reported.
	Author   parvis.Person `json:"author,omitzero"`
	Reporter parvis.Person `json:"reporter,omitzero"`
	// Text is the content, Note what the reporter wrote, Category the report's category.
	Text     parvis.Text `json:"text,omitzero"`
	Note     string      `json:"note,omitempty"`
	Category string      `json:"category,omitempty"`
	// State is the network's word: "hold", "open", "resolved".
	State string `json:"state,omitempty"`
	// Time is when it came.
	Time time.Time `json:"time,omitzero"`
	// URL is the page where people decide on it.
	URL string `json:"url,omitempty"`
	// Raw is what the network sent, whole.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// Pending lists what the network itself keeps for a decision: held comments, reports, flags.
type Pending interface {
	Pending(ctx context.Context, place parvis.Place) iter.Seq2[Case, error]
}

// PendingIn lists what waits for a decision in a place, oldest first where the network
// can; the zero place is everywhere that the account has a say. An error is the last pair.
func PendingIn(ctx context.Context, m Moderator, place parvis.Place) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		const op = "list pending"
		p, err := power[Pending](ctx, m, place, op, func(s Support) parvis.Support { return s.Pending })
		if err != nil {
			yield(Case{}, err)
			return
		}
		for c, err := range p.Pending(ctx, place) {
			if !yield(c, parvis.In(err, m.Account(), op, parvis.ErrUnavailable)) || err != nil {
				return
			}
		}
	}
}

// An Entry is a line of the network's own moderation log.
type Entry struct {
	// ID is the network's identifier of the line.
	ID string `json:"id,omitempty"`
	// Time is when it was done, By by whom.
	Time time.Time     `json:"time,omitzero"`
	By   parvis.Person `json:"by,omitzero"`
	// Do is what was done, if the vocabulary has a word for it; Vendor is the network's word.
	Do     Do     `json:"do,omitempty"`
	Vendor string `json:"vendor,omitempty"`
	// On is what it was done to, Note the reason given.
	On   parvis.Ref `json:"on,omitzero"`
	Note string     `json:"note,omitempty"`
	// Raw is what the network sent, whole.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// Log reads the network's own moderation log.
type Log interface {
	Log(ctx context.Context, place parvis.Place) iter.Seq2[Entry, error]
}

// LogOf gives the network's own moderation log of a place, newest first. An error is the
// last pair.
func LogOf(ctx context.Context, m Moderator, place parvis.Place) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		const op = "read log"
		l, err := power[Log](ctx, m, place, op, func(s Support) parvis.Support { return s.Log })
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for e, err := range l.Log(ctx, place) {
			if !yield(e, parvis.In(err, m.Account(), op, parvis.ErrUnavailable)) || err != nil {
				return
			}
		}
	}
}

// power returns m's power T if m has it and its network allows it in place.
func power[T any](ctx context.Context, m Moderator, place parvis.Place, op string, pick func(Support) parvis.Support) (T, error) {
	var zero T
	if err := m.Account().Owns(place.Ref); err != nil {
		return zero, parvis.In(err, m.Account(), op, parvis.ErrInvalid)
	}
	t, err := parvis.Power[T](m, m.Account(), op)
	if err != nil {
		return t, err
	}
	sup, err := SupportOf(ctx, m, place)
	if err != nil {
		return t, err
	}
	return t, pick(sup).Err(m.Account(), op)
}
