package wordpress

import "net/http"

// A Step is one call of a script, and what a WordPress answers. What stands in braces in
// Path and Body is replaced by what an earlier step saved under that name.
type Step struct {
	User, Method, Path, Body string
	// Header replaces the Content-Type application/json.
	Header http.Header
	// Status and Code are what must come back; Code is that of an error.
	Status int
	Code   string
	// Want are fields of the answer, or of the first item of a list, as JSON has them.
	Want map[string]any
	// Total is the number of items on all pages, if it is not 0.
	Total string
	// Save is the name under which the answer's ID is kept.
	Save string
}

// Script is what a WordPress must answer, call after call, on a site that is new and
// holds no comments back. Test servers and real ones are held to it alike.
func Script() []Step {
	var all []Step
	for _, part := range [][]Step{loginSteps(), postSteps(), trashSteps(), commentSteps(), ruleSteps(), fileSteps(), termSteps(), listSteps()} {
		all = append(all, part...)
	}
	return all
}

const (
	get, put, del = http.MethodGet, http.MethodPost, http.MethodDelete
)

// loginSteps tell who may see what.
func loginSteps() []Step {
	return []Step{
		{User: "editor", Method: get, Path: "users/me?context=edit", Status: 200, Want: map[string]any{"username": "editor"}},
		{Method: get, Path: "users/me", Status: 401, Code: "rest_not_logged_in"},
		{User: "nobody", Method: get, Path: "users/me", Status: 401, Code: "rest_not_logged_in"},
		{User: "nobody", Method: get, Path: "posts?per_page=1", Status: 200}, // a wrong password makes a visitor
		{Method: put, Path: "posts", Body: `{"title":"x"}`, Status: 401, Code: "rest_cannot_create"},
		{User: "subscriber", Method: put, Path: "posts", Body: `{"title":"x"}`, Status: 403, Code: "rest_cannot_create"},
		{User: "subscriber", Method: get, Path: "posts?context=edit", Status: 403, Code: "rest_forbidden_context"},
		{User: "subscriber", Method: get, Path: "posts?status=future", Status: 400, Code: "rest_invalid_param"},
		{User: "subscriber", Method: get, Path: "comments?status=any", Status: 403, Code: "rest_forbidden_param"},
		{User: "subscriber", Method: get, Path: "comments?author=1", Status: 403, Code: "rest_forbidden_param"},
		{User: "author", Method: get, Path: "comments?context=edit", Status: 403, Code: "rest_forbidden_context"},
		{User: "editor", Method: get, Path: "users?context=edit", Status: 403, Code: "rest_forbidden_context"},
		{User: "admin", Method: get, Path: "users?context=edit&orderby=id", Status: 200, Want: map[string]any{"slug": "admin"}},
		{User: "editor", Method: get, Path: "nope", Status: 404, Code: "rest_no_route"},
		{User: "editor", Method: get, Path: "posts/abc", Status: 404, Code: "rest_no_route"},
		{User: "editor", Method: get, Path: "posts/99999", Status: 404, Code: "rest_post_invalid_id"},
		{User: "editor", Method: get, Path: "comments/99999", Status: 404, Code: "rest_comment_invalid_id"},
		{User: "editor", Method: get, Path: "posts?per_page=200", Status: 400, Code: "rest_invalid_param"},
		{User: "editor", Method: get, Path: "posts?orderby=bogus", Status: 400, Code: "rest_invalid_param"},
		{User: "editor", Method: get, Path: "posts?page=50", Status: 400, Code: "rest_post_invalid_page_number"},
		{User: "editor", Method: get, Path: "comments?page=50", Status: 200},
	}
}

