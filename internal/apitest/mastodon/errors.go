package mastodontest

import (
	"net/http"
	"strings"
)

// refusal is an answer that is not the thing asked for.
type refusal struct {
	status int
	text   string
	header http.Header
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, text string) error { return &refusal{status: status, text: text} }

// The texts of Mastodon's refusals.
// See https://docs.joinmastodon.org/entities/Error/ and the pages of the methods.
const (
	textInvalidToken = "The access token is invalid"
	textRevokedToken = "The access token was revoked"
	textScopes       = "This action is outside the authorized scopes"
	textNeedsUser    = "This method requires an authenticated user"
	textPrivate      = "This API requires an authenticated user"
	textDisabled     = "Your login is currently disabled"
	textUnconfirmed  = "Your login is missing a confirmed e-mail address"
	textPending      = "Your login is currently pending approval"
	textForbidden    = "This action is not allowed"
	textNotFound     = "Record not found"
	textTooMany      = "Too many requests"
	textNotReady     = "Cannot attach files that have not finished processing. Try again in a moment!"
	textTooManyMedia = "Cannot attach more than 4 files"
	textMixed        = "Cannot attach a video to a post that already contains images"
	textNoReply      = "The post you are trying to reply to does not appear to exist."
	textNoQuote      = "The post you are trying to quote does not appear to exist."
	textQuoteMention = "Cannot quote a non-mentioned user in a Private Mention post."
	textTooSoon      = "Scheduled at date must be in the future"
	textBadFile      = "Validation failed: File content type is invalid, File is invalid"
	textThumbnail    = "Error processing thumbnail for uploaded media"
)

var errNotFound = refuse(http.StatusNotFound, textNotFound)

// invalid is a 422 of the model: the problems after "Validation failed: ".
func invalid(problems ...string) error {
	return refuse(http.StatusUnprocessableEntity, "Validation failed: "+strings.Join(problems, ", "))
}

func forbidden() error { return refuse(http.StatusForbidden, textForbidden) }

func badRequest(text string) error { return refuse(http.StatusBadRequest, text) }

// word lets a refusal sound like the flavour. GoToSocial names the status first.
func (s *Server) word(r *refusal) string {
	if s.o.Flavour != GoToSocial {
		return r.text
	}
	name := http.StatusText(r.status)
	switch r.text {
	case textInvalidToken, textRevokedToken:
		return name + ": token not supplied"
	case textScopes:
		return name + ": token has insufficient scope permission"
	case textNotFound:
		return name
	}
	return name + ": " + strings.TrimPrefix(r.text, "Validation failed: ")
}
