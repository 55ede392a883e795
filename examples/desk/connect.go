package main

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// consentPath is where the page is on which the people of a site allow applications to
// act for them. A real network has it at its own address.
func (s *site) consentPath() string {
	name := string(s.name)
	if s.host != "" {
		name += "-" + s.host
	}
	return "/sites/" + url.PathEscape(name) + "/consent"
}

// mountConnect adds the pages on which accounts are connected, one set for each client,
// and the consent pages of the sites.
func (s *server) mountConnect(mux *http.ServeMux, addr string) error {
	base := "http://" + addr
	seen := map[*site]bool{}
	for _, c := range s.desk.Clients {
		for _, at := range c.sites {
			if !seen[at] {
				seen[at] = true
				mux.Handle(at.consentPath(), at.net.ConsentPage())
			}
		}
		s.connectAt[c] = base + "/" + c.Slug + "/connect/"
		pages, err := providers.Connect(c.keeper, c.flows(func(at *site) string { return base + at.consentPath() }), &providers.ConnectOptions{
			Base: s.connectAt[c], Home: "/" + c.Slug + "/accounts",
			Done:   func(ctx context.Context, accounts []parvis.Account) error { return connected(ctx, c, accounts) },
			Render: func(w http.ResponseWriter, r *http.Request, p providers.ConnectPage) { s.connectPage(c, w, r, p) },
		})
		if err != nil {
			return err
		}
		mux.HandleFunc("/"+c.Slug+"/connect/", func(w http.ResponseWriter, r *http.Request) {
			sess := cmp.Or(s.sessions.of(w, r), &session{who: people[0]})
			pages.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, sess)))
		})
	}
	return nil
}

// sessionKey is the key of a request's session in its context.
type sessionKey struct{}

func sessionIn(ctx context.Context) *session {
	sess, _ := ctx.Value(sessionKey{}).(*session)
	return cmp.Or(sess, &session{who: people[0]})
}

// connected takes new accounts into use, and notes who connected them.
func connected(ctx context.Context, c *Client, accounts []parvis.Account) error {
	for _, a := range accounts {
		c.Book.Record(parvis.Record{Client: c.Slug, Account: a.String(), Op: "connect", Outcome: "done"}, sessionIn(ctx).Who())
	}
	return c.Open(ctx, accounts...)
}

// A connectBody is a page of providers.Connect inside one of the desk's.
type connectBody struct {
	Style string
	Body  template.HTML
}

// connectPage puts the desk around a page of providers.Connect.
func (s *server) connectPage(c *Client, w http.ResponseWriter, r *http.Request, p providers.ConnectPage) {
	w.Header().Set("Content-Security-Policy", policy)
	v := visit{w: w, r: r, client: c, sess: sessionIn(r.Context())}
	if err := s.render(v, p.Status, "connect", p.Title, connectBody{p.Style, p.Body}); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
	}
}

// disconnect makes a network forget the token of an account, and the desk the account.
func (s *server) disconnect(v visit) error {
	a, err := v.account()
	if err != nil {
		return err
	}
	ctx, cancel := v.doing()
	defer cancel()
	r := parvis.Record{Client: v.client.Slug, Account: a.Account().String(), Op: "disconnect", Outcome: "done"}
	f := flash{Text: a.Account().String() + " is disconnected: the network has forgotten the token, and so has the desk."}
	if err := v.client.Leave(ctx, a); err != nil {
		r.Outcome, r.Detail = string(parvis.CodeOf(err)), err.Error()
		f = flash{Text: "It was not disconnected.", Trouble: explain(err)}
	}
	v.client.Book.Record(r, v.sess.Who())
	return v.back("accounts", f)
}
