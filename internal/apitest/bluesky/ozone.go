package blueskytest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	moderation = "tools.ozone.moderation.defs#"
	repoRef    = "com.atproto.admin.defs#repoRef"
	recordRef  = "com.atproto.repo.strongRef"
)

// event is something that was done about a subject.
type event struct {
	id       int
	what     obj
	subject  obj
	by       string
	at       time.Time
	external string
	tool     any
}

// status is how things stand with a subject.
type status struct {
	id                          int
	subject                     obj
	review                      string
	down                        bool
	until                       string
	made, changed               time.Time
	reported, reviewed          time.Time
	reviewer, comment, tag, via string
}

func ozoneMethods() []method {
	return []method{
		{nsid: "tools.ozone.server.getConfig", needs: session, params: params{}, do: moderators(ozoneConfig)},
		{nsid: "tools.ozone.moderation.emitEvent", needs: session, do: moderators(emitEvent), input: object{
			[]string{"event", "subject", "createdBy"},
			map[string]node{
				"event": eventInput, "subject": anything{}, "createdBy": str{format: isDID}, "subjectBlobCids": list{of: str{format: isCID}},
				"externalId": str{}, "modTool": object{[]string{"name"}, map[string]node{"name": str{}, "meta": anything{}}},
			},
		}},
		{nsid: "tools.ozone.moderation.queryStatuses", needs: session, do: moderators(queryStatuses), params: pages(50, params{
			"subject": {}, "reviewState": {}, "takendown": {}, "subjectType": {}, "includeMuted": {}, "sortField": {}, "sortDirection": {},
		})},
		{nsid: "tools.ozone.moderation.queryEvents", needs: session, do: moderators(queryEvents), params: pages(50, params{
			"subject": {}, "types": {many: 100}, "createdBy": {format: isDID}, "createdAfter": {format: isTime}, "createdBefore": {format: isTime},
			"sortDirection": {}, "includeAllUserRecords": {},
		})},
		{nsid: "tools.ozone.moderation.getRecord", needs: session, do: moderators(ozoneRecord), params: params{
			"uri": {required: true, format: isATURI}, "cid": {format: isCID},
		}},
		{nsid: "tools.ozone.moderation.getRepo", needs: session, do: moderators(ozoneRepo), params: params{"did": {required: true, format: isDID}}},
		{nsid: "tools.ozone.moderation.getSubjects", needs: session, do: moderators(ozoneSubjects), params: params{"subjects": {required: true, many: 100}}},
		{nsid: "com.atproto.label.queryLabels", do: queryLabels, params: params{
			"uriPatterns": {required: true, many: 1000}, "sources": {many: 100, format: isDID}, "limit": {min: 1, max: 250, otherwise: 50}, "cursor": {},
		}},
	}
}

var eventInput = union{of: map[string]node{
	moderation + "modEventLabel": object{[]string{"createLabelVals", "negateLabelVals"}, map[string]node{
		"comment": str{}, "createLabelVals": list{of: str{}}, "negateLabelVals": list{of: str{}}, "durationInHours": num{},
	}},
	moderation + "modEventTakedown": object{fields: map[string]node{"comment": str{}, "durationInHours": num{}}},
}}

// moderators lets a method be called by the labeler's team only.
func moderators(do func(*call) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if c.s.db.team[c.me.did] == "" {
			return nil, refuse(http.StatusUnauthorized, "AuthenticationRequired", "not a moderator account")
		}
		return do(c)
	}
}

func ozoneConfig(c *call) (any, error) {
	at := obj{"url": c.s.URL}
	return obj{
		"appview": at, "pds": at, "blobDivert": obj{}, "chat": obj{}, "verifierDid": Labeler,
		"viewer": obj{"role": "tools.ozone.team.defs#role" + c.s.db.team[c.me.did]},
	}, nil
}

// subjectID is the address or DID of a subject, "" if it is none.
func subjectID(subject obj) string {
	switch kindOf(subject) {
	case repoRef:
		return text(subject, "did")
	case recordRef:
		return text(subject, "uri")
	}
	return ""
}

