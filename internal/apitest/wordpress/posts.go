package wordpress

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// postStatuses are those that a post can be given.
var postStatuses = []string{"publish", "future", "draft", "pending", "private"}

// postsRoute is posts and pages.
//
// https://developer.wordpress.org/rest-api/reference/posts/
func (q *request) postsRoute(kind string, id int, one bool) (any, *fault) {
	if !one {
		switch q.Method {
		case http.MethodGet, http.MethodHead:
			return q.listPosts(kind)
		case http.MethodPost:
			return q.createPost(kind)
		}
		return nil, noRoute
	}
	p := q.s.postByID(id)
	if p == nil || p.kind != kind {
		return nil, &fault{code: "rest_post_invalid_id", message: "Invalid post ID.", status: http.StatusNotFound}
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		return q.getPost(p)
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return q.updatePost(p)
	case http.MethodDelete:
		return q.deletePost(p)
	}
	return nil, noRoute
}

// mayEdit is the capability edit_post of one post.
func (u *User) mayEdit(p *post) bool { return u.mayChange(p, "edit") }

func (u *User) mayChange(p *post, verb string) bool {
	many := p.kind + "s"
	switch {
	case u.ID == 0 || !u.can("edit_"+many):
		return false
	case p.author != u.ID:
		return u.can(verb + "_others_" + many)
	case p.status == "publish" || p.status == "private" || p.status == "future":
		return u.can(verb + "_published_" + many)
	}
	return true
}

func (u *User) mayRead(p *post) bool {
	return p.status == "publish" || p.status == "private" && u.can("read_private_"+p.kind+"s") || u.mayEdit(p)
}

func (q *request) getPost(p *post) (any, *fault) {
	ctx, e := q.context()
	if e != nil {
		return nil, e
	}
	if ctx == "edit" && !q.user.mayEdit(p) {
		return nil, q.denied("rest_forbidden_context", "Sorry, you are not allowed to edit this post.")
	}
	if !q.user.mayRead(p) {
		return nil, q.denied("rest_forbidden", "Sorry, you are not allowed to do that.")
	}
	return q.showPost(p, ctx == "edit"), nil
}

// showPost is a post as answers have it.
func (q *request) showPost(p *post, edit bool) object {
	slug, link := p.slug, q.s.URL+"/"+p.slug+"/"
	if p.status == "draft" || p.status == "pending" || p.status == "future" {
		link = q.s.URL + "/?p=" + strconv.Itoa(p.id)
	}
	o := object{
		"id": p.id, "date": q.s.local(p.date), "date_gmt": p.date.Format(wire), "modified": q.s.local(p.modified),
		"modified_gmt": p.modified.Format(wire), "slug": slug, "status": p.status, "type": p.kind, "link": link,
		"title": rendered(p.title, p.title, edit), "content": rendered(p.content, autop(p.content), edit),
		"excerpt": rendered(p.excerpt, autop(p.excerpt), edit), "author": p.author, "featured_media": p.featured,
		"comment_status": p.commentStatus, "meta": []any{}, "parent": p.parent,
	}
	if p.kind == "post" {
		o["sticky"], o["categories"], o["tags"] = q.s.sticky[p.id], ints(p.categories), ints(p.tags)
		delete(o, "parent")
	}
	if strings.Contains(q.text("_embed"), "author") {
		if u := q.s.userByID(p.author); u != nil {
			o["_embedded"] = object{"author": []any{q.showUser(u, false)}}
		}
	}
	return o
}

func ints(v []int) []int {
	if v == nil {
		return []int{}
	}
	return v
}

func rendered(raw, shown string, edit bool) object {
	o := object{"rendered": shown}
	if edit {
		o["raw"] = raw
	}
	return o
}

// autop is the paragraphs that WordPress makes when it shows a text (wpautop), as far as
// texts without any need them.
func autop(s string) string {
	if s == "" || strings.Contains(s, "<p") || strings.Contains(s, "<!-- wp:") {
		return s
	}
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(part, "\n", "<br />\n") + "</p>\n")
	}
	return b.String()
}

