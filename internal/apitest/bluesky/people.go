package blueskytest

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A User is somebody on the server, with a session.
type User struct {
	// DID, Handle and Password say who it is. AppPassword logs in too.
	DID, Handle           string
	Password, AppPassword string
	// Access and Refresh are the session.
	Access, Refresh string

	s *Server
}

// AddUser makes an account; its handle is the name and ".test".
func (s *Server) AddUser(name string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &account{
		did: "did:plc:" + strings.ToLower(rand.Text()[:24]), handle: name + ".test", email: name + "@test.invalid", created: s.now(),
		password: "parvis-secret-password-" + rand.Text(),
	}
	app := strings.ToLower(rand.Text()[:16])
	a.appPasswords = []string{app[:4] + "-" + app[4:8] + "-" + app[8:12] + "-" + app[12:]}
	s.db.accounts = append(s.db.accounts, a)
	access, refresh := s.mint(a, session), s.mint(a, refresher)
	return &User{
		DID: a.did, Handle: a.handle, Password: a.password, AppPassword: a.appPasswords[0], Access: access.text, Refresh: refresh.text, s: s,
	}
}

// Theatre is the server with fresh accounts, for [Play].
func (s *Server) Theatre() Theatre {
	mod := s.AddUser("moderator")
	mod.Moderator()
	return Theatre{URL: s.URL, Ana: s.AddUser("ana").Player(), Ben: s.AddUser("ben").Player(), Mod: mod.Player(), Labeler: Labeler}
}

// Moderator makes u one of the labeler's team.
func (u *User) Moderator() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.db.team[u.DID] = "Admin"
}

// Write stores a record past the API, checked as those of clients are, and returns its address.
func (u *User) Write(collection string, record map[string]any) (uri string, err error) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	b, err := json.Marshal(record) // so that it is as if it came over the wire
	if err != nil {
		return "", err
	}
	value := obj{}
	if err := json.Unmarshal(b, &value); err != nil {
		return "", err
	}
	value["$type"] = collection
	if value["createdAt"] == nil {
		value["createdAt"] = u.s.now().Format(timeForm)
	}
	c := &call{s: u.s, me: u.s.db.find(u.DID)}
	_, r, err := c.write(c.me, change{collection, u.s.tid(), value, true})
	if err != nil {
		return "", err
	}
	return r.uri, nil
}

// Follow makes u follow other.
func (u *User) Follow(other *User) error {
	_, err := u.Write("app.bsky.graph.follow", obj{"subject": other.DID})
	return err
}

// Say makes u post a text, whose handles become mentions, in answer to the post at the
// address replyTo unless that is empty. It returns the post's address.
func (u *User) Say(words, replyTo string) (uri string, err error) {
	record := obj{"text": words, "facets": u.s.facets(words)}
	if replyTo != "" {
		if record["reply"], err = u.s.replyTo(replyTo); err != nil {
			return "", err
		}
	}
	return u.Write("app.bsky.feed.post", record)
}

// facets are the mentions in a text.
func (s *Server) facets(words string) []obj {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []obj{}
	for _, a := range s.db.accounts {
		at := strings.Index(words, "@"+a.handle)
		if at < 0 {
			continue
		}
		out = append(out, obj{
			"index":    obj{"byteStart": at, "byteEnd": at + len(a.handle) + 1},
			"features": []obj{{"$type": "app.bsky.richtext.facet#mention", "did": a.did}},
		})
	}
	return out
}

func (s *Server) replyTo(uri string) (obj, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := s.db.get(uri)
	if parent == nil {
		return nil, invalid("there is no post at " + uri)
	}
	ref := obj{"uri": parent.uri, "cid": parent.cid}
	if root := sub(sub(parent.value, "reply"), "root"); root != nil {
		return obj{"root": root, "parent": ref}, nil
	}
	return obj{"root": ref, "parent": ref}, nil
}

// Count is how many posts hold the text.
func (s *Server) Count(words string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.db.in("app.bsky.feed.post", func(r *record) bool { return strings.Contains(text(r.value, "text"), words) }))
}

// Records are the values of somebody's records of a collection, oldest first.
func (s *Server) Records(did, collection string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []obj
	for _, r := range s.db.records {
		if r.did == did && r.collection == collection {
			out = append(out, r.value)
		}
	}
	return out
}

// Reports are those that were made, oldest first.
func (s *Server) Reports() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.db.reports)
}

// TakeDown hides what is at an address, or an account by its DID, as a moderator would,
// or shows it again. The owner of a taken-down account cannot log in or call.
func (s *Server) TakeDown(what string, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if down {
		s.db.taken[what] = true
	} else {
		delete(s.db.taken, what)
	}
}

// Label puts a label of the server's labeler on a person or record.
func (s *Server) Label(uri, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	subject := obj{"$type": repoRef, "did": uri}
	if r := s.db.get(uri); r != nil {
		subject = obj{"$type": recordRef, "uri": uri, "cid": r.cid}
	}
	s.mark(subject, value, false)
}

// ExpireAccess ends the user's access tokens before their time; refresh tokens still work.
func (u *User) ExpireAccess() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.revoke(func(t *token) bool { return t.did == u.DID && t.kind == session })
}

// EndSessions ends everything that the user is logged in with, as a changed password does.
func (u *User) EndSessions() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.revoke(func(t *token) bool { return t.did == u.DID })
}

// Expiry is when the user's first access token ends.
func (u *User) Expiry() time.Time {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.s.db.tokens[u.Access].expiry
}
