package mastodontest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// draft is a status before it is one.
type draft struct {
	text, warning, visibility string
	lang, policy              string
	sensitive                 bool
	replyTo, quoteOf          *status
	mediaIDs                  []string
	media                     []*media
	poll                      *pollDraft
	at                        time.Time
}

type pollDraft struct {
	options          []string
	expires          int // seconds
	multiple, hidden bool
}

// statusNames are the parameters of POST and PUT /api/v1/statuses.
// See https://docs.joinmastodon.org/methods/statuses/#create.
func statusNames() []string {
	return []string{
		"status", "media_ids[]", "poll[options][]", "poll[expires_in]", "poll[multiple]", "poll[hide_totals]",
		"in_reply_to_id", "sensitive", "spoiler_text", "visibility", "language", "scheduled_at", "quoted_status_id",
		"quote_approval_policy", "media_attributes[][id]", "media_attributes[][description]", "media_attributes[][focus]",
	}
}

func statusRoutes() []route {
	read, write := []string{"read:statuses"}, []string{"write:statuses"}
	return []route{
		{at: "POST /api/v1/statuses", scopes: write, names: statusNames(), do: createStatus},
		{at: "GET /api/v1/statuses", scopes: read, open: true, names: []string{"id[]"}, do: getStatuses},
		{at: "GET /api/v1/statuses/{id}", scopes: read, open: true, do: getStatus},
		{at: "PUT /api/v1/statuses/{id}", scopes: write, names: statusNames(), do: updateStatus},
		{at: "DELETE /api/v1/statuses/{id}", scopes: write, names: []string{"delete_media"}, do: deleteStatus},
		{at: "GET /api/v1/statuses/{id}/context", scopes: read, open: true, do: getContext},
		{at: "GET /api/v1/statuses/{id}/source", scopes: read, do: getSource},
		{at: "GET /api/v1/statuses/{id}/history", scopes: read, open: true, do: getHistory},
	}
}

func createStatus(c *call) (any, error) {
	return c.once(func() (any, *keyed, error) {
		d, err := c.draft()
		if err != nil {
			return nil, nil, err
		}
		if err := c.s.check(c.me, &d, nil); err != nil {
			return nil, nil, err
		}
		if !d.at.IsZero() && d.at.After(c.s.now()) {
			sc, err := c.s.schedule(c.me, c.token.app, d)
			if err != nil {
				return nil, nil, err
			}
			return c.s.scheduledJSON(sc), &keyed{scheduled: sc}, nil
		}
		if err := c.s.limiter.family(c, "statuses"); err != nil {
			return nil, nil, err
		}
		st := c.s.publish(c.me, c.token.app, d)
		return c.s.statusJSON(st, c.me), &keyed{status: st}, nil
	})
}

// draft reads the parameters and what they refer to.
func (c *call) draft() (draft, error) {
	d := draft{
		text: c.str("status"), warning: c.str("spoiler_text"), visibility: c.str("visibility"),
		lang: c.str("language"), policy: c.str("quote_approval_policy"), mediaIDs: nonEmpty(c.all("media_ids")),
	}
	d.sensitive = c.yes("sensitive") || d.warning != ""
	if d.replyTo = c.s.visible(c.me, c.param("in_reply_to_id")); d.replyTo == nil && c.str("in_reply_to_id") != "" {
		return d, refuse(http.StatusNotFound, textNoReply)
	}
	if err := c.quote(&d); err != nil {
		return d, err
	}
	if at := c.str("scheduled_at"); at != "" {
		t, err := parseTime(at)
		if err != nil {
			return d, invalid("Scheduled at " + err.Error())
		}
		d.at = t
	}
	d.poll = c.poll()
	if strings.TrimSpace(d.text) == "" && d.warning != "" && d.quoteOf == nil {
		d.text, d.warning = d.warning, ""
	}
	return d, nil
}

func (c *call) poll() *pollDraft {
	options := c.all("poll[options]")
	if len(options) == 0 && !c.has("poll[expires_in]") {
		return nil
	}
	return &pollDraft{
		options: options, expires: c.num("poll[expires_in]"),
		multiple: c.yes("poll[multiple]"), hidden: c.yes("poll[hide_totals]"),
	}
}

