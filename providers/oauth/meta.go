package oauth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
)

// The versions of the Graph API when this was written; see
// https://developers.facebook.com/docs/graph-api/changelog.
const (
	// GraphVersion is the newest.
	GraphVersion = "v26.0"
	// GraphFloor is the oldest that lives, until 21 January 2027.
	GraphFloor = "v21.0"
)

// Meta's lives of tokens; see https://developers.facebook.com/docs/facebook-login/auth-vs-data
// and https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived.
const (
	metaUserLife = 60 * 24 * time.Hour
	metaDataLife = 90 * 24 * time.Hour
)

// Meta is Facebook Login: a person grants, and the pages that they work for, with the
// Instagram accounts on them, are what can be chosen. Each page has a token of its own,
// which does not expire, cannot be renewed, and dies with the person's password, role or
// grant. The access to data ends 90 days after the person last used the application;
// [MustAct] tells when.
//
// It is no [providers.Revoker]: Facebook can only take back all that a person granted, and
// that would end every other page of that person; see [Meta.Deauthorize].
//
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
type Meta struct {
	// Manifest describes the network; its scopes are asked for, by power.
	Manifest providers.Manifest
	// Name names the flow; the network if empty. Way is "Facebook Login" if empty.
	Name, Way string
	// App is the application.
	App App
	// Version is the version of the Graph API, such as "v26.0"; [GraphVersion] if empty.
	Version string
	// Floor is the oldest version that is accepted as Version; [GraphFloor] if empty.
	Floor string
	// Dialog and Graph are the hosts; https://www.facebook.com and
	// https://graph.facebook.com if empty.
	Dialog, Graph string
	// Config is the config_id of Facebook Login for Business, which then decides the
	// scopes; empty asks for scopes.
	Config string
	// Scopes are asked for whatever the powers; nil is pages_show_list and business_management.
	Scopes []string
	// Instagram adds the professional Instagram accounts of the pages to the choices.
	Instagram bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var _ providers.Flow = (*Meta)(nil)

// Form describes the network. There is nothing to fill in.
func (m *Meta) Form() providers.Form {
	return providers.Form{
		Manifest: m.Manifest, Way: cmp.Or(m.Way, "Facebook Login"), Name: cmp.Or(m.Name, string(m.Manifest.Network)),
	}
}

func (m *Meta) version() string { return cmp.Or(m.Version, GraphVersion) }

// graph is one run against the Graph API.
type graph struct {
	*wire
	m   *Meta
	app string // the token of the application
}

func (m *Meta) run() *graph {
	return &graph{newWire(parvis.Account{Network: m.Manifest.Network}, m.Options), m, m.App.ID + "|" + m.App.Secret}
}

// Start makes the address of the dialog. A version below Floor gives
// [parvis.ErrAPIVersionRetired], anything else that is wrong [parvis.ErrInvalid].
func (m *Meta) Start(_ context.Context, in providers.Input) (providers.Step, error) {
	g := m.run()
	s := m.server()
	if err := checkStart(g.wire, m.App, s, in); err != nil {
		return providers.Step{}, err
	}
	if err := g.checkVersion(); err != nil {
		return providers.Step{}, err
	}
	always := m.Scopes
	if always == nil {
		always = []string{"pages_show_list", "business_management"}
	}
	scopes, err := wanted(g.wire, m.Manifest, always, in.Powers)
	if err != nil {
		return providers.Step{}, err
	}
	conf := oauth2.Config{ClientID: m.App.ID, Endpoint: s.Endpoint, RedirectURL: in.Callback}
	opt := oauth2.SetAuthURLParam("scope", strings.Join(scopes, ","))
	if m.Config != "" {
		opt = oauth2.SetAuthURLParam("config_id", m.Config)
	}
	keep := map[string]string{keepRedirect: in.Callback, keepScope: strings.Join(scopes, " ")}
	return providers.Step{URL: conf.AuthCodeURL(in.State, opt), Keep: keep}, nil
}

func (m *Meta) server() Server {
	return Server{
		Endpoint: oauth2.Endpoint{AuthURL: cmp.Or(m.Dialog, "https://www.facebook.com") + "/" + m.version() + "/dialog/oauth"},
		NoPKCE:   true, Page: metaPage, Redirect: "the redirect URIs of Facebook Login",
	}
}

// checkVersion refuses what is not a version, or below the floor.
func (g *graph) checkVersion() error {
	v, ok := graphVersion(g.m.version())
	floor, okFloor := graphVersion(cmp.Or(g.m.Floor, GraphFloor))
	if !ok || !okFloor {
		return g.fault("connect", parvis.ErrInvalid, "the version of the Graph API is wrong", "write it as "+GraphVersion)
	}
	if v < floor {
		return g.retired(cmp.Or(g.m.Floor, GraphFloor))
	}
	return nil
}

func (g *graph) retired(floor string) error {
	return g.fault("connect", parvis.ErrAPIVersionRetired, "Facebook no longer speaks version "+g.m.version()+" of the Graph API",
		"configure version "+floor+" or newer")
}

// graphVersion reads "v26.0".
func graphVersion(s string) (float64, bool) {
	v, ok := strings.CutPrefix(s, "v")
	n, err := strconv.ParseFloat(v, 64)
	return n, ok && err == nil && n > 0 && n < 1000 && versionIn.MatchString(s)
}

// get asks the Graph API below the version. token goes with its appsecret_proof, unless it
// is empty.
//
// https://developers.facebook.com/docs/graph-api/guides/secure-requests
func (g *graph) get(ctx context.Context, path, token string, q url.Values, out any) error {
	c := call{op: "connect", url: g.base() + path, query: maps.Clone(q), errors: graphErrors, secrets: []string{token, g.app, g.m.App.Secret}}
	if token != "" {
		c.auth = bearer(token)
		if c.query == nil {
			c.query = url.Values{}
		}
		c.query.Set("appsecret_proof", Proof(token, g.m.App.Secret))
	}
	resp, err := g.do(ctx, c, out)
	if newer := g.answered(resp); newer != "" && parvis.CodeOf(err) != parvis.ErrRateLimited && parvis.CodeOf(err) != parvis.ErrUnavailable {
		return g.retired(newer)
	}
	return err
}

func (g *graph) base() string {
	return strings.TrimRight(cmp.Or(g.m.Graph, "https://graph.facebook.com"), "/") + "/" + g.m.version()
}

// answered is the version that answered, if that is newer than the one that was asked:
// calls to a version that is over are answered by the oldest that lives.
//
// https://developers.facebook.com/docs/graph-api/guides/versioning
func (g *graph) answered(resp *httpx.Response) string {
	if resp == nil {
		return ""
	}
	said := resp.Header.Get("Facebook-Api-Version")
	by, ok := graphVersion(said)
	asked, _ := graphVersion(g.m.version())
	if !ok || by <= asked {
		return ""
	}
	return said
}

// Proof is the appsecret_proof of a token: the hexadecimal HMAC-SHA256 of the token under
// the secret of the application.
//
// https://developers.facebook.com/docs/graph-api/guides/secure-requests
func Proof(token, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// Finish exchanges the code for a token of an hour, that for one of 60 days, and lists the
// pages with their own tokens. A person who declines gives [parvis.ErrPermission].
func (m *Meta) Finish(ctx context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	g := m.run()
	code, err := m.server().callback(g.wire, back, s.Keep[keepRedirect])
	if err != nil {
		return providers.Grant{}, err
	}
	user, err := g.user(ctx, s, code)
	if err != nil {
		return providers.Grant{}, err
	}
	granted, declined, err := g.permissions(ctx, user.Value)
	if err != nil {
		return providers.Grant{}, err
	}
	user.Scopes = granted
	grant := providers.Grant{Scopes: granted}
	if len(declined) > 0 {
		grant.Notes = append(grant.Notes, "Declined in Facebook's dialog: "+strings.Join(declined, ", ")+".")
	}
	if err := g.pages(ctx, user, &grant); err != nil {
		return providers.Grant{}, err
	}
	g.note(&grant)
	return grant, nil
}

// user goes from the code to the long-lived token of the person.
func (g *graph) user(ctx context.Context, s providers.Step, code string) (parvis.Token, error) {
	q := url.Values{"client_id": {g.m.App.ID}, "client_secret": {g.m.App.Secret}, "redirect_uri": {s.Keep[keepRedirect]}, "code": {code}}
	short, err := g.exchange(ctx, q, true)
	if err != nil {
		return parvis.Token{}, restart(g.changed(err))
	}
	q = url.Values{
		"grant_type": {"fb_exchange_token"}, "client_id": {g.m.App.ID}, "client_secret": {g.m.App.Secret},
		"fb_exchange_token": {short.access},
	}
	long, err := g.exchange(ctx, q, false)
	if err != nil {
		return parvis.Token{}, err
	}
	now := time.Now()
	t := Server{TokenLife: metaUserLife}.token(long, nil, now)
	t.Extra[ExtraDataExpiry] = stamp(now.Add(metaDataLife))
	return g.inspect(ctx, t)
}

// exchange asks the token endpoint, which takes GET. A code must be sent once only.
//
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
func (g *graph) exchange(ctx context.Context, q url.Values, once bool) (answer, error) {
	c := call{op: "connect", method: http.MethodGet, url: g.base() + "/oauth/access_token", query: q, errors: graphErrors, once: once}
	c.secrets = []string{g.m.App.Secret, q.Get("code"), q.Get("fb_exchange_token")}
	resp, err := g.do(ctx, c, nil)
	if newer := g.answered(resp); newer != "" && err == nil {
		return answer{}, g.retired(newer)
	}
	if err != nil {
		return answer{}, err
	}
	return parseOr(g.wire, "connect", resp)
}

// debugged is what Facebook says of a token.
//
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
type debugged struct {
	User     string `json:"user_id"`
	Expires  int64  `json:"expires_at"`
	Data     int64  `json:"data_access_expires_at"`
	Granular []struct {
		Scope   string   `json:"scope"`
		Targets []string `json:"target_ids"`
	} `json:"granular_scopes"`
}

// keepTicked is where the pages that were ticked in the dialog are kept while a flow runs.
const keepTicked = "ticked"

// inspect sets what the exchange does not tell: whose token it is, when it ends, and which
// pages were ticked. Facebook's clock counts. What cannot be had is left at its usual life.
func (g *graph) inspect(ctx context.Context, t parvis.Token) (parvis.Token, error) {
	var d struct {
		Data debugged `json:"data"`
	}
	err := g.get(ctx, "/debug_token", g.app, url.Values{"input_token": {t.Value}}, &d)
	switch parvis.CodeOf(err) {
	case "":
	case parvis.ErrAPIVersionRetired, parvis.ErrInvalid:
		return t, err
	default:
		return t, nil // what it tells is worth having, not worth failing for
	}
	t.Extra = with(t.Extra, ExtraUser, d.Data.User)
	if d.Data.Expires > 0 {
		t.Expiry = time.Unix(d.Data.Expires, 0).UTC()
	}
	if d.Data.Data > 0 {
		t.Extra[ExtraDataExpiry] = stamp(time.Unix(d.Data.Data, 0))
	}
	for _, gr := range d.Data.Granular {
		if gr.Scope == "pages_show_list" {
			t.Extra = with(t.Extra, keepTicked, strings.Join(gr.Targets, " "))
		}
	}
	return t, nil
}

// permissions lists what the person granted and declined.
//
// https://developers.facebook.com/docs/facebook-login/guides/permissions
func (g *graph) permissions(ctx context.Context, token string) (granted, declined []string, err error) {
	granted = []string{}
	for one, err := range edge[struct {
		Permission string `json:"permission"`
		Status     string `json:"status"`
	}](ctx, g, "/me/permissions", token, nil) {
		switch {
		case err != nil:
			return nil, nil, err
		case one.Status == "granted":
			granted = append(granted, one.Permission)
		default:
			declined = append(declined, one.Permission)
		}
	}
	slices.Sort(granted)
	return granted, declined, nil
}

// Deauthorize takes back all that the person granted who connected the account, for every
// page and Instagram account of that person. It does not need a token that is alive.
//
// https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
func (m *Meta) Deauthorize(ctx context.Context, a parvis.Account, t parvis.Token) error {
	g := m.run()
	g.account = a
	user := t.Extra[ExtraUser]
	if user == "" {
		return g.fault("revoke", parvis.ErrInvalid, "it is not known who connected the account", "the person can remove the application under Business integrations in the settings of Facebook")
	}
	c := call{
		op: "revoke", method: http.MethodDelete, url: g.base() + "/" + url.PathEscape(user) + "/permissions", safe: true,
		auth: bearer(g.app), query: url.Values{"appsecret_proof": {Proof(g.app, m.App.Secret)}}, errors: graphErrors, secrets: []string{g.app, m.App.Secret},
	}
	_, err := g.do(ctx, c, nil)
	return err
}