func emitEvent(c *call) (any, error) {
	what, subject, id := sub(c.in, "event"), sub(c.in, "subject"), subjectID(sub(c.in, "subject"))
	if id == "" {
		return nil, invalid("Invalid subject")
	}
	external := c.str("externalId")
	if external != "" && slices.ContainsFunc(c.s.db.events, func(e *event) bool {
		return e.external == external && subjectID(e.subject) == id && kindOf(e.what) == kindOf(what)
	}) {
		return nil, refuse(http.StatusBadRequest, "DuplicateExternalId", "An event with the same external ID already exists for the subject.")
	}
	if err := c.s.mayHappen(what, id); err != nil {
		return nil, err
	}
	e := c.s.happen(&event{what: what, subject: subject, by: c.str("createdBy"), external: external, tool: c.in["modTool"]})
	return e.view(), nil
}

// mayHappen refuses to take down what is down, and to restore what is not.
func (s *Server) mayHappen(what obj, id string) error {
	st := s.db.states[id]
	down := st != nil && st.down
	switch strings.TrimPrefix(kindOf(what), moderation) {
	case "modEventTakedown":
		if down {
			return invalid("Subject is already taken down")
		}
	case "modEventReverseTakedown":
		if !down {
			return invalid("Subject is not taken down")
		}
	}
	return nil
}

// happen stores an event and does what it means.
func (s *Server) happen(e *event) *event {
	s.enter(e)
	id := subjectID(e.subject)
	st := s.db.states[id]
	if st == nil {
		tags := []any{"lang:und"} // the labeler tags what it meets for the first time
		defer s.enter(&event{what: obj{"$type": moderation + "modEventTag", "add": tags, "remove": []any{}}, subject: e.subject, by: Labeler})
		st = &status{id: e.id, subject: e.subject, review: "reviewNone", made: e.at, tag: "lang:und"}
		s.db.states[id] = st
	}
	st.changed = e.at
	if comment := text(e.what, "comment"); comment != "" && kindOf(e.what) == moderation+"modEventComment" {
		st.comment = comment
	}
	s.decide(st, e)
	return e
}

// enter writes an event into the journal.
func (s *Server) enter(e *event) {
	s.db.lastEvent++
	e.id, e.at = s.db.lastEvent, s.now()
	s.db.events = append(s.db.events, e)
}

// decide changes the state of a subject.
//
// https://github.com/bluesky-social/atproto/blob/main/packages/ozone/src/mod-service/status.ts
func (s *Server) decide(st *status, e *event) {
	id := subjectID(e.subject)
	review := func(state string) {
		st.review, st.reviewer, st.reviewed = state, e.by, e.at
	}
	switch strings.TrimPrefix(kindOf(e.what), moderation) {
	case "modEventReport":
		st.review, st.reported = "reviewOpen", e.at
		st.via = "report:" + strings.ToLower(strings.TrimPrefix(text(e.what, "reportType"), "com.atproto.moderation.defs#reason"))
	case "modEventAcknowledge":
		review("reviewClosed")
	case "modEventEscalate":
		review("reviewEscalated")
	case "modEventTakedown":
		review("reviewClosed")
		st.down, s.db.taken[id] = true, true
		if hours, ok := e.what["durationInHours"].(float64); ok {
			st.until = e.at.Add(time.Duration(hours * float64(time.Hour))).Format(timeForm)
		}
		s.mark(e.subject, st.sentence(), false)
	case "modEventReverseTakedown":
		review("reviewClosed")
		s.mark(e.subject, st.sentence(), true)
		st.down, st.until = false, ""
		delete(s.db.taken, id)
	case "modEventLabel":
		s.marks(e)
	}
}

// sentence is the label that says that something is down.
func (st *status) sentence() string {
	if st.until != "" {
		return "!suspend"
	}
	return "!takedown"
}

func (s *Server) marks(e *event) {
	for name, gone := range map[string]bool{"createLabelVals": false, "negateLabelVals": true} {
		values, _ := e.what[name].([]any)
		for _, v := range values {
			if value, ok := v.(string); ok {
				s.mark(e.subject, value, gone)
			}
		}
	}
}

// mark puts a label on a subject, or takes it back.
func (s *Server) mark(subject obj, value string, gone bool) {
	l := obj{"ver": 1, "src": Labeler, "uri": subjectID(subject), "val": value, "cts": s.now().Format(timeForm), "sig": obj{"$bytes": "c2ln"}}
	if cid := text(subject, "cid"); cid != "" {
		l["cid"] = cid
	}
	if gone {
		l["neg"] = true
	}
	s.db.labels = slices.DeleteFunc(s.db.labels, func(o obj) bool { return o["uri"] == l["uri"] && o["val"] == value })
	s.db.labels = append(s.db.labels, l)
}
