package oauth

import (
	"cmp"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// A Site says where a network is, and how it is called. nil and every empty field are the
// network itself, with the versions of its API that were current when this was written.
type Site struct {
	// Auth is the host that people are sent to, Token that of the token endpoint, API that
	// of the calls: "https://api.x.com".
	Auth, Token, API string
	// Version is the version of the API, as the network writes it.
	Version string
	// Options are how calls are made.
	Options *providers.Options
}

// or fills what s leaves empty.
func (s *Site) or(auth, token, api, version string) Site {
	if s == nil {
		s = &Site{}
	}
	return Site{
		Auth: cmp.Or(s.Auth, auth), Token: cmp.Or(s.Token, token), API: cmp.Or(s.API, api),
		Version: cmp.Or(s.Version, version), Options: s.Options,
	}
}

// network is what is known of a network before its provider exists: its scopes, by power.
func network(n parvis.Network, title, api string, scopes map[string][]string) providers.Manifest {
	return providers.Manifest{Network: n, Title: title, API: api, Auth: []string{"OAuth 2"}, Scopes: scopes}
}

// X is OAuth 2 with PKCE at X. A code lives 30 seconds, an access token two hours; each
// refresh gives the next refresh token and ends the one before. A dead refresh token is
// answered with invalid_request as well as with invalid_grant.
//
// https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
// https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
func X(app App, at *Site) *Code {
	s := at.or("https://x.com", "https://api.x.com", "https://api.x.com", "2")
	post := []string{"tweet.read", "users.read", "tweet.write", "media.write"}
	hear := []string{"tweet.read", "users.read", "dm.read", "mute.read", "block.read", "like.read"}
	return &Code{
		Manifest: network("x", "X", "https://docs.x.com", map[string][]string{
			"publish": post, "publish.delete": post, "listen": hear, "listen.history": hear, "listen.search": {"tweet.read", "users.read"},
			"moderate": {"tweet.moderate.write", "mute.write", "dm.write"},
		}),
		App: app, Scopes: []string{"tweet.read", "users.read", "offline.access"}, Options: s.Options, List: xAccount(s),
		Server: Server{
			Endpoint: oauth2.Endpoint{
				AuthURL: s.Auth + "/i/oauth2/authorize", TokenURL: s.Token + "/2/oauth2/token", AuthStyle: oauth2.AuthStyleInHeader,
			},
			RevokeURL: s.Token + "/2/oauth2/revoke", CodeLife: 30 * time.Second, TokenLife: 2 * time.Hour, Rotates: true, Gone: []string{"invalid_request"},
			Page: "https://developer.x.com/en/portal/dashboard", Redirect: "Callback URI / Redirect URL",
			Docs: []string{"https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code"},
		},
	}
}

// XOne is OAuth 1.0a at X, whose tokens serve until they are revoked.
//
// https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens
func XOne(app App, at *Site) *One {
	s := at.or("https://api.x.com", "https://api.x.com", "https://api.x.com", "2")
	return &One{
		Manifest: X(app, at).Manifest, Name: "x-oauth1", App: app, Options: s.Options, List: xSigned(app, s),
		RequestURL: s.Token + "/oauth/request_token", AuthorizeURL: s.Auth + "/oauth/authorize", AccessURL: s.Token + "/oauth/access_token",
		Page: "https://developer.x.com/en/portal/dashboard", Redirect: "Callback URI / Redirect URL",
	}
}

// LinkedInVersion is the version of LinkedIn's API when this was written. A version lives a
// year at least.
//
// https://learn.microsoft.com/en-us/linkedin/marketing/versioning
const LinkedInVersion = "202609"

// LinkedIn is OAuth 2 at LinkedIn, without PKCE, which only native programs have there. A
// code lives 30 minutes, an access token 60 days. Refresh tokens are for approved
// marketing partners; they live 365 days from the first grant, which refreshing does not
// extend. Asking for another set of scopes ends all earlier tokens of that member.
//
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
func LinkedIn(app App, at *Site) *Code {
	s := at.or("https://www.linkedin.com", "https://www.linkedin.com", "https://api.linkedin.com", LinkedInVersion)
	post := []string{"w_member_social", "w_organization_social"}
	hear := []string{"r_organization_social", "r_organization_social_feed"}
	return &Code{
		Manifest: network("linkedin", "LinkedIn", "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/", map[string][]string{
			"publish": post, "publish.edit": post, "publish.delete": post, "publish.metrics": {"rw_organization_admin"},
			"publish.react": {"w_organization_social_feed"}, "listen": hear, "listen.history": hear,
			"moderate": {"w_organization_social_feed", "r_organization_social_feed"},
		}),
		App: app, Scopes: []string{"openid", "profile", "rw_organization_admin"}, Options: s.Options, List: linkedInAccounts(s),
		Server: Server{
			Endpoint: oauth2.Endpoint{
				AuthURL: s.Auth + "/oauth/v2/authorization", TokenURL: s.Token + "/oauth/v2/accessToken", AuthStyle: oauth2.AuthStyleInParams,
			},
			NoPKCE: true, CodeLife: 30 * time.Minute, TokenLife: 60 * 24 * time.Hour,
			Page: "https://www.linkedin.com/developers/apps", Redirect: "Authorized redirect URLs",
			Docs: []string{"https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow"},
		},
	}
}

// Google is OAuth 2 at Google for channels of YouTube. The refresh token does not rotate;
// it ends after six months without use and, while the consent screen is in testing, after
// seven days. Google sends one only if it asks the person, which prompt=consent makes sure of.
//
// https://developers.google.com/identity/protocols/oauth2/web-server
// https://developers.google.com/youtube/v3/guides/authentication
func Google(app App, at *Site) *Code {
	s := at.or("https://accounts.google.com", "https://oauth2.googleapis.com", "https://www.googleapis.com", "v3")
	const root = "https://www.googleapis.com/auth/"
	ssl, read := root+"youtube.force-ssl", root+"youtube.readonly"
	return &Code{
		Manifest: network("youtube", "YouTube", "https://developers.google.com/youtube/v3", map[string][]string{
			"publish": {root + "youtube.upload"}, "publish.edit": {ssl}, "publish.delete": {ssl}, "publish.schedule": {root + "youtube.upload"},
			"publish.metrics": {read, root + "yt-analytics.readonly"}, "listen": {ssl}, "listen.history": {ssl}, "listen.search": {read},
			"moderate": {ssl}, "moderate.pending": {ssl},
		}),
		App: app, Scopes: []string{read}, Options: s.Options, List: youTubeChannels(s),
		Server: Server{
			Issuer: "https://accounts.google.com",
			Endpoint: oauth2.Endpoint{
				AuthURL: s.Auth + "/o/oauth2/v2/auth", TokenURL: s.Token + "/token", AuthStyle: oauth2.AuthStyleInParams,
			},
			RevokeURL: s.Token + "/revoke", TokenLife: time.Hour,
			Extra: url.Values{"access_type": {"offline"}, "prompt": {"consent"}},
			Page:  "https://console.cloud.google.com/apis/credentials", Redirect: "Authorized redirect URIs",
			Docs: []string{"https://developers.google.com/identity/protocols/oauth2/web-server"},
		},
	}
}

// Facebook is Facebook Login for pages. Set Instagram to have the Instagram accounts of the
// pages as well.
//
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
func Facebook(app App, at *Site) *Meta {
	s := at.or("https://www.facebook.com", "", "https://graph.facebook.com", GraphVersion)
	post := []string{"pages_show_list", "pages_manage_posts", "pages_read_engagement"}
	hear := []string{"pages_read_engagement", "pages_read_user_content", "pages_manage_metadata"}
	return &Meta{
		Manifest: network("facebook", "Facebook", "https://developers.facebook.com/docs/pages-api", map[string][]string{
			"publish": post, "publish.edit": post, "publish.delete": post, "publish.schedule": post, "publish.metrics": {"read_insights"},
			"listen": hear, "listen.history": hear, "listen.webhooks": hear, "moderate": {"pages_manage_engagement"},
		}),
		App: app, Version: s.Version, Dialog: s.Auth, Graph: s.API, Options: s.Options,
	}
}

// Threads is OAuth 2 at Threads, whose tokens of 60 days renew themselves once they are a
// day old. A code lives an hour.
//
// https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions
// https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
func Threads(app App, at *Site) *Code {
	s := at.or("https://threads.net", "https://graph.threads.net", "https://graph.threads.net", "v1.0")
	hear := []string{"threads_read_replies", "threads_manage_mentions"}
	c := metaCode(app, s, LongLived{
		ExchangeURL: s.Token + "/access_token", ExchangeGrant: "th_exchange_token",
		RefreshURL: s.Token + "/refresh_access_token", RefreshGrant: "th_refresh_token", MinAge: 24 * time.Hour,
	})
	c.Manifest = network("threads", "Threads", "https://developers.facebook.com/docs/threads", map[string][]string{
		"publish": {"threads_content_publish"}, "publish.delete": {"threads_delete"}, "publish.metrics": {"threads_manage_insights"},
		"listen": hear, "listen.history": hear, "listen.search": {"threads_keyword_search"}, "moderate": {"threads_manage_replies"},
	})
	c.Scopes, c.List = []string{"threads_basic"}, threadsAccount(s)
	c.Server.Endpoint.AuthURL, c.Server.Endpoint.TokenURL = s.Auth+"/oauth/authorize", s.Token+"/oauth/access_token"
	return c
}

// Instagram is OAuth 2 with Instagram Login, for professional accounts without a page.
// Tokens are those of [Threads] in all but their names.
//
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
func Instagram(app App, at *Site) *Code {
	s := at.or("https://www.instagram.com", "https://api.instagram.com", "https://graph.instagram.com", GraphVersion)
	hear := []string{"instagram_business_manage_comments", "instagram_business_manage_messages"}
	c := metaCode(app, s, LongLived{
		ExchangeURL: s.API + "/access_token", ExchangeGrant: "ig_exchange_token",
		RefreshURL: s.API + "/refresh_access_token", RefreshGrant: "ig_refresh_token", MinAge: 24 * time.Hour,
	})
	c.Manifest = network("instagram", "Instagram", "https://developers.facebook.com/docs/instagram-platform", map[string][]string{
		"publish": {"instagram_business_content_publish"}, "publish.metrics": {"instagram_business_manage_insights"},
		"listen": hear, "listen.history": hear, "moderate": {"instagram_business_manage_comments"},
	})
	c.Scopes, c.List = []string{"instagram_business_basic"}, instagramAccount(s)
	c.Server.Endpoint.AuthURL, c.Server.Endpoint.TokenURL = s.Auth+"/oauth/authorize", s.Token+"/oauth/access_token"
	return c
}

// metaCode is what Threads and Instagram share.
func metaCode(app App, s Site, l LongLived) *Code {
	return &Code{
		App: app, Options: s.Options,
		Server: Server{
			Endpoint: oauth2.Endpoint{AuthStyle: oauth2.AuthStyleInParams},
			NoPKCE:   true, ScopeSeparator: ",", CodeLife: time.Hour, TokenLife: 60 * 24 * time.Hour, LongLived: &l,
			Page: metaPage, Redirect: "Redirect Callback URLs",
		},
	}
}
