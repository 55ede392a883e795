package fake

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// codeLife is how long a code can be redeemed.
const codeLife = time.Minute

// handles are those with which somebody can join on the consent page.
var handles = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,29}$`)

// A consentPage asks somebody whether an application may act for them.
type consentPage struct {
	Network string
	Handle  string
	Who     string // the host of the application
	Scopes  []consentScope
	Problem string
}

type consentScope struct{ Name, About string }

var scopeAbouts = map[string]string{
	scopeRead: "see posts, answers and members", scopeWrite: "post, edit and delete", scopeModerate: "hide and remove what others say",
}

// ConsentPage is the page on which people allow applications to act for them, and how
// far: the authorization endpoint of RFC 6749, with PKCE. It asks for no password, since
// everybody is whom they say. Mount it anywhere, and give its address to [Network.Flow].
func (n *Network) ConsentPage() http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-store")
		q := r.URL.Query()
		back, err := url.Parse(q.Get("redirect_uri"))
		if err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http" || q.Get("response_type") != "code" ||
			len(q.Get("code_challenge")) != len(challengeOf("")) || q.Get("code_challenge_method") != "S256" {
			http.Error(w, "The application sent you here with a request that the network does not understand.", http.StatusBadRequest)
			return
		}
		p := consentPage{Network: string(n.opt.Name), Handle: q.Get("login_hint"), Who: back.Host}
		for s := range strings.FieldsSeq(q.Get("scope")) {
			if about, ok := scopeAbouts[s]; ok {
				p.Scopes = append(p.Scopes, consentScope{s, about})
			}
		}
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			p.show(w, http.StatusOK)
		case http.MethodPost:
			n.consent(w, r, p, back)
		default:
			http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
		}
	}))
}

// consent takes the decision and sends the browser back with it.
func (n *Network) consent(w http.ResponseWriter, r *http.Request, p consentPage, back *url.URL) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	p.Handle = strings.TrimPrefix(strings.TrimSpace(r.PostForm.Get("handle")), "@")
	switch {
	case r.PostForm.Get("decision") != "allow":
		answer.Set("error", "access_denied")
	case !handles.MatchString(p.Handle):
		p.Problem = "A handle is made of small letters, digits, dots, dashes and underscores."
		p.show(w, http.StatusUnprocessableEntity)
		return
	default:
		scopes := []string{}
		for _, s := range p.Scopes {
			if slices.Contains(r.PostForm["scope"], s.Name) {
				scopes = append(scopes, s.Name)
			}
		}
		answer.Set("code", n.code(p.Handle, scopes, q.Get("redirect_uri"), q.Get("code_challenge")))
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // the fake network knows no applications; a code is worth nothing without its verifier
}

// code makes a code for what was allowed.
func (n *Network) code(handle string, scopes []string, callback, challenge string) string {
	p := n.Join(handle).p
	n.mu.Lock()
	defer n.mu.Unlock()
	c := "parvis-secret-code-" + rand.Text()
	n.codes[c] = code{&grant{p: p, scopes: scopes}, callback, challenge, n.opt.Now().Add(codeLife)}
	return c
}

func (p consentPage) show(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = consentTemplate.Execute(w, p) // a browser that has gone needs no page
}

var consentTemplate = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{.Network}}: allow {{.Who}}?</title><link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}button,input{font:inherit;padding:.4rem .8rem}input[type=text]{width:100%;box-sizing:border-box}fieldset{border:1px solid;border-radius:7px;margin:1rem 0}label{display:block;padding:.2rem 0}</style>
</head>
<body><main>
<h1>{{.Network}}</h1>
<p>This is the make-believe network {{.Network}}. May <b>{{.Who}}</b> act for you here?</p>
{{- with .Problem}}<p role="alert"><b>{{.}}</b></p>{{end}}
<form method="post">
<label for="handle">You are</label><input type="text" id="handle" name="handle" value="{{.Handle}}" autocapitalize="none" spellcheck="false">
<fieldset><legend>It may</legend>
{{- range .Scopes}}<label><input type="checkbox" name="scope" value="{{.Name}}" checked> {{.About}} (<code>{{.Name}}</code>)</label>{{end}}
</fieldset>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>
</form>
</main></body>
</html>
`))
