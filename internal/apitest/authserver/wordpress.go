package authserver

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/parvis-go/parvis/internal/apitest"
)

// A WordPress is a site that makes application passwords, by the rules of
// https://developer.wordpress.org/rest-api/reference/application-passwords/ and of
// wp-admin/authorize-application.php. It listens on the loopback, as a local site does.
type WordPress struct {
	// URL is the address of the site, Faults stages failures in front of it, and Recorder
	// keeps what was said.
	URL      string
	Faults   apitest.Faults
	Recorder apitest.Recorder
	// Switched off makes no passwords. Admin is another host that the admin's pages are on.
	Off   bool
	Admin string
	// Old has no introspection, as 5.6.
	Old bool
	// Role is that of the one user, acme.
	Role string

	passwords map[string]string // by UUID
	names     map[string]bool
	mux       *http.ServeMux
}

// NewWordPress starts a site that ends with t.
func NewWordPress(t testing.TB) *WordPress {
	t.Helper()
	s := &WordPress{Role: "editor", passwords: map[string]string{}, names: map[string]bool{}, mux: http.NewServeMux()}
	s.mux.HandleFunc("HEAD /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "<"+s.URL+`/wp-json/>; rel="https://api.w.org/"`)
	})
	s.mux.HandleFunc("GET /wp-json/{$}", s.index)
	s.mux.HandleFunc("GET /wp-json/wp/v2/users/me", s.me)
	s.mux.HandleFunc("GET /wp-json/wp/v2/users/me/application-passwords/introspect", s.introspect)
	s.mux.HandleFunc("DELETE /wp-json/wp/v2/users/me/application-passwords/{uuid}", s.remove)
	s.mux.HandleFunc("/wp-json/", func(w http.ResponseWriter, _ *http.Request) { wpFault(w, 404, "rest_no_route") })
	srv := httptest.NewServer(s.Faults.Wrap(s.Recorder.Wrap(s.mux)))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

func wpFault(w http.ResponseWriter, status int, code string) {
	write(w, status, object{"code": code, "message": "Sorry.", "data": object{"status": status}})
}

func (s *WordPress) index(w http.ResponseWriter, _ *http.Request) {
	o := object{"name": "Acme", "namespaces": []string{"wp/v2"}, "timezone_string": "", "authentication": []any{}}
	if !s.Off {
		base := s.URL
		if s.Admin != "" {
			base = s.Admin
		}
		o["authentication"] = object{"application-passwords": object{"endpoints": object{"authorization": base + "/wp-admin/authorize-application.php"}}}
	}
	write(w, http.StatusOK, o)
}

// Approve is the user at the page, saying yes or no. It returns where the browser is sent,
// or what the page shows in place of that.
func (s *WordPress) Approve(address string, yes bool) (url.Values, string) {
	u, err := url.Parse(address)
	if err != nil || u.Path != "/wp-admin/authorize-application.php" {
		return nil, "not found"
	}
	q := u.Query()
	if q.Get("app_name") == "" {
		return nil, "The application name is missing."
	}
	if id := q.Get("app_id"); q.Has("app_id") && (len(id) != 36 || strings.Count(id, "-") != 4) {
		return nil, "The application ID must be a UUID."
	}
	to, err := url.Parse(q.Get("success_url"))
	if err != nil || to.Scheme != "https" && to.Scheme != "http" {
		return nil, "The URL must be served over a secure connection."
	}
	if !yes {
		if to, err = url.Parse(q.Get("reject_url")); err != nil || to.Host == "" {
			return nil, "rejected"
		}
		return to.Query(), ""
	}
	if s.names[q.Get("app_name")] {
		return nil, "Each application name should be unique."
	}
	s.names[q.Get("app_name")] = true
	back := to.Query()
	back.Set("site_url", s.URL)
	back.Set("user_login", "acme")
	back.Set("password", s.Make())
	return back, ""
}

// Make makes an application password. WordPress's have 24 letters and digits, so that the
// mark of secrets stands in them without hyphens.
func (s *WordPress) Make() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	h := hex.EncodeToString(b)
	id := h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
	s.passwords[id] = "parvissecret" + rand.Text()[:12]
	return s.passwords[id]
}

// Passwords is how many there are.
func (s *WordPress) Passwords() int { return len(s.passwords) }

// used finds the password of a request.
func (s *WordPress) used(w http.ResponseWriter, r *http.Request) string {
	user, pass, _ := r.BasicAuth()
	for id, p := range s.passwords {
		if (user == "acme" || user == "acme@acme.example") && strings.ReplaceAll(pass, " ", "") == p {
			return id
		}
	}
	wpFault(w, http.StatusUnauthorized, "rest_not_logged_in")
	return ""
}

func (s *WordPress) me(w http.ResponseWriter, r *http.Request) {
	if s.used(w, r) == "" {
		return
	}
	caps := object{"read": true}
	all := map[string][]string{"editor": {
		"edit_posts", "publish_posts", "upload_files", "edit_published_posts", "delete_published_posts", "manage_categories", "moderate_comments",
	}, "contributor": {"edit_posts"}, "administrator": {
		"edit_posts", "publish_posts", "upload_files", "edit_published_posts", "delete_published_posts", "manage_categories", "moderate_comments", "list_users",
	}}
	for _, c := range all[s.Role] {
		caps[c] = true
	}
	o := object{"id": 3, "name": "Acme", "slug": "acme"}
	if r.URL.Query().Get("context") == "edit" {
		o["username"], o["roles"], o["capabilities"] = "acme", []string{s.Role}, caps
	}
	write(w, http.StatusOK, o)
}

func (s *WordPress) introspect(w http.ResponseWriter, r *http.Request) {
	if s.Old {
		wpFault(w, http.StatusNotFound, "rest_no_route")
		return
	}
	if id := s.used(w, r); id != "" {
		write(w, http.StatusOK, object{"uuid": id, "app_id": "", "name": "parvis"})
	}
}

func (s *WordPress) remove(w http.ResponseWriter, r *http.Request) {
	if s.used(w, r) == "" {
		return
	}
	id := r.PathValue("uuid")
	if _, ok := s.passwords[id]; !ok {
		wpFault(w, http.StatusNotFound, "rest_application_password_not_found")
		return
	}
	delete(s.passwords, id)
	write(w, http.StatusOK, object{"deleted": true})
}
