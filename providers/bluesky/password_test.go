package bluesky

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

const testPassword = "abcd-efgh-ijkl-mnop" // of the form that the network makes

func passwords(p *play, keep bool) *PasswordFlow {
	dir := Directory{PLC: "https://plc.example", Handles: "https://names.example"}
	return NewPasswordFlow(PasswordConfig{Directory: dir, KeepPassword: keep}, p.options())
}

func typed(handle, password, server string) providers.Input {
	return providers.Input{Values: map[string]string{"handle": handle, "password": password, "server": server}}
}

func TestPasswordFlow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plays    []string
		in       providers.Input
		keep     bool
		notes    int
		password string
	}{
		"by handle":         {plays: []string{"resolve", "document", "login"}, in: typed(" @Alice.example", testPassword, "")},
		"by DID":            {plays: []string{"document", "resolve", "login"}, in: typed(testDID, testPassword, "")},
		"at a server":       {plays: []string{"login-at-server"}, in: typed("alice.example", testPassword, "pds.example/")},
		"kept":              {plays: []string{"resolve", "document", "login"}, in: typed(testHandle, testPassword, ""), keep: true, password: testPassword},
		"the account's own": {plays: []string{"resolve", "document", "login-main"}, in: typed(testHandle, "parvis-secret-main", ""), notes: 1},
		"without chat":      {plays: []string{"resolve", "document", "login-without-chat"}, in: typed(testHandle, testPassword, ""), notes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := recorded(t, c.plays...)
			step, err := passwords(p, c.keep).Start(t.Context(), c.in)
			require.NoError(t, err)
			p.done()
			assert.Empty(t, step.URL)
			require.NotNil(t, step.Grant)
			require.Len(t, step.Grant.Choices, 1)
			assert.Len(t, step.Grant.Notes, c.notes)
			ch := step.Grant.Choices[0]
			assert.Equal(t, parvis.Account{Network: Network, ID: testDID, Handle: testHandle}, ch.Account)
			assert.Equal(t, "Bearer", ch.Token.Type)
			assert.InDelta(t, 7200, time.Until(ch.Token.Expiry).Seconds(), 10)
			assert.Equal(t, testPDS, ch.Token.Extra[api.ExtraPDS])
			assert.Equal(t, PasswordName, ch.Token.Extra[providers.FlowKey])
			same(t, c.password, ch.Token.Extra[extraPassword], "the kept password")
			require.True(t, strings.HasSuffix(ch.Token.Value, "access-1") && strings.HasSuffix(ch.Token.Refresh, "refresh-1"), "both tokens")
		})
	}
}

func TestPasswordFlowRefusals(t *testing.T) {
	t.Parallel()
	found := []string{"resolve", "document"}
	for name, c := range map[string]struct {
		plays []string
		in    providers.Input
		code  parvis.Code
		help  string
	}{
		"no handle":         {nil, typed("", testPassword, ""), parvis.ErrInvalid, "handle"},
		"no password":       {nil, typed(testHandle, "", ""), parvis.ErrInvalid, "app password"},
		"a server inwards":  {nil, typed(testHandle, testPassword, "https://127.0.0.1"), parvis.ErrInvalid, "https://pds.example"},
		"a server, no TLS":  {nil, typed(testHandle, testPassword, "http://pds.example"), parvis.ErrInvalid, "https"},
		"wrong":             {append(found, "login-refused"), typed(testHandle, testPassword, ""), parvis.ErrAuth, "check both"},
		"a code by mail":    {append(found, "login-factor"), typed(testHandle, testPassword, ""), parvis.ErrAuth, "make an app password"},
		"taken down":        {append(found, "login-takedown"), typed(testHandle, testPassword, ""), parvis.ErrPermission, "appeal"},
		"too often":         {append(found, "login-limited"), typed(testHandle, testPassword, ""), parvis.ErrRateLimited, ""},
		"another's session": {append(found, "login-of-another"), typed(testHandle, testPassword, ""), parvis.ErrBadAnswer, "check the handle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := recorded(t, c.plays...)
			step, err := passwords(p, false).Start(t.Context(), c.in)
			require.ErrorIs(t, err, c.code)
			assert.Contains(t, err.Error(), c.help)
			assert.Nil(t, step.Grant)
			hides(t, err.Error(), testPassword)
			p.done()
		})
	}
	_, err := passwords(recorded(t), false).Finish(t.Context(), providers.Step{}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

// session is what the exchange "login" gives.
func session(t testing.TB, keep bool) (parvis.Account, parvis.Token) {
	t.Helper()
	step, err := passwords(recorded(t, "resolve", "document", "login"), keep).Start(t.Context(), typed(testHandle, testPassword, ""))
	require.NoError(t, err)
	return step.Grant.Choices[0].Account, step.Grant.Choices[0].Token
}

func TestPasswordRefresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plays []string
		keep  bool
		code  parvis.Code
		gives string
	}{
		"well":                      {plays: []string{"refresh"}, gives: "access-2"},
		"ended":                     {plays: []string{"refresh-expired"}, code: parvis.ErrAuth},
		"ended, password kept":      {plays: []string{"refresh-expired", "login-again"}, keep: true, gives: "access-3"},
		"ended, password withdrawn": {plays: []string{"refresh-expired", "login-refused"}, keep: true, code: parvis.ErrAuth},
		"ended, login too often":    {plays: []string{"refresh-expired", "login-limited"}, keep: true, code: parvis.ErrRateLimited},
		"taken down":                {plays: []string{"refresh-takedown"}, keep: true, code: parvis.ErrPermission},
		"broken off":                {plays: []string{"refresh-broken"}, keep: true, code: parvis.ErrUnavailable},
		"another's":                 {plays: []string{"refresh-of-another"}, code: parvis.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, tok := session(t, c.keep)
			tok.Version = 5
			p := recorded(t, c.plays...)
			fresh, err := passwords(p, c.keep).Refresh(t.Context(), a, tok)
			p.done()
			if c.code != "" {
				require.ErrorIs(t, err, c.code)
				assert.NotContains(t, err.Error(), "parvis-secret")
				return
			}
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(fresh.Value, c.gives), "the new token")
			assert.EqualValues(t, 5, fresh.Version)
			assert.Equal(t, testPDS, fresh.Extra[api.ExtraPDS])
			same(t, tok.Extra[extraPassword], fresh.Extra[extraPassword], "the kept password")
		})
	}
	a, tok := session(t, false)
	tok.Refresh = ""
	_, err := passwords(recorded(t), false).Refresh(t.Context(), a, tok)
	require.ErrorIs(t, err, parvis.ErrAuth)
}

