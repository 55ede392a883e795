package wordpress

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/providertest"
)

// Say is the Say of a rig whose account is on the site: a new reader comments on a post,
// or on the first one.
func (s *Server) Say(_ context.Context, x providertest.Saying) (parvis.Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	on, parent := 1, 0
	id, err := strconv.Atoi("0" + x.ReplyTo.ID)
	if err != nil {
		return parvis.Ref{}, err
	}
	switch x.ReplyTo.Kind {
	case parvis.KindPost:
		on = id
	case parvis.KindComment:
		c := s.commentByID(id)
		if c == nil {
			return parvis.Ref{}, fmt.Errorf("there is no comment %d", id)
		}
		on, parent = c.post, c.id
	}
	u := s.addUser("reader"+strconv.Itoa(len(s.users)), "subscriber")
	c := &comment{id: 1, post: on, parent: parent, author: u.ID, status: "approved", content: x.Text, date: s.now()}
	if n := len(s.comments); n > 0 {
		c.id = s.comments[n-1].id + 1
	}
	if s.o.Moderated {
		c.status = "hold"
	}
	s.comments = append(s.comments, c)
	return parvis.Ref{Network: "wordpress", Host: strings.TrimPrefix(s.URL, "http://"), Kind: parvis.KindComment, ID: strconv.Itoa(c.id)}, nil
}

// Break is the Break of a rig whose account is on the site.
func (s *Server) Break(t testing.TB) func(providertest.Fault) bool { return Stage(t, &s.Faults) }
