package oauth

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// maxPages bounds how many answers of one list are read.
const maxPages = 1000

// edge lists an edge of the Graph API. An answer without data goes on as long as there is
// a next one.
//
// https://developers.facebook.com/docs/graph-api/results
func edge[T any](ctx context.Context, g *graph, path, token string, q url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		query := url.Values{"limit": {"100"}}
		maps.Copy(query, q)
		seen := map[string]bool{}
		for range maxPages {
			var page struct {
				Data   []T `json:"data"`
				Paging struct {
					Next string `json:"next"`
				} `json:"paging"`
			}
			if err := g.get(ctx, path, token, query, &page); err != nil {
				yield(zero, err)
				return
			}
			for _, x := range page.Data {
				if !yield(x, nil) {
					return
				}
			}
			if page.Paging.Next == "" || seen[page.Paging.Next] {
				return
			}
			seen[page.Paging.Next] = true
			next, ok := nextQuery(page.Paging.Next)
			if !ok {
				return
			}
			query = next
		}
	}
}

// nextQuery is the query of a link to the next answer, without the credentials that
// Facebook puts into it: those are sent anew.
func nextQuery(link string) (url.Values, bool) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, false
	}
	q := u.Query()
	q.Del("access_token")
	q.Del("appsecret_proof")
	return q, len(q) > 0
}

// page is a page of Facebook, as the person who connects sees it.
//
// https://developers.facebook.com/docs/graph-api/reference/page
type page struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Username  string   `json:"username"`
	Token     string   `json:"access_token"`
	Tasks     []string `json:"tasks"`
	Link      string   `json:"link"`
	Published *bool    `json:"is_published"`
	Picture   struct {
		Data struct {
			URL string `json:"url"`
		} `json:"data"`
	} `json:"picture"`
	Instagram *struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Picture  string `json:"profile_picture_url"`
	} `json:"instagram_business_account"`
}

const (
	pageFields      = "id,name,username,access_token,tasks,link,is_published,picture{url}"
	instagramFields = ",instagram_business_account{id,username,name,profile_picture_url}"
)

// business is a business portfolio.
type business struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// pages finds the pages by both ways, each once, and says in notes what may be missing.
//
// https://developers.facebook.com/docs/graph-api/reference/user/accounts
// https://developers.facebook.com/docs/graph-api/reference/business/owned_pages
func (g *graph) pages(ctx context.Context, user parvis.Token, grant *providers.Grant) error {
	found := map[string]page{}
	var order []string
	add := func(p page) {
		old, there := found[p.ID]
		if !there {
			order = append(order, p.ID)
		}
		if !there || old.Token == "" && p.Token != "" {
			found[p.ID] = p
		}
	}
	fields := url.Values{"fields": {g.fields()}}
	for p, err := range edge[page](ctx, g, "/me/accounts", user.Value, fields) {
		if err != nil {
			return err
		}
		add(p)
	}
	if err := g.businessPages(ctx, user, grant, add); err != nil {
		return err
	}
	for _, id := range order {
		grant.Choices = append(grant.Choices, g.choices(found[id], user)...)
	}
	grant.Notes = append(grant.Notes, missing(found, user)...)
	return nil
}

func (g *graph) fields() string {
	if g.m.Instagram {
		return pageFields + instagramFields
	}
	return pageFields
}