func TestPasswordRevoke(t *testing.T) {
	t.Parallel()
	a, tok := session(t, false)
	for _, name := range []string{"delete", "delete-gone"} {
		p := recorded(t, name)
		require.NoError(t, passwords(p, false).Revoke(t.Context(), a, tok))
		p.done()
	}
	require.NoError(t, passwords(recorded(t), false).Revoke(t.Context(), a, parvis.Token{}))
}

// TestSource logs in once, renews, and begins anew when the session has ended.
func TestSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := recorded(t, "login-at-server", "refresh", "refresh-expired", "login-at-server-again")
		p.left[2].Request.Header = nil // it renews what the refresh gave
		s := passwords(p, false).Source(testPDS, testHandle, testPassword)
		first, err := s.Token(t.Context())
		require.NoError(t, err)
		again, err := s.Token(t.Context())
		require.NoError(t, err)
		same(t, first.Value, again.Value, "the session of one login")
		time.Sleep(119*time.Minute + time.Second)
		second, err := s.Token(t.Context())
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(second.Value, "access-2"), "renewed a minute before its end")
		unchanged, err := s.Renew(t.Context(), first)
		require.NoError(t, err)
		same(t, second.Value, unchanged.Value, "what somebody has renewed meanwhile")
		third, err := s.Renew(t.Context(), second)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(third.Value, "access-3"), "a new session")
		p.done()
		hides(t, fmt.Sprintf("%v %+v %#v", s, s, s), testPassword)
	})
}

// TestSourceDoesNotHammer: logins are counted, also those that fail.
func TestSourceDoesNotHammer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := recorded(t, "login-at-server-refused", "login-at-server")
		s := passwords(p, false).Source(testPDS, testHandle, testPassword)
		for range 5 {
			_, err := s.Token(t.Context())
			require.ErrorIs(t, err, parvis.ErrAuth)
		}
		assert.Len(t, p.left, 1)
		time.Sleep(sourceRest)
		_, err := s.Token(t.Context())
		require.NoError(t, err)
		p.done()
	})
}

func TestPasswordFlowTellsNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := recorded(t, "resolve", "document", "login", "refresh", "refresh-expired")
	o := p.options()
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f := NewPasswordFlow(PasswordConfig{Directory: Directory{PLC: "https://plc.example", Handles: "https://names.example"}}, o)
	step, err := f.Start(t.Context(), typed(testHandle, testPassword, ""))
	require.NoError(t, err)
	c := step.Grant.Choices[0]
	_, err = f.Refresh(t.Context(), c.Account, c.Token)
	require.NoError(t, err)
	_, err = f.Refresh(t.Context(), c.Account, c.Token)
	require.Error(t, err)
	told := log.String() + err.Error() + fmt.Sprintf("%v %#v", step.Grant.Choices, c.Token)
	assert.NotEmpty(t, log.String())
	hides(t, told, testPassword)
}
