package wordpress

import (
	"cmp"
	"html"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/internal/text"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// What to do about refusals that have more than one cause.
//
//nolint:gosec // advice, not credentials
const (
	helpAuth = "check the login name and make a new application password; if both are right, the web server strips the Authorization header, or the site is not reached by https"
	helpRole = "give the account a role that may do this"
	helpWall = "a firewall or the host itself answered in place of WordPress: ask the host, or try later"
)

// meanings are the codes of WordPress whose HTTP status says too little. They are those
// of the controllers below wp-includes/rest-api/endpoints.
//
// https://developer.wordpress.org/reference/classes/wp_rest_posts_controller/
// https://developer.wordpress.org/reference/classes/wp_rest_comments_controller/
// https://developer.wordpress.org/reference/classes/wp_rest_attachments_controller/
var meanings = map[string]parvis.Code{
	"rest_no_route":                           parvis.ErrUnsupported,
	"rest_trash_not_supported":                parvis.ErrUnsupported,
	"rest_not_logged_in":                      parvis.ErrAuth,
	"incorrect_password":                      parvis.ErrAuth,
	"invalid_username":                        parvis.ErrAuth,
	"invalid_email":                           parvis.ErrAuth,
	"application_passwords_disabled":          parvis.ErrAuth,
	"application_passwords_disabled_for_user": parvis.ErrAuth,
	"rest_comment_login_required":             parvis.ErrAuth,
	"rest_already_trashed":                    parvis.ErrConflict,
	"rest_comment_closed":                     parvis.ErrConflict,
	"rest_comment_draft_post":                 parvis.ErrConflict,
	"rest_comment_trash_post":                 parvis.ErrConflict,
	"rest_comment_invalid_post_id":            parvis.ErrNotFound,
	"rest_post_invalid_id":                    parvis.ErrNotFound,
	"rest_comment_invalid_id":                 parvis.ErrNotFound,
	"rest_term_invalid":                       parvis.ErrNotFound,
	"comment_duplicate":                       parvis.ErrDuplicate,
	"term_exists":                             parvis.ErrDuplicate,
	"comment_flood":                           parvis.ErrRateLimited,
	"rest_upload_sideload_error":              parvis.ErrInvalid,
	"rest_upload_file_too_big":                parvis.ErrInvalid,
	"rest_upload_limited_space":               parvis.ErrRejected,
	"rest_upload_user_quota_exceeded":         parvis.ErrRejected,
	"db_update_error":                         parvis.ErrUnknownOutcome,
	"db_insert_error":                         parvis.ErrUnknownOutcome,
}

// judge maps an answer that is an error to the codes of parvis, and forgets what was
// remembered of the account if the site refuses it.
func (c *Client) judge(a *httpx.Response) *parvis.Error {
	if a.Status >= 200 && a.Status < 400 {
		return nil
	}
	e := c.errorOf(a)
	if e != nil && (e.Code == parvis.ErrAuth || e.Code == parvis.ErrPermission) {
		c.me.Forget()
	}
	return e
}

// errorOf returns the error of an answer, or nil where its status says all.
func (c *Client) errorOf(a *httpx.Response) *parvis.Error {
	f, ok := api.ParseFault(a.Body)
	if !ok {
		return fromElsewhere(a)
	}
	e := &parvis.Error{Code: meanings[f.Code], Vendor: f.Code}
	if e.Code == "" {
		e.Code = codeOf(f, a.Status)
	}
	e.Message = message(f)
	switch e.Code {
	case parvis.ErrAuth:
		e.Help = helpAuth
	case parvis.ErrPermission:
		e.Help = helpRole
	case parvis.ErrUnsupported:
		e.Help = "check the version of WordPress, and whether a plugin limits its API"
	case parvis.ErrRateLimited:
		if f.Code == "comment_flood" {
			e.RetryAfter = c.cfg.Flood
		}
	}
	return e
}

// codeOf judges by the status, and by that of the parameters that were refused: WordPress
// answers 400 to a parameter that the account may not use.
func codeOf(f api.Fault, status int) parvis.Code {
	if f.Code == "rest_invalid_param" {
		for _, d := range f.Data.Details {
			if strings.HasPrefix(d.Code, "rest_forbidden") {
				status = cmp.Or(d.Data.Status, http.StatusForbidden)
			}
		}
	}
	switch status {
	case http.StatusUnauthorized:
		return parvis.ErrAuth
	case http.StatusForbidden:
		return parvis.ErrPermission
	case http.StatusBadRequest:
		return parvis.ErrInvalid
	}
	return "" // left to what every server means by the status
}

// message returns what WordPress says, as one clause of plain text.
func message(f api.Fault) string {
	s := html.UnescapeString(text.FromHTML(f.Message).Plain)
	parts := []string{s}
	for _, name := range slices.Sorted(maps.Keys(f.Data.Params)) {
		parts = append(parts, name+": "+f.Data.Params[name])
	}
	s = strings.Join(strings.Fields(strings.Join(parts, "; ")), " ")
	return strings.TrimSuffix(text.Cut(s, parvis.TextLimits{{Max: 300, Unit: parvis.Graphemes}}, "…"), ".")
}

// fromElsewhere judges an answer that is none of WordPress: of a firewall, a proxy or
// the web server.
func fromElsewhere(a *httpx.Response) *parvis.Error {
	page := strings.Contains(a.Header.Get("Content-Type"), "html")
	switch {
	case page && (a.Status == http.StatusForbidden || a.Status == http.StatusNotAcceptable):
		return &parvis.Error{Code: parvis.ErrUnavailable, Help: helpWall, Message: "a web page came in place of an answer of WordPress"}
	case a.Status == http.StatusServiceUnavailable:
		return &parvis.Error{
			Code: parvis.ErrUnavailable, Help: helpWall,
			Message: "the site is not available, or in maintenance",
		}
	case a.Status == http.StatusUnauthorized:
		return &parvis.Error{Code: parvis.ErrAuth, Help: helpAuth, Message: "the web server refused the login"}
	case a.Status == http.StatusRequestEntityTooLarge:
		return &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the web server takes no file of this size",
			Help: "make it smaller, or raise the limit of the host; Config.MaxUpload finds it before it is sent",
		}
	}
	return nil
}
