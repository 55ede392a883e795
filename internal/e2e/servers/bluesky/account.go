package bluesky

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// An Account is somebody on the PDS.
type Account struct {
	DID, Handle, Email string
	// Password is the account's own; AppPassword one that it has made.
	Password, AppPassword string
	// Access and Refresh are a session by the app password.
	Access, Refresh string
}

// Account makes a fresh account with an app password. Its handle is the name and ".test".
func (n *Network) Account(ctx context.Context, name string) (Account, error) {
	a := Account{Handle: name + ".test", Email: name + "@test.invalid", Password: "parvis-secret-password-" + name}
	var made struct{ DID, AccessJwt string }
	err := n.Anyone().Post(ctx, "com.atproto.server.createAccount", map[string]string{
		"handle": a.Handle, "email": a.Email, "password": a.Password,
	}, &made)
	if err != nil {
		return a, err
	}
	a.DID, a.Access = made.DID, made.AccessJwt
	return a, n.equip(ctx, &a)
}

// equip gives the account an app password, and its session in place of the one that it has.
func (n *Network) equip(ctx context.Context, a *Account) error {
	var pass struct{ Password string }
	err := n.As(*a).Post(ctx, "com.atproto.server.createAppPassword", map[string]string{"name": "e2e"}, &pass)
	if err != nil {
		return err
	}
	a.AppPassword = pass.Password
	*a, err = n.Login(ctx, *a, pass.Password)
	return err
}

// Login returns the account with a fresh session by the password.
func (n *Network) Login(ctx context.Context, a Account, password string) (Account, error) {
	var session struct{ AccessJwt, RefreshJwt string }
	err := n.Anyone().Post(ctx, "com.atproto.server.createSession", map[string]string{"identifier": a.Handle, "password": password}, &session)
	a.Access, a.Refresh = session.AccessJwt, session.RefreshJwt
	return a, err
}

// Say posts a text, whose handles become mentions, and answers another post if that is
// not empty. It returns the address and the version of the post.
func (s *Session) Say(ctx context.Context, text, replyTo string) (uri, cid string, err error) {
	record := map[string]any{
		"$type": "app.bsky.feed.post", "text": text, "langs": []string{"en"},
		"createdAt": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	if record["facets"], err = s.mentions(ctx, text); err != nil {
		return "", "", err
	}
	if replyTo != "" {
		if record["reply"], err = s.reply(ctx, replyTo); err != nil {
			return "", "", err
		}
	}
	var made struct{ URI, CID string }
	err = s.Post(ctx, "com.atproto.repo.createRecord", map[string]any{"repo": s.did, "collection": "app.bsky.feed.post", "record": record}, &made)
	return made.URI, made.CID, err
}

var handle = regexp.MustCompile(`@[a-z0-9.-]+\.test`)

// mentions are the facets of the handles in text. Offsets count bytes.
func (s *Session) mentions(ctx context.Context, text string) ([]map[string]any, error) {
	facets := []map[string]any{}
	for _, at := range handle.FindAllStringIndex(text, -1) {
		var who struct{ DID string }
		err := s.Get(ctx, "com.atproto.identity.resolveHandle", url.Values{"handle": {text[at[0]+1 : at[1]]}}, &who)
		if err != nil {
			return nil, err
		}
		facets = append(facets, map[string]any{
			"index":    map[string]int{"byteStart": at[0], "byteEnd": at[1]},
			"features": []map[string]string{{"$type": "app.bsky.richtext.facet#mention", "did": who.DID}},
		})
	}
	return facets, nil
}

// A strong names one version of a record.
type strong struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

// reply is what an answer to the post of that address says of it: the post, and the one
// that the conversation began with.
func (s *Session) reply(ctx context.Context, address string) (map[string]strong, error) {
	parts := strings.Split(strings.TrimPrefix(address, "at://"), "/")
	if len(parts) != 3 {
		return nil, errors.New(address + " is not the address of a record")
	}
	var parent struct {
		strong
		Value struct {
			Reply *struct{ Root strong }
		}
	}
	err := s.Get(ctx, "com.atproto.repo.getRecord", url.Values{"repo": {parts[0]}, "collection": {parts[1]}, "rkey": {parts[2]}}, &parent)
	if err != nil {
		return nil, err
	}
	root := parent.strong
	if parent.Value.Reply != nil {
		root = parent.Value.Reply.Root
	}
	return map[string]strong{"root": root, "parent": parent.strong}, nil
}
