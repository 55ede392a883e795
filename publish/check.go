package publish

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// A Problem is one rule that a draft breaks.
type Problem struct {
	// Network is whose rule it is.
	Network parvis.Network `json:"network"`
	// Field is the part of the draft: "text", "media[1].alt", "poll.options[3]".
	Field string `json:"field"`
	// Rule names the rule: "length", "count", "size", "type", "alt", "unsupported", "time", "empty", "budget".
	Rule string `json:"rule"`
	// Value and Limit are the measured value and what is allowed, where the rule has numbers.
	Value int64 `json:"value,omitempty"`
	Limit int64 `json:"limit,omitempty"`
	// Text says what is wrong, in one clause, for anybody who writes a draft.
	Text string `json:"text"`
	// Help says what the program can do about it; empty where that is plain.
	Help string `json:"help,omitempty"`
}

// String returns the problem in words, with the network in front and what to do behind.
func (p Problem) String() string {
	s := string(p.Network) + ": " + p.Text
	if p.Help != "" {
		s += "; " + p.Help
	}
	return s
}

// Problems are all the rules that a draft breaks. They are the Err of the error that
// [To] returns for a bad draft.
type Problems []Problem

// Error returns all problems, one after the other.
func (ps Problems) Error() string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.Text
	}
	return strings.Join(words, "; ")
}

// err wraps ps once, with the gravest code among them.
func (ps Problems) err(a parvis.Account) error {
	code := parvis.ErrInvalid
	switch {
	case ps.all("unsupported"):
		code = parvis.ErrUnsupported
	case ps.all("budget"):
		code = parvis.ErrBudget
	}
	return &parvis.Error{
		Op: "publish", Network: a.Network, Account: a.String(), Code: code,
		Message: "the draft does not fit", Err: ps, Help: "publish.Check lists the problems; options such as publish.Shorten adapt the draft",
	}
}

// all reports whether every problem breaks the same rule.
func (ps Problems) all(rule string) bool {
	return !slices.ContainsFunc(ps, func(p Problem) bool { return p.Rule != rule })
}

// Check returns every problem that d has at p's account, counted as the network counts,
// before anything is sent. No problems means that [To] will send it. The options are
// those of [To]. The error is one that kept Check from checking: a foreign reference, or
// a network that did not say its limits.
func Check(ctx context.Context, p Publisher, d Draft, opts ...Option) (Problems, error) {
	d, sup, _, err := adapted(ctx, p, d, opts)
	if err != nil {
		return nil, parvis.In(err, p.Account(), "check", parvis.ErrUnavailable)
	}
	ps, err := problems(ctx, p, sup, d, opts)
	return ps, parvis.In(err, p.Account(), "check", parvis.ErrUnavailable)
}

// Preview returns the draft as p's network would get it, with overrides and adaptations
// applied, and what was changed. It does not check; see [Check].
func Preview(ctx context.Context, p Publisher, d Draft, opts ...Option) (Draft, []Warning, error) {
	d, _, warnings, err := adapted(ctx, p, d, opts)
	return d, warnings, parvis.In(err, p.Account(), "preview", parvis.ErrUnavailable)
}

// adapted applies the overrides for p's network and the options, and returns with the
// draft what the network supports.
func adapted(ctx context.Context, p Publisher, d Draft, opts []Option) (Draft, Support, []Warning, error) {
	a := p.Account()
	d = d.For(a.Network)
	if err := owns(a, d); err != nil {
		return d, Support{}, nil, err
	}
	sup, err := supportFor(ctx, p, d.Place)
	if err != nil {
		return d, sup, nil, err
	}
	d, warnings := adapt(d, sup, opts)
	return d, sup, warnings, nil
}

// A Checker is a publisher whose network has rules that [Support] has no words for:
// things that exclude each other, or a number of tags. [Check] adds what it finds.
type Checker interface {
	// CheckDraft returns the problems of d that Support cannot express. Overrides are
	// applied. It does not call the network.
	CheckDraft(d Draft) Problems
}

// A checker collects the problems of one draft.
type checker struct {
	a    parvis.Account
	sup  Support
	d    Draft
	opts []Option
	ps   Problems

	budget Budgeter // nil if the publisher knows of none
}

func problems(ctx context.Context, p Publisher, sup Support, d Draft, opts []Option) (Problems, error) {
	c := &checker{a: p.Account(), sup: sup, d: d, opts: opts}
	c.budget, _ = parvis.As[Budgeter](p)
	c.text()
	c.extras()
	c.poll()
	c.schedule()
	c.media(ctx)
	if own, ok := parvis.As[Checker](p); ok {
		for _, problem := range own.CheckDraft(d) {
			problem.Network = c.a.Network
			c.ps = append(c.ps, problem)
		}
	}
	err := c.price(ctx)
	return c.ps, err
}