// postSteps make and change posts.
func postSteps() []Step {
	return []Step{
		{User: "author", Method: put, Path: "posts", Body: `{"status":"publish"}`, Status: 400, Code: "empty_content"},
		{
			User: "author", Method: put, Path: "posts", Body: `{"title":"A","content":"<p>a<!-- ~x --></p>","status":"publish"}`, Status: 201, Save: "post",
			Want: map[string]any{"status": "publish", "slug": "a", "sticky": false, "comment_status": "open"},
		},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"A","content":"b","status":"publish"}`, Status: 201, Want: map[string]any{"slug": "a-2"}},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"x","status":"bogus"}`, Status: 400, Code: "rest_invalid_param"},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"x","tags":["x"]}`, Status: 400, Code: "rest_invalid_param"},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"x","status":"draft","categories":[999]}`, Status: 201, Want: map[string]any{"status": "draft"}},
		{User: "contributor", Method: put, Path: "posts", Body: `{"title":"x","status":"publish"}`, Status: 403, Code: "rest_cannot_publish"},
		{User: "contributor", Method: put, Path: "posts", Body: `{"title":"x","status":"pending"}`, Status: 201, Want: map[string]any{"status": "pending"}},
		{
			User: "author", Method: put, Path: "posts", Body: `{"title":"later","status":"future","date_gmt":"2099-01-01T00:00:00"}`, Status: 201, Save: "later",
			Want: map[string]any{"status": "future", "date_gmt": "2099-01-01T00:00:00", "modified_gmt": "2099-01-01T00:00:00"},
		},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"x","status":"publish","date_gmt":"2099-01-01T00:00:00"}`, Status: 201, Want: map[string]any{"status": "future"}},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"x","status":"future","date_gmt":"2020-01-01T00:00:00"}`, Status: 201, Want: map[string]any{"status": "publish"}},
		{User: "author", Method: put, Path: "posts/{later}", Body: `{"date_gmt":"2098-01-01T00:00:00","status":"future"}`, Status: 200, Want: map[string]any{"date_gmt": "2098-01-01T00:00:00"}},
		{User: "author", Method: put, Path: "posts", Body: `{"title":"inner","status":"private"}`, Status: 201, Save: "inner", Want: map[string]any{"status": "private"}},
		{User: "subscriber", Method: get, Path: "posts/{inner}", Status: 403, Code: "rest_forbidden"},
		{User: "editor", Method: put, Path: "posts", Body: `{"title":"of an editor","status":"publish"}`, Status: 201, Save: "foreign"},
		{User: "author", Method: put, Path: "posts/{foreign}", Body: `{"title":"x"}`, Status: 403, Code: "rest_cannot_edit"},
		{User: "author", Method: del, Path: "posts/{foreign}", Status: 403, Code: "rest_cannot_delete"},
		{User: "author", Method: get, Path: "posts/{foreign}?context=edit", Status: 403, Code: "rest_forbidden_context"},
		{User: "author", Method: put, Path: "pages", Body: `{"title":"x"}`, Status: 403, Code: "rest_cannot_create"},
		{User: "editor", Method: put, Path: "pages", Body: `{"title":"P","status":"publish"}`, Status: 201, Save: "page", Want: map[string]any{"type": "page"}},
		{User: "editor", Method: get, Path: "posts/{page}", Status: 404, Code: "rest_post_invalid_id"},
		{User: "editor", Method: put, Path: "posts/{post}", Body: `{"sticky":true}`, Status: 200, Want: map[string]any{"sticky": true}},
		{User: "editor", Method: put, Path: "posts/{post}", Body: `{"featured_media":99999}`, Status: 200, Want: map[string]any{"featured_media": 0.0}},
	}
}

