package mastodon

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// self is who the account is and what its token may do.
type self struct {
	api.Me
	// scopes are those granted; nil is unknown.
	scopes []string
}

// who asks the server who the account is, and remembers it.
func (c *Client) who(ctx context.Context) (*self, error) {
	if v, ok := c.self.fresh(); ok {
		return v, nil
	}
	return c.self.get(ctx, c.cfg.Refresh, func(ctx context.Context) (*self, error) {
		me, err := c.api.Verify(ctx)
		if err != nil && !errors.Is(err, parvis.ErrPermission) {
			return nil, err
		}
		if me.ID == "" && err == nil {
			return nil, &parvis.Error{
				Code: parvis.ErrBadAnswer, Message: "the server does not say who the account is",
				Help: "check that Config.Server is the address of a server with the Mastodon API",
			}
		}
		s := &self{Me: me}
		t, err := c.cfg.Tokens.Token(sending.Unfenced(ctx)) // renewing it is no part of an attempt
		if err != nil {
			return nil, err
		}
		if s.scopes = t.Scopes; s.scopes == nil {
			// A token has its application's scopes at most. Servers before 4.3.0, and those of
			// other makes, do not tell them.
			if app, err := c.api.App(ctx); err == nil && len(app.Scopes) > 0 {
				s.scopes = app.Scopes
			}
		}
		return s, nil
	})
}

// me is who for those that need the account's ID, which takes the scope profile or read:accounts.
func (c *Client) me(ctx context.Context) (*self, error) {
	s, err := c.who(ctx)
	if err == nil && s.ID == "" {
		err = &parvis.Error{
			Code: parvis.ErrPermission, Message: "the token does not let the server say who the account is",
			Help: "connect the account again and grant read:accounts",
		}
	}
	return s, err
}

// has reports whether the scope was granted, or may have been. Scopes are hierarchical;
// see https://docs.joinmastodon.org/api/oauth-scopes/.
func (s *self) has(scope string) bool {
	if s.scopes == nil {
		return true
	}
	for {
		if slices.Contains(s.scopes, scope) {
			return true
		}
		switch scope {
		case "read:blocks", "read:follows", "read:mutes", "write:blocks", "write:follows", "write:mutes":
			if slices.Contains(s.scopes, "follow") {
				return true
			}
		}
		i := strings.LastIndexByte(scope, ':')
		if i < 0 {
			return false
		}
		scope = scope[:i]
	}
}

// missing returns those of the scopes that were surely not granted.
func (s *self) missing(scopes ...string) []string {
	var out []string
	for _, scope := range scopes {
		if !s.has(scope) {
			out = append(out, scope)
		}
	}
	return out
}

// given returns sup, or a no if the scope is surely missing.
func (s *self) given(sup parvis.Support, scope string) parvis.Support {
	if !sup.OK() || s.has(scope) {
		return sup
	}
	return parvis.Support{Why: "the token was not granted " + scope, Scope: scope}
}

// A permission is a flag of a role; see https://docs.joinmastodon.org/entities/Role/#permission-flags.
type permission uint64

const (
	administrator permission = 0x1
	manageReports permission = 0x10
	manageUsers   permission = 0x400
)

func (p permission) String() string {
	switch p {
	case manageReports:
		return "Manage Reports"
	case manageUsers:
		return "Manage Users"
	}
	return "Administrator"
}

// may reports whether the account's role has the permission, or may have it.
func (s *self) may(p permission) bool {
	if s.Role == nil || s.Role.Permissions == "" {
		return true
	}
	flags, err := strconv.ParseUint(s.Role.Permissions, 10, 64)
	return err != nil || permission(flags)&(p|administrator) != 0
}

// staff returns sup, or a no if the scope or the permission is surely missing.
func (s *self) staff(sup parvis.Support, scope string, p permission) parvis.Support {
	if sup.OK() && !s.may(p) {
		return parvis.Support{Why: "the account's role lacks the permission " + p.String(), Scope: "the role permission " + p.String()}
	}
	return s.given(sup, scope)
}
