package mastodontest

import "net/http"

// What one account may have scheduled, in all and for one day.
// See https://github.com/mastodon/mastodon/blob/main/app/models/scheduled_status.rb.
const (
	maxScheduled = 300
	maxDaily     = 25
)

func scheduledRoutes() []route {
	read, write := []string{"read:statuses"}, []string{"write:statuses"}
	return []route{
		{at: "GET /api/v1/scheduled_statuses", scopes: read, names: pageNames(), do: listScheduled},
		{at: "GET /api/v1/scheduled_statuses/{id}", scopes: read, do: getScheduled},
		{at: "PUT /api/v1/scheduled_statuses/{id}", scopes: write, names: []string{"scheduled_at"}, do: moveScheduled},
		{at: "DELETE /api/v1/scheduled_statuses/{id}", scopes: write, do: deleteScheduled},
	}
}

// schedule keeps a checked draft until its time.
func (s *Server) schedule(a *account, by *app, d draft) (*scheduled, error) {
	if !d.at.After(s.now().Add(minSchedule)) {
		return nil, invalid(textTooSoon)
	}
	all, day := 0, 0
	for _, sc := range s.db.scheduled {
		if sc.author != a || sc.deleted {
			continue
		}
		all++
		if sc.at.Format("2006-01-02") == d.at.Format("2006-01-02") {
			day++
		}
	}
	if all >= maxScheduled {
		return nil, invalid("You have exceeded the limit of " + itoa(maxScheduled) + " scheduled posts")
	}
	if day >= maxDaily {
		return nil, invalid("You have exceeded the limit of " + itoa(maxDaily) + " scheduled posts for today")
	}
	sc := &scheduled{id: s.nextID(), author: a, at: d.at, draft: d, app: by}
	for _, m := range d.media {
		m.scheduled = true
	}
	s.db.scheduled = append(s.db.scheduled, sc)
	return sc, nil
}

// publishDue publishes what is due and ends polls that are over. The caller holds s.mu.
func (s *Server) publishDue() {
	for _, sc := range s.db.scheduled {
		if !sc.deleted && !sc.at.After(s.now()) {
			sc.deleted = true
			s.publish(sc.author, sc.app, sc.draft)
		}
	}
	for _, st := range s.db.statuses {
		if p := st.poll; p != nil && !p.told && !st.deleted && !s.now().Before(p.expires) {
			p.told = true
			s.tellPoll(st)
		}
	}
}

func (c *call) scheduledOf() (*scheduled, error) {
	i := c.path("id")
	for _, sc := range c.s.db.scheduled {
		if sc.id == i && sc.author == c.me && !sc.deleted {
			return sc, nil
		}
	}
	return nil, errNotFound
}

func listScheduled(c *call) (any, error) {
	var mine []*scheduled
	for _, sc := range c.s.db.scheduled {
		if sc.author == c.me && !sc.deleted {
			mine = append(mine, sc)
		}
	}
	out := []any{}
	for _, sc := range page(c, mine, func(sc *scheduled) id { return sc.id }, 20) {
		out = append(out, c.s.scheduledJSON(sc))
	}
	return out, nil
}

func getScheduled(c *call) (any, error) {
	sc, err := c.scheduledOf()
	if err != nil {
		return nil, err
	}
	return c.s.scheduledJSON(sc), nil
}

func moveScheduled(c *call) (any, error) {
	sc, err := c.scheduledOf()
	if err != nil {
		return nil, err
	}
	at, err := parseTime(c.str("scheduled_at"))
	if err != nil || !at.After(c.s.now().Add(minSchedule)) {
		return nil, invalid(textTooSoon)
	}
	sc.at = at
	return c.s.scheduledJSON(sc), nil
}

func deleteScheduled(c *call) (any, error) {
	sc, err := c.scheduledOf()
	if err != nil {
		return nil, err
	}
	sc.deleted = true
	for _, m := range sc.draft.media {
		m.scheduled = false
	}
	c.status = http.StatusOK
	return obj{}, nil
}

// scheduledJSON is https://docs.joinmastodon.org/entities/ScheduledStatus/.
func (s *Server) scheduledJSON(sc *scheduled) obj {
	d := sc.draft
	var mediaIDs, poll, replyTo, quote any
	if len(d.mediaIDs) > 0 {
		mediaIDs = d.mediaIDs
	}
	if d.poll != nil {
		poll = obj{"options": d.poll.options, "expires_in": d.poll.expires, "multiple": d.poll.multiple, "hide_totals": d.poll.hidden}
	}
	if d.replyTo != nil {
		replyTo = d.replyTo.id
	}
	if d.quoteOf != nil {
		quote = s.text(d.quoteOf.id)
	}
	return obj{
		"id": s.text(sc.id), "scheduled_at": stamp(sc.at), "media_attachments": s.mediaList(d.media),
		"params": obj{
			"text": d.text, "poll": poll, "media_ids": mediaIDs, "sensitive": d.sensitive, "spoiler_text": nilIfEmpty(d.warning),
			"visibility": orElse(d.visibility, "public"), "in_reply_to_id": replyTo, "language": nilIfEmpty(d.lang), "application_id": 1,
			"scheduled_at": nil, "idempotency": nil, "with_rate_limit": false, "quoted_status_id": quote,
			"quote_approval_policy": orElse(d.policy, "public"),
		},
	}
}
