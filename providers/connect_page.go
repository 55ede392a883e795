package providers

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/parvis-go/parvis"
)

//go:embed templates
var connectFiles embed.FS

// A ConnectPage is a page of [Connect] without what is around it.
type ConnectPage struct {
	// Status is the HTTP status, Title the title of the page.
	Status int
	Title  string
	// Body is what belongs into the element main. It has no scripts and no inline styles.
	Body template.HTML
	// Style is the address of the stylesheet that Body is made for.
	Style string
}

// A notice says how something went. It holds no secret.
type notice struct {
	Bad      bool     `json:"bad"`
	Title    string   `json:"title"`
	Text     string   `json:"text"`
	Help     string   `json:"help"`
	Vendor   string   `json:"vendor"`
	ID       string   `json:"id"`
	Accounts []string `json:"accounts"`
	Notes    []string `json:"notes"`
}

type resultPage struct{ Notice *notice }

// result shows how it ended. The page can be loaded again until it ends.
func (t *turn) result() error {
	ctx, cancel := t.doing()
	defer cancel()
	id := t.r.PathValue("id")
	w, err := t.take(ctx, "ticket", id)
	if err == nil && w.Notice == nil {
		err = refusedOther
	}
	if err == nil {
		err = t.put(ctx, "ticket", id, w)
	}
	if err == nil {
		t.show(http.StatusOK, w.Notice.Title, "result", resultPage{w.Notice})
	}
	return err
}

// What is said of an error by its code: the title, and what to do where the error does
// not say it.
var (
	connectTitles = map[parvis.Code]string{
		parvis.ErrInvalid: "That cannot be used", parvis.ErrPermission: "It was not allowed", parvis.ErrAuth: "The network refused",
		parvis.ErrRejected: "The network refused", parvis.ErrNotFound: "Not found", parvis.ErrUnsupported: "Not possible there",
		parvis.ErrUnavailable: "The network did not answer", parvis.ErrRateLimited: "The network asks to wait",
		parvis.ErrBadAnswer: "The network’s answer cannot be read", parvis.ErrUnknownOutcome: "No clear answer came",
		parvis.ErrAPIVersionRetired: "This program is out of date",
	}
	connectHelps = map[parvis.Code]string{
		parvis.ErrInvalid: "Correct it, then try again.", parvis.ErrPermission: "Start again, and allow what is asked for.",
		parvis.ErrUnavailable: "Try again in some minutes.", parvis.ErrRateLimited: "Try again later.",
		parvis.ErrAPIVersionRetired: "Update the program.",
	}
)

// explain turns an error into a notice, and logs it. What the program did not expect is
// shown by the number of its line in the log only.
func (t *turn) explain(err error) *notice {
	n := &notice{Bad: true, Title: "That did not work", Text: "Something failed on this side.", Help: "Try again in some minutes.", ID: rand.Text()[:8]}
	e, expected := errors.AsType[*parvis.Error](err)
	if !expected {
		t.log.Error("connect: failed", "id", n.ID, "client", t.keeper.Client(), "flow", t.r.PathValue("flow"), "err", t.scrub(err.Error()))
		return n
	}
	t.log.Warn("connect: failed", "id", n.ID, "client", t.keeper.Client(), "flow", t.r.PathValue("flow"), "code", string(e.Code), "err", t.scrub(err.Error()))
	return &notice{
		Bad: true, Title: cmp.Or(connectTitles[e.Code], n.Title), Text: sentence(t.scrub(cmp.Or(e.Message, string(e.Code)))),
		Help: sentence(t.scrub(cmp.Or(e.Help, connectHelps[e.Code], "Start again."))), Vendor: t.scrub(e.Vendor),
	}
}

// sentence makes a clause one.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if s[0] >= 'a' && s[0] <= 'z' && !strings.HasPrefix(s, "http") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// connectTemplates are the pages; they know how to spell an address of the handler.
func (t *turn) templates() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"link": t.link, "csrf": t.csrf, "home": func() string { return t.home }, "client": t.keeper.Client,
	}).ParseFS(connectFiles, "templates/connect.html")
}

// show writes a page.
func (t *turn) show(status int, title, name string, data any) {
	var b bytes.Buffer
	pages, err := t.templates()
	if err == nil {
		err = pages.ExecuteTemplate(&b, name, data)
	}
	if err != nil {
		t.log.Error("connect: a page failed", "page", name, "err", t.scrub(err.Error()))
		http.Error(t.w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	t.render(t.w, t.r, ConnectPage{
		Status: status, Title: title, Style: t.link("connect.css"),
		Body: template.HTML(b.String()), //nolint:gosec // html/template has just made it
	})
}

var connectLayout = template.Must(template.ParseFS(connectFiles, "templates/layout.html"))

// plainPage is the look that pages have unless [ConnectOptions.Render] gives another.
func plainPage(w http.ResponseWriter, _ *http.Request, p ConnectPage) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_ = connectLayout.ExecuteTemplate(w, "layout.html", p) // a browser that has gone needs no page
}

// serveStyle serves the stylesheet, the one thing here that may be cached.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(w, r, connectFiles, "templates/connect.css")
}
