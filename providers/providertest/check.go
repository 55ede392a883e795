package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A brick is a piece of text of which it is known what it counts in every unit.
type brick struct {
	text                                  string
	graphemes, points, utf16, bytes, heft int
	link                                  bool // a blank and a link, which counts TextLimit.Link where that is set
}

func (b brick) in(l parvis.TextLimit) int {
	if b.link && l.Link > 0 {
		return 1 + l.Link
	}
	switch l.Unit {
	case parvis.CodePoints:
		return b.points
	case parvis.UTF16:
		return b.utf16
	case parvis.Bytes:
		return b.bytes
	case parvis.Weighted:
		return b.heft
	}
	return b.graphemes
}

// largest is the longest text that the suite builds, in units.
const largest = 1 << 20

// wall builds a text that reaches the limits exactly: word, single letters as needed, then
// bricks of one kind. One letter in front is one over. It reports false if there are no
// limits, or only ones out of reach.
func wall(word string, b brick, ls parvis.TextLimits) (string, bool) {
	letters := brick{graphemes: 1, points: 1, utf16: 1, bytes: 1, heft: 1}
	left := func(bricks int) int { // how many letters fit after so many bricks
		room := largest
		for _, l := range ls {
			if l.Max > 0 {
				room = min(room, l.Max-len(word)*letters.in(l)-bricks*b.in(l))
			}
		}
		return room
	}
	if left(0) == largest || left(1) < 0 {
		return "", false
	}
	most := 50
	if b.link {
		most = 3 // more would look like spam
	}
	n := 1
	for n < most && left(n+1) >= 0 {
		n++
	}
	return word + strings.Repeat("a", left(n)) + strings.Repeat(b.text, n), true
}

func bricks() []struct {
	name, what string
	brick
} {
	return []struct {
		name, what string
		brick
	}{
		{"letters", "letters", brick{" b", 2, 2, 2, 2, 2, false}},
		{"accents", "accented letters", brick{"é", 1, 1, 1, 2, 1, false}},
		{"combining", "letters with combining accents", brick{"x\u0323", 1, 2, 2, 3, 2, false}},
		{"cjk", "Chinese letters", brick{"広", 1, 1, 1, 3, 2, false}},
		{"emoji", "emoji", brick{"😀", 1, 1, 2, 4, 2, false}},
		{"family", "emoji joined of several", brick{"👩‍👩‍👧", 1, 5, 8, 18, 2, false}},
		{"links", "links", brick{"\nhttps://acme.example/opening?day=6", 35, 35, 35, 35, 35, true}},
	}
}

func checkCases() []Case {
	var cases []Case
	for _, b := range bricks() {
		cases = append(cases, Case{
			Name: "check/text-" + b.name,
			Explanation: "A text of " + b.what + " as long as Support allows is taken by Check and by the network, " +
				"and one unit more is refused with ErrInvalid before the network is called.",
			Applies: needs(hasLimit(b.brick, func(s publish.Support) parvis.TextLimits { return s.Text })),
			Run:     func(ctx context.Context, r *Rig) error { return checkText(ctx, r, b.brick) },
		})
	}
	return append(cases, Case{
		Name:        "check/title",
		Explanation: "A title as long as Support allows is taken, and one unit more is refused before the network is called.",
		Applies:     needs(hasLimit(bricks()[0].brick, titleLimits)),
		Run:         checkTitle,
	}, Case{
		Name:        "check/warning",
		Explanation: "Where Support says that the content warning counts with the text, it does: at the limit both are taken, one more is refused before the network is called.",
		Applies: needs(hasLimit(bricks()[0].brick, func(s publish.Support) parvis.TextLimits { return s.Text }),
			publishing("warnings that count", func(s publish.Support) bool { return s.WarningCounts && s.Warning.OK() })),
		Run: checkWarning,
	}, Case{
		Name:        "check/empty",
		Explanation: "A draft that says nothing is refused with ErrInvalid before the network is called.",
		Applies:     needs(publishing("refusing empty drafts", func(s publish.Support) bool { return !s.TextOptional })),
		Run:         checkEmpty,
	}, Case{
		Name:        "check/extras",
		Explanation: "A field of a draft for which Support says no is refused with ErrUnsupported, or ErrInvalid beside other problems, before the network is called.",
		Applies:     needs(canPublish),
		Run:         checkExtras,
	}, Case{
		Name:        "check/poll-count",
		Explanation: "A poll with as many options as Support allows is taken; one more, or a single one, is refused before the network is called.",
		Applies:     needs(hasPolls),
		Run:         checkPollCount,
	}, Case{
		Name:        "check/poll-option",
		Explanation: "Options of a poll as long as Support allows are taken, and one unit more is refused before the network is called.",
		Applies:     needs(hasPolls, publishing("a limit of poll options", func(s publish.Support) bool { return s.Poll.Option.Max > 0 })),
		Run:         checkPollOption,
	}, Case{
		Name:        "check/poll-time",
		Explanation: "A poll that runs as long as Support allows is taken; a longer or a shorter one is refused before the network is called.",
		Applies:     needs(hasPolls, publishing("a longest poll", func(s publish.Support) bool { return s.Poll.Longest > 0 })),
		Run:         checkPollTime,
	}, Case{
		Name:        "check/past",
		Explanation: "A draft for a time that is past, nearer or farther than Support allows is refused before the network is called.",
		Applies:     needs(canSchedule),
		Run:         checkPast,
	}, Case{
		Name:        "check/silent",
		Explanation: "Check sends nothing.",
		Applies:     needs(canPublish, canCount),
		Run:         checkSilent,
	})
}

