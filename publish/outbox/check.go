package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/publish"
)

// A Problem is one thing about a plan that a person should know before it goes out.
type Problem struct {
	// Account is the target that it is about; zero for all.
	Account parvis.Account `json:"account,omitzero"`
	// The Field of a post of the thread is "thread[0].text", of the first comment
	// "comment.text"; "when" is the time. Beside the rules of [publish.Problem] there are
	// those of [Client.Check].
	publish.Problem
	// Blocks tells that [Client.Add] refuses the plan for it; the others are warnings.
	Blocks bool `json:"blocks"`
}

// String returns the problem in words, with the account in front and what to do behind.
func (p Problem) String() string {
	s := p.Text
	if p.Account != (parvis.Account{}) {
		s = p.Account.String() + ": " + s
	}
	if p.Help != "" {
		s += "; " + p.Help
	}
	return s
}

// Problems are all that [Client.Check] has found. They are the Err of the error with which
// [Client.Add] refuses a plan that its networks would not take.
type Problems []Problem

// Error returns all problems, one after the other.
func (ps Problems) Error() string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.Text
	}
	return strings.Join(words, "; ")
}

// Blocking returns those that block.
func (ps Problems) Blocking() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Blocks })
}

// err is the refusal of a plan for the problems that block, or nil.
func (ps Problems) err() error {
	ps = ps.Blocking()
	if len(ps) == 0 {
		return nil
	}
	return &parvis.Error{
		Network: ps[0].Account.Network, Account: ps[0].Account.String(), Code: parvis.ErrInvalid,
		Message: "the plan cannot go out as it is", Help: "Client.Check lists all problems", Err: ps,
	}
}

// Check returns every problem of a plan before it is on the calendar, or, of the Plan of an
// [Entry], while it is: what the networks of its targets would say to each of its posts (see
// [publish.Check]), as far as they can be asked now, and the rules
//
//   - "past": its time is over; "time": its time or zone does not exist, or it wants a slot
//     and there is none. Both block.
//   - "blackout": the client keeps that time free; blocks unless it is a [Holiday].
//   - "account": the account cannot be opened now; a warning, since it may be by then.
//   - "budget": the post costs more than is left now; a warning likewise.
//   - "paused": a [Pause] holds; a warning, as it may have ended by then.
//   - "same text": another entry says the same on the same account within 30 days either
//     side of its time, or of now if it has none. It says the same if all that would be
//     sent is equal; files count by their SHA256, where it is known. A warning.
//   - "same hour": another entry goes out on the same account within 60 minutes either side.
//     A warning.
//
// Cancelled and withdrawn posts count for nothing, and neither do other occurrences of the
// entry's series for "same text". Check sends nothing and stores nothing. The error is one
// that kept it from checking, such as [parvis.ErrForeignClient].
func (c *Client) Check(ctx context.Context, p Plan) (Problems, error) {
	const op = "check"
	k := &check{c: c, entry: entryOf(p)}
	p, err := c.own(p)
	if err != nil {
		return nil, failed(op, err)
	}
	k.p = p
	if k.now, err = c.b.now(ctx, c.b.db); err != nil {
		return nil, failed(op, err)
	}
	if err := k.time(ctx); err != nil {
		return nil, failed(op, err)
	}
	asked, err := c.ask(ctx, p)
	if err != nil {
		return nil, failed(op, err)
	}
	k.ps = append(k.ps, asked...)
	for _, t := range p.Targets {
		if err := k.conflicts(ctx, t); err != nil {
			return nil, failed(op, err)
		}
	}
	return k.ps, nil
}

// entryOf is the entry that a plan was read from, or "".
func entryOf(p Plan) string {
	if len(p.Targets) == 0 {
		return ""
	}
	id, _, _ := strings.Cut(p.Targets[0].ID, "-")
	return id
}

// checkTargets refuses a plan that its networks would surely not take. A network that
// cannot be asked now is no reason to refuse.
func (c *Client) checkTargets(ctx context.Context, p Plan) error {
	ps, err := c.ask(ctx, p)
	if err != nil {
		return err
	}
	return ps.err()
}

