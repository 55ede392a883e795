package moderate

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Moderator acts as one account that may keep order. It is safe for concurrent use.
type Moderator interface {
	// Account names the account that this value acts as.
	Account() parvis.Account
	// Moderate does one thing. Programs call the doors instead, which check first.
	Moderate(ctx context.Context, a Action) (Act, error)
}

// A Do is what an action does. The vocabulary is closed: networks map to it, rules and
// trails are written in it.
type Do string

// The vocabulary, each do with its undo.
const (
	DoRemove   Do = "remove"   // take content away from everybody's sight
	DoRestore  Do = "restore"  // bring it back
	DoHide     Do = "hide"     // fold it away; the author may still see it
	DoUnhide   Do = "unhide"   //
	DoHold     Do = "hold"     // take it back to wait for a decision
	DoApprove  Do = "approve"  // let held content, or a held account, through
	DoReject   Do = "reject"   // refuse held content or a held account
	DoSpam     Do = "spam"     // mark as spam, which teaches the network
	DoUnspam   Do = "unspam"   // not spam after all
	DoPurge    Do = "purge"    // delete for good; cannot be undone
	DoWarn     Do = "warn"     // tell the person; cannot be undone
	DoLabel    Do = "label"    // attach Action.Label, such as "sensitive"
	DoUnlabel  Do = "unlabel"  //
	DoMute     Do = "mute"     // not hear a person, keyword or thread any more
	DoUnmute   Do = "unmute"   //
	DoTimeOut  Do = "time out" // keep a person from posting until Action.Until
	DoTimeIn   Do = "time in"  // end that early
	DoLimit    Do = "limit"    // show a person's posts to followers only
	DoUnlimit  Do = "unlimit"  //
	DoBan      Do = "ban"      // exclude a person from the place or server
	DoUnban    Do = "unban"    //
	DoBlock    Do = "block"    // cut a person or server off from the account itself
	DoUnblock  Do = "unblock"  //
	DoLock     Do = "lock"     // take no more answers
	DoUnlock   Do = "unlock"   //
	DoPin      Do = "pin"      // keep at the top
	DoUnpin    Do = "unpin"    //
	DoReport   Do = "report"   // report to the network's own moderators; cannot be undone
	DoResolve  Do = "resolve"  // close a report
	DoReopen   Do = "reopen"   //
	DoAssign   Do = "assign"   // take a report upon oneself
	DoUnassign Do = "unassign" //
)

var inverses = map[Do]Do{
	DoRemove: DoRestore, DoHide: DoUnhide, DoHold: DoApprove, DoSpam: DoUnspam, DoLabel: DoUnlabel,
	DoMute: DoUnmute, DoTimeOut: DoTimeIn, DoLimit: DoUnlimit, DoBan: DoUnban, DoBlock: DoUnblock,
	DoLock: DoUnlock, DoPin: DoUnpin, DoResolve: DoReopen, DoAssign: DoUnassign,
}

// Inverse returns the word that takes d back in general, or "" if there is none. What
// takes back a certain act depends on the state before it: [Act.Inverse] says.
func (d Do) Inverse() Do {
	if inv, ok := inverses[d]; ok {
		return inv
	}
	for do, inv := range inverses {
		if inv == d {
			return do
		}
	}
	return ""
}

// Dos returns the whole vocabulary, in the order of its declaration.
func Dos() []Do {
	return []Do{
		DoRemove, DoRestore, DoHide, DoUnhide, DoHold, DoApprove, DoReject, DoSpam, DoUnspam, DoPurge,
		DoWarn, DoLabel, DoUnlabel, DoMute, DoUnmute, DoTimeOut, DoTimeIn, DoLimit, DoUnlimit, DoBan, DoUnban,
		DoBlock, DoUnblock, DoLock, DoUnlock, DoPin, DoUnpin, DoReport, DoResolve, DoReopen, DoAssign, DoUnassign,
	}
}

// An Action is something to be done to somebody or something.
type Action struct {
	// Do is what.
	Do Do `json:"do"`
	// On is the content, person, place, report, server or keyword that it is done to.
	On parvis.Ref `json:"on"`
	// Place is where it holds, for bans and the like in one room of many; zero is everywhere
	// that the account has a say.
	Place parvis.Place `json:"place,omitzero"`
	// Reason is why.
	Reason Reason `json:"reason,omitzero"`
	// Actor is the person or rule that decided, as the application names them.
	Actor string `json:"actor,omitempty"`
	// Until is when it ends by itself; zero is never.
	Until time.Time `json:"until,omitzero"`
	// Label is the label of DoLabel and DoUnlabel.
	Label string `json:"label,omitempty"`
	// With are further things that belong to it: the posts of a reported person.
	With []parvis.Ref `json:"with,omitempty"`
}

// String returns the action in words: "hide parvis://…: advertising".
func (a Action) String() string {
	s := string(a.Do) + " " + a.On.String()
	if a.Reason.Rule != "" {
		s += ": " + a.Reason.Rule
	}
	return s
}

// A Reason is why something is done.
type Reason struct {
	// Rule is the rule that was broken, as the house names it.
	Rule string `json:"rule,omitempty"`
	// Text is what the person concerned is told, where the network can tell it.
	Text string `json:"text,omitempty"`
	// Legal is the legal ground, where a statement of reasons asks for one.
	Legal string `json:"legal,omitempty"`
	// Category is the network's category of a report: "spam", "legal", "violation", "other".
	Category string `json:"category,omitempty"`
	// Note is for colleagues only.
	Note string `json:"note,omitempty"`
}

// Because returns the reason of the rule, with a text for the person concerned.
func Because(rule string, text ...string) Reason {
	return Reason{Rule: rule, Text: strings.Join(text, " ")}
}

// An Act is what was done.
type Act struct {
	// Action is what was asked for, by Account, at Time.
	Action  Action         `json:"action"`
	Account parvis.Account `json:"account"`
	Time    time.Time      `json:"time"`
	// Before and After are the state of the thing as the network showed it, in the
	// network's words: "approved", "spam", "visible". Empty where it does not show it.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Inverse takes it back; nil means that the network cannot.
	Inverse *Action `json:"inverse,omitempty"`
	// Made names what came of it, such as the report that was filed.
	Made parvis.Ref `json:"made,omitzero"`
	// Raw is the network's answer, whole.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// Record returns the act as a record for an audit trail.
func (a Act) Record() parvis.Record {
	r := parvis.Record{
		Time: a.Time, Client: a.Account.Client, Account: a.Account.String(), Actor: a.Action.Actor,
		Op: string(a.Action.Do), Ref: a.Action.On, Outcome: "done", Reason: a.Action.Reason.Rule,
	}
	if a.Before != "" || a.After != "" {
		r.Detail = a.Before + " → " + a.After
	}
	return r
}
