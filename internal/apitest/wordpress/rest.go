package wordpress

import (
	"html"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// usersRoute is users. Their context=edit is for themselves and for administrators.
//
// https://developer.wordpress.org/rest-api/reference/users/
func (q *request) usersRoute(id int, one bool) (any, *fault) {
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		return nil, noRoute
	}
	ctx, e := q.context()
	if e != nil {
		return nil, e
	}
	if !one {
		return q.listUsers(ctx == "edit")
	}
	u := q.user
	if id != 0 {
		u = q.s.userByID(id)
	}
	switch {
	case id == 0 && q.user.ID == 0:
		return nil, &fault{code: "rest_not_logged_in", message: "You are not currently logged in.", status: http.StatusUnauthorized}
	case u == nil:
		return nil, &fault{code: "rest_user_invalid_id", message: "Invalid user ID.", status: http.StatusNotFound}
	case ctx == "edit" && u != q.user && !q.user.can("list_users"):
		return nil, q.denied("rest_forbidden_context", "Sorry, you are not allowed to edit users.")
	case u != q.user && !q.user.can("list_users") && !q.s.wrote(u):
		return nil, q.denied("rest_user_cannot_view", "Sorry, you are not allowed to list users.")
	}
	return q.showUser(u, ctx == "edit"), nil
}

// wrote reports whether a user has published something, which makes the user public.
func (s *Server) wrote(u *User) bool {
	return slices.ContainsFunc(s.posts, func(p *post) bool { return p.author == u.ID && p.status == "publish" })
}

func (q *request) listUsers(edit bool) (any, *fault) {
	if edit && !q.user.can("list_users") {
		return nil, q.denied("rest_forbidden_context", "Sorry, you are not allowed to edit users.")
	}
	by, e := q.choice("orderby", "name", "id", "include", "name", "registered_date", "slug", "include_slugs", "email", "url")
	if e != nil {
		return nil, e
	}
	var found []*User
	for _, u := range q.s.users {
		if q.user.can("list_users") || q.s.wrote(u) {
			found = append(found, u)
		}
	}
	e = order(q, found, "asc", func(u *User) (string, int) {
		if by == "id" {
			return "", u.ID
		}
		return u.Login, u.ID
	})
	if e != nil {
		return nil, e
	}
	if found, e = page(q, found); e != nil {
		return nil, e
	}
	out := []any{}
	for _, u := range found {
		out = append(out, q.showUser(u, edit))
	}
	return out, nil
}

func (q *request) showUser(u *User, edit bool) object {
	o := object{
		"id": u.ID, "name": u.Login, "slug": u.Login, "link": q.s.URL + "/author/" + u.Login + "/", "url": "", "description": "",
		"avatar_urls": object{"96": "https://avatars.example/" + strconv.Itoa(u.ID)}, "meta": []any{},
	}
	if edit {
		caps := object{u.Role: true}
		for _, list := range roles {
			for _, c := range list {
				if u.can(c) {
					caps[c] = true
				}
			}
		}
		o["username"], o["email"], o["roles"], o["capabilities"] = u.Login, u.Email, []string{u.Role}, caps
		o["registered_date"] = u.since.Format("2006-01-02T15:04:05-07:00")
	}
	return o
}

// termsRoute is categories and tags.
//
// https://developer.wordpress.org/rest-api/reference/categories/
func (q *request) termsRoute(collection string, id int, one bool) (any, *fault) {
	if !one {
		switch q.Method {
		case http.MethodGet, http.MethodHead:
			return q.listTerms(collection)
		case http.MethodPost:
			return q.createTerm(collection)
		}
		return nil, noRoute
	}
	t := q.s.termByID(id)
	if t == nil || t.collection != collection {
		return nil, &fault{code: "rest_term_invalid", message: "Term does not exist.", status: http.StatusNotFound}
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		return q.showTerm(t), nil
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if !q.user.can("manage_categories") {
			return nil, q.denied("rest_cannot_update", "Sorry, you are not allowed to edit this term.")
		}
		if e := q.fillTerm(t); e != nil {
			return nil, e
		}
		return q.showTerm(t), nil
	case http.MethodDelete:
		return q.deleteTerm(t)
	}
	return nil, noRoute
}