// trashSteps show what the trash does to a post and its comments.
func trashSteps() []Step {
	return []Step{
		{User: "author", Method: put, Path: "posts", Body: `{"title":"T","content":"t","status":"publish"}`, Status: 201, Save: "trash"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{trash},"content":"on it"}`, Status: 201, Save: "lost", Want: map[string]any{"status": "approved"}},
		{User: "author", Method: put, Path: "posts/{trash}", Body: `{"status":"trash"}`, Status: 400, Code: "rest_invalid_param"},
		{User: "author", Method: del, Path: "posts/{trash}", Status: 200, Want: map[string]any{"status": "trash", "slug": "t__trashed"}},
		{User: "author", Method: del, Path: "posts/{trash}", Status: 410, Code: "rest_already_trashed"},
		{User: "author", Method: get, Path: "posts?status=any&include={trash}", Status: 200, Total: "0"},
		{User: "author", Method: get, Path: "posts?status=trash&include={trash}", Status: 200, Total: "1", Want: map[string]any{"status": "trash"}},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{trash},"content":"too late"}`, Status: 403, Code: "rest_comment_trash_post"},
		{User: "author", Method: get, Path: "comments?post={trash}&status=any", Status: 200, Total: "1", Want: map[string]any{"status": "post-trashed"}},
		{User: "author", Method: put, Path: "posts/{trash}", Body: `{"status":"publish"}`, Status: 200, Want: map[string]any{"status": "publish", "slug": "t"}},
		{User: "author", Method: get, Path: "comments/{lost}", Status: 200, Want: map[string]any{"status": "post-trashed"}},
		{User: "author", Method: put, Path: "comments/{lost}", Body: `{"status":"hold"}`, Status: 200, Want: map[string]any{"status": "hold"}},
		{User: "author", Method: del, Path: "posts/{trash}?force=true", Status: 200, Want: map[string]any{"deleted": true}},
		{User: "author", Method: get, Path: "posts/{trash}", Status: 404, Code: "rest_post_invalid_id"},
		{User: "author", Method: get, Path: "comments/{lost}", Status: 404, Code: "rest_comment_invalid_id"},
	}
}

