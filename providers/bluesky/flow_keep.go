package bluesky

import (
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// The names under which a token's Extra, and a step's Keep, hold what the flow needs.
const (
	extraIssuer = "issuer"
	extraToken  = "token_endpoint"
	extraRevoke = "revocation_endpoint"
	extraClient = "client_id"
	extraKid    = "client_kid" // of the key that signs for a confidential client; empty is a public one

	keepVerifier = "verifier"
	keepCallback = "callback"
)

// tokens is the answer of a token endpoint.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-5.1 and https://atproto.com/specs/oauth#tokens-and-session-lifetime
type tokens struct {
	Access  string  `json:"access_token"`
	Refresh string  `json:"refresh_token"`
	Type    string  `json:"token_type"`
	Scope   string  `json:"scope"`
	Sub     string  `json:"sub"`
	Expires float64 `json:"expires_in"`
}

// expiry returns when the access token ends, or the zero time if the server does not say.
func (t tokens) expiry(now time.Time) time.Time {
	const year = 365 * 24 * 3600
	if !(t.Expires > 0) {
		return time.Time{}
	}
	return now.Add(time.Duration(min(t.Expires, year) * float64(time.Second)))
}

// keep writes s for the step.
func (s *started) keep() (map[string]string, error) {
	key, err := s.key.Marshal()
	return map[string]string{
		extraIssuer: s.server.Issuer, extraToken: s.server.Token, extraRevoke: s.server.Revoke, extraClient: s.client,
		extraKid: s.kid, api.ExtraKey: key, keepVerifier: s.verifier, keepCallback: s.callback, api.ExtraDID: s.who.DID,
	}, err
}

// resume reads what keep wrote.
func resume(keep map[string]string) (*started, error) {
	s := &started{
		server: authServer{Issuer: keep[extraIssuer], Token: keep[extraToken], Revoke: keep[extraRevoke]},
		who:    api.Identity{DID: keep[api.ExtraDID]}, client: keep[extraClient], kid: keep[extraKid],
		verifier: keep[keepVerifier], callback: keep[keepCallback],
	}
	var err error
	s.key, err = dpop.ParseKey(keep[api.ExtraKey])
	if err != nil || s.server.Issuer == "" || s.server.Token == "" || s.verifier == "" {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the step is not one that Start returned", Help: "begin again"}
	}
	return s, nil
}

// checkBack reads what the browser brought back.
//
// https://atproto.com/specs/oauth#callback and https://www.rfc-editor.org/rfc/rfc9207
func (s *started) checkBack(back url.Values) error {
	if iss := back.Get("iss"); iss != s.server.Issuer {
		return &parvis.Error{
			Code: parvis.ErrAuth, Message: "the answer does not come from the server that was asked",
			Help: "begin again; if it happens again, somebody may be trying to connect another account in the place of this one",
		}
	}
	if name := back.Get("error"); name != "" {
		return refused(name, back.Get("error_description"))
	}
	if back.Get("code") == "" {
		return &parvis.Error{Code: parvis.ErrAuth, Message: "the answer holds no code", Help: "begin again"}
	}
	return nil
}

// refused is the error of a page that sent the browser back without a code.
//
// https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
func refused(name, why string) error {
	e := &parvis.Error{Code: parvis.ErrPermission, Message: "access was not granted", Help: "begin again, and allow access", Vendor: vendor(name, why)}
	switch name {
	case "access_denied":
	case "login_required", "consent_required", "interaction_required":
		e.Help = "begin again, log in, and allow access"
	case "server_error", "temporarily_unavailable":
		e.Code, e.Message, e.Help = parvis.ErrUnavailable, "the server could not ask for access", "try again later"
	default:
		e.Code, e.Message, e.Help = parvis.ErrInvalid, "the server did not understand the request for access", "check the metadata of the application"
	}
	return e
}

// vendor is the network's own words, cut to a sane length.
func vendor(name, why string) string {
	s := name
	if why != "" {
		s += ": " + why
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	return s[:min(len(s), 300)]
}
