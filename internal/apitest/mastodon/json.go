package mastodontest

import "time"

// accountJSON is https://docs.joinmastodon.org/entities/Account/.
func (s *Server) accountJSON(a *account) obj {
	avatar, header := s.URL+"/avatars/original/missing.png", s.URL+"/headers/original/missing.png"
	out := obj{
		"id": s.text(a.id), "username": a.name, "acct": a.acct(), "display_name": a.display, "locked": a.locked, "bot": a.bot,
		"discoverable": true, "indexable": false, "group": false, "created_at": stamp(a.created.Truncate(24 * time.Hour)), "note": "",
		"url": s.profile(a), "uri": s.actor(a), "avatar": avatar, "avatar_static": avatar, "header": header, "header_static": header,
		"followers_count": s.db.count(follows, func(e *edge) bool { return e.to == a }),
		"following_count": s.db.count(follows, func(e *edge) bool { return e.from == a }),
		"statuses_count":  s.statusCount(a), "last_status_at": nil, "hide_collections": nil, "emojis": []any{}, "fields": []any{},
	}
	if !a.lastPost.IsZero() {
		out["last_status_at"] = a.lastPost.Format(time.DateOnly)
	}
	if a.domain == "" {
		out["noindex"], out["roles"] = false, []any{}
	}
	if a.silenced {
		out["limited"] = true
	}
	if a.suspended {
		out["suspended"], out["display_name"], out["note"] = true, "", ""
	}
	return out
}

// actor is the account's identifier between servers.
func (s *Server) actor(a *account) string {
	if a.domain != "" {
		return "https://" + a.domain + "/users/" + a.name
	}
	return s.URL + "/users/" + a.name
}

func (s *Server) statusCount(a *account) (n int) {
	for _, st := range s.db.statuses {
		if st.author == a && !st.deleted {
			n++
		}
	}
	return n
}

// credentialJSON is https://docs.joinmastodon.org/entities/Account/#CredentialAccount.
func (s *Server) credentialJSON(a *account) obj {
	out := s.accountJSON(a)
	out["source"] = obj{
		"privacy": "public", "sensitive": false, "language": "en", "note": "", "fields": []any{},
		"follow_requests_count": 0, "hide_collections": nil, "discoverable": true, "indexable": false,
		"attribution_domains": []any{}, "quote_policy": "public",
	}
	out["role"] = roleJSON(a.role)
	return out
}

func roleJSON(r Role) obj {
	i, name, color := map[Role]string{RoleUser: "-99", RoleModerator: "1", RoleAdmin: "2", RoleOwner: "3"}[r], string(r), ""
	if r == RoleOwner {
		color = "#ff3838"
	}
	return obj{"id": i, "name": name, "color": color, "permissions": itoa(int(r.permissions())), "highlighted": r != RoleUser, "collection_limit": 10}
}

// statusJSON is https://docs.joinmastodon.org/entities/Status/ as an account sees it;
// nobody is nil.
func (s *Server) statusJSON(st *status, me *account) obj {
	out := s.plainStatus(st)
	if st.reblogOf != nil {
		inner := s.statusJSON(st.reblogOf, me)
		out["reblog"], out["content"] = inner, inner["content"]
		for _, k := range []string{"spoiler_text", "sensitive", "media_attachments", "mentions", "tags", "poll", "language"} {
			out[k] = inner[k]
		}
	}
	if st.poll != nil {
		out["poll"] = s.pollJSON(st.poll, me)
	}
	if me == nil {
		return out
	}
	shown := st
	if st.reblogOf != nil {
		shown = st.reblogOf
	}
	out["favourited"] = s.db.edge(favourites, me, nil, shown) != nil
	out["bookmarked"] = s.db.edge(bookmarks, me, nil, shown) != nil
	out["muted"] = s.db.edge(threadMute, me, nil, shown.root()) != nil
	out["reblogged"] = s.boost(me, shown) != nil
	out["filtered"] = s.filtered(shown, me)
	if st.author == me && st.reblogOf == nil && st.visibility != "direct" {
		out["pinned"] = s.db.edge(pins, me, nil, st) != nil
	}
	return out
}

