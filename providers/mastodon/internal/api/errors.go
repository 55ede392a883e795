package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// maxVendor is how much of a server's own words is kept, in bytes.
const maxVendor = 300

// verdict is the family's dialect of errors: {"error": "...", "error_description": "..."};
// see https://docs.joinmastodon.org/entities/Error/. Answers in another form, such as the
// pages of firewalls, are left to their status.
func verdict(r *httpx.Response) *parvis.Error {
	if r.Status < 400 {
		return nil
	}
	words := errorText(r.Body)
	if words == "" {
		return nil
	}
	e := &parvis.Error{Vendor: words}
	low := strings.ToLower(words)
	switch {
	case strings.Contains(low, "requires an authenticated user"):
		e.Code, e.Help = parvis.ErrAuth, "connect the account again: the token stands for an application, not for a user"
	case r.Status == http.StatusUnauthorized:
		e.Code = parvis.ErrAuth
	case r.Status == http.StatusForbidden:
		e.Code = parvis.ErrPermission
		if strings.Contains(low, "scope") {
			e.Help = "connect the account again and grant the scope that the call needs"
		}
	case r.Status == http.StatusBadRequest && strings.Contains(low, "duplicate idempotency key"):
		e.Code, e.Help = parvis.ErrDuplicate, "look for the post before sending it again under another key"
	case r.Status == http.StatusUnprocessableEntity:
		unprocessable(e, low)
	case r.Status == http.StatusInternalServerError && strings.Contains(low, "error processing thumbnail"):
		e.Code, e.Help = parvis.ErrRejected, "send the file in another format"
	}
	if r.Header.Get("Idempotent-Replayed") == "true" || r.Header.Get("X-Idempotent-Replayed") == "true" {
		e.Help = "this server repeats its answer for as long as it remembers the key: give the draft a new Key"
	}
	return e
}

// unprocessable tells the reasons of status 422 apart.
func unprocessable(e *parvis.Error, low string) {
	switch {
	case NotReady(low):
		e.Code, e.Help = parvis.ErrUnavailable, "try again when the media has been processed"
	case strings.Contains(low, "duplicate record"):
		e.Code = parvis.ErrDuplicate
	default:
		e.Code = parvis.ErrInvalid
	}
}

// NotReady reports whether the words of a server say that media is still being processed.
// They depend on the account's language, so that they are a hint only.
func NotReady(words string) bool {
	return strings.Contains(strings.ToLower(words), "not finished processing")
}

// errorText returns the words of an error in JSON, or "".
func errorText(body []byte) string {
	var b struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Message     string          `json:"message"`
	}
	if len(body) > 64<<10 {
		return ""
	}
	if err := json.Unmarshal(body, &b); err != nil && b.Error == nil {
		return ""
	}
	var words string
	if json.Unmarshal(b.Error, &words) != nil {
		words = string(b.Error)
	}
	switch {
	case words == "":
		words = b.Message
	case b.Description != "":
		words += ": " + b.Description
	}
	words = strings.ToValidUTF8(strings.Join(strings.Fields(words), " "), "\uFFFD")
	if len(words) > maxVendor {
		cut := maxVendor
		for !utf8.RuneStart(words[cut]) {
			cut--
		}
		words = words[:cut] + "…"
	}
	return words
}
