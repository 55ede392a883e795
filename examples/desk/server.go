package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed templates static
var files embed.FS

// maxBody bounds a request; it leaves room for one picture of the largest size that a
// network of the town takes.
const maxBody = 12 << 20

// policy is the Content-Security-Policy of every page: nothing from elsewhere, no inline
// scripts, not inside a frame.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// A server shows one desk.
type server struct {
	desk     *Desk
	sessions *sessions
	pages    map[string]*template.Template
	hosts    []string
	// connectAt is where each client's accounts are connected.
	connectAt map[*Client]string
	handler   http.Handler
}

// newServer returns the handler of the desk d, for requests to addr, "127.0.0.1:8420".
func newServer(d *Desk, addr string) (*server, error) {
	_, port, _ := net.SplitHostPort(addr)
	s := &server{
		desk:     d,
		sessions: &sessions{cookie: "desk_" + port, byID: map[string]*session{}},
		pages:    parsePages(),
		hosts:    []string{addr, "localhost:" + port},

		connectAt: map[*Client]string{},
	}
	static, _ := fs.Sub(files, "static")
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.Handle("/", s.routes())
	s.mountReview(mux)
	if err := s.mountConnect(mux, addr); err != nil {
		return nil, err
	}
	s.handler = s.guard(http.NewCrossOriginProtection().Handler(mux))
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/"+s.desk.Clients[0].Slug+"/compose", http.StatusSeeOther)
	})
	for pattern, h := range map[string]handler{
		"GET /{client}/compose":              s.composePage,
		"POST /{client}/check":               s.check,
		"POST /{client}/publish":             s.publish,
		"GET /{client}/sent/{id}":            s.sentPage,
		"POST /{client}/sent/{id}/reconcile": s.reconcile,
		"POST /{client}/sent/{id}/again":     s.again,
		"POST /{client}/sent/{id}/ask":       s.ask,
		"GET /{client}/timeline":             s.timelinePage,
		"GET /{client}/stream":               s.stream,
		"POST /{client}/reply":               s.reply,
		"GET /{client}/moderation":           s.moderationPage,
		"POST /{client}/act":                 s.act,
		"POST /{client}/undo":                s.undo,
		"GET /{client}/accounts":             s.accountsPage,
		"POST /{client}/trouble":             s.injectTrouble,
		"POST /{client}/clear":               s.clearTrouble,
		"POST /{client}/disconnect":          s.disconnect,
		"POST /{client}/who":                 s.who,
		"GET /{client}/calendar":             s.calendarPage,
		"GET /{client}/calendar/new":         s.newPage,
		"GET /{client}/calendar/stream":      s.calendarStream,
		"POST /{client}/calendar/add":        s.addEntry,
		"POST /{client}/calendar/pause":      s.pause,
		"POST /{client}/calendar/resume":     s.resume,
		"GET /{client}/calendar/{id}":        s.entryPage,
		"POST /{client}/calendar/{id}/move":  s.moveEntry,
		"POST /{client}/calendar/{id}/edit":  s.editEntry,
		"POST /{client}/calendar/{id}/act":   s.actOn,
		"POST /{client}/calendar/{id}/link":  s.makeLink,
	} {
		mux.HandleFunc(pattern, s.with(h))
	}
	return mux
}

// guard refuses requests that did not mean this server, and sets the headers that keep
// its pages to themselves. A page elsewhere can make a name of its own point to this
// machine (DNS rebinding), but not change the Host that its requests carry.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if !slices.Contains(s.hosts, r.Host) {
			http.Error(w, "This is the desk of "+s.hosts[0]+"; it answers to no other name.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// A visit is one request to a page of a client.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	client *Client
	sess   *session
}

// A handler answers a visit. Its error becomes the answer.
type handler func(v visit) error

// A refusal is an error with the HTTP status that says it.
type refusal struct {
	status int
	text   string
}

// Error returns what the person is told.
func (r refusal) Error() string { return r.text }

// with finds the client and the session of a request. One that changes anything must
// carry the session's token.
func (s *server) with(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := visit{w: w, r: r, sess: s.sessions.of(w, r)}
		err := s.admit(&v)
		if err == nil {
			err = h(v)
		}
		if err != nil {
			s.fail(v, err)
		}
	}
}

