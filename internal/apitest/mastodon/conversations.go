package mastodontest

import "slices"

func conversationRoutes() []route {
	write := []string{"write:conversations"}
	return []route{
		{at: "GET /api/v1/conversations", scopes: []string{"read:statuses"}, names: pageNames(), do: listConversations},
		{at: "DELETE /api/v1/conversations/{id}", scopes: write, do: deleteConversation},
		{at: "POST /api/v1/conversations/{id}/read", scopes: write, do: readConversation},
	}
}

// converse puts a direct status into the conversations of its people.
func (s *Server) converse(st *status) {
	for _, a := range append([]*account{st.author}, st.mentions...) {
		if a.domain != "" {
			continue
		}
		cv := s.conversation(a, st.root())
		if cv == nil {
			cv = &conversation{id: s.nextID(), owner: a, root: st.root()}
			s.db.conversations = append(s.db.conversations, cv)
		}
		cv.last, cv.unread, cv.gone = st, a != st.author, false
		s.push("conversation", s.conversationJSON(cv), func(x *stream) bool { return x.me == a && x.name == "direct" })
	}
}

func (s *Server) conversation(a *account, root *status) *conversation {
	for _, cv := range s.db.conversations {
		if cv.owner == a && cv.root == root {
			return cv
		}
	}
	return nil
}

// listConversations pages by the ids of the last statuses, which only the Link header
// shows. See https://docs.joinmastodon.org/methods/conversations/#get.
func listConversations(c *call) (any, error) {
	var mine []*conversation
	for _, cv := range c.s.db.conversations {
		if cv.owner == c.me && !cv.gone {
			mine = append(mine, cv)
		}
	}
	out := []any{}
	for _, cv := range page(c, mine, func(cv *conversation) id { return cv.last.id }, 20) {
		out = append(out, c.s.conversationJSON(cv))
	}
	return out, nil
}

func (c *call) conversation() (*conversation, error) {
	i := c.path("id")
	for _, cv := range c.s.db.conversations {
		if cv.id == i && cv.owner == c.me && !cv.gone {
			return cv, nil
		}
	}
	return nil, errNotFound
}

func deleteConversation(c *call) (any, error) {
	cv, err := c.conversation()
	if err != nil {
		return nil, err
	}
	cv.gone = true
	return obj{}, nil
}

func readConversation(c *call) (any, error) {
	cv, err := c.conversation()
	if err != nil {
		return nil, err
	}
	cv.unread = false
	return c.s.conversationJSON(cv), nil
}

// conversationJSON is https://docs.joinmastodon.org/entities/Conversation/.
func (s *Server) conversationJSON(cv *conversation) obj {
	var others []*account
	for _, a := range append([]*account{cv.last.author}, cv.last.mentions...) {
		if a != cv.owner && !slices.Contains(others, a) {
			others = append(others, a)
		}
	}
	var last any
	if !cv.last.deleted {
		last = s.statusJSON(cv.last, cv.owner)
	}
	return obj{"id": s.text(cv.id), "unread": cv.unread, "accounts": s.accountList(others), "last_status": last}
}