// businessPages finds the pages that the person reaches through a business only. What a
// business refuses is a note; a failure is one of the whole.
func (g *graph) businessPages(ctx context.Context, user parvis.Token, grant *providers.Grant, add func(page)) error {
	if !slices.Contains(user.Scopes, "business_management") {
		grant.Notes = append(grant.Notes, "Pages that are reached through a business portfolio are not listed: business_management was not granted.")
		return nil
	}
	for b, err := range edge[business](ctx, g, "/me/businesses", user.Value, nil) {
		if refused(err) {
			grant.Notes = append(grant.Notes, "The business portfolios of the person could not be listed: "+note(err)+".")
			return nil
		}
		if err != nil {
			return err
		}
		for _, kind := range []string{"owned_pages", "client_pages"} {
			if err := g.businessEdge(ctx, user, b, kind, add); refused(err) {
				grant.Notes = append(grant.Notes, "The pages of "+clean(b.Name)+" ("+kind+") could not be listed: "+note(err)+".")
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *graph) businessEdge(ctx context.Context, user parvis.Token, b business, kind string, add func(page)) error {
	fields := url.Values{"fields": {g.fields()}}
	for p, err := range edge[page](ctx, g, "/"+url.PathEscape(b.ID)+"/"+kind, user.Value, fields) {
		if err != nil {
			return err
		}
		add(p)
	}
	return nil
}

// refused tells a refusal of one list from a failure of the network.
func refused(err error) bool {
	switch parvis.CodeOf(err) {
	case parvis.ErrPermission, parvis.ErrNotFound, parvis.ErrInvalid, parvis.ErrUnsupported:
		return true
	}
	return false
}

func note(err error) string { return string(parvis.CodeOf(err)) }

// choices are the page, and the Instagram account on it.
func (g *graph) choices(p page, user parvis.Token) []providers.Choice {
	t := parvis.Token{Value: p.Token, Scopes: user.Scopes, Extra: map[string]string{ExtraIssued: stamp(time.Now())}}
	t.Extra = with(t.Extra, ExtraUser, user.Extra[ExtraUser])
	t.Extra = with(t.Extra, ExtraDataExpiry, user.Extra[ExtraDataExpiry])
	one := providers.Choice{
		Account: parvis.Account{Network: g.m.Manifest.Network, ID: p.ID, Handle: first(p.Username, p.ID), Name: p.Name},
		Token:   t, Type: "page", URL: p.Link, Avatar: p.Picture.Data.URL, Problem: p.problem(),
	}
	all := []providers.Choice{one}
	if ig := p.Instagram; g.m.Instagram && ig != nil && ig.ID != "" {
		two := one
		two.Account = parvis.Account{Network: "instagram", ID: ig.ID, Handle: first(ig.Username, ig.ID), Name: ig.Name}
		two.Token.Extra = with(t.Extra, ExtraPage, p.ID)
		two.Type, two.URL, two.Avatar = "instagram account", "", ig.Picture
		if ig.Username != "" {
			two.URL = "https://www.instagram.com/" + url.PathEscape(ig.Username) + "/"
		}
		all = append(all, two)
	}
	return all
}

// problem is why a page cannot be connected, or only partly. The tasks are those of
// https://developers.facebook.com/docs/pages-api/overview#tasks.
func (p page) problem() string {
	can := func(task string) bool { return slices.Contains(p.Tasks, task) || slices.Contains(p.Tasks, "MANAGE") }
	switch {
	case p.Token == "":
		return "the person has no role on this page: an administrator of the business must assign it to them"
	case p.Published != nil && !*p.Published:
		return "the page is not published"
	case p.Tasks != nil && !can("CREATE_CONTENT") && !can("PROFILE_PLUS_CREATE_CONTENT"):
		return "the person may not publish on this page: the task CREATE_CONTENT is missing"
	case p.Tasks != nil && !can("MODERATE") && !can("PROFILE_PLUS_MODERATE"):
		return "the person may not moderate this page: the task MODERATE is missing"
	}
	return ""
}

// missing explains pages that are not there.
func missing(found map[string]page, user parvis.Token) []string {
	var lost []string
	for id := range strings.FieldsSeq(user.Extra[keepTicked]) {
		if _, ok := found[id]; !ok {
			lost = append(lost, id)
		}
	}
	var notes []string
	if len(lost) > 0 {
		notes = append(notes, "Pages were ticked in the dialog and cannot be read, because they were deleted or the person lost their role: "+strings.Join(lost, ", ")+".")
	}
	if len(found) == 0 {
		return append(notes, "No page was found: the person has a role on none, or ticked none in Facebook's dialog. Connect again and choose Edit settings there.")
	}
	return append(notes, "A page that is missing was not ticked in Facebook's dialog: connect again and choose Edit settings there.")
}

// Inspect tells how a page or Instagram account is, whose token t is: whether it is still
// there, the token alive, and the access to data open. A page that was deleted, a removed
// application and a person who lost the role are [providers.Lost]. The error is ctx's alone.
func (m *Meta) Inspect(ctx context.Context, a parvis.Account, t parvis.Token) (providers.Health, error) {
	g := m.run()
	g.account = a
	h := providers.Health{Account: a, Condition: providers.Healthy, Time: time.Now(), Granted: t.Scopes, API: m.version(), Expiry: MustAct(t)}
	h.Lacks = m.Manifest.Lacking(t.Scopes, nil)
	if len(h.Lacks) > 0 {
		h.Condition = providers.Limited
	}
	var raw json.RawMessage
	err := g.get(ctx, "/"+url.PathEscape(a.ID), t.Value, url.Values{"fields": {"id"}}, &raw)
	if ctx.Err() != nil {
		return providers.Health{}, ctx.Err()
	}
	if code := parvis.CodeOf(err); code == parvis.ErrNotFound || code == parvis.ErrPermission {
		h = Diagnose(h, err)
		h.Condition = providers.Lost
		return h, nil
	}
	return Expiring(Diagnose(h, err)), nil
}
