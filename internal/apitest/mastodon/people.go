package mastodontest

import (
	"crypto/rand"
	"slices"
	"strings"
)

// A User is somebody on the server, as tests know them.
type User struct {
	// ID is the account's id, Name what people write after the @. It has a domain if the
	// account is of another server.
	ID, Name string
	// Token has all scopes of the user's role. It is empty for accounts of other servers.
	Token string

	a *account
	s *Server
}

// AddUser adds an account with a token that has every scope of its role; without a role
// it is an ordinary user. A name with a domain, "carla@elsewhere.example", is an account
// of another server: it has no token, and speaks through [Server.Say] alone.
func (s *Server) AddUser(name string, role ...Role) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	local, domain, _ := strings.Cut(name, "@")
	a := &account{
		id: s.nextID(), name: local, domain: domain, display: strings.ToUpper(local[:1]) + local[1:], email: local + "@mail.example",
		created: s.now(),
	}
	if len(role) > 0 {
		a.role = role[0]
	}
	s.db.accounts = append(s.db.accounts, a)
	u := &User{ID: s.text(a.id), Name: name, a: a, s: s}
	if domain == "" {
		u.Token = s.newToken(a, s.defaultApp(), allScopes(a.role)).text
	}
	return u
}

// allScopes are what a user of that role can be given.
func allScopes(r Role) []string {
	scopes := []string{"read", "write", "follow", "push"}
	if r.may(mayManageReports) || r.may(mayManageUsers) {
		scopes = append(scopes, "admin:read", "admin:write")
	}
	return scopes
}

// NewToken is a further token of the user, with these scopes only.
func (u *User) NewToken(scopes ...string) string {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.s.newToken(u.a, u.s.defaultApp(), scopes).text
}

// AppToken is a token of an application, without a user.
func (s *Server) AppToken(scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newToken(nil, s.defaultApp(), scopes).text
}

// Revoke ends a token, as when the user takes the application's access away.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.db.tokens[token]; t != nil {
		t.revoked = true
	}
	s.streams.cut(func(x *stream) bool { return x.token.text == token })
}

// newToken makes a token. The caller holds s.mu.
func (s *Server) newToken(a *account, by *app, scopes []string) *token {
	t := &token{text: rand.Text() + rand.Text(), app: by, account: a, scopes: slices.Clone(scopes), created: s.now()}
	s.db.tokens[t.text] = t
	return t
}

// defaultApp is what the tokens of AddUser belong to.
func (s *Server) defaultApp() *app {
	const name = "test application"
	for _, a := range s.db.apps {
		if a.name == name {
			return a
		}
	}
	a := &app{id: s.nextID(), name: name, clientID: rand.Text(), secret: rand.Text(), redirect: oob, scopes: []string{"read", "write"}}
	s.db.apps[a.clientID] = a
	return a
}

// A State is something that staff can do to an account, or that it can lack.
type State string

// The states of accounts. See https://docs.joinmastodon.org/entities/Admin_Account/.
const (
	Pending     State = "pending"
	Disabled    State = "disabled"
	Silenced    State = "silenced"
	Suspended   State = "suspended"
	Sensitized  State = "sensitized"
	Unconfirmed State = "unconfirmed"
)

func (a *account) state(st State) *bool {
	return map[State]*bool{
		Pending: &a.pending, Disabled: &a.disabled, Silenced: &a.silenced, Suspended: &a.suspended,
		Sensitized: &a.sensitized, Unconfirmed: &a.unconfirmed,
	}[st]
}

// SetState puts the user into a state, or out of it.
func (u *User) SetState(st State, on bool) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	*u.a.state(st) = on
}

// Is reports whether the user is in a state.
func (u *User) Is(st State) bool {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return *u.a.state(st)
}

// Follow makes the user follow another, without asking.
func (u *User) Follow(other *User) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if !u.s.db.between(follows, u.a, other.a) {
		u.s.link(follows, u.a, other.a, nil)
		u.s.notify(other.a, u.a, "follow", nil, nil)
	}
}

// Say lets u publish a text, public and in English, as an answer if replyTo is not empty;
// it returns the new status's id, or "" if there is no such status to answer. Answers
// begin with the mention of whom they answer, as people's applications write them: without
// one nobody is told.
func (s *Server) Say(u *User, text, replyTo string) string {
	return s.SayTo(u, text, replyTo, "public")
}

// SayTo is [Server.Say] with a visibility.
func (s *Server) SayTo(u *User, text, replyTo, visibility string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := draft{text: text, visibility: visibility}
	if replyTo != "" {
		if d.replyTo = s.db.status(s.parse(replyTo)); d.replyTo == nil {
			return ""
		}
		if to := d.replyTo.author; to != u.a && !slices.Contains(s.mentioned(text), to) {
			d.text = "@" + to.acct() + " " + text
		}
	}
	return s.text(s.publish(u.a, nil, d).id)
}

// Edit lets the author of a status change its text.
func (s *Server) Edit(id, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.db.status(s.parse(id))
	if st == nil {
		return false
	}
	d := draft{text: text, warning: st.warning, sensitive: st.sensitive, lang: st.lang, media: st.media}
	if s.change(st, d, nil) {
		s.tellEdit(st)
	}
	return true
}

// Remove lets the author of a status delete it.
func (s *Server) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.db.status(s.parse(id))
	if st != nil {
		s.remove(st)
	}
	return st != nil
}

// Favourite lets u like a status.
func (s *Server) Favourite(u *User, id string) { s.react(u, id, "favourite") }

// Boost lets u pass a status on.
func (s *Server) Boost(u *User, id string) { s.react(u, id, "reblog") }

func (s *Server) react(u *User, id, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.db.status(s.parse(id))
	if st == nil {
		return
	}
	if kind == "favourite" {
		s.link(favourites, u.a, nil, st)
		s.notify(st.author, u.a, kind, st, nil)
		return
	}
	b := &status{id: s.nextID(), author: u.a, visibility: "public", created: s.now(), reblogOf: st}
	s.db.statuses = append(s.db.statuses, b)
	s.notify(st.author, u.a, kind, b, nil)
	s.tell(b)
}

// Count is how many statuses hold text, scheduled ones and boosts left out.
func (s *Server) Count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.countStatuses(func(st *status) bool { return st.reblogOf == nil && strings.Contains(st.text, text) })
}

// Scheduled is how many statuses that hold text wait for their time.
func (s *Server) Scheduled(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sc := range s.db.scheduled {
		if !sc.deleted && strings.Contains(sc.draft.text, text) {
			n++
		}
	}
	return n
}

// Uploads is how many attachments there are, attached or not.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.db.media), func(m *media) bool { return m.hidden }))
}