func (s *server) admit(v *visit) error {
	c, ok := s.desk.Client(v.r.PathValue("client"))
	if !ok {
		return refusal{http.StatusNotFound, "There is no such client."}
	}
	v.client = c
	if v.r.Method != http.MethodPost {
		return nil
	}
	err := v.r.ParseForm()
	if err == nil && strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/") {
		err = v.r.ParseMultipartForm(maxBody)
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refusal{http.StatusRequestEntityTooLarge, "That is too large: the desk takes pictures up to 10 MB."}
	}
	if err != nil {
		return refusal{http.StatusBadRequest, "The form could not be read."}
	}
	if v.sess == nil || !v.sess.ok(v.r.PostForm.Get("csrf")) {
		return refusal{http.StatusForbidden, "This form is from another visit. Reload the page and try again; nothing was done."}
	}
	return nil
}

// fail answers with what went wrong.
func (s *server) fail(v visit, err error) {
	status := http.StatusInternalServerError
	if r, ok := errors.AsType[refusal](err); ok {
		status = r.status
	} else {
		slog.Error("page failed", "path", v.r.URL.Path, "err", err)
	}
	if v.client == nil || v.sess == nil {
		http.Error(v.w, err.Error(), status)
		return
	}
	if err := s.render(v, status, "error", "That did not work", err.Error()); err != nil {
		http.Error(v.w, err.Error(), status)
	}
}

// back sends the browser to a page of the client, where f is said.
func (v visit) back(to string, f flash) error {
	v.sess.say(f)
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/"+to, http.StatusSeeOther)
	return nil
}

// doing is the context for calls that change something: it outlives a browser that goes
// away in the middle, and ends by itself.
func (v visit) doing() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(v.r.Context()), 15*time.Second)
}

// account is the client's account on the network that the form field "account" names.
func (v visit) account() (*Account, error) {
	a, ok := v.client.Account(v.r.PostForm.Get("account"))
	if !ok {
		return nil, refusal{http.StatusNotFound, "This client has no such account."}
	}
	return a, nil
}

// who changes the person at the desk.
func (s *server) who(v visit) error {
	v.sess.be(v.r.PostForm.Get("who"))
	tab := v.r.PostForm.Get("tab")
	if !slices.Contains([]string{"compose", "calendar", "timeline", "moderation", "accounts"}, tab) {
		tab = "compose"
	}
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/"+tab, http.StatusSeeOther)
	return nil
}

// A page is what every template sees.
type page struct {
	Title, Tab string
	Client     *Client
	Clients    []*Client
	People     []string
	Who, CSRF  string
	Flash      *flash
	Troubled   []health
	Body       any
}

// render writes a whole page.
func (s *server) render(v visit, status int, name, title string, body any) error {
	p := page{
		Title: title, Tab: name, Client: v.client, Clients: s.desk.Clients, People: people,
		Who: v.sess.Who(), CSRF: v.sess.csrf, Flash: v.sess.said(), Troubled: v.client.Troubled(), Body: body,
	}
	switch name {
	case "sent", "error":
		p.Tab = "compose"
	case "entry", "plan":
		p.Tab = "calendar"
	case "connect":
		p.Tab = "accounts"
	}
	var b bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&b, "layout.html", p); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, err := b.WriteTo(v.w)
	return err
}

// fragment returns the part of a page that the template name makes of p.
func (s *server) fragment(file, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := s.pages[file].ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// parsePages reads the templates: each page with the layout and the parts they share.
func parsePages() map[string]*template.Template {
	pages := map[string]*template.Template{}
	for _, name := range []string{"compose", "sent", "calendar", "entry", "plan", "review", "timeline", "moderation", "accounts", "connect", "error"} {
		pages[name] = template.Must(template.New(name).Funcs(template.FuncMap{
			"clock": clock, "stamp": stamp, "undoable": undoable, "fault": fault, "sign": sign, "brief": brief,
			"network": func(key string) string { name, _, _ := strings.Cut(key, "-"); return name },
		}).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name+".html"))
	}
	return pages
}

// clock is a time as people read it: without the day if it is today.
func clock(t time.Time) string {
	t = t.Local()
	if y, m, d := time.Now().Date(); t.Year() == y && t.Month() == m && t.Day() == d {
		return t.Format("15:04:05")
	}
	return t.Format("2 January 15:04")
}

// stamp is a time as machines read it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
