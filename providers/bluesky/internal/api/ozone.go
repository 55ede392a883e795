package api

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
)

// The roles in the team of an Ozone.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/tools/ozone/team/defs.json
const (
	roles         = "tools.ozone.team.defs#role"
	RoleAdmin     = roles + "Admin"
	RoleModerator = roles + "Moderator"
	RoleTriage    = roles + "Triage"
	RoleVerifier  = roles + "Verifier"
)

// The states of a review.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/tools/ozone/moderation/defs.json
const (
	moderationDefs  = "tools.ozone.moderation.defs#"
	ReviewOpen      = moderationDefs + "reviewOpen"
	ReviewEscalated = moderationDefs + "reviewEscalated"
	ReviewClosed    = moderationDefs + "reviewClosed"
	ReviewNone      = moderationDefs + "reviewNone"
)

// The events that moderators make, and that users' reports are.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/tools/ozone/moderation/defs.json
const (
	EventTakedown    = moderationDefs + "modEventTakedown"
	EventReverse     = moderationDefs + "modEventReverseTakedown"
	EventLabel       = moderationDefs + "modEventLabel"
	EventAcknowledge = moderationDefs + "modEventAcknowledge"
	EventEscalate    = moderationDefs + "modEventEscalate"
	EventReport      = moderationDefs + "modEventReport"
)

// An Event is something that is done to a subject. Which fields it has depends on its type.
type Event struct {
	Type    string `json:"$type"`
	Comment string `json:"comment,omitempty"`
	// Hours is how long a takedown of an account, or a label, lasts; 0 is for ever.
	Hours int `json:"durationInHours,omitempty"`
	// Create and Negate are the labels of EventLabel, which needs both.
	Create *[]string `json:"createLabelVals,omitempty"`
	Negate *[]string `json:"negateLabelVals,omitempty"`
	// ReportType is the reason of EventReport.
	ReportType string `json:"reportType,omitempty"`
}

// An Emission is an event with what it is done to, by whom. ExternalID keeps it from
// being done twice: the second time gives the error DuplicateExternalId.
type Emission struct {
	Event      Event   `json:"event"`
	Subject    Target  `json:"subject"`
	CreatedBy  string  `json:"createdBy"`
	ExternalID string  `json:"externalId"`
	ModTool    ModTool `json:"modTool"`
}

// DuplicateExternalID is the name of the error of an event that was made already.
const DuplicateExternalID = "DuplicateExternalId"

// Role returns the account's role in the team of the Ozone proxy. Those who have none
// are refused.
//
// https://docs.bsky.app/docs/api/tools-ozone-server-get-config
func (c *Client) Role(ctx context.Context, op, proxy string) (string, error) {
	var out struct {
		Viewer struct {
			Role string `json:"role"`
		} `json:"viewer"`
	}
	err := c.Query(ctx, Call{NSID: "tools.ozone.server.getConfig", Op: op, Proxy: proxy}, &out)
	return out.Viewer.Role, err
}

// Emit does something to a subject, and returns the event as Ozone keeps it. Its external
// ID lets it be sent again without harm.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-emit-event
func (c *Client) Emit(ctx context.Context, op, proxy string, e Emission) (json.RawMessage, error) {
	var raw json.RawMessage
	err := c.Procedure(ctx, Call{NSID: "tools.ozone.moderation.emitEvent", Op: op, Input: e, Proxy: proxy, Safe: true}, &raw)
	if Name(err) == DuplicateExternalID {
		return nil, nil
	}
	return raw, err
}

// A Status is where a subject stands.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/tools/ozone/moderation/defs.json
type Status struct {
	Subject      Target          `json:"subject"`
	Handle       string          `json:"subjectRepoHandle"`
	Review       string          `json:"reviewState"`
	Takendown    bool            `json:"takendown"`
	SuspendUntil string          `json:"suspendUntil"`
	Reported     string          `json:"lastReportedAt"`
	Created      string          `json:"createdAt"`
	Comment      string          `json:"comment"`
	Raw          json.RawMessage `json:"-"`
}

// Statuses reads one page of where subjects stand. The query is that of the method.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-query-statuses
func (c *Client) Statuses(ctx context.Context, at Paging, q url.Values) (Page[Status], error) {
	raws, cursor, err := c.ozonePage(ctx, at, "tools.ozone.moderation.queryStatuses", "subjectStatuses", q)
	page := Page[Status]{Cursor: cursor}
	for _, raw := range raws {
		s := Status{Raw: raw}
		if json.Unmarshal(raw, &s) == nil {
			page.Items = append(page.Items, s)
		}
	}
	return page, err
}

// An EventView is an event that happened.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/tools/ozone/moderation/defs.json
type EventView struct {
	ID            int64           `json:"id"`
	Event         Event           `json:"event"`
	Subject       Target          `json:"subject"`
	By            string          `json:"createdBy"`
	ByHandle      string          `json:"creatorHandle"`
	SubjectHandle string          `json:"subjectHandle"`
	Created       string          `json:"createdAt"`
	Raw           json.RawMessage `json:"-"`
}