func titleLimits(s publish.Support) parvis.TextLimits {
	if s.Headline.OK() {
		return s.Title
	}
	return nil
}

// hasLimit is the need for a limit that a wall of bricks can reach.
func hasLimit(b brick, pick func(publish.Support) parvis.TextLimits) need {
	return publishing("a limit of length that can be reached", func(s publish.Support) bool {
		_, ok := wall(mark(), b, pick(s))
		return ok
	})
}

func hasPolls(ctx context.Context, r *Rig) error {
	return publishing("polls", func(s publish.Support) bool { return s.Poll.OK() })(ctx, r)
}

// taken checks that d has no problems and that the network takes it.
func (r *Rig) taken(ctx context.Context, what string, d publish.Draft) error {
	ps, err := publish.Check(ctx, r.publisher(), d)
	if r.saw(err) != nil {
		return fmt.Errorf("Check failed: %w", err)
	}
	if len(ps) > 0 {
		return fmt.Errorf("Check has problems with %s: %w", what, ps)
	}
	if _, err = r.to(ctx, d); err != nil {
		return fmt.Errorf("%s passes Check, and the network refuses it: %w", what, err)
	}
	return nil
}

// barred checks that d has problems and is refused before the network is called.
func (r *Rig) barred(ctx context.Context, what string, d publish.Draft, opts ...publish.Option) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	return r.untouched(func() error {
		ps, err := publish.Check(ctx, r.publisher(), d, opts...)
		if r.saw(err) != nil {
			return fmt.Errorf("Check failed: %w", err)
		}
		if len(ps) == 0 {
			return fmt.Errorf("Check has no problem with %s", what)
		}
		_, err = publish.To(ctx, r.publisher(), d, opts...)
		return refused(what, r.saw(err), parvis.ErrInvalid, parvis.ErrUnsupported)
	})
}

func checkText(ctx context.Context, r *Rig, b brick) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	text, _ := wall(mark(), b, sup.Text)
	return errors.Join(
		r.taken(ctx, "a text at the limit "+sup.Text.String(), r.draft(text)),
		r.barred(ctx, "a text one over the limit "+sup.Text.String(), r.draft("a"+text)))
}

func checkTitle(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	d := r.draft("Open on Saturday " + mark())
	d.Title, _ = wall(mark(), bricks()[0].brick, sup.Title)
	over := d
	over.Title = "a" + over.Title
	return errors.Join(r.taken(ctx, "a title at the limit", d), r.barred(ctx, "a title one over the limit", over))
}

func checkWarning(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	text, _ := wall(mark(), bricks()[0].brick, sup.Text)
	d := r.draft(text[:len(text)-4]) // two bricks of a blank and a letter
	d.Warning = "heat"
	over := d
	over.Warning = "heats"
	return errors.Join(r.taken(ctx, "text and warning at the limit", d), r.barred(ctx, "text and warning one over the limit", over))
}

func checkEmpty(ctx context.Context, r *Rig) error {
	return r.barred(ctx, "a draft that says nothing", publish.Draft{Text: " \n"})
}

