package wordpress

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// The keys of Token.Extra, of Step.Keep and of the fields of the forms.
const (
	keySite     = "site"
	keyUser     = "user"
	keyPassword = "password"
	keyPage     = "page"
)

// Flow connects accounts by the page with which a site makes an application password:
// people log in there as always and approve. It is a [providers.Flow] and a
// [providers.Revoker].
//
// https://make.wordpress.org/core/2020/11/05/application-passwords-integration-guide/
type Flow struct {
	// Name is what the site calls the application, in its list of passwords too; "parvis"
	// if empty. WordPress wants names to be unique for each user.
	Name string
	// ID is a UUID that is always the same for the application, by which the site tells
	// its passwords from those of others. It may be empty.
	ID string
	// Local allows sites on this machine and in private networks, and http on this machine.
	// Without it and without an HTTPClient of one's own, names that lead to private
	// addresses are refused.
	Local bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

// PasswordFlow connects accounts by an application password that somebody made in their
// profile and types. It is a [providers.Flow] and a [providers.Revoker].
type PasswordFlow struct {
	// Local is that of [Flow].
	Local bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var (
	_ providers.Flow    = Flow{}
	_ providers.Revoker = Flow{}
	_ providers.Flow    = PasswordFlow{}
	_ providers.Revoker = PasswordFlow{}
)

func siteField() providers.Field {
	return providers.Field{Name: keySite, Label: "Site", Help: "the address of the site", Example: "blog.acme.example"}
}

// Form asks for the site.
func (f Flow) Form() providers.Form {
	return providers.Form{Manifest: Manifest(), Way: "application password", Name: string(Network), Fields: []providers.Field{siteField()}}
}

// Form asks for the site, the login name and the password.
func (f PasswordFlow) Form() providers.Form {
	return providers.Form{
		Manifest: Manifest(), Way: "application password, typed", Name: string(Network) + "-password",
		Fields: []providers.Field{
			siteField(),
			{Name: keyUser, Label: "User", Help: "the login name or e-mail address, not the name of the application"},
			{Name: keyPassword, Label: "Application password", Help: "made in the user's profile, under Application Passwords", Example: "abcd EFGH 1234 ijkl MNOP 5678", Secret: true},
		},
	}
}

func flowOptions(o *providers.Options, local bool) *providers.Options {
	var out providers.Options
	if o != nil {
		out = *o
	}
	if out.HTTPClient == nil && !local {
		out.HTTPClient = oauth.PublicOnly()
	}
	return &out
}

// readSite reads the address of a site.
func readSite(typed string, local bool) (string, error) {
	u, err := oauth.ParseAddress(typed, local)
	if err != nil {
		return "", parvis.In(err, parvis.Account{Network: Network}, "connect", parvis.ErrInvalid)
	}
	for _, tail := range []string{"/wp-admin", "/wp-login.php", "/wp-json"} {
		if i := strings.Index(u.Path+"/", tail+"/"); i >= 0 {
			u.Path = u.Path[:i]
		}
	}
	return u.String(), nil
}

func fault(site string, code parvis.Code, message, help string) *parvis.Error {
	a := parvis.Account{Network: Network, Host: hostOf(site)}
	return &parvis.Error{Op: "connect", Network: Network, Account: a.String(), Code: code, Message: message, Help: help}
}

// hostOf is a site's host and path.
func hostOf(site string) string {
	_, host, _ := strings.Cut(site, "://")
	return host
}

// uuid is the form of the parameter app_id.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Start asks the site where it makes passwords. A site that makes none, because it is not
// reached by https or a plugin switched them off, gives [parvis.ErrUnsupported].
//
// https://developer.wordpress.org/reference/functions/rest_add_application_passwords_to_index/
func (f Flow) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	site, err := readSite(in.Values[keySite], f.Local)
	if err != nil {
		return providers.Step{}, err
	}
	back, err := url.Parse(in.Callback)
	switch {
	case err != nil || back.Host == "" || back.Fragment != "":
		return providers.Step{}, fault(site, parvis.ErrInvalid, "the address to come back to is not absolute", "write it as https://host/path")
	case back.Scheme != "https" && strings.HasPrefix(site, "https://"):
		return providers.Step{}, fault(site, parvis.ErrInvalid, "WordPress leads back to https only", "give an address to come back to that begins with https")
	case in.State == "":
		return providers.Step{}, fault(site, parvis.ErrInvalid, "there is no state", "give a random one, and check it when the browser comes back")
	case f.ID != "" && !uuid.MatchString(f.ID):
		return providers.Step{}, fault(site, parvis.ErrInvalid, "the ID of the application is not a UUID", "make one, and keep it")
	}
	page, err := f.page(ctx, site)
	if err != nil {
		return providers.Step{}, err
	}
	q := page.Query()
	q.Set("app_name", cmp.Or(f.Name, "parvis"))
	if f.ID != "" {
		q.Set("app_id", f.ID)
	}
	q.Set("success_url", withQuery(back, "state", in.State))
	q.Set("reject_url", withQuery(back, "state", in.State, "success", "false"))
	host := page.Host
	page.RawQuery = q.Encode()
	return providers.Step{URL: page.String(), Keep: map[string]string{keySite: site, keyPage: host}}, nil
}

func withQuery(u *url.URL, pairs ...string) string {
	c := *u
	q := c.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	c.RawQuery = q.Encode()
	return c.String()
}

// page finds the page that makes passwords.
func (f Flow) page(ctx context.Context, site string) (*url.URL, error) {
	ix, err := index(ctx, site, flowOptions(f.Options, f.Local))
	if err != nil {
		return nil, err
	}
	if ix.Authorize == "" {
		e := fault(site, parvis.ErrUnsupported, "the site makes no application passwords",
			"reach the site by https, update WordPress to 5.6 at least, and see whether a plugin switches application passwords off")
		return nil, e
	}
	page, err := url.Parse(string(ix.Authorize))
	if err != nil || page.Host == "" || page.Scheme != "https" && !strings.HasPrefix(site, "http://") || page.User != nil {
		return nil, fault(site, parvis.ErrUnsupported, "the site says that its own pages are not reached by https", "set the addresses in the site's settings to https")
	}
	return page, nil
}

// index reads the site's description of itself, without a login.
func index(ctx context.Context, site string, o *providers.Options) (api.Index, error) {
	u, err := url.Parse(site)
	if err != nil {
		return api.Index{}, fault(site, parvis.ErrInvalid, "the site is not an address", "write it as https://blog.example")
	}
	c := &Client{cfg: withDefaults(Config{Site: site}), host: hostOf(site), me: api.NewLazy[api.User](), last: api.NewLazy[api.User]()}
	w := c.wire(u, o)
	w.Auth, w.Secrets = nil, nil
	h, err := httpx.New(w)
	if err != nil {
		return api.Index{}, parvis.In(err, c.Account(), "connect", parvis.ErrInvalid)
	}
	a, err := api.New(h, u, "")
	if err != nil {
		return api.Index{}, parvis.In(err, c.Account(), "connect", parvis.ErrInvalid)
	}
	ix, err := a.Index(ctx, "connect")
	return ix, parvis.In(err, c.Account(), "connect", parvis.ErrUnavailable)
}

// Finish checks the password that the browser brought. People who reject give
// [parvis.ErrPermission]; a password of another site is refused with [parvis.ErrInvalid],
// and sent to nobody.
func (f Flow) Finish(ctx context.Context, s providers.Step, back url.Values) (providers.Grant, error) {
	site := s.Keep[keySite]
	user, password := back.Get("user_login"), back.Get("password")
	switch {
	case site == "":
		return providers.Grant{}, fault(site, parvis.ErrInvalid, "the step is not one of this flow", "start connecting again")
	case back.Get("error") == "disabled":
		return providers.Grant{}, fault(site, parvis.ErrUnsupported, "the site does not let this person have application passwords", "ask whoever runs the site to allow them for the user")
	case back.Get("success") == "false":
		return providers.Grant{}, fault(site, parvis.ErrPermission, "the person declined", "start connecting again, and approve")
	case user == "" || bare(password) == "":
		return providers.Grant{}, fault(site, parvis.ErrInvalid, "the browser came back without a password", "start connecting again, and do not shorten the address")
	}
	from, err := url.Parse(back.Get("site_url"))
	if err != nil || !sameSite(from.Host, hostOf(site)) && !sameSite(from.Host, s.Keep[keyPage]) {
		return providers.Grant{}, fault(site, parvis.ErrInvalid, "the password is that of another site", "start connecting again")
	}
	return login(ctx, site, user, password, flowOptions(f.Options, f.Local))
}

// sameSite compares hosts, with and without www.
func sameSite(a, b string) bool {
	b, _, _ = strings.Cut(b, "/")
	trim := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "www.") }
	return a != "" && trim(a) == trim(b)
}