// Events reads one page of what happened, newest first. The query is that of the method.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-query-events
func (c *Client) Events(ctx context.Context, at Paging, q url.Values) (Page[EventView], error) {
	raws, cursor, err := c.ozonePage(ctx, at, "tools.ozone.moderation.queryEvents", "events", q)
	page := Page[EventView]{Cursor: cursor}
	for _, raw := range raws {
		e := EventView{Raw: raw}
		if json.Unmarshal(raw, &e) == nil {
			page.Items = append(page.Items, e)
		}
	}
	return page, err
}

// ozonePage reads one page of a list of Ozone.
func (c *Client) ozonePage(ctx context.Context, at Paging, nsid, list string, q url.Values) ([]json.RawMessage, string, error) {
	k := at.call(nsid)
	maps.Copy(k.Query, q)
	var out fields
	err := c.Query(ctx, k, &out)
	return read[[]json.RawMessage](out, list), read[string](out, "cursor"), err
}

// A SubjectView is a subject as moderators see it, whether or not it is taken down.
type SubjectView struct {
	Subject Target
	// Status is zero if nobody has ever looked at it.
	Status Status
	Raw    json.RawMessage
}

// LookAt reads a subject, by the address of the record or the DID of the account, as
// moderators see it. What is not there is [parvis.ErrNotFound].
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-get-record
// https://docs.bsky.app/docs/api/tools-ozone-moderation-get-repo
func (c *Client) LookAt(ctx context.Context, op, proxy, id string) (SubjectView, error) {
	k := Call{NSID: "tools.ozone.moderation.getRepo", Op: op, Query: url.Values{"did": {id}}, Proxy: proxy}
	if strings.HasPrefix(id, "at://") {
		k.NSID, k.Query = "tools.ozone.moderation.getRecord", url.Values{"uri": {id}}
	}
	var raw json.RawMessage
	if err := c.Query(ctx, k, &raw); err != nil {
		return SubjectView{}, err
	}
	return DecodeSubject(raw)
}

// DecodeSubject reads a subject: tools.ozone.moderation.defs#recordViewDetail or
// #repoViewDetail. One without a name is an error.
func DecodeSubject(raw json.RawMessage) (SubjectView, error) {
	f := object(raw)
	v := SubjectView{Raw: raw}
	if uri := read[string](f, "uri"); uri != "" {
		v.Subject = RecordSubject(Strong{uri, read[string](f, "cid")})
	} else {
		v.Subject = AccountSubject(read[string](f, "did"))
	}
	if v.Subject.ID() == "" {
		return v, badItem("a subject")
	}
	status := object(f["moderation"])["subjectStatus"]
	v.Status.Raw = status
	if status != nil && json.Unmarshal(status, &v.Status) != nil {
		return v, badItem("the state of a subject")
	}
	return v, nil
}

// Labelings reads one page of the labels that a labeler has put on a subject.
//
// https://docs.bsky.app/docs/api/com-atproto-label-query-labels
func (c *Client) Labelings(ctx context.Context, at Paging, labeler, id string) (Page[Label], error) {
	k := at.call("com.atproto.label.queryLabels")
	k.Query.Set("uriPatterns", id)
	k.Query.Set("sources", labeler)
	var out fields
	err := c.Query(ctx, k, &out)
	return Page[Label]{list[Label](out, "labels"), read[string](out, "cursor")}, err
}

// Subjects reads the records of up to 100 subjects by their addresses and DIDs, as
// moderators see them. What is not there is left out.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-get-subjects
func (c *Client) Subjects(ctx context.Context, op, proxy string, ids []string) (map[string]json.RawMessage, error) {
	var out struct {
		Subjects []struct {
			Subject string `json:"subject"`
			Record  struct {
				Value json.RawMessage `json:"value"`
			} `json:"record"`
		} `json:"subjects"`
	}
	err := c.Query(ctx, Call{NSID: "tools.ozone.moderation.getSubjects", Op: op, Query: url.Values{"subjects": ids}, Proxy: proxy}, &out)
	all := make(map[string]json.RawMessage, len(out.Subjects))
	for _, s := range out.Subjects {
		all[s.Subject] = s.Record.Value
	}
	return all, err
}

// ReportOf returns what the report with a number is about: the address of the record or
// the DID of the account.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-get-event
func (c *Client) ReportOf(ctx context.Context, op, proxy string, number int64) (string, error) {
	var out struct {
		Event   Event  `json:"event"`
		Subject Target `json:"subject"`
	}
	q := url.Values{"id": {strconv.FormatInt(number, 10)}}
	err := c.Query(ctx, Call{NSID: "tools.ozone.moderation.getEvent", Op: op, Query: q, Proxy: proxy}, &out)
	id := cmp.Or(out.Subject.URI, out.Subject.DID)
	if err == nil && (out.Event.Type != EventReport || id == "") {
		err = &parvis.Error{Op: op, Code: parvis.ErrNotFound, Message: "there is no such report"}
	}
	return id, err
}
