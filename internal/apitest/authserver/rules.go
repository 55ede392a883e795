package authserver

import "time"

// Rules are what an authorization server of RFC 6749 leaves to its documentation.
type Rules struct {
	// Authorize, Token and Revoke are the paths of the endpoints; no Revoke is none.
	Authorize, Token, Revoke string
	// Issuer is sent as iss with every answer to the browser (RFC 9207), unless empty.
	Issuer string
	// Scopes are those that the server knows.
	Scopes []string
	// CodeLife, TokenLife and RefreshLife are lives; 0 has no end.
	CodeLife, TokenLife, RefreshLife time.Duration
	// PKCE makes a challenge by S256 a must; without it, challenges are refused as unknown
	// parameters are: they are ignored.
	PKCE bool
	// Basic wants the client in the header, else it must be in the form.
	Basic bool
	// Rotate makes refresh tokens serve once. A replay within Grace gives the same answer,
	// one after it ends the whole grant.
	Rotate bool
	Grace  time.Duration
	// Offline is the scope, or the authorization parameter "name=value", without which there
	// is no refresh token; "never" gives none, "" always one.
	Offline string
	// DeadRefresh is the error code for a refresh token that is dead; invalid_grant if empty.
	DeadRefresh string
	// DeadRevoke answers 400 invalid_token to the revocation of what is unknown.
	DeadRevoke bool
	// ScopeForm is how scopes are told: " ", ",", "array" or "none".
	ScopeForm string
	// NoExpiresIn leaves expires_in out.
	NoExpiresIn bool
	// TellRefreshLife sends refresh_token_expires_in.
	TellRefreshLife bool
}

// X are the rules of https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code.
func X() Rules {
	return Rules{
		Authorize: "/i/oauth2/authorize", Token: "/2/oauth2/token", Revoke: "/2/oauth2/revoke",
		Scopes: []string{
			"tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "follows.read", "follows.write", "offline.access", "space.read",
			"mute.read", "mute.write", "like.read", "like.write", "list.read", "list.write", "block.read", "block.write", "bookmark.read",
			"bookmark.write", "media.write", "dm.read", "dm.write",
		},
		CodeLife: 30 * time.Second, TokenLife: 2 * time.Hour, PKCE: true, Basic: true, Rotate: true,
		Offline: "offline.access", DeadRefresh: "invalid_request", ScopeForm: " ",
	}
}

// LinkedIn are the rules of https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow.
func LinkedIn() Rules {
	return Rules{
		Authorize: "/oauth/v2/authorization", Token: "/oauth/v2/accessToken",
		Scopes: []string{
			"openid", "profile", "email", "w_member_social", "w_organization_social", "r_organization_social", "w_organization_social_feed",
			"r_organization_social_feed", "rw_organization_admin",
		},
		CodeLife: 30 * time.Minute, TokenLife: 60 * 24 * time.Hour, RefreshLife: 365 * 24 * time.Hour, TellRefreshLife: true, ScopeForm: ",",
	}
}

// Google are the rules of https://developers.google.com/identity/protocols/oauth2/web-server.
func Google() Rules {
	const root = "https://www.googleapis.com/auth/"
	return Rules{
		Authorize: "/o/oauth2/v2/auth", Token: "/token", Revoke: "/revoke", Issuer: "https://accounts.google.com",
		Scopes:   []string{root + "youtube.readonly", root + "youtube.upload", root + "youtube.force-ssl", root + "yt-analytics.readonly"},
		CodeLife: 10 * time.Minute, TokenLife: time.Hour, PKCE: true, Offline: "access_type=offline", DeadRevoke: true, ScopeForm: " ",
	}
}