func (q *request) createPost(kind string) (any, *fault) {
	if !q.user.can("edit_" + kind + "s") {
		return nil, q.denied("rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
	}
	now := q.s.now()
	p := &post{kind: kind, author: q.user.ID, status: "draft", commentStatus: "open", date: now, modified: now}
	if kind == "page" {
		p.commentStatus = "closed"
	}
	if e := q.fillPost(p, true); e != nil {
		return nil, e
	}
	if p.title == "" && p.content == "" && p.excerpt == "" {
		return nil, &fault{code: "empty_content", message: "Content, title, and excerpt are empty.", status: http.StatusBadRequest}
	}
	p.modified = p.date // WordPress gives a new post the same time for both
	q.s.last++
	p.id = q.s.last
	q.s.posts = append(q.s.posts, p)
	q.settle(p)
	q.status = http.StatusCreated
	q.header.Set("Location", q.s.root()+"wp/v2/"+kind+"s/"+strconv.Itoa(p.id))
	return q.showPost(p, true), nil
}

func (q *request) updatePost(p *post) (any, *fault) {
	if !q.user.mayEdit(p) {
		return nil, q.denied("rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
	}
	was := p.status
	changed := *p
	if e := q.fillPost(&changed, false); e != nil {
		return nil, e
	}
	*p = changed
	p.modified = q.s.now()
	if was == "trash" && p.status != "trash" {
		p.slug = strings.TrimSuffix(p.slug, "__trashed") // the comments stay post-trashed
	}
	q.settle(p)
	return q.showPost(p, true), nil
}

// fillPost sets the fields that the request has.
func (q *request) fillPost(p *post, isNew bool) *fault {
	if q.has("status") {
		st, e := q.choice("status", p.status, postStatuses...)
		if e != nil {
			return e
		}
		if (st == "publish" || st == "private" || st == "future") && !q.user.can("publish_"+p.kind+"s") {
			return q.denied("rest_cannot_publish", "Sorry, you are not allowed to publish posts in this post type.")
		}
		p.status = st
	}
	for name, to := range map[string]*string{"title": &p.title, "content": &p.content, "excerpt": &p.excerpt, "slug": &p.slug} {
		if q.has(name) {
			*to = q.clean(q.text(name))
		}
	}
	if q.has("date_gmt") {
		t, err := time.Parse(wire, q.text("date_gmt"))
		if err != nil {
			if t, err = time.Parse(time.RFC3339, q.text("date_gmt")); err != nil {
				return badParam("date_gmt", "Invalid date.", "rest_invalid_date", 0)
			}
		}
		p.date = t.UTC()
	}
	if q.has("comment_status") {
		st, e := q.choice("comment_status", "", "open", "closed")
		if e != nil {
			return e
		}
		p.commentStatus = st
	}
	return q.fillRest(p, isNew)
}

// fillRest sets the fields that refer to other things.
func (q *request) fillRest(p *post, isNew bool) *fault {
	n, e := q.number("featured_media", p.featured)
	if e != nil {
		return e
	}
	if n == 0 || q.s.fileByID(n) != nil { // anything else is passed over in silence
		p.featured = n
	}
	if p.kind != "post" {
		return nil
	}
	for name, to := range map[string]*[]int{"categories": &p.categories, "tags": &p.tags} {
		ids, e := q.numbers(name)
		if e != nil {
			return e
		}
		if q.has(name) {
			*to = slices.DeleteFunc(ids, func(id int) bool { return q.s.termByID(id) == nil })
		}
	}
	if isNew && len(p.categories) == 0 && !q.has("categories") {
		p.categories = []int{1}
	}
	return nil
}

// settle applies what WordPress decides by itself: when a post goes out, and its slug.
//
// https://developer.wordpress.org/reference/functions/wp_insert_post/
func (q *request) settle(p *post) {
	ahead := p.date.Sub(q.s.now()) >= time.Minute
	switch {
	case p.status == "publish" && ahead:
		p.status = "future"
	case p.status == "future" && !ahead:
		p.status = "publish"
	}
	if p.kind == "post" && q.has("sticky") {
		q.s.sticky[p.id] = q.text("sticky") == "true"
	}
	if p.slug == "" && p.status != "draft" && p.status != "pending" {
		p.slug = slugOf(p.title)
		if p.slug == "" {
			p.slug = strconv.Itoa(p.id)
		}
	}
	for base, n := p.slug, 2; p.slug != "" && q.s.slugTaken(p); n++ {
		p.slug = base + "-" + strconv.Itoa(n)
	}
}

func (s *Server) slugTaken(p *post) bool {
	return slices.ContainsFunc(s.posts, func(o *post) bool { return o != p && o.slug == p.slug && o.kind == p.kind })
}

// slugOf is the last part of an address that a title makes.
func slugOf(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

// clean takes scripts out of what users without unfiltered_html write. Comments stay.
func (q *request) clean(s string) string {
	if q.user.can("unfiltered_html") {
		return s
	}
	return strings.NewReplacer("<script>", "", "</script>", "").Replace(s)
}

func (q *request) deletePost(p *post) (any, *fault) {
	if !q.user.mayChange(p, "delete") {
		return nil, q.denied("rest_cannot_delete", "Sorry, you are not allowed to delete this post.")
	}
	if q.text("force") == "true" {
		gone := q.showPost(p, true)
		q.s.posts = slices.DeleteFunc(q.s.posts, func(o *post) bool { return o == p })
		q.s.comments = slices.DeleteFunc(q.s.comments, func(c *comment) bool { return c.post == p.id })
		return object{"deleted": true, "previous": gone}, nil
	}
	switch {
	case q.s.o.NoTrash:
		return nil, &fault{code: "rest_trash_not_supported", message: "The post does not support trashing. Set 'force=true' to delete.", status: http.StatusNotImplemented}
	case p.status == "trash":
		return nil, &fault{code: "rest_already_trashed", message: "The post has already been deleted.", status: http.StatusGone}
	}
	p.status, p.modified, p.slug = "trash", q.s.now(), p.slug+"__trashed"
	for _, c := range q.s.comments {
		if c.post == p.id {
			c.status = "post-trashed"
		}
	}
	return q.showPost(p, true), nil
}