func checkExtras(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	fields := []struct {
		name string
		sup  parvis.Support
		set  func(*publish.Draft)
	}{
		{"title", sup.Headline, func(d *publish.Draft) { d.Title = "Opening" }},
		{"link", sup.Link, func(d *publish.Draft) { d.Link = "https://acme.example/" }},
		{"reply", sup.Reply, func(d *publish.Draft) { d.ReplyTo = r.nowhere(parvis.KindPost) }},
		{"quote", sup.Quote, func(d *publish.Draft) { d.Quote = r.nowhere(parvis.KindPost) }},
		{"lang", sup.Lang, func(d *publish.Draft) { d.Lang = "fr" }},
		{"warning", sup.Warning, func(d *publish.Draft) { d.Warning = "heat" }},
		{"tags", sup.Tags, func(d *publish.Draft) { d.Tags = []string{"opening"} }},
		{"categories", sup.Categories, func(d *publish.Draft) { d.Categories = []string{"news"} }},
		{"slug", sup.Slug, func(d *publish.Draft) { d.Slug = "opening" }},
		{"excerpt", sup.Excerpt, func(d *publish.Draft) { d.Excerpt = "Open" }},
		{"canonical", sup.Canonical, func(d *publish.Draft) { d.Canonical = "https://acme.example/" }},
		{"sticky", sup.Sticky, func(d *publish.Draft) { d.Sticky = true }},
		{"schedule", sup.Schedule.Support, func(d *publish.Draft) { d.At = r.later(ctx) }},
		{"visibility", parvis.Support{}, func(d *publish.Draft) { d.Visibility = "nobody" }},
	}
	var errs []error
	for _, f := range fields {
		if f.sup.OK() {
			continue
		}
		d := r.draft("Open on Saturday " + mark())
		f.set(&d)
		errs = append(errs, r.barred(ctx, "a draft with "+f.name, d))
	}
	return errors.Join(errs...)
}

// poll is a draft with so many options.
func (r *Rig) poll(options int) publish.Draft {
	d := r.draft("Which day? " + mark())
	d.Media = nil
	d.Poll = &publish.Poll{}
	for i := range options {
		d.Poll.Options = append(d.Poll.Options, fmt.Sprint("Day ", i+1))
	}
	return d
}

func checkPollCount(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	return errors.Join(
		r.taken(ctx, "a poll with the most options", r.poll(sup.Poll.MaxOptions)),
		r.barred(ctx, "a poll with one option too many", r.poll(sup.Poll.MaxOptions+1)),
		r.barred(ctx, "a poll with a single option", r.poll(1)))
}

func checkPollOption(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	d, over := r.poll(max(2, sup.Poll.MinOptions)), r.poll(max(2, sup.Poll.MinOptions))
	d.Poll.Options[1] = strings.Repeat("a", sup.Poll.Option.Max)
	over.Poll.Options[1] = d.Poll.Options[1] + "a"
	return errors.Join(r.taken(ctx, "a poll option at the limit", d), r.barred(ctx, "a poll option one over the limit", over))
}

func checkPollTime(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	lasting := func(d time.Duration) publish.Draft {
		draft := r.poll(max(2, sup.Poll.MinOptions))
		draft.Poll.For = d
		return draft
	}
	errs := []error{
		r.taken(ctx, "the longest poll", lasting(sup.Poll.Longest)),
		r.barred(ctx, "a poll that is too long", lasting(sup.Poll.Longest+time.Minute)),
	}
	if sup.Poll.Shortest > time.Second {
		errs = append(errs, r.barred(ctx, "a poll that is too short", lasting(sup.Poll.Shortest-time.Second)))
	}
	return errors.Join(errs...)
}

func checkPast(ctx context.Context, r *Rig) error {
	sup, err := publish.SupportOf(ctx, r.publisher(), parvis.Place{})
	if r.saw(err) != nil {
		return err
	}
	at := func(what string, ahead time.Duration) error {
		d := r.draft("Open on Saturday " + mark())
		d.At = time.Now().Add(ahead)
		return r.barred(ctx, "a draft for a time that is "+what, d)
	}
	errs := []error{at("past", -time.Hour)}
	if sup.Schedule.Least > 0 {
		errs = append(errs, at("too near", sup.Schedule.Least/2))
	}
	if sup.Schedule.Most > 0 {
		errs = append(errs, at("too far", sup.Schedule.Most+time.Hour))
	}
	return errors.Join(errs...)
}

func checkSilent(ctx context.Context, r *Rig) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	word := mark()
	err := r.untouched(func() error {
		_, err := publish.Check(ctx, r.publisher(), r.draft("Open on Saturday "+word))
		return r.saw(err)
	})
	return errors.Join(err, r.counts(ctx, word, 0))
}
