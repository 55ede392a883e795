package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// body is an answer that is an error: of XRPC, or of OAuth.
//
// https://atproto.com/specs/xrpc#error-responses and https://www.rfc-editor.org/rfc/rfc6749#section-5.2
type body struct {
	Error       string `json:"error"`
	Message     string `json:"message"`
	Description string `json:"error_description"`
}

func errorBody(a *httpx.Response) body {
	var b body
	if len(a.Body) == 0 || a.Body[0] != '{' || json.Unmarshal(a.Body, &b) != nil {
		return body{}
	}
	if b.Message == "" {
		b.Message = b.Description
	}
	return b
}

// nameOf returns the name of the error that an answer is. A resource server may say it in
// the header WWW-Authenticate alone.
func nameOf(a *httpx.Response) string {
	name := errorBody(a).Error
	_, challenge, ok := strings.Cut(a.Header.Get("Www-Authenticate"), `error="`)
	if said, _, end := strings.Cut(challenge, `"`); ok && end && (name == "" || said == "use_dpop_nonce") {
		return said
	}
	return name
}

// staleToken reports whether an error says that another token may do.
func staleToken(name string) bool {
	switch name {
	case "ExpiredToken", "InvalidToken", "invalid_token":
		return true
	}
	return false
}

// codes are what the names of errors mean. What is not listed is judged by its status.
//
// https://docs.bsky.app/docs/api/at-protocol-xrpc-api, the errors of each method, and
// https://www.rfc-editor.org/rfc/rfc9449#section-7.1
var codes = map[string]parvis.Code{
	"ExpiredToken": parvis.ErrAuth, "InvalidToken": parvis.ErrAuth, "invalid_token": parvis.ErrAuth,
	"AuthMissing": parvis.ErrAuth, "AuthenticationRequired": parvis.ErrAuth, "AuthFactorTokenRequired": parvis.ErrAuth,
	"use_dpop_nonce": parvis.ErrAuth, "invalid_dpop_proof": parvis.ErrAuth,

	"AccountTakedown": parvis.ErrPermission, "AccountDeactivated": parvis.ErrPermission,
	"AccountSuspended": parvis.ErrPermission, "AccountNotFound": parvis.ErrPermission,
	"RepoTakendown": parvis.ErrPermission, "RepoDeactivated": parvis.ErrPermission, "RepoSuspended": parvis.ErrPermission,
	"Forbidden": parvis.ErrPermission, "ScopeMissingError": parvis.ErrPermission, "insufficient_scope": parvis.ErrPermission,
	"BlockedActor": parvis.ErrPermission, "BlockedByActor": parvis.ErrPermission,

	"RecordNotFound": parvis.ErrNotFound, "NotFound": parvis.ErrNotFound, "RepoNotFound": parvis.ErrNotFound,
	"HandleNotFound": parvis.ErrNotFound, "DidNotFound": parvis.ErrNotFound, "BlobNotFound": parvis.ErrNotFound,
	"ActorNotFound": parvis.ErrNotFound, "UnknownList": parvis.ErrNotFound, "UnknownFeed": parvis.ErrNotFound,
	"SubjectNotFound": parvis.ErrNotFound,

	"InvalidSwap":          parvis.ErrConflict,
	"RateLimitExceeded":    parvis.ErrRateLimited,
	"MethodNotImplemented": parvis.ErrUnsupported,

	"InvalidRequest": parvis.ErrInvalid, "InvalidRecord": parvis.ErrInvalid, "InvalidMimeType": parvis.ErrInvalid,
	"BlobTooLarge": parvis.ErrInvalid, "PayloadTooLarge": parvis.ErrInvalid, "DuplicateCreate": parvis.ErrDuplicate,

	"UpstreamFailure": parvis.ErrUnavailable, "UpstreamTimeout": parvis.ErrUnavailable,
	"InternalServerError": parvis.ErrUnavailable, "NotEnoughResources": parvis.ErrUnavailable,
}

// helps are what to do about an error, where its code does not say enough.
var helps = map[string]string{
	"AuthFactorTokenRequired": "the account asks for a code by e-mail at each login: make an app password in the settings of the account, and use that",
	"AccountTakedown":         "the network's moderators took the account down: ask its owner to appeal",
	"AccountSuspended":        "the account is suspended: ask its owner to appeal, or wait for the end of the suspension",
	"AccountDeactivated":      "the owner has deactivated the account: it can be activated again in the network's own app",
	"AccountNotFound":         "the account is no longer on this server: connect it again, which finds the server where it is now",
	"ScopeMissingError":       "connect the account again and grant what is missing",
	"insufficient_scope":      "connect the account again and grant what is missing",
	"MethodNotImplemented":    "this server does not have the method: it may be older, or not offer the service",
	"InvalidSwap":             "it was changed meanwhile: read it again, then decide",
}

// Verdict is the dialect of XRPC for an HTTP client: it maps an answer that is an error to
// a code by its "error" field.
func Verdict(a *httpx.Response) *parvis.Error { return verdict(a) }

