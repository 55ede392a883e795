package bluesky

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// client returns the client ID to use with a callback.
//
// https://atproto.com/specs/oauth#localhost-client-development
func (f *Flow) client(callback, scope string) (string, error) {
	if f.cfg.ClientID != "" {
		if !slices.Contains(f.cfg.Redirects, callback) {
			return "", &parvis.Error{
				Code: parvis.ErrInvalid, Message: "the callback address is not one that the metadata of the application lists",
				Help: "add it to FlowConfig.Redirects, exactly as it is, or open the application under the address that is listed",
			}
		}
		return f.cfg.ClientID, nil
	}
	u, err := url.Parse(callback)
	ip := net.IP(nil)
	if err == nil {
		ip = net.ParseIP(u.Hostname())
	}
	if err != nil || u.Scheme != "http" || ip == nil || !ip.IsLoopback() || u.Fragment != "" {
		return "", &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the callback address is not on http://127.0.0.1, which is all that a program without published metadata may use",
			Help: "open the application under http://127.0.0.1 instead of localhost, or set FlowConfig.ClientID",
		}
	}
	return "http://localhost?" + url.Values{"redirect_uri": {callback}, "scope": {scope}}.Encode(), nil
}

// clientMetadata is how an application describes itself.
//
// https://atproto.com/specs/oauth#client-id-metadata-document
type clientMetadata struct {
	ID        string   `json:"client_id"`
	Kind      string   `json:"application_type"`
	Name      string   `json:"client_name,omitempty"`
	Home      string   `json:"client_uri,omitempty"`
	Logo      string   `json:"logo_uri,omitempty"`
	Terms     string   `json:"tos_uri,omitempty"`
	Privacy   string   `json:"policy_uri,omitempty"`
	Redirects []string `json:"redirect_uris"`
	Scope     string   `json:"scope"`
	Grants    []string `json:"grant_types"`
	Responses []string `json:"response_types"`
	Method    string   `json:"token_endpoint_auth_method"`
	Algorithm string   `json:"token_endpoint_auth_signing_alg,omitempty"`
	Bound     bool     `json:"dpop_bound_access_tokens"`
	Keys      *keySet  `json:"jwks,omitempty"`
}

type keySet struct {
	Keys []dpop.JWK `json:"keys"`
}

// ClientMetadata returns the JSON document that must be served at FlowConfig.ClientID, as
// application/json. It holds the public halves of the keys. A loopback client has none: it
// gives an error that matches [parvis.ErrUnsupported].
//
// https://atproto.com/specs/oauth#client-id-metadata-document
func (f *Flow) ClientMetadata() ([]byte, error) {
	if f.cfg.ClientID == "" {
		return nil, &parvis.Error{Op: "describe", Network: Network, Code: parvis.ErrUnsupported, Message: "a loopback client publishes no metadata", Help: "set FlowConfig.ClientID"}
	}
	m := clientMetadata{
		ID: f.cfg.ClientID, Kind: "web", Name: f.cfg.Name, Home: f.cfg.Home, Logo: f.cfg.Logo, Terms: f.cfg.Terms, Privacy: f.cfg.Privacy,
		Redirects: f.cfg.Redirects, Scope: strings.Join(f.scopes(nil), " "), Method: "none", Bound: true,
		Grants: []string{"authorization_code", "refresh_token"}, Responses: []string{"code"},
	}
	if len(f.keys) > 0 {
		m.Method, m.Algorithm, m.Keys = "private_key_jwt", "ES256", &keySet{}
		for _, k := range f.keys {
			jwk := k.Public()
			jwk.Kid, jwk.Use, jwk.Alg = k.Thumbprint(), "sig", "ES256"
			m.Keys.Keys = append(m.Keys.Keys, jwk)
		}
	}
	return json.MarshalIndent(m, "", "  ")
}

// Handler serves [Flow.ClientMetadata] to whoever asks, whatever the path; mount it at the
// path of FlowConfig.ClientID.
func (f *Flow) Handler() http.Handler {
	document, err := f.ClientMetadata()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case err != nil:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "max-age=300")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write(document)
		}
	})
}
