package oauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
)

// asker asks a network's API with a token.
type asker struct {
	*wire
	token  parvis.Token
	header http.Header
	errors func(*httpx.Response) *parvis.Error
	auth   func(context.Context, *http.Request) error
}

func newAsker(n parvis.Network, o *providers.Options, t parvis.Token) asker {
	return asker{wire: newWire(parvis.Account{Network: n}, o), token: t, auth: bearer(t.Value)}
}

func (a asker) get(ctx context.Context, address string, q url.Values, out any) error {
	_, err := a.do(ctx, call{op: "connect", url: address, query: q, header: a.header, auth: a.auth, errors: a.errors, secrets: secretsOf(a.token)}, out)
	return err
}

// xAccount asks X who the token's person is.
//
// https://docs.x.com/x-api/users/get-my-user
func xAccount(s Site) Lister {
	return func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
		return xMe(ctx, newAsker("x", o, t), s)
	}
}

// xSigned is xAccount for tokens of OAuth 1.0a.
func xSigned(app App, s Site) Lister {
	return func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
		a := newAsker("x", o, t)
		a.auth = SignedBy(app, fixedToken(t))
		return xMe(ctx, a, s)
	}
}

// fixedToken is a source of one token, with all that belongs to it.
type fixedToken parvis.Token

func (f fixedToken) Token(context.Context) (parvis.Token, error) { return parvis.Token(f), nil }

func xMe(ctx context.Context, a asker, s Site) (providers.Grant, error) {
	var me struct {
		Data struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Username string `json:"username"`
			Avatar   string `json:"profile_image_url"`
		} `json:"data"`
	}
	err := a.get(ctx, s.API+"/"+s.Version+"/users/me", url.Values{"user.fields": {"profile_image_url"}}, &me)
	if err == nil && me.Data.ID == "" {
		err = a.fault("connect", parvis.ErrBadAnswer, "the network does not say who the account is", "try again later")
	}
	if err != nil {
		return providers.Grant{}, err
	}
	return one(providers.Choice{
		Account: parvis.Account{Network: "x", ID: me.Data.ID, Handle: me.Data.Username, Name: me.Data.Name},
		Type:    "profile", URL: "https://x.com/" + url.PathEscape(me.Data.Username), Avatar: me.Data.Avatar,
	}), nil
}

func one(c providers.Choice) providers.Grant { return providers.Grant{Choices: []providers.Choice{c}} }

// linkedInErrors names the version of the API that LinkedIn no longer speaks.
//
// https://learn.microsoft.com/en-us/linkedin/marketing/versioning
func linkedInErrors(version string) func(*httpx.Response) *parvis.Error {
	return func(a *httpx.Response) *parvis.Error {
		if a.Status != http.StatusUpgradeRequired {
			return nil
		}
		oldest := time.Now().UTC().AddDate(-1, 1, 0).Format("200601")
		return &parvis.Error{
			Code: parvis.ErrAPIVersionRetired, Vendor: parseRefusal(a.Body).vendor(),
			Message: "LinkedIn no longer speaks version " + version + " of its API",
			Help:    "configure version " + oldest + " or newer: a version lives a year at least",
		}
	}
}

