package outbox

import (
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// State is where an entry or one of its targets stands; the package comment draws it. An
// entry that is scheduled has the state that wants most attention among its targets':
// unknown, failed, held, sending, scheduled, native, pending, published, withdrawn, cancelled.
type State string

// The states.
const (
	Draft     State = "draft"
	Review    State = "review"
	Approved  State = "approved"
	Scheduled State = "scheduled"
	Sending   State = "sending"
	Published State = "published"
	Pending   State = "pending"
	Native    State = "native"
	Held      State = "held"
	Failed    State = "failed"
	Unknown   State = "unknown"
	Cancelled State = "cancelled"
	Withdrawn State = "withdrawn"
)

// A Plan is what somebody wants to post, where, and when: what an [Entry] is made of. It is
// data. The zero value of each field is fine but for the draft and the targets.
type Plan struct {
	// Draft is what is said. Its On changes it for single networks. At and Key stay empty:
	// the outbox sets them.
	Draft publish.Draft `json:"draft"`
	// Thread are further posts, each answering the one before it.
	Thread []publish.Draft `json:"thread,omitempty"`
	// Comment is a first comment, an answer by the account itself, after the last of Thread.
	Comment *publish.Draft `json:"comment,omitempty"`
	// Langs are the variants of Draft in other languages, by BCP 47 tag; a target with that
	// Lang gets it. Overrides of Draft.On for a network come after.
	Langs map[string]publish.Override `json:"langs,omitempty"`
	// Targets are the accounts, with their languages; at least one, none twice.
	Targets []Target `json:"targets,omitempty"`
	// When is the time; the zero When is none yet.
	When When `json:"when,omitzero"`
	// Late is how long after its time it may still go out, when the machine was down or
	// the account paused; later it is held for a person. 0 is Options.Late, less than 0 is
	// for ever.
	Late time.Duration `json:"late,omitempty"`
	// Native asks that networks which can hold the post until its time themselves do so, as
	// soon as their window allows. The others get it from the outbox.
	Native bool `json:"native,omitempty"`
	// Expire is how long after it went out it is deleted again; 0 is never.
	Expire time.Duration `json:"expire,omitempty"`
	// Snapshots are the ages at which the network's figures are kept; see [Client.Snapshots].
	Snapshots []time.Duration `json:"snapshots,omitempty"`
	// Labels are words of the client's own to find entries by. They are not sent.
	Labels []string `json:"labels,omitempty"`
	// Tagging marks links for the client's web analytics.
	Tagging Tagging `json:"tagging,omitzero"`
	// Legal are mentions that the law or a contract asks for.
	Legal []Mention `json:"legal,omitempty"`
	// Options are those of [publish.To], for all targets.
	Options []publish.Option `json:"options,omitempty"`
	// Note is for colleagues. It is not sent.
	Note string `json:"note,omitempty"`
}

// A Target is one account that an entry goes to, and what has become of it there.
type Target struct {
	// Account is where it goes. The client is the handle's.
	Account parvis.Account `json:"account"`
	// Lang chooses a variant of Plan.Langs; empty is Plan.Draft.
	Lang string `json:"lang,omitempty"`

	// What follows is set by the outbox.

	// ID names the target; it is also its first idempotency key.
	ID string `json:"id,omitempty"`
	// State is where it stands, and Since since when.
	State State     `json:"state,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Reason says why it is held, failed, unknown or waiting, for the person responsible,
	// and Code is the [parvis.Code] of the error behind it, if there is one.
	Reason string      `json:"reason,omitempty"`
	Code   parvis.Code `json:"code,omitempty"`
	// Tries counts the attempts at the present item.
	Tries int `json:"tries,omitempty"`
	// Posts are what is out: the post, then its thread, then the first comment.
	Posts []publish.Post `json:"posts,omitempty"`
	// Next is when the outbox will turn to it again, and Do for what; zero means never.
	Next time.Time `json:"next,omitzero"`
	Do   Do        `json:"do,omitempty"`
	// Faults are what reading the published post back showed to be wrong: "alt text is
	// missing". Verified is when it was read back.
	Faults   []string  `json:"faults,omitempty"`
	Verified time.Time `json:"verified,omitzero"`
}

// Do is what the outbox does next with a target.
type Do string

// The things that are done with targets.
const (
	DoPublish   Do = "publish"
	DoReconcile Do = "reconcile"
	DoPoll      Do = "poll"
	DoVerify    Do = "verify"
	DoSnapshot  Do = "snapshot"
	DoEdit      Do = "edit"
	DoMove      Do = "move"
	DoWithdraw  Do = "withdraw"
)

// An Entry is one post on a client's calendar.
type Entry struct {
	Plan
	// ID names the entry; it sorts by the time when it was made.
	ID     string `json:"id"`
	Client string `json:"client"`
	// State is where the entry stands.
	State State `json:"state"`
	// At is the instant that When means; zero if there is none.
	At time.Time `json:"at,omitzero"`
	// Hash identifies exactly what will be sent and where: texts as rendered for each
	// target, media by their content, the accounts. [Client.Approve] wants it; every edit
	// that changes what is sent changes it. The time is not part of it.
	Hash string `json:"hash"`
	// Version counts the changes.
	Version int64 `json:"version"`
	// Author is who last changed what is sent; see [Client.As]. Empty is a program.
	Author string `json:"author,omitempty"`
	// Series is the [Series] that it is an occurrence of, if any.
	Series string `json:"series,omitempty"`
	// Created and Updated are when it was made and last changed.
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`

	stage      State  // what its State is as long as it is not scheduled
	occurrence string // of a series: its wall-clock time
}

// To returns the target for an account, in the language of the draft itself.
func To(a parvis.Account) Target { return Target{Account: a} }

// In returns the target with the language variant lang.
func (t Target) In(lang string) Target { t.Lang = lang; return t }

// URL is where people see the post; empty if it is not out or has no page.
func (t Target) URL() string {
	if len(t.Posts) == 0 {
		return ""
	}
	return t.Posts[0].URL
}
