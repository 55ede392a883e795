package blueskytest

import (
	"errors"
	"net/http"
)

// refusal is an answer that is not the thing asked for.
//
// https://atproto.com/specs/xrpc#error-responses
type refusal struct {
	status     int
	name, text string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, name, text string) error { return &refusal{status, name, text} }

func invalid(text string) error { return refuse(http.StatusBadRequest, "InvalidRequest", text) }

var (
	errAuthMissing = refuse(http.StatusUnauthorized, "AuthMissing", "Authentication Required")
	errBadToken    = refuse(http.StatusBadRequest, "InvalidToken", "Token could not be verified")
	errExpired     = refuse(http.StatusBadRequest, "ExpiredToken", "Token has expired")
	errRevoked     = refuse(http.StatusBadRequest, "ExpiredToken", "Token has been revoked")
	errLogin       = refuse(http.StatusUnauthorized, "AuthenticationRequired", "Invalid identifier or password")
	errForeignRepo = refuse(http.StatusUnauthorized, "AuthenticationRequired", "Authentication Required")
	errTakedown    = refuse(http.StatusUnauthorized, "AccountTakedown", "Account has been taken down")
	errNoAccount   = refuse(http.StatusForbidden, "AccountNotFound", "Account not found")
	errNoHandle    = refuse(http.StatusBadRequest, "HandleNotFound", "Unable to resolve handle")
	errNoProfile   = invalid("Profile not found")
	// errInternal is what the PDS makes of a record key that is taken.
	errInternal = errors.New("internal")
)
