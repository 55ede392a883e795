package mastodontest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// mine finds one of the caller's own statuses. Those of others are not found either.
func (c *call) mine(name string) (*status, error) {
	st := c.s.db.status(c.path(name))
	if st == nil || st.author != c.me {
		return nil, errNotFound
	}
	return st, nil
}

// updateStatus edits: what is not sent stays, media_ids that are not sent take the media
// away, and other poll options reset the votes.
// See https://docs.joinmastodon.org/methods/statuses/#edit.
func updateStatus(c *call) (any, error) {
	st, err := c.mine("id")
	if err != nil {
		return nil, err
	}
	if st.reblogOf != nil {
		return nil, forbidden()
	}
	d := draft{
		text: st.text, warning: st.warning, sensitive: st.sensitive, visibility: st.visibility, lang: st.lang,
		mediaIDs: nonEmpty(c.all("media_ids")), poll: c.poll(), quoteOf: st.quoteOf,
	}
	if c.has("status") {
		d.text = c.str("status")
	}
	if c.has("spoiler_text") {
		d.warning = c.str("spoiler_text")
	}
	if c.has("sensitive") || c.has("spoiler_text") {
		d.sensitive = c.yes("sensitive") || d.warning != ""
	}
	d.lang = orElse(c.str("language"), d.lang)
	if err := c.s.check(c.me, &d, st); err != nil {
		return nil, err
	}
	if err := c.s.limiter.family(c, "statuses"); err != nil {
		return nil, err
	}
	if c.s.change(st, d, c.objects("media_attributes")) {
		c.s.tellEdit(st)
	}
	return c.s.statusJSON(st, c.me), nil
}

// change applies a checked draft and keeps what was there; false if nothing changes.
func (s *Server) change(st *status, d draft, attributes []map[string]string) bool {
	before := s.edition(st, st.created)
	changed := d.text != st.text || d.warning != st.warning || d.sensitive != st.sensitive || d.lang != st.lang ||
		!slices.Equal(d.media, st.media)
	for _, a := range attributes {
		if m := s.medium(st.author, s.parse(a["id"])); m != nil && slices.Contains(d.media, m) {
			changed = describe(m, a) || changed
		}
	}
	changed = s.changePoll(st, d.poll) || changed
	if !changed {
		return false
	}
	for _, m := range st.media {
		m.status = nil
	}
	st.text, st.warning, st.sensitive, st.lang, st.media = d.text, d.warning, d.sensitive, d.lang, d.media
	for _, m := range st.media {
		m.status = st
	}
	st.mentions, st.tags, st.edited = s.mentioned(d.text), tagsOf(d.text), s.now()
	if len(st.edits) == 0 {
		st.edits = append(st.edits, before)
	}
	st.edits = append(st.edits, s.edition(st, st.edited))
	return true
}

func describe(m *media, a map[string]string) (changed bool) {
	if text, there := a["description"]; there && text != m.description {
		m.description, changed = text, true
	}
	if f := parseFocus(a["focus"]); f != nil {
		changed = changed || m.focus == nil || *f != *m.focus
		m.focus = f
	}
	return changed
}

func (s *Server) changePoll(st *status, p *pollDraft) bool {
	switch {
	case p == nil && st.poll == nil:
		return false
	case p == nil:
		st.poll = nil
		return true
	case st.poll == nil:
		st.poll = &poll{id: s.nextID(), votes: map[*account][]int{}}
	}
	old := st.poll
	same := slices.Equal(old.options, p.options) && old.multiple == p.multiple
	if !same {
		old.votes = map[*account][]int{}
	}
	old.options, old.multiple, old.hideTill = p.options, p.multiple, p.hidden
	expires := s.now().Add(time.Duration(p.expires) * time.Second)
	moved := !expires.Equal(old.expires)
	old.expires = expires
	return !same || moved
}

func (s *Server) edition(st *status, at time.Time) edit {
	e := edit{text: st.text, warning: st.warning, sensitive: st.sensitive, at: at, media: slices.Clone(st.media)}
	if st.poll != nil {
		e.options = slices.Clone(st.poll.options)
	}
	return e
}

// deleteStatus answers with the source of what is gone, so that it can be written anew.
// Media stays unless delete_media says otherwise.
func deleteStatus(c *call) (any, error) {
	st, err := c.mine("id")
	if err != nil {
		return nil, err
	}
	answer := c.s.statusJSON(st, c.me)
	answer["text"] = st.text
	for _, m := range st.media {
		m.status = nil
		m.hidden = c.yes("delete_media")
	}
	c.s.remove(st)
	return answer, nil
}

// remove deletes a status with its boosts and what was said about it.
func (s *Server) remove(st *status) {
	st.deleted = true
	for _, b := range s.db.statuses {
		if b.reblogOf == st {
			b.deleted = true
		}
	}
	s.db.notifications = slices.DeleteFunc(s.db.notifications, func(n *notification) bool { return n.status == st })
	s.db.edges = slices.DeleteFunc(s.db.edges, func(e *edge) bool { return e.status == st && e.kind != threadMute })
	s.tellDelete(st)
}

func getContext(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	before, after := []any{}, []any{}
	for p := st.replyTo; p != nil; p = p.replyTo {
		if !p.deleted && c.s.maySee(c.me, p) {
			before = append(before, c.s.statusJSON(p, c.me))
		}
	}
	slices.Reverse(before)
	for _, d := range c.s.answers(st) {
		if c.s.maySee(c.me, d) {
			after = append(after, c.s.statusJSON(d, c.me))
		}
	}
	return obj{"ancestors": before, "descendants": after}, nil
}

// answers are the descendants of a status, each before its own.
func (s *Server) answers(st *status) []*status {
	var out []*status
	for _, d := range s.db.statuses {
		if d.replyTo == st && !d.deleted {
			out = append(out, d)
			out = append(out, s.answers(d)...)
		}
	}
	return out
}

func getSource(c *call) (any, error) {
	st, err := c.mine("id")
	if err != nil {
		return nil, err
	}
	return obj{"id": c.s.text(st.id), "text": st.text, "spoiler_text": st.warning}, nil
}

func getHistory(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	edits := st.edits
	if len(edits) == 0 {
		edits = []edit{c.s.edition(st, st.created)}
	}
	out := []any{}
	for _, e := range edits {
		var poll any
		if e.options != nil {
			options := []any{}
			for _, o := range e.options {
				options = append(options, obj{"title": o})
			}
			poll = obj{"options": options}
		}
		out = append(out, obj{
			"content": c.s.html(e.text), "spoiler_text": e.warning, "sensitive": e.sensitive, "created_at": stamp(e.at),
			"account": c.s.accountJSON(st.author), "media_attachments": c.s.mediaList(e.media), "emojis": []any{}, "poll": poll,
		})
	}
	return out, nil
}

// parseFocus reads "x,y"; nil if that is not what it is.
func parseFocus(text string) *[2]float64 {
	left, right, ok := strings.Cut(text, ",")
	if !ok {
		return nil
	}
	x, err1 := strconv.ParseFloat(strings.TrimSpace(left), 64)
	y, err2 := strconv.ParseFloat(strings.TrimSpace(right), 64)
	if err1 != nil || err2 != nil {
		return nil
	}
	return &[2]float64{x, y}
}