// plainStatus is what does not depend on who looks.
func (s *Server) plainStatus(st *status) obj {
	address := s.profile(st.author) + "/" + s.text(st.id)
	out := obj{
		"id": s.text(st.id), "created_at": stamp(st.created), "in_reply_to_id": nil, "in_reply_to_account_id": nil,
		"sensitive": st.sensitive || st.author.sensitized && len(st.media) > 0, "spoiler_text": st.warning, "visibility": st.visibility,
		"language": nil, "uri": s.actor(st.author) + "/statuses/" + s.text(st.id), "url": address,
		"replies_count": s.replies(st), "reblogs_count": s.boosts(st), "quotes_count": s.quotes(st),
		"favourites_count": s.db.count(favourites, func(e *edge) bool { return e.status == st }),
		"edited_at":        stampOr(st.edited), "content": s.html(st.text), "reblog": nil, "application": nil, "account": s.accountJSON(st.author),
		"media_attachments": s.mediaList(st.media), "mentions": s.mentionList(st.mentions), "tags": s.tagList(st.tags),
		"emojis": []any{}, "card": nil, "poll": nil,
	}
	if st.lang != "" {
		out["language"] = st.lang
	}
	if st.replyTo != nil {
		out["in_reply_to_id"], out["in_reply_to_account_id"] = s.text(st.replyTo.id), s.text(st.replyTo.author.id)
	}
	if st.app != nil {
		out["application"] = obj{"name": st.app.name, "website": nilIfEmpty(st.app.website)}
	}
	if s.t.api >= 7 {
		out["quote"], out["quote_approval"] = s.quoteJSON(st), quoteApproval(st)
	}
	return out
}

// quoteJSON is https://docs.joinmastodon.org/entities/Quote/.
func (s *Server) quoteJSON(st *status) any {
	switch q := st.quoteOf; {
	case q == nil:
		return nil
	case q.deleted:
		return obj{"state": "deleted", "quoted_status": nil}
	case q.quoteOf != nil:
		return obj{"state": "accepted", "quoted_status_id": s.text(q.id)}
	default:
		return obj{"state": "accepted", "quoted_status": s.plainStatus(q)}
	}
}

// quoteApproval is https://docs.joinmastodon.org/entities/QuoteApproval/.
func quoteApproval(st *status) obj {
	automatic, current := []any{}, "denied"
	switch st.policy {
	case "public":
		automatic, current = []any{"public"}, "automatic"
	case "followers":
		automatic, current = []any{"followers"}, "unknown"
	}
	return obj{"automatic": automatic, "manual": []any{}, "current_user": current}
}

func (s *Server) countStatuses(fits func(*status) bool) (n int) {
	for _, st := range s.db.statuses {
		if !st.deleted && fits(st) {
			n++
		}
	}
	return n
}

func (s *Server) replies(st *status) int {
	return s.countStatuses(func(o *status) bool { return o.replyTo == st })
}

func (s *Server) boosts(st *status) int {
	return s.countStatuses(func(o *status) bool { return o.reblogOf == st })
}

func (s *Server) quotes(st *status) int {
	return s.countStatuses(func(o *status) bool { return o.quoteOf == st })
}

func (s *Server) mentionList(as []*account) []any {
	out := []any{}
	for _, a := range as {
		out = append(out, obj{"id": s.text(a.id), "username": a.name, "url": s.profile(a), "acct": a.acct()})
	}
	return out
}

func (s *Server) tagList(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, obj{"name": n, "url": s.URL + "/tags/" + n})
	}
	return out
}

func (s *Server) accountList(as []*account) []any {
	out := []any{}
	for _, a := range as {
		out = append(out, s.accountJSON(a))
	}
	return out
}

func (s *Server) statusList(sts []*status, me *account) []any {
	out := []any{}
	for _, st := range sts {
		out = append(out, s.statusJSON(st, me))
	}
	return out
}

func (s *Server) mediaList(ms []*media) []any {
	out := []any{}
	for _, m := range ms {
		out = append(out, s.mediaJSON(m))
	}
	return out
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}