// commentSteps make comments.
func commentSteps() []Step {
	return []Step{
		{Method: put, Path: "comments", Body: `{"post":{post},"content":"x"}`, Status: 401, Code: "rest_comment_login_required"},
		{User: "editor", Method: put, Path: "comments", Body: `{"content":"x"}`, Status: 403, Code: "rest_comment_invalid_post_id"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":99999,"content":"x"}`, Status: 403, Code: "rest_comment_invalid_post_id"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"content":""}`, Status: 400, Code: "rest_comment_content_invalid"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"content":"first"}`, Status: 201, Save: "comment", Want: map[string]any{"status": "approved"}},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"content":"first"}`, Status: 409, Code: "comment_duplicate"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"parent":{comment},"content":"first"}`, Status: 201, Save: "nested"},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"parent":99999,"content":"to nobody"}`, Status: 201},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"content":"dated","date_gmt":"2026-01-02T03:04:05"}`, Status: 201, Save: "dated", Want: map[string]any{"date_gmt": "2026-01-02T03:04:05"}},
		{User: "subscriber", Method: put, Path: "comments", Body: `{"post":{post},"content":"by a reader"}`, Status: 201, Save: "reader"},
		{User: "subscriber", Method: put, Path: "comments", Body: `{"post":{post},"content":"at once"}`, Status: 400, Code: "comment_flood"},
		{User: "subscriber", Method: put, Path: "comments/{reader}", Body: `{"content":"x"}`, Status: 403, Code: "rest_cannot_edit"},
		{User: "subscriber", Method: del, Path: "comments/{reader}", Status: 403, Code: "rest_cannot_delete"},
		{User: "editor", Method: put, Path: "posts/{post}", Body: `{"comment_status":"closed"}`, Status: 200, Want: map[string]any{"comment_status": "closed"}},
		{User: "editor", Method: put, Path: "comments", Body: `{"post":{post},"content":"closed"}`, Status: 403, Code: "rest_comment_closed"},
		{User: "editor", Method: put, Path: "posts/{post}", Body: `{"comment_status":"open"}`, Status: 200},
		{User: "author", Method: put, Path: "comments/{comment}", Body: `{"status":"hold"}`, Status: 200, Want: map[string]any{"status": "hold"}},
		{User: "subscriber", Method: get, Path: "comments/{comment}", Status: 403, Code: "rest_cannot_read"},
		{User: "contributor", Method: put, Path: "comments/{comment}", Body: `{"status":"approved"}`, Status: 403, Code: "rest_cannot_edit"},
	}
}

// ruleSteps change the status of a comment in every way.
func ruleSteps() []Step {
	var out []Step
	for _, step := range [][2]string{
		{"approved", "approved"},
		{"approved", "approved"},
		{"spam", "spam"},
		{"unspam", "approved"},
		{"hold", "hold"},
		{"trash", "trash"},
		{"untrash", "hold"},
		{"bogus", "hold"},
		{"approve", "approved"},
		{"spam", "spam"},
		{"trash", "trash"},
		{"untrash", "spam"},
		{"unspam", "hold"},
		{"spam", "spam"},
		{"approved", "approved"},
		{"trash", "trash"},
		{"hold", "hold"},
		{"trash", "trash"},
		{"untrash", "hold"},
	} {
		out = append(out, Step{User: "editor", Method: put, Path: "comments/{comment}", Body: `{"status":"` + step[0] + `"}`, Status: 200, Want: map[string]any{"status": step[1]}})
	}
	return append(out,
		Step{User: "editor", Method: del, Path: "comments/{nested}", Status: 200, Want: map[string]any{"status": "trash"}},
		Step{User: "editor", Method: del, Path: "comments/{nested}", Status: 410, Code: "rest_already_trashed"},
		Step{User: "editor", Method: del, Path: "comments/{nested}?force=true", Status: 200, Want: map[string]any{"deleted": true}},
		Step{User: "editor", Method: get, Path: "comments/{nested}", Status: 404, Code: "rest_comment_invalid_id"})
}

// file is the header of an upload.
func fileHeader(kind, disposition string) http.Header {
	h := http.Header{"Content-Type": {kind}}
	if disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	return h
}

// fileSteps upload files.
func fileSteps() []Step {
	const body = "%PDF-1.4\n%%EOF\n"
	return []Step{
		{
			User: "author", Method: put, Path: "media?alt_text=A&caption=C", Body: body, Header: fileHeader("application/pdf", `attachment; filename="a b.pdf"`), Status: 201, Save: "file",
			Want: map[string]any{"alt_text": "A", "mime_type": "application/pdf", "media_type": "file"},
		},
		{User: "author", Method: get, Path: "media/{file}", Status: 200, Want: map[string]any{"alt_text": "A"}},
		{User: "author", Method: put, Path: "media", Body: body, Header: fileHeader("application/pdf", ""), Status: 400, Code: "rest_upload_no_content_disposition"},
		{User: "author", Method: put, Path: "media", Body: body, Header: fileHeader("application/pdf", `attachment; filename*=UTF-8''a.pdf`), Status: 400, Code: "rest_upload_invalid_disposition"},
		{User: "author", Method: put, Path: "media", Body: body, Header: fileHeader("application/pdf", `attachment; filename="a"`), Status: 500, Code: "rest_upload_sideload_error"},
		{User: "author", Method: put, Path: "media", Body: body, Header: fileHeader("text/x-foo", `attachment; filename="a.exe"`), Status: 500, Code: "rest_upload_sideload_error"},
		{User: "author", Method: put, Path: "media", Header: fileHeader("application/pdf", `attachment; filename="a.pdf"`), Status: 400, Code: "rest_upload_no_data"},
		{User: "contributor", Method: put, Path: "media", Body: body, Header: fileHeader("application/pdf", `attachment; filename="a.pdf"`), Status: 403, Code: "rest_cannot_create"},
		{User: "author", Method: get, Path: "media/99999", Status: 404, Code: "rest_post_invalid_id"},
	}
}

// termSteps make categories and tags.
func termSteps() []Step {
	return []Step{
		{User: "author", Method: put, Path: "categories", Body: `{"name":"News"}`, Status: 403, Code: "rest_cannot_create"},
		{User: "editor", Method: put, Path: "categories", Body: `{"name":"News","description":"d"}`, Status: 201, Save: "news", Want: map[string]any{"name": "News", "slug": "news", "description": "d"}},
		{User: "editor", Method: put, Path: "categories", Body: `{"name":"news"}`, Status: 400, Code: "term_exists"},
		{User: "editor", Method: put, Path: "categories", Body: `{"name":"News","parent":{news}}`, Status: 201, Save: "below", Want: map[string]any{"name": "News"}},
		{User: "editor", Method: put, Path: "categories", Body: `{"name":"Tom & Jerry"}`, Status: 201, Want: map[string]any{"name": "Tom &amp; Jerry"}},
		{User: "editor", Method: put, Path: "categories/{below}", Body: `{"name":"Old news"}`, Status: 200, Want: map[string]any{"name": "Old news"}},
		{User: "contributor", Method: put, Path: "tags", Body: `{"name":"Four"}`, Status: 201, Save: "tag"},
		{User: "contributor", Method: put, Path: "tags", Body: `{"name":"four"}`, Status: 400, Code: "term_exists"},
		{User: "editor", Method: get, Path: "tags?search=our", Status: 200, Total: "1", Want: map[string]any{"name": "Four"}},
		{User: "editor", Method: put, Path: "tags", Body: `{}`, Status: 400, Code: "rest_missing_callback_param"},
		{User: "editor", Method: del, Path: "categories/{below}", Status: 501, Code: "rest_trash_not_supported"},
		{User: "editor", Method: del, Path: "categories/{below}?force=true", Status: 200, Want: map[string]any{"deleted": true}},
		{User: "editor", Method: get, Path: "categories/{below}", Status: 404, Code: "rest_term_invalid"},
		{User: "editor", Method: del, Path: "categories/1?force=true", Status: 403, Code: "rest_cannot_delete"},
		{User: "editor", Method: put, Path: "posts/{post}", Body: `{"categories":[{news}],"tags":[{tag}]}`, Status: 200},
	}
}

// listSteps pick posts and comments out.
func listSteps() []Step {
	return []Step{
		{User: "editor", Method: get, Path: "posts?categories={news}", Status: 200, Total: "1", Want: map[string]any{"slug": "a"}},
		{User: "editor", Method: get, Path: "posts?tags={tag}", Status: 200, Total: "1", Want: map[string]any{"slug": "a"}},
		{User: "editor", Method: get, Path: "posts?search=~x", Status: 200, Total: "1", Want: map[string]any{"slug": "a"}}, // searches look into HTML comments
		{User: "editor", Method: get, Path: "posts?include={post},{foreign}&exclude={foreign}", Status: 200, Total: "2"},
		{User: "editor", Method: get, Path: "comments?after=2026-01-02T03:04:05Z&before=2026-01-02T03:04:06Z", Status: 200, Total: "0"},
		{User: "editor", Method: get, Path: "comments?after=2026-01-02T03:04:04Z&before=2026-01-02T03:04:06Z", Status: 200, Total: "1", Want: map[string]any{"date_gmt": "2026-01-02T03:04:05"}},
		{User: "editor", Method: get, Path: "comments?after=2026-01-02T03:04:04Z&before=2026-01-02T03:04:06Z&exclude={dated}", Status: 200, Total: "0"},
		{User: "editor", Method: get, Path: "comments?status=hold&include={comment}", Status: 200, Total: "1", Want: map[string]any{"status": "hold"}},
		{User: "editor", Method: get, Path: "comments?status=all&include={comment}", Status: 200, Total: "1"},
		{User: "editor", Method: get, Path: "comments?include={comment}", Status: 200, Total: "0"},
		{User: "subscriber", Method: get, Path: "comments?parent=99999", Status: 200, Total: "1"},
		{User: "editor", Method: get, Path: "comments?orderby=date&order=asc&per_page=1&include={dated},{comment}&status=any", Status: 200, Total: "2", Want: map[string]any{"date_gmt": "2026-01-02T03:04:05"}},
	}
}