func verdict(a *httpx.Response) *parvis.Error {
	if a.Status < 400 {
		return nil
	}
	b := errorBody(a)
	name := nameOf(a)
	if name == "" {
		return foreign(a)
	}
	e := &parvis.Error{Code: codes[name], Vendor: name, Help: helps[name]}
	if b.Message != "" {
		e.Vendor += ": " + b.Message
	}
	if name == "InvalidRequest" && strings.HasSuffix(strings.ToLower(b.Message), "not found") {
		e.Code = parvis.ErrNotFound // that is how app views say it
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Code = parvis.ErrRateLimited
	case name == "invalid_dpop_proof":
		skew(e, a)
	case a.Status >= 500 && e.Code != parvis.ErrUnsupported:
		e.Code = ""
	}
	return e
}

// foreign is the error of an answer that is not one of XRPC.
func foreign(a *httpx.Response) *parvis.Error {
	if a.Status != http.StatusNotFound {
		return nil
	}
	return &parvis.Error{
		Code: parvis.ErrUnavailable, Message: "the server does not speak the AT Protocol at this address",
		Help: "check the address of the PDS, and whether a proxy stands before it",
	}
}

// maxSkew is how wrong a clock may be before it is blamed.
const maxSkew = 30 * time.Second

// skew explains a refused proof by a wrong clock, if the server's says so.
//
// https://www.rfc-editor.org/rfc/rfc9449#section-11.1
func skew(e *parvis.Error, a *httpx.Response) {
	server, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		e.Help = "connect the account again; if that does not help, check the clock of this machine"
		return
	}
	off := time.Since(server).Round(time.Second)
	if off.Abs() <= maxSkew {
		e.Help = "connect the account again: its key is not the one that the token is bound to"
		return
	}
	e.Code = parvis.ErrUnavailable
	e.Message = "the server refuses requests that are signed at a wrong time"
	way := "ahead"
	if off < 0 {
		way = "behind"
	}
	e.Help = "set the clock of this machine: by the server's it is about " + span(off.Abs()) + " " + way
}

// span writes a duration for people.
func span(d time.Duration) string {
	plural := func(n int, unit string) string {
		if n != 1 {
			unit += "s"
		}
		return strconv.Itoa(n) + " " + unit
	}
	switch {
	case d >= 48*time.Hour:
		return plural(int(d.Round(24*time.Hour).Hours()/24), "day")
	case d >= 50*time.Minute:
		return plural(int(d.Round(time.Hour).Hours()), "hour")
	case d >= time.Minute:
		return plural(int(d.Round(time.Minute).Minutes()), "minute")
	}
	return plural(int(d.Seconds()), "second")
}

// Name returns the network's name of the error that err holds, such as "RecordNotFound",
// or "".
func Name(err error) string {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(e.Vendor, ":")
	return name
}

// asPermission takes it from a refusal that the token is to blame, if the server has
// accepted the token: it says AuthenticationRequired also to those whom it knows and
// does not let.
func asPermission(err error) error {
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Code == parvis.ErrAuth && Name(e) == "AuthenticationRequired" {
		e.Code, e.Help = parvis.ErrPermission, "use an account that has the role, or that owns what is to be changed"
	}
	return err
}

// oauthCodes are what the names of errors mean that authorization servers answer with.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-5.2, https://www.rfc-editor.org/rfc/rfc9126#section-2.3 and
// https://www.rfc-editor.org/rfc/rfc9449#section-5
var oauthCodes = map[string]parvis.Code{
	"invalid_grant": parvis.ErrAuth, "use_dpop_nonce": parvis.ErrAuth, "invalid_dpop_proof": parvis.ErrAuth,
	"invalid_token": parvis.ErrAuth, "access_denied": parvis.ErrPermission,
	"invalid_client": parvis.ErrInvalid, "unauthorized_client": parvis.ErrInvalid, "invalid_client_metadata": parvis.ErrInvalid,
	"invalid_redirect_uri": parvis.ErrInvalid, "invalid_request": parvis.ErrInvalid, "invalid_scope": parvis.ErrInvalid,
	"unsupported_grant_type": parvis.ErrInvalid, "unsupported_response_type": parvis.ErrInvalid,
}

// OAuthVerdict is the dialect of authorization servers.
func OAuthVerdict(a *httpx.Response) *parvis.Error {
	if a.Status < 400 {
		return nil
	}
	b := errorBody(a)
	if b.Error == "" {
		return nil
	}
	e := &parvis.Error{Code: oauthCodes[b.Error], Vendor: b.Error}
	if b.Message != "" {
		e.Vendor += ": " + b.Message
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Code = parvis.ErrRateLimited
	case a.Status >= 500:
		e.Code = ""
	case b.Error == "invalid_dpop_proof":
		skew(e, a)
	case e.Code == parvis.ErrInvalid:
		e.Message = "the server does not accept the application's request"
		e.Help = "check the metadata of the application, and that the server can read it at the client ID"
	}
	return e
}
