package mastodon

import (
	"regexp"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A software is the program that a server runs, by the name that it gives itself in nodeinfo.
type software string

const (
	mastodon   software = "mastodon"
	gotosocial software = "gotosocial"
	pleroma    software = "pleroma"
	akkoma     software = "akkoma"
	pixelfed   software = "pixelfed"
	friendica  software = "friendica"
	unknown    software = ""
)

// keyRule is what a server does with an idempotency key that comes again.
type keyRule int

const (
	keyIgnored keyRule = iota // it posts again
	keyStatus                 // it answers with the first post
	keyAnswer                 // it repeats its first answer, also if that was an error
	keyRefused                // it refuses, so that the first post has to be found
)

// traits are what servers do not say of themselves, by their software.
type traits struct {
	key     keyRule
	keyFor  time.Duration
	unit    parvis.Unit
	weighs  bool // links count a fixed number, mentions without their server
	stream  Streaming
	forward bool // min_id pages forward without gaps

	markdown, poll, edit, schedule, pin, thread, filters, domains, reports bool
	needsMedia, alone                                                      bool
	direct                                                                 bool // posts for those mentioned only
	staff                                                                  bool // any admin API
	fullStaff                                                              bool // sensitive, disable, silence, their undo, reopen, assign
}

// traitsOf is the table behind the family rule. Servers of unknown make are taken for
// Mastodon in what does no harm, and for the worst in what does.
//
// Sources: https://docs.joinmastodon.org for Mastodon;
// https://docs.gotosocial.org/en/latest/api/swagger/ for GoToSocial, which ignores the key,
// streams by WebSocket only and knows but one action on accounts;
// https://docs-develop.pleroma.social/backend/development/API/differences_in_mastoapi_responses/
// for Pleroma, which replays whole answers; https://docs.pixelfed.org for Pixelfed, where
// everything but an answer needs a picture;
// https://wiki.friendi.ca/docs/api-mastodon for Friendica, which has no streaming, and
// cannot move what it has scheduled.
func traitsOf(s software) traits {
	t := traits{
		unit: parvis.Graphemes, weighs: true, stream: Off, poll: true, edit: true, schedule: true,
		pin: true, thread: true, filters: true, domains: true, reports: true, direct: true, alone: true,
	}
	switch s {
	case mastodon:
		t.key, t.keyFor, t.stream, t.forward, t.staff, t.fullStaff = keyStatus, time.Hour, SSE, true, true, true
	case gotosocial:
		t.unit, t.weighs, t.stream, t.forward, t.markdown = parvis.CodePoints, false, WebSocket, true, true
		t.domains, t.alone, t.staff = false, false, true
	case pleroma, akkoma:
		t.key, t.keyFor, t.stream, t.forward, t.markdown = keyAnswer, time.Hour, WebSocket, true, true
		t.weighs, t.alone, t.filters = false, false, false
	case pixelfed:
		t.key, t.unit, t.weighs = keyRefused, parvis.CodePoints, false
		t.poll, t.edit, t.schedule, t.pin, t.thread, t.filters, t.domains = false, false, false, false, false, false, false
		t.reports, t.direct, t.alone, t.needsMedia = false, false, false, true
	case friendica:
		t.unit, t.weighs, t.alone = parvis.CodePoints, false, false
		t.poll, t.schedule, t.pin, t.filters, t.domains = false, false, false, false, false
	}
	return t
}

var compatible = regexp.MustCompile(`\(compatible; ([A-Za-z0-9_.-]+)`)

// softwareOf reads the software from what an instance says: a version such as
// "2.7.2 (compatible; Pleroma 2.6.0)", the address of the source, or the API version that
// only Mastodon counts. ok is false if that does not tell.
func softwareOf(version, source string, apiVersion int) (s software, ok bool) {
	if m := compatible.FindStringSubmatch(version); m != nil {
		return known(m[1]), true
	}
	source = strings.ToLower(source)
	for _, s := range []software{gotosocial, pleroma, akkoma, pixelfed, friendica} {
		if strings.Contains(source, "/"+string(s)) {
			return s, true
		}
	}
	if apiVersion > 0 {
		return mastodon, true
	}
	return unknown, false
}

// known returns the software of that name, or unknown.
func known(name string) software {
	switch s := software(strings.ToLower(name)); s {
	case mastodon, gotosocial, pleroma, akkoma, pixelfed, friendica:
		return s
	case "glitchsoc", "glitch", "hometown": // forks of Mastodon
		return mastodon
	}
	return unknown
}
