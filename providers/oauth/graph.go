package oauth

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// graphFault is Meta's form of an error.
//
// https://developers.facebook.com/docs/graph-api/guides/error-handling
type graphFault struct {
	Message   string `json:"message"`
	Type      string `json:"type"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode"`
	Title     string `json:"error_user_title"`
	Said      string `json:"error_user_msg"`
	Transient bool   `json:"is_transient"`
}

// GraphError maps an answer of Meta's Graph API (Facebook, Instagram, Threads, WhatsApp)
// to an error, or nil if it is none. The text of the network is in Vendor, with its code
// and subcode: "190/458: …". RetryAfter is set from X-Business-Use-Case-Usage where that
// tells how long the account is throttled.
//
// https://developers.facebook.com/docs/graph-api/guides/error-handling
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting
func GraphError(status int, h http.Header, body []byte) *parvis.Error {
	var answer struct {
		Error *graphFault `json:"error"`
	}
	if len(body) > 1<<20 {
		return nil
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error == nil {
		return nil //nolint:nilerr // what is not of Meta's form is left to its status
	}
	f := *answer.Error
	e := &parvis.Error{Status: status, Vendor: f.vendor()}
	e.Code = f.class(status)
	e.Message, e.Help = f.advice(e.Code)
	if e.Code == parvis.ErrRateLimited {
		e.RetryAfter = regain(h)
	}
	if e.Code == parvis.ErrAPIVersionRetired {
		e.Message, e.Help = retired(f.Message)
	}
	return e
}

// graphErrors is GraphError for [httpx.Config].Errors.
func graphErrors(a *httpx.Response) *parvis.Error { return GraphError(a.Status, a.Header, a.Body) }

func (f graphFault) vendor() string {
	s := strconv.Itoa(f.Code)
	if f.Subcode != 0 {
		s += "/" + strconv.Itoa(f.Subcode)
	}
	return s + ": " + clean(f.Message)
}

// graphCodes are the codes whose meaning does not depend on anything else.
var graphCodes = map[int]parvis.Code{
	102: parvis.ErrAuth,
	3:   parvis.ErrPermission, 10: parvis.ErrPermission, 1705: parvis.ErrPermission,
	1404078: parvis.ErrPermission, 4854002: parvis.ErrPermission, 1404112: parvis.ErrPermission, 1404006: parvis.ErrPermission,
	4: parvis.ErrRateLimited, 17: parvis.ErrRateLimited, 32: parvis.ErrRateLimited, 341: parvis.ErrRateLimited,
	613: parvis.ErrRateLimited, 80001: parvis.ErrRateLimited, 80002: parvis.ErrRateLimited, 80006: parvis.ErrRateLimited, 80007: parvis.ErrRateLimited,
	506: parvis.ErrDuplicate, 1366051: parvis.ErrDuplicate,
	803: parvis.ErrNotFound, 191: parvis.ErrInvalid, 101: parvis.ErrInvalid,
	1: parvis.ErrUnavailable, 2: parvis.ErrUnavailable, 1363047: parvis.ErrUnavailable,
	12: parvis.ErrAPIVersionRetired, 2635: parvis.ErrAPIVersionRetired,
}

// class is what a fault means.
func (f graphFault) class(status int) parvis.Code {
	low := strings.ToLower(f.Message)
	switch {
	case f.Code == 190 && f.Subcode == 492:
		return parvis.ErrPermission // the person lost the role on the page
	case f.Code == 190:
		return parvis.ErrAuth
	case f.Code == 100 && f.Subcode == 33:
		return parvis.ErrNotFound
	case f.Code == 100 && (strings.Contains(low, "verification code") || strings.Contains(low, "authorization code")):
		return codeRefused(low)
	case f.Code == 368 && strings.Contains(low, "already"):
		return parvis.ErrDuplicate
	case f.Code == 368:
		return parvis.ErrRateLimited
	case f.Code >= 200 && f.Code <= 299:
		return parvis.ErrPermission
	case f.Code == 2500 && strings.Contains(low, "version"), strings.Contains(low, "deprecated version"):
		return parvis.ErrAPIVersionRetired
	}
	if c, ok := graphCodes[f.Code]; ok {
		return c
	}
	if f.Transient || status >= 500 {
		return parvis.ErrUnavailable
	}
	return parvis.ErrInvalid
}

// codeRefused tells why Meta refused a code: the redirect address was another, or the code
// was used or is too old.
func codeRefused(low string) parvis.Code {
	if strings.Contains(low, "redirect_uri") {
		return parvis.ErrInvalid
	}
	return parvis.ErrAuth
}

// advice is what happened and what to do about it.
func (f graphFault) advice(c parvis.Code) (message, help string) {
	const again = "connect the account again"
	if c == parvis.ErrAuth {
		switch f.Subcode {
		case 458:
			return "the person removed the application", again
		case 459, 464:
			return "Facebook wants the person to confirm who they are", "the person must log in at facebook.com, then " + again
		case 460:
			return "the person changed their password", again
		case 463:
			return "the token has expired", again
		case 467:
			return "the token is no longer valid", again
		}
		if f.Code == 100 {
			return "the network no longer takes the code", "start connecting again"
		}
		return "Facebook no longer accepts the token", again
	}
	switch {
	case f.Code == 190:
		return "the person has no role on the page any more", "an administrator of the page must give it back, then " + again
	case f.Code == 100 && f.Subcode == 33:
		return "it is not there, or not visible to this account", "if the page was deleted or unpublished, connect another; else " + again
	case f.Code == 10:
		return "a permission is missing, or was not used for 90 days", again + " and grant it"
	case c == parvis.ErrPermission:
		return "a permission or role is missing", "check the person's tasks on the page and the permissions granted, then " + again
	case f.Code == 101:
		return "Facebook does not know the application", helpMetaApp
	case f.Code == 191 || strings.Contains(strings.ToLower(f.Message), "redirect_uri"):
		return "Facebook does not know the redirect address", "register exactly the redirect address under the redirect URIs of Facebook Login at " + metaPage
	case strings.Contains(f.Message, "appsecret_proof") || strings.Contains(strings.ToLower(f.Message), "client secret"):
		return "the secret of the application is wrong", helpMetaApp
	case f.Code == 368:
		return "Facebook has blocked the action for a while", "wait; trying again makes it longer"
	}
	return "", ""
}

// Where the settings of an application are.
const (
	metaPage    = "https://developers.facebook.com/apps"
	helpMetaApp = "check the ID and secret of the application at " + metaPage
)

var versionIn = regexp.MustCompile(`v\d{1,3}\.\d`)

// retired is the message for a version that is over, with the oldest that is named.
func retired(said string) (message, help string) {
	message, help = "the version of the API is retired", "configure a version that Facebook still speaks"
	if v := versionIn.FindAllString(said, -1); len(v) > 0 {
		help = "configure version " + v[len(v)-1] + " or newer"
	}
	return message, help
}

// regain reads how long the account is throttled.
//
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers-2
func regain(h http.Header) time.Duration {
	var usage map[string][]struct {
		Minutes float64 `json:"estimated_time_to_regain_access"`
	}
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &usage) != nil {
		return 0
	}
	longest := 0.0
	for _, list := range usage {
		for _, u := range list {
			longest = max(longest, u.Minutes)
		}
	}
	return time.Duration(min(longest, 30*24*60) * float64(time.Minute))
}
