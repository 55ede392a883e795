package mastodontest

import (
	"net/http"
	"slices"
	"strings"
)

// A Role is what somebody may do on the server.
type Role string

// The roles, and what Mastodon's own roles of these names may do.
// See https://docs.joinmastodon.org/entities/Role/.
const (
	RoleUser      Role = ""
	RoleModerator Role = "Moderator"
	RoleAdmin     Role = "Admin"
	RoleOwner     Role = "Owner"
)

// permission is a bit of a role's permissions.
type permission int

// See https://docs.joinmastodon.org/entities/Role/#flags.
const (
	mayAdministrate  permission = 0x1
	mayManageReports permission = 0x10
	mayManageUsers   permission = 0x400
	mayDeleteData    permission = 0x80000
)

func (r Role) permissions() permission {
	switch r {
	case RoleModerator:
		return mayManageReports | mayManageUsers | 0x4 | 0x8
	case RoleAdmin:
		return 0xfffff &^ mayAdministrate
	case RoleOwner:
		return mayAdministrate
	}
	return 0x10000
}

func (r Role) may(p permission) bool {
	has := r.permissions()
	return has&mayAdministrate != 0 || has&p == p
}

// bearer is the token that a request carries, or "".
func bearer(r *http.Request) string {
	if kind, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "bearer") {
		return t
	}
	return r.URL.Query().Get("access_token")
}

// authorize finds who calls and whether they may, in Mastodon's order: token, scopes,
// user, state of the user, role.
func (s *Server) authorize(rt route, c *call) error {
	if text := bearer(c.r); text != "" {
		c.token = s.db.tokens[text]
		if c.token == nil {
			return refuse(http.StatusUnauthorized, textInvalidToken)
		}
		if c.token.revoked {
			return refuse(http.StatusUnauthorized, textRevokedToken)
		}
		c.me = c.token.account
	}
	if s.o.Private && c.me == nil && strings.HasPrefix(c.r.URL.Path, "/api/v") && !rt.app {
		return refuse(http.StatusUnauthorized, textPrivate)
	}
	if len(rt.scopes) == 0 || rt.open && c.token == nil {
		return nil
	}
	if c.token == nil {
		return refuse(http.StatusUnauthorized, textInvalidToken)
	}
	if !slices.ContainsFunc(rt.scopes, c.token.covers) {
		return refuse(http.StatusForbidden, textScopes)
	}
	if rt.app || rt.open {
		return nil
	}
	return s.authorizeUser(rt, c)
}

func (s *Server) authorizeUser(rt route, c *call) error {
	switch {
	case c.me == nil:
		return refuse(http.StatusUnprocessableEntity, textNeedsUser)
	case c.me.disabled || c.me.suspended:
		return refuse(http.StatusForbidden, textDisabled)
	case c.me.unconfirmed:
		return refuse(http.StatusForbidden, textUnconfirmed)
	case c.me.pending:
		return refuse(http.StatusForbidden, textPending)
	case rt.may != 0 && !c.me.role.may(rt.may):
		return forbidden()
	}
	return nil
}

// covers reports whether the token has a scope, itself or by a wider one.
// See https://docs.joinmastodon.org/api/oauth-scopes/.
func (t *token) covers(scope string) bool {
	for _, has := range t.scopes {
		if has == scope || strings.HasPrefix(scope, has+":") {
			return true
		}
		if has == "follow" && slices.Contains(followScopes(), scope) {
			return true
		}
	}
	return false
}

// followScopes are what the deprecated scope follow stands for.
func followScopes() []string {
	return []string{"read:blocks", "write:blocks", "read:follows", "write:follows", "read:mutes", "write:mutes"}
}
