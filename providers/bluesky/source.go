package bluesky

import (
	"context"
	"errors"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

const (
	sourceEarly = time.Minute     // before its end a session is renewed
	sourceRest  = 5 * time.Minute // after a refused login
)

// source is a session in memory: it logs in when it is first asked, and keeps itself fresh.
type source struct {
	flow *PasswordFlow
	in   login
	turn chan struct{} // held by whoever may touch what is below
	now  parvis.Token
	dead error
	died time.Time
}

// Source returns the tokens of an account that is logged in with its handle and app
// password, at the server, wherever that is, or, if it is empty, where the handle leads. It logs in at the
// first call, renews the session, logs in again if that has ended, and keeps all in
// memory only. Since servers count logins, a program that starts often should rather connect
// the account once and keep its token. After a refused login it waits for five minutes
// before the next.
func (f *PasswordFlow) Source(server, handle, password string) parvis.Renewer {
	flow := *f
	if flow.trusted = server != ""; flow.trusted {
		flow.wire.Client = f.opt.HTTPClient
	}
	return &source{
		flow: &flow, in: login{who: api.CleanHandle(handle), secret: password, server: server}, turn: make(chan struct{}, 1),
	}
}

// Token returns the token of now.
func (s *source) Token(ctx context.Context) (parvis.Token, error) {
	return s.get(ctx, func(t parvis.Token) bool { return t.Valid(time.Now().Add(sourceEarly)) })
}

// Renew returns another token than refused.
func (s *source) Renew(ctx context.Context, refused parvis.Token) (parvis.Token, error) {
	return s.get(ctx, func(t parvis.Token) bool { return t.Value != refused.Value && t.Valid(time.Now()) })
}

func (s *source) get(ctx context.Context, good func(parvis.Token) bool) (parvis.Token, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return parvis.Token{}, ctx.Err()
	}
	if good(s.now) {
		return s.now, nil
	}
	if s.dead != nil && time.Since(s.died) < sourceRest {
		return parvis.Token{}, s.dead
	}
	t, err := s.fresh(ctx)
	if s.dead = nil; errors.Is(err, parvis.ErrAuth) || errors.Is(err, parvis.ErrPermission) || errors.Is(err, parvis.ErrInvalid) {
		s.dead, s.died, s.now = err, time.Now(), parvis.Token{}
	}
	if err == nil {
		s.now = t
	}
	return t, err
}

func (s *source) fresh(ctx context.Context) (parvis.Token, error) {
	if s.now.Refresh != "" {
		t, err := s.flow.refresh(ctx, parvis.Account{Network: Network}, s.now)
		if !errors.Is(err, parvis.ErrAuth) {
			return t, err
		}
	}
	t, err := s.flow.login(ctx, s.in)
	return t, parvis.In(err, parvis.Account{Network: Network, Handle: s.in.who}, "log in", parvis.ErrUnavailable)
}

// String hides the session.
func (s *source) String() string { return parvis.Token{}.String() }

// GoString hides the session.
func (s *source) GoString() string { return s.String() }
