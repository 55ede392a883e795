package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// phase is what a token endpoint was asked for.
type phase int

const (
	exchanging phase = iota // a code for a token
	refreshing              // a refresh token for a token
	revoking                // to forget a token
	asserting               // a signed assertion for a token
)

// refusal is an error in the words of a network: code is that of RFC 6749, section 5.2,
// where there is one.
type refusal struct{ code, text string }

// vendor is both, as they came.
func (r refusal) vendor() string {
	switch {
	case r.text == "":
		return r.code
	case r.code == "":
		return r.text
	}
	return r.code + ": " + r.text
}

// parseRefusal reads the error of a token endpoint. Beside the form of RFC 6749 it knows
// {"error":{"code","message"}} (Meta, Google), {"title","detail"} (RFC 9457),
// {"errors":[…]}, {"error_type","error_message"} (Instagram), {"code","message"}
// (LinkedIn) and the form encoding.
func parseRefusal(body []byte) refusal {
	if len(body) > 1<<16 {
		return refusal{}
	}
	fields := map[string]any{}
	if json.Unmarshal(body, &fields) != nil {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return refusal{}
		}
		return refusal{first(form.Get("error"), form.Get("oauth_problem")), form.Get("error_description")}
	}
	r := refusalOf(fields)
	if list, ok := fields["errors"].([]any); ok && len(list) > 0 && r == (refusal{}) {
		if inner, ok := list[0].(map[string]any); ok {
			r = refusalOf(inner)
		}
	}
	return r
}

func refusalOf(fields map[string]any) refusal {
	if inner, ok := fields["error"].(map[string]any); ok {
		r := refusalOf(inner)
		r.code = first(text(inner["status"]), r.code)
		return r
	}
	return refusal{
		code: first(text(fields["error"]), text(fields["error_type"]), text(fields["code"]), text(fields["title"])),
		text: first(text(fields["error_description"]), text(fields["error_message"]), text(fields["message"]), text(fields["detail"])),
	}
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// refuse is the dialect of a token endpoint, for [httpx.Config].Errors. It never makes
// [parvis.ErrAuth] of anything but the network's own word that the grant is gone.
func (s Server) refuse(p phase, redirect string) func(*httpx.Response) *parvis.Error {
	return func(a *httpx.Response) *parvis.Error {
		r := parseRefusal(a.Body)
		good := a.Status >= 200 && a.Status < 300
		if good && (p == revoking || r.code == "" || hasToken(a.Body)) {
			return nil
		}
		e := &parvis.Error{Vendor: r.vendor()}
		switch {
		case a.Status >= 500, a.Status == http.StatusTooManyRequests, a.Status == http.StatusRequestTimeout:
			if isPage(a) {
				e.Vendor = ""
			}
			return e // its status says all
		case a.Status == http.StatusUpgradeRequired:
			e.Code = parvis.ErrAPIVersionRetired
			return e
		case a.Status >= 300 && a.Status < 400:
			return nil
		case isPage(a):
			e.Vendor, e.Code = "", parvis.ErrUnavailable
			e.Message = "a web page came where the token endpoint was expected"
			e.Help = "check the address, and whether a firewall stands before it"
			return e
		}
		s.judge(e, r, p, redirect)
		if p == asserting {
			s.blameClock(e, a.Header)
		}
		return e
	}
}

func hasToken(body []byte) bool {
	_, err := parseAnswer(body)
	return err == nil
}

func isPage(a *httpx.Response) bool {
	return strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html")
}

// blameClock says that the clock is wrong, if it is, for what depends on it.
func (s Server) blameClock(e *parvis.Error, h http.Header) {
	if skew, ok := Skew(h, time.Now()); ok && (e.Code == parvis.ErrAuth || e.Code == parvis.ErrInvalid) {
		e.Code, e.Help = parvis.ErrInvalid, ClockHelp(skew)
	}
}

// judge sets what a refusal means.
func (s Server) judge(e *parvis.Error, r refusal, p phase, redirect string) {
	low := strings.ToLower(r.text)
	mentionsRedirect := strings.Contains(low, "redirect") && !strings.Contains(low, "expired")
	switch code := strings.ToLower(r.code); {
	case strings.HasPrefix(code, "redirect_uri"), code == "invalid_redirect_uri", p == exchanging && mentionsRedirect:
		e.Code, e.Message = parvis.ErrInvalid, "the network does not know the redirect address"
		e.Help = s.redirectHelp(redirect)
	case code == "invalid_grant", p == refreshing && slices.Contains(s.Gone, code), p == refreshing && code == "invalid_token":
		s.gone(e, p)
	case code == "invalid_client", code == "unauthorized_client", strings.HasPrefix(code, "invalid_client"), code == "unsupported_grant_type":
		e.Code, e.Message, e.Help = parvis.ErrInvalid, "the network does not accept the application", s.clientHelp()
	case code == "invalid_scope":
		e.Code, e.Message = parvis.ErrInvalid, "the network does not grant these scopes to the application"
		e.Help = "ask for fewer powers, or have the scopes approved" + s.at()
	case code == "temporarily_unavailable", code == "server_error", code == "slow_down":
		e.Code = parvis.ErrUnavailable
	default:
		e.Code, e.Message = parvis.ErrInvalid, "the network refused the request for a token"
		e.Help = s.clientHelp()
	}
}

// gone is the network's word that a code, grant or assertion is dead.
func (s Server) gone(e *parvis.Error, p phase) {
	e.Code = parvis.ErrAuth
	switch p {
	case exchanging:
		e.Message, e.Help = "the network no longer takes the code", "start connecting again"
		if s.CodeLife > 0 {
			e.Help += "; a code lives " + s.CodeLife.String() + " and serves once"
		}
	case asserting:
		e.Message, e.Help = "the network does not accept the signed assertion", "check the key, its ID and the account that it belongs to"+s.at()
	default:
		e.Message, e.Help = "the network has ended the grant", "connect the account again"
	}
}

func (s Server) at() string {
	if s.Page == "" {
		return ""
	}
	return " at " + s.Page
}

func (s Server) clientHelp() string {
	return "check the ID and secret of the application" + s.at()
}

func (s Server) redirectHelp(redirect string) string {
	help := "register exactly " + redirect
	if s.Redirect != "" {
		help += " under " + s.Redirect
	}
	return help + s.at()
}
