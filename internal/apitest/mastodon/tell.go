package mastodontest

import (
	"slices"
	"strings"
)

// tell lets everybody concerned know of a new status: those it mentions, whom it quotes,
// those who follow, and the streams. An answer that does not mention whom it answers
// tells them nothing, as on Mastodon. The caller holds s.mu.
func (s *Server) tell(st *status) {
	if st.visibility == "direct" {
		s.converse(st)
	}
	for _, a := range st.mentions {
		s.notify(a, st.author, "mention", st, nil)
	}
	if q := st.quoteOf; q != nil {
		s.notify(q.author, st.author, "quote", st, nil)
	}
	if st.visibility != "direct" {
		s.spread(st, "update")
	}
}

// spread sends a status to the streams that have it.
func (s *Server) spread(st *status, event string) {
	s.pushFor(event, func(x *stream) bool { return s.carries(x, st) }, func(x *stream) any { return s.statusJSON(st, x.me) })
}

// carries reports whether a stream has a status.
// See https://docs.joinmastodon.org/methods/streaming/#streams.
func (s *Server) carries(x *stream, st *status) bool {
	if !s.maySee(x.me, st) || x.me != st.author && s.hides(x.me, st.author) {
		return false
	}
	name, only := strings.CutSuffix(x.name, ":media")
	if only && len(st.media) == 0 {
		return false
	}
	switch name {
	case "user":
		return x.token.covers("read:statuses") && s.inHome(x.me, st)
	case "list":
		return x.list != nil && slices.Contains(x.list.members, st.author)
	case "hashtag", "hashtag:local":
		return st.visibility == "public" && slices.Contains(st.tags, strings.ToLower(x.tag)) && (name == "hashtag" || st.author.domain == "")
	}
	if st.visibility != "public" || st.reblogOf != nil || st.replyTo != nil && st.replyTo.author != st.author {
		return false
	}
	return name == "public" || name == "public:local" && st.author.domain == "" || name == "public:remote" && st.author.domain != ""
}

// inHome reports whether a status belongs in an account's home timeline: their own, and
// those of people they follow unless they answer somebody who is not followed.
func (s *Server) inHome(a *account, st *status) bool {
	if st.visibility == "direct" {
		return false
	}
	if st.author == a {
		return true
	}
	if !s.db.between(follows, a, st.author) || s.hides(a, st.author) {
		return false
	}
	r := st.replyTo
	return r == nil || r.author == a || r.author == st.author || s.db.between(follows, a, r.author)
}

// tellEdit lets those know who have the status in front of them, and those who boosted it.
func (s *Server) tellEdit(st *status) {
	for _, b := range s.db.statuses {
		if b.reblogOf == st && !b.deleted {
			s.notify(b.author, st.author, "update", st, nil)
		}
	}
	for _, q := range s.db.statuses {
		if q.quoteOf == st && !q.deleted {
			s.notify(q.author, st.author, "quoted_update", q, nil)
		}
	}
	s.spread(st, "status.update")
}

// tellDelete sends the id of what is gone. Who could see it can hear that.
func (s *Server) tellDelete(st *status) {
	st.deleted = false
	carried := map[*stream]bool{}
	for _, x := range s.streams.open() {
		carried[x] = s.carries(x, st)
	}
	st.deleted = true
	s.pushFor("delete", func(x *stream) bool { return carried[x] }, func(*stream) any { return rawText(s.text(st.id)) })
}

// tellPoll lets the author and those who voted know that a poll is over.
func (s *Server) tellPoll(st *status) {
	for _, a := range s.db.accounts {
		if _, voted := st.poll.votes[a]; voted || a == st.author {
			n := &notification{id: s.nextID(), to: a, from: st.author, kind: "poll", at: s.now(), status: st}
			s.db.notifications = append(s.db.notifications, n)
			s.push("notification", s.notificationJSON(n), func(x *stream) bool {
				return x.me == a && (x.name == "user" || x.name == "user:notification") && x.token.covers("read:notifications")
			})
		}
	}
}

// push sends one event to the streams that fit.
func (s *Server) push(event string, payload any, fits func(*stream) bool) {
	s.pushFor(event, fits, func(*stream) any { return payload })
}
