package wordpress

import (
	"crypto/rand"
	"slices"
	"time"
)

// state is what the site's database holds.
type state struct {
	last     int // the last ID given to a post or file
	users    []*User
	posts    []*post
	comments []*comment
	terms    []*term
	files    []*file
	sticky   map[int]bool
}

// A User is somebody with an account.
type User struct {
	ID                           int
	Login, Email, Role, Password string
	since                        time.Time
}

type post struct {
	id, author, featured, parent           int
	kind, status, slug                     string // kind is "post" or "page"
	title, content, excerpt, commentStatus string
	date, modified                         time.Time
	categories, tags                       []int
}

type comment struct {
	id, post, parent, author int
	status, content          string
	note                     string // what _wp_trash_meta_status holds: the status before the spam or trash
	date                     time.Time
}

type term struct {
	id, parent              int
	taxonomy, name, slug    string
	description, collection string
}

type file struct {
	id, author               int
	name, mime, alt, caption string
	date                     time.Time
	data                     []byte
}

// roles are the capabilities of WordPress's roles as far as the API asks for them.
//
// https://wordpress.org/documentation/article/roles-and-capabilities/
var roles = map[string][]string{
	"subscriber":  {"read"},
	"contributor": {"read", "edit_posts", "delete_posts"},
	"author":      {"read", "edit_posts", "delete_posts", "publish_posts", "edit_published_posts", "delete_published_posts", "upload_files"},
	"editor": {
		"read", "edit_posts", "delete_posts", "publish_posts", "edit_published_posts", "delete_published_posts", "upload_files",
		"edit_others_posts", "delete_others_posts", "edit_private_posts", "read_private_posts", "delete_private_posts",
		"edit_pages", "publish_pages", "edit_published_pages", "delete_pages", "delete_published_pages", "edit_others_pages",
		"delete_others_pages", "edit_private_pages", "read_private_pages", "moderate_comments", "manage_categories", "unfiltered_html",
	},
	"administrator": {"list_users", "create_users", "manage_options"}, // and those of editors
}

// can reports whether the user has the capability. Administrators have those of editors
// and more.
func (u *User) can(capability string) bool {
	if u.Role == "administrator" {
		return slices.Contains(roles["editor"], capability) || slices.Contains(roles["administrator"], capability)
	}
	return slices.Contains(roles[u.Role], capability)
}

// install sets up what every new site has.
func (s *Server) install() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sticky = make(map[int]bool)
	for _, role := range []string{"administrator", "editor", "author", "contributor", "subscriber"} {
		login := role
		if role == "administrator" {
			login = "admin"
		}
		s.addUser(login, role)
	}
	s.terms = append(s.terms, &term{id: 1, taxonomy: "category", collection: "categories", name: "Uncategorized", slug: "uncategorized"})
	s.last = 1
	now := s.now()
	s.posts = append(s.posts, &post{
		id: 1, author: 1, kind: "post", status: "publish", slug: "hello-world", title: "Hello world!",
		content: "<p>Welcome to WordPress.</p>", commentStatus: "open", date: now, modified: now, categories: []int{1},
	})
}

func (s *Server) addUser(login, role string) *User {
	u := &User{ID: len(s.users) + 1, Login: login, Email: login + "@example.org", Role: role, Password: rand.Text()[:24], since: s.now()}
	s.users = append(s.users, u)
	return u
}

// Join adds a user with a role.
func (s *Server) Join(login, role string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.addUser(login, role)
}

func (s *Server) userByID(id int) *User {
	if id < 1 || id > len(s.users) {
		return nil
	}
	return s.users[id-1]
}

func (s *Server) postByID(id int) *post {
	for _, p := range s.posts {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (s *Server) commentByID(id int) *comment {
	for _, c := range s.comments {
		if c.id == id {
			return c
		}
	}
	return nil
}