// Start checks what was typed. A wrong password gives [parvis.ErrAuth].
func (f PasswordFlow) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	site, err := readSite(in.Values[keySite], f.Local)
	if err != nil {
		return providers.Step{}, err
	}
	user, password := strings.TrimSpace(in.Values[keyUser]), strings.TrimSpace(in.Values[keyPassword])
	if user == "" || bare(password) == "" || strings.Contains(user, ":") {
		return providers.Step{}, fault(site, parvis.ErrInvalid, "the login name or password is missing", "fill in both; the password is made in the user's profile")
	}
	g, err := login(ctx, site, user, password, flowOptions(f.Options, f.Local))
	if err != nil {
		return providers.Step{}, err
	}
	return providers.Step{Grant: &g}, nil
}

// Finish is never needed, and gives [parvis.ErrUnsupported].
func (f PasswordFlow) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, fault("", parvis.ErrUnsupported, "this way of connecting has no visit to come back from", "take the grant of its start")
}

// login asks the site who that is.
//
// https://developer.wordpress.org/rest-api/reference/users/#retrieve-a-user-2
func login(ctx context.Context, site, user, password string, o *providers.Options) (providers.Grant, error) {
	c, err := New(Config{Site: site, User: user, Password: password}, o)
	if err != nil {
		return providers.Grant{}, err
	}
	me, err := c.whoami(ctx, "connect")
	if err != nil {
		return providers.Grant{}, parvis.In(err, c.Account(), "connect", parvis.ErrUnavailable)
	}
	t := parvis.Token{Value: password, Type: "Basic", Scopes: granted(me), Extra: map[string]string{keyUser: cmp.Or(me.Username, user), keySite: site}}
	ch := providers.Choice{Account: c.Account(), Token: t, Type: "site", URL: site + "/", Avatar: me.Avatars["96"]}
	switch {
	case !me.Capabilities["edit_posts"]:
		ch.Problem = "the role " + strings.Join(me.Roles, ", ") + " may not write posts: " + helpRole
	case !me.Capabilities["publish_posts"]:
		ch.Problem = "the role " + strings.Join(me.Roles, ", ") + " may write posts, but not publish them: " + helpRole
	}
	return providers.Grant{Choices: []providers.Choice{ch}, Scopes: t.Scopes}, nil
}