// ask asks the networks about every post of a plan for every target.
func (c *Client) ask(ctx context.Context, p Plan) (Problems, error) {
	ctx = sending.WithPatience(ctx, c.b.opt.Patience)
	var all Problems
	for _, t := range p.Targets {
		pub, err := c.publisher(ctx, t.Account)
		if err == nil {
			var ps Problems
			ps, err = c.askOne(ctx, pub, p, t)
			all = append(all, ps...)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		problem, err := whyNot(t, err)
		if err != nil {
			return nil, err
		}
		all = append(all, problem...)
	}
	return all, nil
}

// publisher opens an account, and refuses one of another client.
func (c *Client) publisher(ctx context.Context, a parvis.Account) (publish.Publisher, error) {
	pub, err := c.b.opt.Accounts(ctx, a)
	if err == nil && pub.Account().Client != "" && pub.Account().Client != c.name {
		return nil, &parvis.Error{
			Network: a.Network, Account: a.String(), Code: parvis.ErrForeignClient,
			Message: "Options.Accounts opened an account of another client", Help: "open the account of " + c.name,
		}
	}
	return pub, err
}

// whyNot turns an error that kept a network from being asked into what it means for the
// plan: nothing, if the network is only away.
func whyNot(t Target, err error) (Problems, error) {
	code := parvis.CodeOf(err)
	switch {
	case err == nil, code.Transient():
		return nil, nil
	case code == parvis.ErrForeignClient:
		return nil, err
	}
	return Problems{{
		Account: t.Account, Blocks: code == parvis.ErrInvalid || code == parvis.ErrUnsupported,
		Problem: publish.Problem{Network: t.Account.Network, Field: "account", Rule: "account", Text: err.Error()},
	}}, nil
}

// askOne checks the posts for one target.
func (c *Client) askOne(ctx context.Context, pub publish.Publisher, p Plan, t Target) (Problems, error) {
	var all Problems
	for i, d := range p.items(t) {
		d, err := c.b.readable(ctx, d)
		if err != nil {
			all = append(all, Problem{t.Account, publish.Problem{
				Network: t.Account.Network, Field: p.field(i, "media"), Rule: "unreadable", Text: err.Error(),
			}, true})
			continue
		}
		found, err := publish.Check(ctx, pub, d, p.Options...)
		if err != nil {
			return all, err
		}
		if i > 0 {
			sup, err := publish.SupportOf(ctx, pub, d.Place)
			if err != nil {
				return all, err
			}
			if !sup.Reply.OK() {
				found = append(found, publish.Problem{Network: t.Account.Network, Field: "reply", Rule: "unsupported", Text: "the network takes no answers, of which threads and first comments are made"})
			}
		}
		for _, f := range found {
			f.Field = p.field(i, f.Field)
			all = append(all, Problem{t.Account, f, f.Rule != "budget"})
		}
	}
	return all, nil
}

// readable gives stored media their content. Of those that were never kept nobody knows
// what it must be.
func (b *Outbox) readable(ctx context.Context, d publish.Draft) (publish.Draft, error) {
	d.Media = slices.Clone(d.Media)
	for i, m := range d.Media {
		switch {
		case m.CanOpen() || m.Source == "":
		case m.SHA256 == "":
			open, err := b.opener(m)
			if err != nil {
				return d, err
			}
			d.Media[i] = m.WithContent(open)
		default:
			one, err := b.openMedia(ctx, publish.Draft{Media: []parvis.Media{m}})
			if err != nil {
				return d, err
			}
			d.Media[i] = one.Media[0]
		}
	}
	return d, nil
}

// field names a field of the i-th post.
func (p Plan) field(i int, name string) string {
	switch {
	case i == 0:
		return name
	case i <= len(p.Thread):
		return fmt.Sprintf("thread[%d].%s", i-1, name)
	}
	return "comment." + name
}