// linkedInAccounts asks LinkedIn who the member is, and on which pages they have a role.
//
// https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role
func linkedInAccounts(s Site) Lister {
	return func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
		a := newAsker("linkedin", o, t)
		a.errors = linkedInErrors(s.Version)
		var me struct {
			Sub     string `json:"sub"`
			Name    string `json:"name"`
			Picture string `json:"picture"`
		}
		err := a.get(ctx, s.API+"/v2/userinfo", nil, &me)
		if err == nil && me.Sub == "" {
			err = a.fault("connect", parvis.ErrBadAnswer, "the network does not say who the account is", "try again later")
		}
		if err != nil {
			return providers.Grant{}, err
		}
		g := one(providers.Choice{
			Account: parvis.Account{Network: "linkedin", ID: "urn:li:person:" + me.Sub, Name: me.Name}, Type: "profile", Avatar: me.Picture,
		})
		if !slices.Contains(t.Scopes, "w_member_social") && t.Scopes != nil {
			g.Choices[0].Problem = "w_member_social was not granted, so that nothing can be posted as this person"
		}
		if !slices.Contains(t.Scopes, "rw_organization_admin") && !slices.Contains(t.Scopes, "r_organization_admin") {
			g.Notes = append(g.Notes, "Pages are not listed: rw_organization_admin was not granted.")
			return g, nil
		}
		a.header = http.Header{"Linkedin-Version": {s.Version}, "X-Restli-Protocol-Version": {"2.0.0"}}
		pages, err := a.organizations(ctx, s)
		if err != nil {
			return providers.Grant{}, err
		}
		if len(pages) == 0 {
			g.Notes = append(g.Notes, "No page was found: the person has no approved role on one.")
		}
		g.Choices = append(g.Choices, pages...)
		return g, nil
	}
}

// organizations lists the pages, each once with all roles of the person.
func (a asker) organizations(ctx context.Context, s Site) ([]providers.Choice, error) {
	roles := map[string][]string{}
	var order []string
	for start := 0; start < maxPages*100; start += 100 {
		var list struct {
			Elements []struct {
				Organization string `json:"organization"`
				Role         string `json:"role"`
				State        string `json:"state"`
			} `json:"elements"`
		}
		q := url.Values{"q": {"roleAssignee"}, "state": {"APPROVED"}, "start": {text(float64(start))}, "count": {"100"}}
		if err := a.get(ctx, s.API+"/rest/organizationAcls", q, &list); err != nil {
			return nil, err
		}
		for _, e := range list.Elements {
			if e.State != "" && e.State != "APPROVED" || e.Organization == "" {
				continue
			}
			if roles[e.Organization] == nil {
				order = append(order, e.Organization)
			}
			roles[e.Organization] = append(roles[e.Organization], e.Role)
		}
		if len(list.Elements) < 100 {
			break
		}
	}
	var all []providers.Choice
	for _, urn := range order {
		c, err := a.organization(ctx, s, urn)
		if err != nil {
			return nil, err
		}
		c.Problem = roleProblem(roles[urn])
		all = append(all, c)
	}
	return all, nil
}

// organization asks for the name of a page. A page that may not be read keeps its URN.
//
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-lookup-api
func (a asker) organization(ctx context.Context, s Site, urn string) (providers.Choice, error) {
	id := urn[strings.LastIndexByte(urn, ':')+1:]
	var o struct {
		Name   string `json:"localizedName"`
		Vanity string `json:"vanityName"`
	}
	err := a.get(ctx, s.API+"/rest/organizations/"+url.PathEscape(id), nil, &o)
	if err != nil && !refused(err) {
		return providers.Choice{}, err
	}
	return providers.Choice{
		Account: parvis.Account{Network: "linkedin", ID: urn, Handle: o.Vanity, Name: first(o.Name, urn)},
		Type:    "page", URL: "https://www.linkedin.com/company/" + url.PathEscape(first(o.Vanity, id)) + "/",
	}, nil
}

// roleProblem is what the roles of a person on a page do not allow.
func roleProblem(roles []string) string {
	has := func(wanted ...string) bool {
		return slices.ContainsFunc(wanted, func(r string) bool { return slices.Contains(roles, r) })
	}
	switch {
	case !has("ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"):
		return "the role " + strings.Join(roles, ", ") + " may not post: an administrator of the page must give a role that may"
	case !has("ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"):
		return "the role " + strings.Join(roles, ", ") + " may post, but not read comments: an administrator of the page must give the role ADMINISTRATOR for that"
	}
	return ""
}

