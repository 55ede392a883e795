package oauth

import (
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// callback reads the parameters with which a network sent the browser back (RFC 6749,
// section 4.1.2), and returns the code.
func (s Server) callback(w *wire, back url.Values, redirect string) (string, error) {
	if e := s.checkIssuer(w, back); e != nil {
		return "", e
	}
	if refused := first(back.Get("error"), back.Get("error_code")); refused != "" {
		return "", s.refusedBack(w, back, refused, redirect)
	}
	code := strings.TrimSuffix(back.Get("code"), "#_") // Meta's networks append it
	if code == "" {
		return "", w.fault("connect", parvis.ErrInvalid, "the browser came back without a code", "start connecting again, and do not reload or shorten the address")
	}
	if len(back["code"]) > 1 {
		return "", w.fault("connect", parvis.ErrInvalid, "the browser came back with more than one code", "start connecting again")
	}
	return code, nil
}

// checkIssuer refuses an answer that another server made; see RFC 9207, section 2.4.
func (s Server) checkIssuer(w *wire, back url.Values) error {
	iss, told := back.Get("iss"), back.Has("iss")
	if s.Issuer == "" || !told && !s.IssuerRequired || iss == s.Issuer {
		return nil
	}
	return w.fault("connect", parvis.ErrInvalid, "the answer is not from the network that was asked",
		"start connecting again; if it happens again, somebody may be trying to mix up two networks")
}

// refusedBack is the error that a network sent the browser back with.
func (s Server) refusedBack(w *wire, back url.Values, code, redirect string) error {
	said := first(back.Get("error_description"), back.Get("error_message"), back.Get("error_reason"))
	e := w.fault("connect", parvis.ErrInvalid, "the network refused to ask the person", s.clientHelp())
	e.Vendor = clean(refusal{code, said}.vendor(), back["code"], back["state"])
	switch {
	case code == "access_denied" || strings.HasPrefix(code, "user_") || back.Get("error_reason") == "user_denied":
		e.Code, e.Message = parvis.ErrPermission, "the person declined"
		e.Help = "start connecting again, and allow the access that is asked for"
	case code == "invalid_scope" || strings.Contains(code, "scope"):
		e.Message = "the network does not know, or does not grant, a scope that was asked for"
		e.Help = "ask for fewer powers, or have the scopes approved" + s.at()
		if scope := scopeIn(said); scope != "" {
			e.Message = "the network does not grant the scope " + clean(scope)
		}
	case strings.Contains(code, "redirect"), code == "invalid_request" && strings.Contains(strings.ToLower(said), "redirect"):
		e.Message, e.Help = "the network does not know the redirect address", s.redirectHelp(redirect)
	case code == "server_error" || code == "temporarily_unavailable":
		e.Code, e.Message, e.Help = parvis.ErrUnavailable, "the network failed", "start connecting again later"
	case code == "login_required" || code == "interaction_required" || code == "consent_required":
		e.Code, e.Message, e.Help = parvis.ErrAuth, "the person is not logged in at the network", "log in there, then start connecting again"
	}
	return e
}

// scopeIn finds the name of a scope in a sentence: the last word with a colon, dot or
// underscore inside, quotes taken off.
func scopeIn(sentence string) string {
	found := ""
	for word := range strings.FieldsSeq(sentence) {
		word = strings.Trim(word, "\"'`()[],;.:")
		if strings.ContainsAny(word, "._:") && !strings.Contains(word, "//") && len(word) < 100 {
			found = word
		}
	}
	return found
}

// maxVendor is how much of a network's words is kept, in characters.
const maxVendor = 300

// clean makes words from outside fit for an error.
func clean(s string, secrets ...[]string) string {
	var all []string
	for _, list := range secrets {
		all = append(all, list...)
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	s = httpx.Redact(s, all...)
	if r := []rune(s); len(r) > maxVendor {
		s = string(r[:maxVendor]) + "…"
	}
	return s
}
