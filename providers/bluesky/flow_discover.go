package bluesky

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// An authServer is the server that decides on access.
type authServer struct{ Issuer, PAR, Authorize, Token, Revoke string }

// metadata is how an authorization server describes itself.
//
// https://atproto.com/specs/oauth#server-metadata
type metadata struct {
	Issuer     string   `json:"issuer"`
	Authorize  string   `json:"authorization_endpoint"`
	Token      string   `json:"token_endpoint"`
	PAR        string   `json:"pushed_authorization_request_endpoint"`
	Revoke     string   `json:"revocation_endpoint"`
	RequirePAR bool     `json:"require_pushed_authorization_requests"`
	Metadata   bool     `json:"client_id_metadata_document_supported"`
	Iss        bool     `json:"authorization_response_iss_parameter_supported"`
	Challenges []string `json:"code_challenge_methods_supported"`
	DPoP       []string `json:"dpop_signing_alg_values_supported"`
	Scopes     []string `json:"scopes_supported"`
	Grants     []string `json:"grant_types_supported"`
	Methods    []string `json:"token_endpoint_auth_methods_supported"`
}

// maxMetadata bounds what is read of a server's description, in bytes.
const maxMetadata = 256 << 10

// discover finds the account that somebody typed, and the server that decides for it. Of
// the address of a server, the account is not known.
//
// https://atproto.com/specs/oauth#identity-authentication
func (f *Flow) discover(ctx context.Context, typed string) (api.Identity, authServer, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return api.Identity{}, authServer{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the handle is missing", Help: "give the name that the profile shows after the @"}
	}
	if !strings.Contains(strings.TrimPrefix(typed, "at://"), "://") {
		id, err := f.ids.Resolve(ctx, typed)
		if err != nil {
			return id, authServer{}, err
		}
		issuer, err := f.issuer(ctx, id.PDS)
		if err != nil {
			return id, authServer{}, err
		}
		s, err := f.describe(ctx, issuer)
		return id, s, err
	}
	u, err := api.CheckAddress(withScheme(typed), f.cfg.Loopback)
	if err != nil {
		return api.Identity{}, authServer{}, err
	}
	origin := u.Scheme + "://" + u.Host
	issuer, err := f.issuer(ctx, origin)
	if errors.Is(err, parvis.ErrNotFound) { // it may be an authorization server itself
		issuer, err = origin, nil
	}
	if err != nil {
		return api.Identity{}, authServer{}, err
	}
	s, err := f.describe(ctx, issuer)
	return api.Identity{}, s, err
}

// issuer asks a PDS who decides on access to it.
//
// https://www.rfc-editor.org/rfc/rfc9728
func (f *Flow) issuer(ctx context.Context, pds string) (string, error) {
	var out struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}
	if err := f.get(ctx, pds, "/.well-known/oauth-protected-resource", &out); err != nil {
		return "", err
	}
	if strings.TrimRight(out.Resource, "/") != pds || len(out.Servers) != 1 {
		return "", badServer("the account's server does not say who decides on access to it")
	}
	u, err := api.CheckAddress(out.Servers[0], f.cfg.Loopback)
	if err != nil || u.Path != "" || out.Servers[0] != u.Scheme+"://"+u.Host {
		return "", badServer("the server that decides on access has no proper address")
	}
	return out.Servers[0], nil
}

// describe reads and checks the description of an authorization server.
func (f *Flow) describe(ctx context.Context, issuer string) (authServer, error) {
	var m metadata
	if err := f.get(ctx, issuer, "/.well-known/oauth-authorization-server", &m); err != nil {
		return authServer{}, err
	}
	method := "none"
	if len(f.keys) > 0 {
		method = "private_key_jwt"
	}
	for _, c := range []struct {
		ok   bool
		lack string
	}{
		{m.Issuer == issuer, "its own address"},
		{m.RequirePAR && m.PAR != "", "pushed requests"},
		{slices.Contains(m.DPoP, "ES256"), "tokens bound to keys, with ES256"},
		{slices.Contains(m.Challenges, "S256"), "PKCE with S256"},
		{m.Iss, "the parameter iss"},
		{m.Metadata, "metadata documents of applications"},
		{slices.Contains(m.Scopes, "atproto"), "the scope atproto"},
		{slices.Contains(m.Grants, "authorization_code") && slices.Contains(m.Grants, "refresh_token"), "refresh tokens"},
		{slices.Contains(m.Methods, method), "the authentication method " + method},
	} {
		if !c.ok {
			return authServer{}, badServer("the server's description lacks " + c.lack)
		}
	}
	for _, address := range []string{m.Authorize, m.Token, m.PAR, m.Revoke} {
		if _, err := api.CheckAddress(address, f.cfg.Loopback); err != nil && address != "" {
			return authServer{}, err
		}
	}
	if m.Authorize == "" || m.Token == "" {
		return authServer{}, badServer("the server's description lacks addresses")
	}
	return authServer{Issuer: m.Issuer, PAR: m.PAR, Authorize: m.Authorize, Token: m.Token, Revoke: m.Revoke}, nil
}

func badServer(what string) error {
	return &parvis.Error{
		Code: parvis.ErrUnsupported, Message: what,
		Help: "the server does not speak OAuth as the network has it: connect with an app password",
	}
}

// get reads a description.
func (f *Flow) get(ctx context.Context, origin, path string, out any) error {
	cfg := f.wire
	cfg.Base, cfg.MaxBody, cfg.Errors = origin, maxMetadata, api.OAuthVerdict
	h, err := httpx.New(cfg)
	if err != nil {
		return err
	}
	_, err = h.JSON(ctx, httpx.Request{Path: path, Endpoint: path, Op: "connect", Timeout: api.FetchTime}, out)
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Code == parvis.ErrNotFound {
		e.Message, e.Help = "the server does not offer OAuth", "check the address of the server, or connect with an app password"
	}
	return err
}

// owner checks that the account did is the expected one, and lives where s decides.
func (f *Flow) owner(ctx context.Context, s *started, did string) (api.Identity, error) {
	if s.who.DID != "" && s.who.DID != did {
		return api.Identity{}, &parvis.Error{
			Code: parvis.ErrAuth, Message: "another account was logged in than the one that was asked for",
			Help: "begin again, and log in as the account that you typed",
		}
	}
	f.ids.Forget(did)
	id, err := f.ids.Resolve(ctx, did)
	if err != nil {
		return id, err
	}
	issuer, err := f.issuer(ctx, id.PDS)
	if err != nil {
		return id, err
	}
	if issuer != s.server.Issuer {
		return id, &parvis.Error{
			Code: parvis.ErrAuth, Message: "the server answered for an account that lives elsewhere",
			Help: "begin again with the handle of the account",
		}
	}
	return id, nil
}

// originOf returns the scheme, host and port of an address, and the rest.
func originOf(address string) (origin, path string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", &parvis.Error{Code: parvis.ErrInvalid, Message: "the address of the server is broken", Help: "connect the account again"}
	}
	return u.Scheme + "://" + u.Host, u.EscapedPath(), nil
}