// youTubeChannels asks YouTube which channel the token stands for.
//
// https://developers.google.com/youtube/v3/docs/channels/list
func youTubeChannels(s Site) Lister {
	return func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
		var list struct {
			Items []struct {
				ID      string `json:"id"`
				Snippet struct {
					Title      string `json:"title"`
					Handle     string `json:"customUrl"`
					Thumbnails struct {
						Default struct {
							URL string `json:"url"`
						} `json:"default"`
					} `json:"thumbnails"`
				} `json:"snippet"`
				Status struct {
					Linked *bool `json:"isLinked"`
				} `json:"status"`
			} `json:"items"`
		}
		a := newAsker("youtube", o, t)
		a.errors = googleErrors
		if err := a.get(ctx, s.API+"/youtube/"+s.Version+"/channels", url.Values{"part": {"snippet,status"}, "mine": {"true"}}, &list); err != nil {
			return providers.Grant{}, err
		}
		var g providers.Grant
		for _, c := range list.Items {
			choice := providers.Choice{
				Account: parvis.Account{Network: "youtube", ID: c.ID, Handle: strings.TrimPrefix(c.Snippet.Handle, "@"), Name: c.Snippet.Title},
				Type:    "channel", URL: "https://www.youtube.com/channel/" + url.PathEscape(c.ID), Avatar: c.Snippet.Thumbnails.Default.URL,
			}
			if c.Status.Linked != nil && !*c.Status.Linked {
				choice.Problem = "the Google account is not linked to this channel, so that it cannot publish"
			}
			g.Choices = append(g.Choices, choice)
		}
		if len(g.Choices) == 0 {
			g.Notes = append(g.Notes, "This Google account has no YouTube channel. Open youtube.com with it and create one, or choose the brand account when Google asks.")
		}
		return g, nil
	}
}

// googleErrors tells an account without a channel from a token that is dead.
//
// https://developers.google.com/youtube/v3/docs/errors
func googleErrors(a *httpx.Response) *parvis.Error {
	switch body := string(a.Body); {
	case a.Status < 400:
		return nil
	case strings.Contains(body, "youtubeSignupRequired"):
		return &parvis.Error{
			Code: parvis.ErrPermission, Vendor: "youtubeSignupRequired", Message: "the Google account has no YouTube channel",
			Help: "open youtube.com with it and create one, then connect again",
		}
	case a.Status == http.StatusForbidden && (strings.Contains(body, "quotaExceeded") || strings.Contains(body, "dailyLimitExceeded")):
		return &parvis.Error{
			Code: parvis.ErrRateLimited, Vendor: "quotaExceeded", Message: "the application has used up its quota of the day",
			Help: "wait for midnight in California, or ask Google for more",
		}
	}
	return nil
}

// threadsAccount asks Threads who the token's person is.
//
// https://developers.facebook.com/docs/threads/threads-profiles
func threadsAccount(s Site) Lister {
	return metaMe("threads", s, "id,username,name,threads_profile_picture_url", "https://www.threads.net/@")
}

// instagramAccount asks Instagram who the token's account is.
//
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started
func instagramAccount(s Site) Lister {
	return metaMe("instagram", s, "user_id,username,name,account_type,profile_picture_url", "https://www.instagram.com/")
}

func metaMe(n parvis.Network, s Site, fields, profile string) Lister {
	return func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Grant, error) {
		var me struct {
			ID       string `json:"id"`
			User     string `json:"user_id"`
			Username string `json:"username"`
			Name     string `json:"name"`
			Threads  string `json:"threads_profile_picture_url"`
			Picture  string `json:"profile_picture_url"`
		}
		a := newAsker(n, o, t)
		a.errors = graphErrors
		err := a.get(ctx, s.API+"/"+s.Version+"/me", url.Values{"fields": {fields}}, &me)
		if err == nil && first(me.User, me.ID) == "" {
			err = a.fault("connect", parvis.ErrBadAnswer, "the network does not say who the account is", "try again later")
		}
		if err != nil {
			return providers.Grant{}, err
		}
		return one(providers.Choice{
			Account: parvis.Account{Network: n, ID: first(me.User, me.ID), Handle: me.Username, Name: me.Name},
			Type:    "profile", URL: profile + url.PathEscape(me.Username), Avatar: first(me.Threads, me.Picture),
		}), nil
	}
}