// quote finds the status to quote and applies the rules of who may quote what.
// See https://docs.joinmastodon.org/client/quotes/.
func (c *call) quote(d *draft) error {
	if c.str("quoted_status_id") == "" || c.s.t.api < 7 {
		return nil
	}
	d.quoteOf = c.s.visible(c.me, c.param("quoted_status_id"))
	if d.quoteOf == nil || !c.s.mayQuote(c.me, d.quoteOf) {
		return refuse(http.StatusNotFound, textNoQuote)
	}
	if d.quoteOf.visibility == "private" && (d.visibility == "public" || d.visibility == "unlisted" || d.visibility == "") {
		d.visibility = "private"
	}
	if d.visibility == "direct" && d.quoteOf.author != c.me && !slices.Contains(c.s.mentioned(d.text), d.quoteOf.author) {
		return invalid(textQuoteMention)
	}
	return nil
}

func (s *Server) mayQuote(a *account, st *status) bool {
	switch {
	case st.visibility == "direct":
		return false
	case st.author == a:
		return true
	case st.visibility == "private" || st.policy == "nobody":
		return false
	case st.policy == "followers":
		return s.db.between(follows, a, st.author)
	}
	return true
}

// publish makes a status of a checked draft and tells everybody concerned. The caller
// holds s.mu.
func (s *Server) publish(a *account, by *app, d draft) *status {
	st := &status{
		id: s.nextID(), author: a, text: d.text, warning: d.warning, lang: d.lang, visibility: d.visibility,
		sensitive: d.sensitive, created: s.now(), replyTo: d.replyTo, quoteOf: d.quoteOf, media: d.media, app: by,
		policy: orElse(d.policy, "public"), mentions: s.mentioned(d.text), tags: tagsOf(d.text),
	}
	st.visibility = orElse(st.visibility, "public")
	if a.silenced && st.visibility == "public" {
		st.visibility = "unlisted"
	}
	if st.visibility == "private" || st.visibility == "direct" {
		st.policy = "nobody"
	}
	st.lang = orElse(st.lang, "en")
	for _, m := range st.media {
		m.status, m.scheduled = st, false
	}
	if d.poll != nil {
		st.poll = &poll{
			id: s.nextID(), options: d.poll.options, multiple: d.poll.multiple, hideTill: d.poll.hidden,
			expires: s.now().Add(time.Duration(d.poll.expires) * time.Second), votes: map[*account][]int{},
		}
	}
	a.lastPost = st.created
	s.db.statuses = append(s.db.statuses, st)
	s.tell(st)
	return st
}

// mentioned are the accounts that a text addresses, each once.
func (s *Server) mentioned(text string) []*account {
	var out []*account
	for _, p := range parts(text) {
		if p.kind != mention {
			continue
		}
		if a := s.named(p.text[1:]); a != nil && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func tagsOf(text string) []string {
	var out []string
	for _, p := range parts(text) {
		if name := strings.ToLower(p.name); p.kind == hashtag && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func getStatus(c *call) (any, error) {
	st := c.s.visible(c.me, c.path("id"))
	if st == nil {
		return nil, errNotFound
	}
	return c.s.statusJSON(st, c.me), nil
}

func getStatuses(c *call) (any, error) {
	ids := c.all("id")
	if len(ids) > 20 {
		return nil, refuse(http.StatusUnprocessableEntity, "Mastodon::ValidationError")
	}
	out := []any{}
	for _, i := range ids {
		if st := c.s.visible(c.me, c.s.parse(i)); st != nil {
			out = append(out, c.s.statusJSON(st, c.me))
		}
	}
	return out, nil
}

// visible finds a status that an account may see; nil if there is none. Nobody is nil.
func (s *Server) visible(a *account, i id) *status {
	st := s.db.status(i)
	if st == nil || !s.maySee(a, st) {
		return nil
	}
	return st
}

func (s *Server) maySee(a *account, st *status) bool {
	if st.author.suspended || a != nil && s.db.between(blocks, st.author, a) {
		return false
	}
	if st.reblogOf != nil && st.reblogOf.deleted {
		return false
	}
	if a == st.author || a != nil && slices.Contains(st.mentions, a) {
		return true
	}
	switch st.visibility {
	case "public", "unlisted":
		return true
	case "private":
		return a != nil && s.db.between(follows, a, st.author)
	}
	return false
}

// parseTime reads the ways in which ISO 8601 writes a time.
func parseTime(text string) (time.Time, error) {
	var err error
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999Z0700", "2006-01-02T15:04:05.999", "2006-01-02 15:04:05 UTC", time.DateOnly} {
		var t time.Time
		if t, err = time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, err
}

func nonEmpty(in []string) []string {
	return slices.DeleteFunc(slices.Clone(in), func(s string) bool { return s == "" })
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }
