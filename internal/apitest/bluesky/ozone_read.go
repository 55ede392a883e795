package blueskytest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// view is an event as its answer shows it.
func (e *event) view() obj {
	o := obj{
		"id": e.id, "event": e.what, "subject": e.subject, "subjectBlobCids": []any{}, "createdBy": e.by, "createdAt": e.at.Format(timeForm),
	}
	if e.tool != nil {
		o["modTool"] = e.tool
	}
	return o
}

// handleOf is the handle of whom a subject is or belongs to.
func (s *Server) handleOf(id string) string {
	did, _, _ := s.db.address(id)
	if a := s.db.find(did); a != nil {
		return a.handle
	}
	return "handle.invalid"
}

func (s *Server) statusView(st *status) obj {
	hosting := "recordHosting"
	if kindOf(st.subject) == repoRef {
		hosting = "accountHosting"
	}
	o := obj{
		"id": st.id, "subject": st.subject, "reviewState": moderation + st.review, "takendown": st.down, "createdAt": st.made.Format(timeForm),
		"updatedAt": st.changed.Format(timeForm), "subjectRepoHandle": s.handleOf(subjectID(st.subject)), "subjectBlobCids": []any{}, "tags": []string{st.tag},
		"priorityScore": 0, "ageAssuranceState": "unknown", "accountStats": obj{"$type": moderation + "accountStats"},
		"recordsStats": obj{"$type": moderation + "recordsStats"}, "hosting": obj{"$type": moderation + hosting, "status": "unknown"},
	}
	if st.via != "" {
		o["tags"] = []string{st.via, st.tag}
	}
	for name, v := range map[string]string{"lastReviewedBy": st.reviewer, "suspendUntil": st.until, "comment": st.comment} {
		if v != "" {
			o[name] = v
		}
	}
	for name, at := range map[string]time.Time{"lastReportedAt": st.reported, "lastReviewedAt": st.reviewed} {
		if !at.IsZero() {
			o[name] = at.Format(timeForm)
		}
	}
	return o
}

// a place in a list is a time and an ID: "1795310314922::5".
type place struct {
	at time.Time
	id int
}

func (p place) String() string {
	return strconv.FormatInt(p.at.UnixMilli(), 10) + "::" + strconv.Itoa(p.id)
}

// windowed sorts items by their places and cuts a page of them.
func windowed[T any](c *call, items []T, where func(T) place) (page []T, cursor string, err error) {
	sign := -1
	if c.q.Get("sortDirection") == "asc" {
		sign = 1
	}
	compare := func(a, b place) int {
		return sign * cmp.Or(cmp.Compare(a.at.UnixMilli(), b.at.UnixMilli()), cmp.Compare(a.id, b.id))
	}
	if at := c.q.Get("cursor"); at != "" {
		ms, id, ok := strings.Cut(at, "::")
		n, merr := strconv.ParseInt(ms, 10, 64)
		i, ierr := strconv.Atoi(id)
		if !ok || merr != nil || ierr != nil {
			return nil, "", invalid("Malformed cursor")
		}
		last := place{time.UnixMilli(n), i}
		items = slices.DeleteFunc(items, func(x T) bool { return compare(where(x), last) <= 0 })
	}
	slices.SortFunc(items, func(a, b T) int { return compare(where(a), where(b)) })
	items = items[:min(len(items), c.limit())]
	if len(items) > 0 {
		cursor = where(items[len(items)-1]).String()
	}
	return items, cursor, nil
}

// queryStatuses lists subjects, those that were reported last first.
func queryStatuses(c *call) (any, error) {
	when := func(st *status) time.Time {
		return map[string]time.Time{"": st.reported, "lastReportedAt": st.reported, "lastReviewedAt": st.reviewed}[c.q.Get("sortField")]
	}
	var all []*status
	for _, st := range c.s.db.states {
		kind := map[string]string{"account": repoRef, "record": recordRef}[c.q.Get("subjectType")]
		fits := (kind == "" || kind == kindOf(st.subject)) && (!c.q.Has("reviewState") || c.q.Get("reviewState") == moderation+st.review) &&
			(!c.q.Has("takendown") || c.q.Get("takendown") != "true" || st.down) && (!c.q.Has("subject") || c.q.Get("subject") == subjectID(st.subject))
		if fits && (c.q.Has("subject") || !when(st).IsZero()) {
			all = append(all, st)
		}
	}
	page, cursor, err := windowed(c, all, func(st *status) place { return place{when(st), st.id} })
	views := []obj{}
	for _, st := range page {
		views = append(views, c.s.statusView(st))
	}
	return withCursor(obj{"subjectStatuses": views}, cursor), err
}

// queryEvents lists what was done, newest first.
func queryEvents(c *call) (any, error) {
	after, before := c.moment("createdAfter"), c.moment("createdBefore")
	var all []*event
	for _, e := range c.s.db.events {
		id := subjectID(e.subject)
		about := !c.q.Has("subject") || id == c.q.Get("subject") ||
			c.q.Get("includeAllUserRecords") == "true" && strings.HasPrefix(id, "at://"+c.q.Get("subject")+"/")
		if about && (!c.q.Has("types") || slices.Contains(c.q["types"], kindOf(e.what))) && (!c.q.Has("createdBy") || c.q.Get("createdBy") == e.by) &&
			!e.at.Before(after) && (before.IsZero() || !e.at.After(before)) {
			all = append(all, e)
		}
	}
	page, cursor, err := windowed(c, all, func(e *event) place { return place{e.at, e.id} })
	views := []obj{}
	for _, e := range page {
		v := e.view()
		v["subjectHandle"], v["creatorHandle"] = c.s.handleOf(subjectID(e.subject)), c.s.handleOf(e.by)
		views = append(views, v)
	}
	return withCursor(obj{"events": views}, cursor), err
}

// standing is the part of a view that says how things stand.
func (s *Server) standing(id string) obj {
	if st := s.db.states[id]; st != nil {
		return obj{"subjectStatus": s.statusView(st)}
	}
	return obj{}
}

// repoView is an account as moderators see it.
func (s *Server) repoView(a *account) obj {
	return obj{
		"did": a.did, "handle": a.handle, "email": a.email, "relatedRecords": []any{}, "indexedAt": "1970-01-01T00:00:00.000Z",
		"invitesDisabled": false, "moderation": s.standing(a.did),
	}
}

func (s *Server) repoDetail(a *account) obj {
	o := s.repoView(a)
	o["labels"], o["invites"] = s.signed(a.did), []any{}
	return o
}

func (s *Server) recordDetail(r *record) obj {
	blobs := []string{}
	blobs = append(blobs, blobsIn(r.value)...)
	return obj{
		"uri": r.uri, "cid": r.cid, "value": r.value, "blobCids": blobs, "blobs": []any{}, "indexedAt": s.now().Format(timeForm),
		"repo": s.repoView(s.db.find(r.did)), "moderation": s.standing(r.uri), "labels": s.signed(r.uri),
	}
}

func ozoneRecord(c *call) (any, error) {
	r := c.s.db.get(c.q.Get("uri"))
	if r == nil {
		return nil, refuse(http.StatusBadRequest, "RecordNotFound", "Could not locate record: "+c.q.Get("uri"))
	}
	return c.s.recordDetail(r), nil
}

func ozoneRepo(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("did"))
	if a == nil {
		return nil, refuse(http.StatusBadRequest, "RepoNotFound", "Repo not found")
	}
	return c.s.repoDetail(a), nil
}

func ozoneSubjects(c *call) (any, error) {
	out := []obj{}
	for _, id := range c.q["subjects"] {
		did, _, _ := c.s.db.address(id)
		a, r := c.s.db.find(did), c.s.db.get(id)
		if a == nil {
			continue
		}
		profile := (&call{s: c.s}).profile(a) // as nobody sees it
		profile["$type"] = "app.bsky.actor.defs#profileViewDetailed"
		o := obj{"subject": id, "type": "account", "repo": c.s.repoDetail(a), "profile": profile}
		if st := c.s.db.states[id]; st != nil {
			o["status"] = c.s.statusView(st)
		}
		if strings.HasPrefix(id, "at://") {
			o["type"] = "record"
			if r != nil {
				detail := c.s.recordDetail(r)
				owner := sub(detail, "repo") // without what only the PDS knows
				delete(owner, "email")
				delete(owner, "invitesDisabled")
				o["record"] = detail
			}
		}
		out = append(out, o)
	}
	return obj{"subjects": out}, nil
}

// queryLabels gives labels whose subjects fit a pattern; those that were taken back, too.
func queryLabels(c *call) (any, error) {
	out := []obj{}
	for _, l := range c.s.db.labels {
		if slices.ContainsFunc(c.q["uriPatterns"], func(p string) bool {
			start, all := strings.CutSuffix(p, "*")
			return p == l["uri"] || all && strings.HasPrefix(text(l, "uri"), start)
		}) {
			out = append(out, maps.Clone(l))
		}
	}
	if len(out) == 0 {
		return obj{"labels": out}, nil
	}
	return obj{"labels": out, "cursor": strconv.Itoa(len(out))}, nil
}
