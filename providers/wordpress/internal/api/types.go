package api

import (
	"encoding/json"
	"strings"
	"time"
)

// A Time is a point in time as WordPress writes it in its *_gmt fields: UTC without a
// zone. A missing time, null or the empty string is the zero Time.
//
// https://developer.wordpress.org/rest-api/reference/posts/#schema-date_gmt
type Time struct{ time.Time }

// layout is the form without a zone, which is UTC.
const layout = "2006-01-02T15:04:05"

// UnmarshalJSON reads the form without a zone, and RFC 3339, which plugins write.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" || s == "false" || strings.HasPrefix(s, "0000-") {
		*t = Time{}
		return nil
	}
	v, err := time.Parse(layout, s)
	if err != nil {
		if v, err = time.Parse(time.RFC3339, s); err != nil {
			return err
		}
	}
	t.Time = v.UTC()
	return nil
}

// FormatTime writes t as WordPress takes it in its *_gmt fields.
func FormatTime(t time.Time) string { return t.UTC().Format(layout) }

// Rendered is a text as it is kept (Raw, with context=edit only) and as pages show it.
type Rendered struct {
	Raw      string `json:"raw"`
	Rendered string `json:"rendered"`
}

// UnmarshalJSON also takes a plain string, which is what plugins make of it.
func (r *Rendered) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &r.Rendered)
	}
	type plain Rendered
	return json.Unmarshal(b, (*plain)(r))
}

// Names is a JSON object of strings; PHP writes an empty one as an array, and none as null
// or false.
type Names map[string]string

// UnmarshalJSON reads an object and passes over what is no string.
func (n *Names) UnmarshalJSON(b []byte) error {
	*n = nil
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*n = make(Names, len(all))
	for k, v := range all {
		if s, ok := v.(string); ok {
			(*n)[k] = s
		}
	}
	return nil
}

// Caps is a set of capabilities: what a user may do.
//
// https://wordpress.org/documentation/article/roles-and-capabilities/
type Caps map[string]bool

// UnmarshalJSON reads an object whose values are truth values, or what PHP takes for such.
func (c *Caps) UnmarshalJSON(b []byte) error {
	*c = nil
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*c = make(Caps, len(all))
	for k, v := range all {
		switch v := v.(type) {
		case bool:
			(*c)[k] = v
		case float64:
			(*c)[k] = v != 0
		case string:
			(*c)[k] = v != "" && v != "0"
		}
	}
	return nil
}

// A User is an account of the site.
//
// https://developer.wordpress.org/rest-api/reference/users/#schema
type User struct {
	ID           int      `json:"id"`
	Username     string   `json:"username"` // context=edit only
	Name         string   `json:"name"`
	Slug         string   `json:"slug"`
	Link         string   `json:"link"`
	Roles        []string `json:"roles"` // context=edit only
	Registered   Time     `json:"registered_date"`
	Capabilities Caps     `json:"capabilities"`
	Avatars      Names    `json:"avatar_urls"`
}

// A Post is a post or page.
//
// https://developer.wordpress.org/rest-api/reference/posts/#schema
type Post struct {
	ID            int      `json:"id"`
	Date          Time     `json:"date_gmt"`
	Modified      Time     `json:"modified_gmt"`
	Slug          string   `json:"slug"`
	Status        string   `json:"status"`
	Type          string   `json:"type"`
	Link          string   `json:"link"`
	Title         Rendered `json:"title"`
	Content       Rendered `json:"content"`
	Excerpt       Rendered `json:"excerpt"`
	Author        int      `json:"author"`
	FeaturedMedia int      `json:"featured_media"`
	CommentStatus string   `json:"comment_status"`
	Sticky        bool     `json:"sticky"`
	Categories    []int    `json:"categories"`
	Tags          []int    `json:"tags"`
	Embedded      struct {
		Author []User `json:"author"`
	} `json:"_embedded"`
}

// A Comment is a comment, ping or trackback.
//
// https://developer.wordpress.org/rest-api/reference/comments/#schema
type Comment struct {
	ID         int      `json:"id"`
	Post       int      `json:"post"`
	Parent     int      `json:"parent"`
	Author     int      `json:"author"` // 0 is somebody without an account
	AuthorName string   `json:"author_name"`
	AuthorURL  string   `json:"author_url"`
	Avatars    Names    `json:"author_avatar_urls"`
	Date       Time     `json:"date_gmt"`
	Content    Rendered `json:"content"`
	Link       string   `json:"link"`
	Status     string   `json:"status"`
	Type       string   `json:"type"`
	Links      struct {
		Up []struct {
			PostType string `json:"post_type"`
		} `json:"up"`
	} `json:"_links"`
}

// PostType is the type of the post that c is about: "post" or "page".
func (c Comment) PostType() string {
	if len(c.Links.Up) > 0 {
		return c.Links.Up[0].PostType
	}
	return "post"
}

// Media is an uploaded file.
//
// https://developer.wordpress.org/rest-api/reference/media/#schema
type Media struct {
	ID        int    `json:"id"`
	AltText   string `json:"alt_text"`
	MediaType string `json:"media_type"`
	MIME      string `json:"mime_type"`
	SourceURL string `json:"source_url"`
}

// A Term is a category or tag.
//
// https://developer.wordpress.org/rest-api/reference/categories/#schema
type Term struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Slug        string `json:"slug"`
	Description string `json:"description"`
	Link        string `json:"link"`
	Parent      int    `json:"parent"`
}

// An Index is the API's own description of the site.
//
// https://developer.wordpress.org/rest-api/extending-the-rest-api/routes-and-endpoints/
type Index struct {
	Name       string   `json:"name"`
	Namespaces []string `json:"namespaces"`
	// Zone is the name of the site's time zone; empty where it is a fixed offset.
	Zone string `json:"timezone_string"`
	// Authorize is the address of the page that makes application passwords, or empty.
	Authorize PasswordPage `json:"authentication"`
}

// PasswordPage is the address of the page that makes application passwords.
//
// https://developer.wordpress.org/reference/functions/rest_add_application_passwords_to_index/
type PasswordPage string

// UnmarshalJSON finds the address in the ways to log in that a site lists. PHP writes an
// empty list as an array; what has another form has no such page.
func (p *PasswordPage) UnmarshalJSON(b []byte) error {
	var ways struct {
		Passwords struct {
			Endpoints struct {
				Authorization string `json:"authorization"`
			} `json:"endpoints"`
		} `json:"application-passwords"`
	}
	*p = ""
	if json.Unmarshal(b, &ways) == nil {
		*p = PasswordPage(ways.Passwords.Endpoints.Authorization)
	}
	return nil
}

// Fault is the body of an answer that is an error.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/
type Fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Status  int `json:"status"`
		Details map[string]struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Data    struct {
				Status int `json:"status"`
			} `json:"data"`
		} `json:"details"`
		Params Names `json:"params"`
		TermID int   `json:"term_id"`
	} `json:"data"`
}

// ParseFault reads the body of an answer that is an error, and reports whether it is one
// of WordPress.
func ParseFault(b []byte) (Fault, bool) {
	var f Fault
	if json.Unmarshal(b, &f) == nil && f.Code != "" {
		return f, true
	}
	var head struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(b, &head) != nil || head.Code == "" {
		return Fault{}, false
	}
	return Fault{Code: head.Code, Message: head.Message}, true
}