func (s *Server) termByID(id int) *term {
	for _, t := range s.terms {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (q *request) showTerm(t *term) object {
	o := object{
		"id": t.id, "count": 0, "description": t.description, "link": q.s.URL + "/" + t.taxonomy + "/" + t.slug + "/",
		"name": html.EscapeString(t.name), "slug": t.slug, "taxonomy": t.taxonomy, "meta": []any{},
	}
	if t.taxonomy == "category" {
		o["parent"] = t.parent
	}
	return o
}

func (q *request) listTerms(collection string) (any, *fault) {
	by, e := q.choice("orderby", "name", "id", "include", "name", "slug", "include_slugs", "term_group", "description", "count")
	if e != nil {
		return nil, e
	}
	var found []*term
	for _, t := range q.s.terms {
		if t.collection == collection && matches(q.text("search"), t.name, t.slug) {
			found = append(found, t)
		}
	}
	e = order(q, found, "asc", func(t *term) (string, int) {
		if by == "id" {
			return "", t.id
		}
		return t.name, t.id
	})
	if e != nil {
		return nil, e
	}
	if found, e = page(q, found); e != nil {
		return nil, e
	}
	out := []any{}
	for _, t := range found {
		out = append(out, q.showTerm(t))
	}
	return out, nil
}

func (q *request) createTerm(collection string) (any, *fault) {
	capability, taxonomy := "manage_categories", "category"
	if collection == "tags" {
		capability, taxonomy = "edit_posts", "post_tag"
	}
	if !q.user.can(capability) {
		return nil, q.denied("rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy.")
	}
	if !q.has("name") {
		return nil, &fault{code: "rest_missing_callback_param", message: "Missing parameter(s): name", status: http.StatusBadRequest}
	}
	t := &term{taxonomy: taxonomy, collection: collection}
	if e := q.fillTerm(t); e != nil {
		return nil, e
	}
	t.id = 1 + len(q.s.terms)
	for q.s.termByID(t.id) != nil {
		t.id++
	}
	q.s.terms = append(q.s.terms, t)
	q.status = http.StatusCreated
	return q.showTerm(t), nil
}

// fillTerm sets what the request has. The same name below the same parent is there once.
func (q *request) fillTerm(t *term) *fault {
	parent, e := q.number("parent", t.parent)
	if e != nil {
		return e
	}
	name := q.text("name")
	if name == "" {
		name = t.name
	}
	for _, o := range q.s.terms {
		if o != t && o.taxonomy == t.taxonomy && o.parent == parent && strings.EqualFold(o.name, name) {
			return &fault{
				code: "term_exists", message: "A term with the name provided already exists with this parent.",
				status: http.StatusBadRequest, data: object{"term_id": o.id},
			}
		}
	}
	t.name, t.parent = name, parent
	if t.slug == "" {
		t.slug = slugOf(name)
	}
	if q.has("description") {
		t.description = q.text("description")
	}
	return nil
}

func (q *request) deleteTerm(t *term) (any, *fault) {
	switch {
	case !q.user.can("manage_categories") || t.id == 1:
		return nil, q.denied("rest_cannot_delete", "Sorry, you are not allowed to delete this term.")
	case q.text("force") != "true":
		return nil, &fault{code: "rest_trash_not_supported", message: "Terms do not support trashing. Set 'force=true' to delete.", status: http.StatusNotImplemented}
	}
	q.s.terms = slices.DeleteFunc(q.s.terms, func(o *term) bool { return o == t })
	for _, p := range q.s.posts {
		p.categories = slices.DeleteFunc(p.categories, func(id int) bool { return id == t.id })
		p.tags = slices.DeleteFunc(p.tags, func(id int) bool { return id == t.id })
		if p.kind == "post" && len(p.categories) == 0 {
			p.categories = []int{1}
		}
	}
	return object{"deleted": true, "previous": q.showTerm(t)}, nil
}

func (s *Server) fileByID(id int) *file {
	for _, f := range s.files {
		if f.id == id {
			return f
		}
	}
	return nil
}

// mediaRoute is uploaded files.
//
// https://developer.wordpress.org/rest-api/reference/media/
func (q *request) mediaRoute(id int, one bool) (any, *fault) {
	if one {
		f := q.s.fileByID(id)
		if f == nil {
			return nil, &fault{code: "rest_post_invalid_id", message: "Invalid post ID.", status: http.StatusNotFound}
		}
		return q.showFile(f), nil
	}
	if q.Method != http.MethodPost {
		return nil, noRoute
	}
	if !q.user.can("upload_files") {
		return nil, q.denied("rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
	}
	return q.upload()
}

func (q *request) upload() (any, *fault) {
	bad := func(code, message string, status int) (any, *fault) {
		return nil, &fault{code: code, message: message, status: status}
	}
	data, err := io.ReadAll(io.LimitReader(q.Body, maxBody))
	name := ""
	kind, params, derr := mime.ParseMediaType(q.Header.Get("Content-Disposition"))
	if derr == nil && kind == "attachment" && !strings.Contains(q.Header.Get("Content-Disposition"), "filename*") {
		name = path.Base(params["filename"])
	}
	switch {
	case err != nil || len(data) == 0:
		return bad("rest_upload_no_data", "No data supplied.", http.StatusBadRequest)
	case q.Header.Get("Content-Type") == "":
		return bad("rest_upload_no_content_type", "No Content-Type supplied.", http.StatusBadRequest)
	case q.Header.Get("Content-Disposition") == "":
		return bad("rest_upload_no_content_disposition", "No Content-Disposition supplied.", http.StatusBadRequest)
	case name == "" || name == ".":
		return bad("rest_upload_invalid_disposition", "Invalid Content-Disposition supplied.", http.StatusBadRequest)
	case !slices.Contains(endings, strings.ToLower(path.Ext(name))):
		return bad("rest_upload_sideload_error", "Sorry, you are not allowed to upload this file type.", http.StatusInternalServerError)
	}
	q.s.last++
	f := &file{
		id: q.s.last, author: q.user.ID, name: name, mime: q.Header.Get("Content-Type"), alt: q.text("alt_text"),
		caption: q.text("caption"), date: q.s.now(), data: data,
	}
	q.s.files = append(q.s.files, f)
	q.status = http.StatusCreated
	return q.showFile(f), nil
}

// endings are file names' endings that a stock site takes.
var endings = []string{".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp4", ".mov", ".webm", ".mp3", ".m4a", ".wav", ".pdf", ".txt", ".zip"}

func (q *request) showFile(f *file) object {
	class, _, _ := strings.Cut(f.mime, "/")
	if class != "image" {
		class = "file"
	}
	return object{
		"id": f.id, "date_gmt": f.date.Format(wire), "author": f.author, "alt_text": f.alt, "media_type": class, "mime_type": f.mime,
		"caption": rendered(f.caption, f.caption, true), "status": "inherit", "type": "attachment", "post": nil,
		"source_url": q.s.URL + "/wp-content/uploads/" + strconv.Itoa(f.id) + "-" + f.name,
	}
}
