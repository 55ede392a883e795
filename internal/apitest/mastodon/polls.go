package mastodontest

import (
	"slices"
	"strconv"
)

func pollRoutes() []route {
	return []route{
		{at: "GET /api/v1/polls/{id}", scopes: []string{"read:statuses"}, open: true, do: getPoll},
		{at: "POST /api/v1/polls/{id}/votes", scopes: []string{"write:statuses"}, names: []string{"choices[]"}, do: vote},
	}
}

// pollOf finds a poll that the caller may see, with its status.
func (c *call) pollOf() (*status, error) {
	i := c.path("id")
	for _, st := range c.s.db.statuses {
		if st.poll != nil && st.poll.id == i && !st.deleted && c.s.maySee(c.me, st) {
			return st, nil
		}
	}
	return nil, errNotFound
}

func getPoll(c *call) (any, error) {
	st, err := c.pollOf()
	if err != nil {
		return nil, err
	}
	return c.s.pollJSON(st.poll, c.me), nil
}

// vote is https://docs.joinmastodon.org/methods/polls/#vote.
func vote(c *call) (any, error) {
	st, err := c.pollOf()
	if err != nil {
		return nil, err
	}
	p, choices := st.poll, []int{}
	for _, text := range c.all("choices") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= len(p.options) {
			return nil, invalid("The chosen vote option does not exist")
		}
		choices = append(choices, n)
	}
	_, again := p.votes[c.me]
	switch {
	case !c.s.now().Before(p.expires):
		return nil, invalid("The poll has already ended")
	case st.author == c.me:
		return nil, invalid("You cannot vote in your own polls")
	case again || len(choices) > 1 && !p.multiple:
		return nil, invalid("You have already voted on this poll")
	case len(choices) == 0:
		return nil, badRequest("param is missing or the value is empty: choices")
	}
	p.votes[c.me] = choices
	return c.s.pollJSON(p, c.me), nil
}

// pollJSON is https://docs.joinmastodon.org/entities/Poll/.
func (s *Server) pollJSON(p *poll, me *account) obj {
	counts, total := make([]int, len(p.options)), 0
	for _, choices := range p.votes {
		for _, i := range choices {
			counts[i]++
			total++
		}
	}
	ended := !s.now().Before(p.expires)
	options := []any{}
	for i, o := range p.options {
		var n any = counts[i]
		if p.hideTill && !ended {
			n = nil
		}
		options = append(options, obj{"title": o, "votes_count": n})
	}
	out := obj{
		"id": s.text(p.id), "expires_at": stamp(p.expires), "expired": ended, "multiple": p.multiple, "votes_count": total,
		"voters_count": len(p.votes), "options": options, "emojis": []any{},
	}
	if me != nil {
		own, voted := p.votes[me]
		out["voted"], out["own_votes"] = voted, slices.Concat([]int{}, own)
	}
	return out
}