// add notes a problem; the text is a format with its arguments.
func (c *checker) add(field, rule, text string, args ...any) *Problem {
	c.ps = append(c.ps, Problem{Network: c.a.Network, Field: field, Rule: rule, Text: fmt.Sprintf(text, args...)})
	return &c.ps[len(c.ps)-1]
}

// measured gives the problem its numbers.
func (p *Problem) measured(value, limit int64) *Problem {
	p.Value, p.Limit = value, limit
	return p
}

// help says what to do.
func (p *Problem) help(what string) { p.Help = what }

// length checks s against every rule of ls.
func (c *checker) length(field, s string, ls parvis.TextLimits, help string) {
	for _, l := range ls {
		n := text.Count(s, l)
		if l.Max > 0 && n > l.Max {
			c.add(field, "length", "%s has %d %s, %d allowed", field, n, l.Unit, l.Max).measured(int64(n), int64(l.Max)).help(help)
		}
		if n < l.Min {
			c.add(field, "length", "%s has %d %s, at least %d wanted", field, n, l.Unit, l.Min).measured(int64(n), int64(l.Min))
		}
	}
}

func (c *checker) text() {
	s, err := c.sup.counted(c.d)
	if err != nil {
		c.add("text", "format", "text cannot be converted from %s: %v", c.d.Format, err)
		return
	}
	blank := strings.TrimSpace(c.d.Text) == ""
	if blank && len(c.d.Media) == 0 && c.d.Poll == nil && c.d.Link == "" && c.d.Quote.IsZero() && !c.sup.TextOptional && c.d.Title == "" {
		c.add("text", "empty", "the draft says nothing").measured(0, 1).help("give it a text or media")
		return
	}
	if !blank {
		c.length("text", s, c.sup.Text, "adapt with publish.Shorten, or publish.Split and publish.Thread")
	}
	if c.d.Title != "" && c.sup.Headline.OK() {
		c.length("title", c.d.Title, c.sup.Title, "")
	}
	if has(c.opts, RequireLang) && c.d.Lang == "" {
		c.add("lang", "lang", "the language is missing").help("set Draft.Lang")
	}
}

// extras finds the fields that the network has no place for.
func (c *checker) extras() {
	for _, x := range extras(c.d, c.sup) {
		if !x.used || x.sup.OK() {
			continue
		}
		why := x.sup.Why
		if why == "" {
			why = "the network has no such thing"
		}
		c.add(x.field, "unsupported", "%s: %s", x.field, why).help("override it for " + string(c.a.Network) + ", or adapt with publish.DropExtras")
	}
	if c.d.Link != "" {
		if u, err := url.Parse(c.d.Link); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			c.add("link", "format", "link is not an http or https address")
		}
	}
}

func (c *checker) poll() {
	p, sup := c.d.Poll, c.sup.Poll
	if p == nil {
		return
	}
	if !sup.OK() {
		c.add("poll", "unsupported", "poll: the network takes no polls here").help("adapt with publish.DropPoll")
		return
	}
	if n, least := len(p.Options), max(sup.MinOptions, 2); n < least || n > sup.MaxOptions {
		c.add("poll.options", "count", "poll has %d options, %d to %d allowed", n, least, sup.MaxOptions).measured(int64(n), int64(sup.MaxOptions))
	}
	for i, o := range p.Options {
		field := fmt.Sprintf("poll.options[%d]", i)
		if strings.TrimSpace(o) == "" {
			c.add(field, "empty", "%s is empty", field).measured(0, 1)
		}
		c.length(field, o, parvis.TextLimits{sup.Option}, "")
	}
	if p.For != 0 && (p.For < sup.Shortest || sup.Longest > 0 && p.For > sup.Longest) {
		c.add("poll.for", "time", "poll runs for %v, %v to %v allowed", p.For, sup.Shortest, sup.Longest).measured(int64(p.For/time.Second), int64(sup.Longest/time.Second))
	}
	if p.Multiple && !sup.Multiple {
		c.add("poll.multiple", "unsupported", "poll: the network has no polls with several choices")
	}
	if len(c.d.Media) > 0 && !c.sup.Media.WithPoll {
		c.add("poll", "unsupported", "the network takes either a poll or media, not both")
	}
}

func (c *checker) schedule() {
	if c.d.At.IsZero() || !c.sup.Schedule.OK() {
		return
	}
	ahead := time.Until(c.d.At)
	least, most := c.sup.Schedule.Least, c.sup.Schedule.Most
	switch {
	case ahead <= 0:
		c.add("at", "time", "the time %s is past", c.d.At.Format(time.RFC3339)).help("leave Draft.At empty to publish now")
	case ahead < least:
		c.add("at", "time", "the network schedules at least %v ahead", least).measured(int64(ahead/time.Second), int64(least/time.Second))
	case most > 0 && ahead > most:
		c.add("at", "time", "the network schedules at most %v ahead", most).measured(int64(ahead/time.Second), int64(most/time.Second))
	}
}
