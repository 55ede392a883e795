package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed" // for the page
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/vault"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("").Parse(pageText))

// A program is the page and what is behind it.
type program struct {
	client  *vault.Client
	demo    *fake.Network
	base    string // where the page is, with a slash at the end
	host    string
	form    string // the token that forms of this run carry
	connect http.Handler
	all     []providers.Flow
	log     *slog.Logger
}

func newProgram(v *vault.Vault, client, addr string, log *slog.Logger) (*program, error) {
	p := &program{client: v.For(client), demo: newDemo(), base: "http://" + addr + "/", host: addr, form: rand.Text(), log: log}
	var err error
	if p.all, err = p.flows(v); err != nil {
		return nil, err
	}
	v.Use(p.all...)
	p.connect, err = providers.Connect(p.client, p.all, &providers.ConnectOptions{Base: p.base + "connect/", Home: p.base, Logger: log})
	return p, err
}

// handler serves the page, the way to connect, and the make-believe network's own page.
// A page elsewhere can make a name of its own point to this machine, but not change the
// Host that its requests carry, so other names are refused.
func (p *program) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.list)
	mux.HandleFunc("POST /disconnect", p.disconnect)
	mux.Handle("/connect/", p.connect)
	mux.Handle("/demo/consent", p.demo.ConsentPage())
	safe := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != p.host {
			http.Error(w, "This is "+p.host+"; it answers to no other name.", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		safe.ServeHTTP(w, r)
	})
}

// A page is what the list of accounts shows.
type page struct {
	Client, Form string
	Accounts     []providers.Health
	Trouble      string
}

// list shows the connected accounts. Each is asked how it is, all at once.
func (p *program) list(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusOK, "")
}

func (p *program) show(w http.ResponseWriter, r *http.Request, status int, trouble string) {
	ctx, cancel := context.WithTimeout(r.Context(), 15*time.Second)
	defer cancel()
	accounts, err := p.client.Accounts(ctx)
	if err != nil {
		p.fail(w, err)
		return
	}
	found := make([]providers.Health, len(accounts))
	var asking sync.WaitGroup
	for i, a := range accounts {
		asking.Go(func() { found[i] = p.health(ctx, a) })
	}
	asking.Wait()
	for _, h := range found {
		if _, err := p.client.Report(ctx, h); err != nil {
			p.log.Warn("health was not noted", "account", h.Account.String(), "err", err)
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, page{Client: p.client.Client(), Form: p.form, Accounts: found, Trouble: trouble}); err != nil {
		p.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that has gone needs no page
}

// disconnect tells the network to forget the token of an account, and erases it.
func (p *program) disconnect(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if subtle.ConstantTimeCompare([]byte(r.PostFormValue("form")), []byte(p.form)) != 1 {
		http.Error(w, "This form is from another run. Reload the page; nothing was done.", http.StatusForbidden)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	a := parvis.Account{
		Client: p.client.Client(), Network: parvis.Network(r.PostFormValue("network")),
		Host: r.PostFormValue("host"), ID: r.PostFormValue("id"),
	}
	if err := providers.Disconnect(ctx, p.client, p.all, a); err != nil {
		p.log.Warn("disconnect failed", "err", err)
		p.show(w, r, http.StatusBadGateway, "It was not disconnected. "+reason(err))
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// reason is an error in the words of the network's provider.
func reason(err error) string {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return "The reason is in the log."
	}
	return e.Message + ": " + e.Help + "."
}

func (p *program) fail(w http.ResponseWriter, err error) {
	p.log.Error("page failed", "err", err)
	http.Error(w, "The page could not be made. "+reason(err), http.StatusInternalServerError)
}
