package mastodontest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// minSchedule is how far ahead a schedule must lie.
// See https://docs.joinmastodon.org/methods/statuses/#create.
const minSchedule = 5 * time.Minute

// check holds a draft against the flavour's rules and fills in its media. Old is the
// status that is being edited, or nil.
func (s *Server) check(a *account, d *draft, old *status) error {
	if err := s.checkMedia(a, d, old); err != nil {
		return err
	}
	switch s.o.Flavour {
	case GoToSocial:
		return s.checkGoToSocial(d)
	case Pixelfed:
		return s.checkPixelfed(d)
	}
	var problems []string
	problem := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	problem(strings.TrimSpace(d.text) == "" && len(d.media) == 0 && d.quoteOf == nil, "Text can't be blank")
	problem(s.length(d.text, d.warning) > s.t.limits.Characters, "Text character limit of %d exceeded", s.t.limits.Characters)
	problem(d.visibility != "" && !slices.Contains([]string{"public", "unlisted", "private", "direct"}, d.visibility), "Visibility is not included in the list")
	problems = append(problems, s.pollProblems(d.poll)...)
	if s.o.Flavour == Pleroma && len(problems) > 0 {
		return refuse(422, pleromaText(problems))
	}
	if len(problems) > 0 {
		return invalid(problems...)
	}
	return nil
}

// pleromaText is how Pleroma words what Mastodon calls the first problem.
func pleromaText(problems []string) string {
	switch {
	case strings.HasPrefix(problems[0], "Text character"):
		return "The status is over the character limit"
	case strings.HasPrefix(problems[0], "Text can't"):
		return "Cannot post an empty status without attachments"
	}
	return problems[0]
}

// pollProblems are the rules of polls. Mastodon says "Choices" and "Deadline" for the
// attributes options and expires_at.
// See https://docs.joinmastodon.org/entities/Instance/#max_options and below.
func (s *Server) pollProblems(p *pollDraft) []string {
	if p == nil {
		return nil
	}
	var out []string
	problem := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	l := s.t.limits
	open := time.Duration(p.expires) * time.Second
	problem(len(p.options) < 2, "Choices must have more than one item")
	problem(len(p.options) > l.PollOptions, "Choices can't contain more than %d items", l.PollOptions)
	problem(slices.ContainsFunc(p.options, func(o string) bool { return s.units(o) > l.PollCharacters }),
		"Choices cannot be longer than %d characters each", l.PollCharacters)
	sorted := slices.Sorted(slices.Values(p.options))
	problem(len(slices.Compact(sorted)) < len(p.options), "Choices contain duplicate items")
	problem(p.expires == 0 || open > l.PollMax, "Deadline is too far into the future")
	problem(p.expires != 0 && open < l.PollMin, "Deadline is too soon")
	return out
}

// units counts one short text as the flavour does.
func (s *Server) units(t string) int {
	if s.t.unit == parvis.CodePoints {
		return utf8.RuneCountInString(t)
	}
	return text.CountUnit(t, parvis.Graphemes)
}

// checkMedia finds the attachments of a draft. The answer to one that is still being
// processed is the same 422 that wrong ones get.
func (s *Server) checkMedia(a *account, d *draft, old *status) error {
	if len(d.mediaIDs) == 0 {
		return nil
	}
	if len(d.mediaIDs) > s.t.limits.Media || d.poll != nil {
		return s.mediaRefusal(strings.Replace(textTooManyMedia, "4", itoa(s.t.limits.Media), 1))
	}
	var missing []string
	for _, i := range d.mediaIDs {
		m := s.medium(a, s.parse(i))
		if m == nil || m.scheduled || m.status != nil && m.status != old {
			missing = append(missing, i)
			continue
		}
		d.media = append(d.media, m)
	}
	moving := func(m *media) bool { return m.kind == "video" || m.kind == "audio" }
	switch {
	case len(missing) > 0:
		return s.mediaRefusal("Media " + strings.Join(missing, ", ") + " not found or already attached to another post")
	case len(d.media) > 1 && slices.ContainsFunc(d.media, moving) && s.o.Flavour == Mastodon:
		return s.mediaRefusal(textMixed)
	case slices.ContainsFunc(d.media, func(m *media) bool { return m.waits > 0 || m.failed }):
		return s.mediaRefusal(textNotReady)
	}
	return nil
}

// mediaRefusal is a 422 whose text stands alone, but 400 on GoToSocial.
func (s *Server) mediaRefusal(text string) error {
	if s.o.Flavour == GoToSocial {
		return badRequest(text)
	}
	return refuse(422, text)
}

// checkGoToSocial is GoToSocial's own order of questions; all refusals are 400.
func (s *Server) checkGoToSocial(d *draft) error {
	switch l := s.t.limits; {
	case d.text == "" && d.warning == "" && len(d.media) == 0 && d.poll == nil:
		return badRequest("status contains no text, media or poll")
	case s.length(d.text, d.warning) > l.Characters:
		return badRequest(fmt.Sprintf("text with spoiler exceed max chars (%d)", l.Characters))
	case d.poll == nil:
		return nil
	case len(d.poll.options) == 0:
		return badRequest("poll cannot have no options")
	case len(d.poll.options) > l.PollOptions:
		return badRequest(fmt.Sprintf("poll options exceed max count (%d)", l.PollOptions))
	}
	for i, o := range d.poll.options {
		if n := utf8.RuneCountInString(o); n > s.t.limits.PollCharacters {
			return badRequest(fmt.Sprintf("poll option %d exceed max chars (%d)", i, s.t.limits.PollCharacters))
		}
	}
	return nil
}

// checkPixelfed wants a picture, unless it is an answer.
func (s *Server) checkPixelfed(d *draft) error {
	switch {
	case s.length(d.text, d.warning) > s.t.limits.Characters:
		return refuse(422, fmt.Sprintf("The status must not be greater than %d characters.", s.t.limits.Characters))
	case len(d.media) == 0 && d.replyTo == nil:
		return refuse(422, "The media ids field is required when in reply to id is not present.")
	}
	return nil
}
