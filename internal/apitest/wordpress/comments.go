package wordpress

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// commentsRoute is comments.
//
// https://developer.wordpress.org/rest-api/reference/comments/
func (q *request) commentsRoute(id int, one bool) (any, *fault) {
	if !one {
		switch q.Method {
		case http.MethodGet, http.MethodHead:
			return q.listComments()
		case http.MethodPost:
			return q.createComment()
		}
		return nil, noRoute
	}
	c := q.s.commentByID(id)
	if c == nil {
		return nil, &fault{code: "rest_comment_invalid_id", message: "Invalid comment ID.", status: http.StatusNotFound}
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		ctx, e := q.commentContext()
		if e != nil {
			return nil, e
		}
		if !q.maySee(c) {
			return nil, q.denied("rest_cannot_read", "Sorry, you are not allowed to read this comment.")
		}
		return q.showComment(c, ctx == "edit"), nil
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return q.updateComment(c)
	case http.MethodDelete:
		return q.deleteComment(c)
	}
	return nil, noRoute
}

func (q *request) commentContext() (string, *fault) {
	ctx, e := q.context()
	if e == nil && ctx == "edit" && !q.user.can("moderate_comments") {
		e = q.denied("rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
	}
	return ctx, e
}

// mayRule is whether the user decides about a comment: moderators, and who may edit the post.
func (q *request) mayRule(c *comment) bool {
	p := q.s.postByID(c.post)
	return q.user.ID != 0 && (q.user.can("moderate_comments") || p != nil && q.user.mayEdit(p))
}

func (q *request) maySee(c *comment) bool {
	p := q.s.postByID(c.post)
	return p != nil && c.status == "approved" && q.user.mayRead(p) || q.user.ID != 0 && c.author == q.user.ID || q.mayRule(c)
}

func (q *request) showComment(c *comment, edit bool) object {
	name := "a visitor"
	if u := q.s.userByID(c.author); u != nil {
		name = u.Login
	}
	kind := "post"
	if p := q.s.postByID(c.post); p != nil {
		kind = p.kind
	}
	return object{
		"id": c.id, "post": c.post, "parent": c.parent, "author": c.author, "author_name": name, "author_url": "",
		"date": q.s.local(c.date), "date_gmt": c.date.Format(wire), "content": rendered(c.content, autop(c.content), edit),
		"link": q.s.URL + "/?p=" + strconv.Itoa(c.post) + "#comment-" + strconv.Itoa(c.id), "status": c.status, "type": "comment",
		"author_avatar_urls": object{"96": "https://avatars.example/" + strconv.Itoa(c.author)}, "meta": []any{},
		"_links": object{"up": []any{object{"post_type": kind, "embeddable": true}}},
	}
}

func (q *request) listComments() (any, *fault) {
	ctx, e := q.commentContext()
	if e != nil {
		return nil, e
	}
	if !q.user.can("edit_posts") {
		for _, name := range []string{"author", "author_exclude", "author_email", "type", "status"} {
			if v := q.text(name); v != "" && (name != "status" || v != "approve") && (name != "type" || v != "comment") {
				return nil, q.denied("rest_forbidden_param", "Query parameter not permitted: "+name)
			}
		}
	}
	by, e := q.choice("orderby", "date_gmt", "date", "date_gmt", "id", "include", "post", "parent", "type")
	if e != nil {
		return nil, e
	}
	found, e := q.findComments()
	if e != nil {
		return nil, e
	}
	e = order(q, found, "desc", func(c *comment) (string, int) {
		switch by {
		case "id":
			return "", c.id
		case "date":
			return q.s.local(c.date), c.id
		case "date_gmt":
			return c.date.Format(wire), c.id
		case "post":
			return padded(c.post), c.id
		}
		return padded(c.parent), c.id
	})
	if e != nil {
		return nil, e
	}
	found, e = page(q, found)
	if e != nil {
		return nil, e
	}
	out := []any{}
	for _, c := range found {
		if q.maySee(c) {
			out = append(out, q.showComment(c, ctx == "edit"))
		}
	}
	return out, nil
}

// statusOK reports whether a comment's status is the one of a list: "all" is what is in
// order and what waits, "any" is everything.
func statusOK(want, have string) bool {
	switch want {
	case "", "approve":
		return have == "approved"
	case "all":
		return have == "approved" || have == "hold"
	case "any":
		return true
	}
	return want == have
}

func (q *request) findComments() ([]*comment, *fault) {
	b, e := q.bounds()
	if e != nil {
		return nil, e
	}
	lists := make(map[string][]int)
	for _, name := range []string{"post", "parent", "author", "include", "exclude"} {
		if lists[name], e = q.numbers(name); e != nil {
			return nil, e
		}
	}
	in := func(name string, id int) bool { return len(lists[name]) == 0 || slices.Contains(lists[name], id) }
	var out []*comment
	for _, c := range q.s.comments {
		if statusOK(q.text("status"), c.status) && between(q.s.local(c.date), b.after, b.before) && in("post", c.post) &&
			in("parent", c.parent) && in("author", c.author) && in("include", c.id) && !slices.Contains(lists["exclude"], c.id) &&
			matches(q.text("search"), c.content) {
			out = append(out, c)
		}
	}
	return out, nil
}

// createComment keeps WordPress's order of checks.
func (q *request) createComment() (any, *fault) {
	if q.user.ID == 0 {
		return nil, &fault{code: "rest_comment_login_required", message: "Sorry, you must be logged in to comment.", status: http.StatusUnauthorized}
	}
	if q.has("author") && !q.user.can("moderate_comments") {
		return nil, q.denied("rest_comment_invalid_author", "Sorry, you are not allowed to edit 'author' for comments.")
	}
	p, e := q.commented()
	if e != nil {
		return nil, e
	}
	parent, e := q.number("parent", 0)
	if e != nil {
		return nil, e
	}
	c := &comment{post: p.id, parent: parent, author: q.user.ID, status: "approved", content: strings.TrimSpace(q.text("content")), date: q.s.now()}
	if c.content == "" {
		return nil, &fault{code: "rest_comment_content_invalid", message: "Invalid comment content.", status: http.StatusBadRequest}
	}
	if q.has("date_gmt") {
		if c.date, e = q.givenDate(); e != nil {
			return nil, e
		}
	}
	if e := q.repeated(c); e != nil {
		return nil, e
	}
	if q.s.o.Moderated && !q.user.can("moderate_comments") && p.author != q.user.ID {
		c.status = "hold" // neither a moderator nor the post's author
	}
	c.id = 1
	if n := len(q.s.comments); n > 0 {
		c.id = q.s.comments[n-1].id + 1
	}
	q.s.comments = append(q.s.comments, c)
	q.status = http.StatusCreated
	return q.showComment(c, q.user.can("moderate_comments")), nil
}

func (q *request) givenDate() (time.Time, *fault) {
	t, err := time.Parse(wire, q.text("date_gmt"))
	if err != nil {
		return t, badParam("date_gmt", "Invalid date.", "rest_invalid_date", 0)
	}
	return t.UTC(), nil
}

// commented is the post that a new comment is about. A parent that is not there is no
// error to WordPress.
func (q *request) commented() (*post, *fault) {
	id, e := q.number("post", 0)
	if e != nil {
		return nil, e
	}
	p := q.s.postByID(id)
	refuse := func(code, message string) (*post, *fault) {
		return nil, &fault{code: code, message: message, status: http.StatusForbidden}
	}
	switch {
	case p == nil:
		return refuse("rest_comment_invalid_post_id", "Sorry, you are not allowed to create this comment without a post.")
	case p.status == "draft":
		return refuse("rest_comment_draft_post", "Sorry, you are not allowed to create a comment on this post.")
	case p.status == "trash":
		return refuse("rest_comment_trash_post", "Sorry, you are not allowed to create a comment on this post.")
	case !q.user.mayRead(p):
		return refuse("rest_cannot_read_post", "Sorry, you are not allowed to read the post for this comment.")
	case p.commentStatus != "open":
		return refuse("rest_comment_closed", "Sorry, comments are closed for this item.")
	}
	return p, nil
}

// repeated refuses what was said already, and what comes too soon from one user.
//
// https://developer.wordpress.org/reference/functions/wp_check_comment_flood/
// https://developer.wordpress.org/reference/functions/wp_allow_comment/
func (q *request) repeated(c *comment) *fault {
	for _, o := range q.s.comments {
		if o.post == c.post && o.parent == c.parent && o.author == c.author && o.content == c.content && o.status != "trash" {
			return &fault{
				code: "comment_duplicate", status: http.StatusConflict,
				message: "Duplicate comment detected; it looks as though you&#8217;ve already said that!",
			}
		}
	}
	if q.s.o.Flood == 0 || q.user.can("moderate_comments") {
		return nil
	}
	for _, o := range q.s.comments {
		if o.author == c.author && c.date.Sub(o.date) < q.s.o.Flood {
			return &fault{code: "comment_flood", message: "You are posting comments too quickly. Slow down.", status: http.StatusBadRequest}
		}
	}
	return nil
}

func (q *request) updateComment(c *comment) (any, *fault) {
	if !q.mayRule(c) {
		return nil, q.denied("rest_cannot_edit", "Sorry, you are not allowed to edit this comment.")
	}
	if q.has("content") {
		if strings.TrimSpace(q.text("content")) == "" {
			return nil, &fault{code: "rest_comment_content_invalid", message: "Invalid comment content.", status: http.StatusBadRequest}
		}
		c.content = q.text("content")
	}
	if q.has("status") {
		c.setStatus(q.text("status"))
	}
	return q.showComment(c, true), nil
}

// setStatus does what WordPress does for the word, and nothing for one that it does not know.
//
// https://developer.wordpress.org/reference/classes/wp_rest_comments_controller/handle_status_param/
func (c *comment) setStatus(word string) {
	switch word {
	case "approved", "approve", "1":
		c.status = "approved"
	case "hold", "0":
		c.status = "hold"
	case "spam", "trash":
		if c.status != word {
			c.note, c.status = c.status, word
		}
	case "unspam", "untrash":
		c.status, c.note = c.note, ""
		if c.status == "" {
			c.status = "hold"
		}
	}
}

func (q *request) deleteComment(c *comment) (any, *fault) {
	if !q.mayRule(c) {
		return nil, q.denied("rest_cannot_delete", "Sorry, you are not allowed to delete this comment.")
	}
	if q.text("force") == "true" {
		gone := q.showComment(c, true)
		q.s.comments = slices.DeleteFunc(q.s.comments, func(o *comment) bool { return o == c })
		return object{"deleted": true, "previous": gone}, nil
	}
	if q.s.o.NoTrash {
		return nil, &fault{code: "rest_trash_not_supported", message: "The comment does not support trashing. Set 'force=true' to delete.", status: http.StatusNotImplemented}
	}
	if c.status == "trash" {
		return nil, &fault{code: "rest_already_trashed", message: "The comment has already been trashed.", status: http.StatusGone}
	}
	c.setStatus("trash")
	return q.showComment(c, true), nil
}
