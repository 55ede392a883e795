package mastodon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/oauth"
)

// endpoints are what a server says of its authorization server.
//
// https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata
type endpoints struct {
	Issuer    string   `json:"issuer,omitempty"`
	IssuerIs  bool     `json:"authorization_response_iss_parameter_supported,omitempty"`
	Authorize string   `json:"authorization_endpoint"`
	Token     string   `json:"token_endpoint"`
	Revoke    string   `json:"revocation_endpoint"`
	Register  string   `json:"app_registration_endpoint"`
	Scopes    []string `json:"scopes_supported,omitempty"`
	PKCE      []string `json:"code_challenge_methods_supported,omitempty"`
}

// registration is what a server knows the application by.
type registration struct {
	ID     string   `json:"client_id"`
	Secret string   `json:"client_secret"`
	Scopes []string `json:"scopes"`
}

// discover asks for the server's endpoints. Servers before 4.3.0, and those of other makes,
// do not tell; theirs are where the documentation has them.
func discover(ctx context.Context, h *httpx.Client, base string) (endpoints, error) {
	usual := endpoints{Authorize: base + "/oauth/authorize", Token: base + "/oauth/token", Revoke: base + "/oauth/revoke", Register: base + "/api/v1/apps"}
	var at endpoints
	_, err := h.JSON(ctx, httpx.Request{Path: "/.well-known/oauth-authorization-server", Op: "connect"}, &at)
	e, failed := errors.AsType[*parvis.Error](err)
	switch {
	case failed && (e.Status >= 300 && e.Status < 400 || e.Code == parvis.ErrUnavailable || e.Code == parvis.ErrRateLimited):
		return endpoints{}, err
	case failed:
		return usual, nil
	case err != nil:
		return endpoints{}, err
	}
	for _, p := range []struct{ to, from *string }{
		{&at.Authorize, &usual.Authorize}, {&at.Token, &usual.Token}, {&at.Revoke, &usual.Revoke}, {&at.Register, &usual.Register},
	} {
		if *p.to == "" {
			*p.to = *p.from
		}
		if *p.to != base && !strings.HasPrefix(*p.to, base+"/") {
			return endpoints{}, fault(base, parvis.ErrInvalid, "the server says that its endpoints are on another host", "give the address that the server's own pages have")
		}
	}
	return at, nil
}

// app returns the registration with the server, from memory if the server still knows it.
func (f *Flow) app(ctx context.Context, h *httpx.Client, base, callback string, at endpoints) (registration, error) {
	key := string(Network) + " " + base + " " + callback
	leave, err := f.enter(ctx, key)
	if err != nil {
		return registration{}, fault(base, parvis.ErrUnavailable, "it was given up", "")
	}
	defer leave()
	var memory oauth.Memory = &f.own
	if f.Apps != nil {
		memory = f.Apps
	}
	kept, err := memory.Recall(ctx, key)
	if err != nil {
		return registration{}, parvis.In(err, account(base), "connect", parvis.ErrUnavailable)
	}
	var app registration
	if json.Unmarshal([]byte(kept), &app) == nil && app.ID != "" {
		known, err := stillKnown(ctx, h, at, app)
		if known || err != nil {
			return app, err
		}
	}
	if app, err = f.register(ctx, h, callback, at); err != nil {
		return registration{}, err
	}
	b, err := json.Marshal(app)
	if err == nil {
		err = memory.Remember(ctx, key, string(b))
	}
	return app, parvis.In(err, account(base), "connect", parvis.ErrUnavailable)
}

// enter lets one call at a time register with a server.
func (f *Flow) enter(ctx context.Context, key string) (leave func(), err error) {
	for {
		f.mu.Lock()
		if f.busy == nil {
			f.busy = map[string]chan struct{}{}
		}
		other := f.busy[key]
		if other == nil {
			mine := make(chan struct{})
			f.busy[key] = mine
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				delete(f.busy, key)
				close(mine)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// stillKnown reports whether the server knows the application: Mastodon forgets those that
// nobody uses, and people would be stuck at its page. The token that it asks for keeps the
// application in use.
//
// https://docs.joinmastodon.org/methods/oauth/#token
func stillKnown(ctx context.Context, h *httpx.Client, at endpoints, app registration) (bool, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret}}
	_, err := h.Do(ctx, httpx.Request{Method: http.MethodPost, Path: at.Token, Body: httpx.Form(form), Safe: true, Op: "connect"})
	switch parvis.CodeOf(err) {
	case "":
		return err == nil, err
	case parvis.ErrUnavailable, parvis.ErrRateLimited, parvis.ErrUnknownOutcome:
		return false, err
	}
	return false, nil // whatever the refusal, registering anew is the way out
}

// coarse are the scopes that every server of the family knows.
func coarse() []string { return []string{"read", "write", "follow", "push"} }

// register registers the application, with all scopes that the server knows. A server that
// refuses them is asked for the coarse ones.
//
// https://docs.joinmastodon.org/methods/apps/#create
func (f *Flow) register(ctx context.Context, h *httpx.Client, callback string, at endpoints) (registration, error) {
	wanted := append([]string{"read:accounts", "profile"}, Manifest().ScopesFor()...)
	if at.Scopes == nil {
		wanted = slices.DeleteFunc(wanted, func(s string) bool { return s == "profile" }) // since 4.3.0, as the metadata
	} else {
		supported := &self{scopes: at.Scopes}
		wanted = slices.DeleteFunc(wanted, func(s string) bool { return !supported.has(s) })
	}
	app, err := f.registerWith(ctx, h, callback, at, slices.Compact(wanted))
	if code := parvis.CodeOf(err); code == parvis.ErrInvalid || code == parvis.ErrPermission {
		return f.registerWith(ctx, h, callback, at, coarse())
	}
	return app, err
}

func (f *Flow) registerWith(ctx context.Context, h *httpx.Client, callback string, at endpoints, scopes []string) (registration, error) {
	form := url.Values{"client_name": {cmp.Or(f.Name, "parvis")}, "redirect_uris": {callback}, "scopes": {strings.Join(scopes, " ")}}
	if f.Website != "" {
		form.Set("website", f.Website)
	}
	var app registration
	r := httpx.Request{Method: http.MethodPost, Path: at.Register, Endpoint: "POST /api/v1/apps", Body: httpx.Form(form), Safe: true, Op: "connect"}
	var answer struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if _, err := h.JSON(ctx, r, &answer); err != nil {
		return app, notAServer(err)
	}
	app = registration{answer.ID, answer.Secret, scopes}
	if app.ID == "" || app.Secret == "" {
		return app, notAServer(&parvis.Error{Op: "connect", Network: Network, Code: parvis.ErrBadAnswer, Message: "the server did not register the application"})
	}
	return app, nil
}

// notAServer says what an address without the API means.
func notAServer(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case parvis.ErrNotFound, parvis.ErrUnsupported, parvis.ErrBadAnswer, parvis.ErrUnknownOutcome:
		if e.Status >= 500 || e.Status == 0 && e.Code == parvis.ErrUnknownOutcome {
			return err
		}
		c := *e
		c.Code, c.Help = parvis.ErrInvalid, "check that this is the address of a server with the Mastodon API"
		return &c
	}
	return err
}