// Revoke deletes the application password at the site.
//
// https://developer.wordpress.org/rest-api/reference/application-passwords/#delete-a-application-password
func (f Flow) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	return revoke(ctx, a, t, flowOptions(f.Options, f.Local))
}

// Revoke deletes the application password at the site.
func (f PasswordFlow) Revoke(ctx context.Context, a parvis.Account, t parvis.Token) error {
	return revoke(ctx, a, t, flowOptions(f.Options, f.Local))
}

func revoke(ctx context.Context, a parvis.Account, t parvis.Token, o *providers.Options) error {
	c, err := New(Config{Site: cmp.Or(t.Extra[keySite], "https://"+a.Host), User: t.Extra[keyUser], Password: t.Value, Client: a.Client}, o)
	if err != nil {
		return parvis.In(err, a, "revoke", parvis.ErrInvalid)
	}
	const list = "/wp/v2/users/me/application-passwords"
	var used struct {
		UUID string `json:"uuid"`
	}
	_, err = c.api.Do(ctx, api.Call{Op: "revoke", Route: list + "/introspect"}, &used)
	if err == nil && !uuid.MatchString(used.UUID) {
		err = &parvis.Error{Op: "revoke", Code: parvis.ErrBadAnswer, Message: "the site does not say which password it is", Help: "delete it in the user's profile"}
	}
	if err == nil {
		_, err = c.api.Do(ctx, api.Call{Op: "revoke", Method: http.MethodDelete, Route: list + "/" + used.UUID, Endpoint: list + "/:uuid", Safe: true}, nil)
	}
	e, _ := errors.AsType[*parvis.Error](err)
	switch parvis.CodeOf(err) {
	case parvis.ErrAuth:
		return nil // it is gone already
	case parvis.ErrUnsupported, parvis.ErrNotFound:
		if e.Vendor == "rest_application_password_not_found" {
			return nil
		}
		c := *e
		c.Code, c.Help = parvis.ErrUnsupported, "delete the application password in the user's profile"
		err = &c
	}
	return parvis.In(err, c.Account(), "revoke", parvis.ErrUnavailable)
}
