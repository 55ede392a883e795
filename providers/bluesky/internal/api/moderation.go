package api

import (
	"context"
	"encoding/json"
	"strconv"
)

// The reasons of reports that every labeler takes.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/moderation/defs.json
const (
	reasons         = "com.atproto.moderation.defs#reason"
	ReasonSpam      = reasons + "Spam"
	ReasonViolation = reasons + "Violation"
	ReasonMislead   = reasons + "Misleading"
	ReasonSexual    = reasons + "Sexual"
	ReasonRude      = reasons + "Rude"
	ReasonOther     = reasons + "Other"
	ReasonAppeal    = reasons + "Appeal"
)

// The limits of the text of a report.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/moderation/createReport.json
const (
	MaxReasonBytes     = 20000
	MaxReasonGraphemes = 2000
)

// A Target is what moderators act on: a record in one version, or an account.
type Target struct {
	Type string `json:"$type"`
	URI  string `json:"uri,omitempty"`
	CID  string `json:"cid,omitempty"`
	DID  string `json:"did,omitempty"`
}

// The types of subjects. Ozone has others too, for chat messages.
//
// https://docs.bsky.app/docs/api/tools-ozone-moderation-emit-event
const (
	SubjectAccount = "com.atproto.admin.defs#repoRef"
	SubjectRecord  = "com.atproto.repo.strongRef"
)

// AccountSubject is the subject that an account is.
func AccountSubject(did string) Target { return Target{Type: SubjectAccount, DID: did} }

// RecordSubject is the subject that a record is.
func RecordSubject(s Strong) Target { return Target{Type: SubjectRecord, URI: s.URI, CID: s.CID} }

// ID is the address of the record, or the DID of the account; of other types "".
func (s Target) ID() string {
	switch s.Type {
	case SubjectAccount:
		return s.DID
	case SubjectRecord:
		return s.URI
	}
	return ""
}

// A ModTool names the program that acts.
type ModTool struct {
	Name string `json:"name"`
}

// A NewReport is a report to be made.
type NewReport struct {
	ReasonType string  `json:"reasonType"`
	Reason     string  `json:"reason,omitempty"`
	Subject    Target  `json:"subject"`
	ModTool    ModTool `json:"modTool"`
}

// Report reports something to the moderators of the labeler proxy, or of the PDS's own
// choice, and returns the number of the report. It is not idempotent.
//
// https://docs.bsky.app/docs/api/com-atproto-moderation-create-report
func (c *Client) Report(ctx context.Context, op, proxy string, r NewReport) (id string, raw json.RawMessage, err error) {
	k := Call{NSID: "com.atproto.moderation.createReport", Op: op, Input: r, Proxy: proxy}
	if err := c.Procedure(ctx, k, &raw); err != nil {
		return "", nil, err
	}
	if n := read[int64](object(raw), "id"); n > 0 {
		id = strconv.FormatInt(n, 10)
	}
	return id, raw, nil
}
