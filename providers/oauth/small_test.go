package oauth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

// TestGraphErrors is the table of https://developers.facebook.com/docs/graph-api/guides/error-handling.
func TestGraphErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		code parvis.Code
		help string
	}{
		`{"error":{"code":190,"error_subcode":458,"message":"m"}}`:   {parvis.ErrAuth, "connect the account again"},
		`{"error":{"code":190,"message":"m"}}`:                       {parvis.ErrAuth, "connect the account again"},
		`{"error":{"code":102,"message":"m"}}`:                       {parvis.ErrAuth, "connect the account again"},
		`{"error":{"code":190,"error_subcode":492,"message":"m"}}`:   {parvis.ErrPermission, "administrator of the page"},
		`{"error":{"code":10,"message":"m"}}`:                        {parvis.ErrPermission, "grant it"},
		`{"error":{"code":200,"message":"m"}}`:                       {parvis.ErrPermission, "tasks"},
		`{"error":{"code":299,"message":"m"}}`:                       {parvis.ErrPermission, "tasks"},
		`{"error":{"code":1705,"message":"m"}}`:                      {parvis.ErrPermission, "tasks"},
		`{"error":{"code":100,"error_subcode":33,"message":"m"}}`:    {parvis.ErrNotFound, "deleted"},
		`{"error":{"code":803,"message":"m"}}`:                       {parvis.ErrNotFound, ""},
		`{"error":{"code":100,"message":"m"}}`:                       {parvis.ErrInvalid, ""},
		`{"error":{"code":4,"message":"m"}}`:                         {parvis.ErrRateLimited, ""},
		`{"error":{"code":80001,"message":"m"}}`:                     {parvis.ErrRateLimited, ""},
		`{"error":{"code":368,"message":"m"}}`:                       {parvis.ErrRateLimited, "wait"},
		`{"error":{"code":368,"message":"This was already posted"}}`: {parvis.ErrDuplicate, ""},
		`{"error":{"code":506,"message":"m"}}`:                       {parvis.ErrDuplicate, ""},
		`{"error":{"code":2,"message":"m","is_transient":true}}`:     {parvis.ErrUnavailable, ""},
		`{"error":{"code":99999,"message":"m","is_transient":true}}`: {parvis.ErrUnavailable, ""},
		`{"error":{"code":99999,"message":"m"}}`:                     {parvis.ErrInvalid, ""},
		`{"error":{"code":101,"message":"m"}}`:                       {parvis.ErrInvalid, "ID and secret"},
		`{"error":{"code":191,"message":"m"}}`:                       {parvis.ErrInvalid, "redirect address"},
		`{"error":{"code":100,"message":"Error validating verification code. Please make sure your redirect_uri is identical"}}`: {parvis.ErrInvalid, "redirect address"},
		`{"error":{"code":100,"message":"This authorization code has been used."}}`:                                              {parvis.ErrAuth, "start connecting again"},
		`{"error":{"code":100,"message":"Invalid appsecret_proof provided"}}`:                                                    {parvis.ErrInvalid, "ID and secret"},
		`{"error":{"code":12,"message":"gone"}}`:                                                                                 {parvis.ErrAPIVersionRetired, "still speaks"},
		`{"error":{"code":2635,"message":"deprecated version v20.0, update to the latest: v25.0"}}`:                              {parvis.ErrAPIVersionRetired, "v25.0 or newer"},
	} {
		e := oauth.GraphError(400, http.Header{}, []byte(body))
		require.NotNil(t, e, body)
		assert.Equal(t, want.code, e.Code, body)
		assert.Contains(t, e.Help, want.help, body)
		assert.NotEmpty(t, e.Vendor)
	}
	for _, body := range []string{``, `{}`, `[]`, `{"error":"invalid_grant"}`, `{"data":[]}`} {
		assert.Nil(t, oauth.GraphError(400, http.Header{}, []byte(body)))
	}
	h := http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":7}]}`}}
	assert.Equal(t, 7*time.Minute, oauth.GraphError(400, h, []byte(`{"error":{"code":32,"message":"m"}}`)).RetryAfter)
	e := oauth.GraphError(400, nil, []byte(`{"error":{"code":190,"message":"bad access_token=parvis-secret-1"}}`))
	without(t, e.Error(), mark, "a secret is in the error")
}

func TestProof(t *testing.T) {
	t.Parallel()
	// echo -n token | openssl dgst -sha256 -hmac secret
	assert.Equal(t, "e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a", oauth.Proof("token", "secret"))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mastodon.example": "https://mastodon.example", " @acme@Mastodon.Example ": "https://mastodon.example",
		"acme@mastodon.example": "https://mastodon.example", "https://blog.example/news/": "https://blog.example/news",
		"https://a.example:8443": "https://a.example:8443", "HTTPS://A.example/?x=1#y": "https://a.example", "münchen.example": "https://münchen.example",
	} {
		u, err := oauth.ParseAddress(in, false)
		require.NoError(t, err, in)
		assert.Equal(t, want, strings.ReplaceAll(u.String(), "m%C3%BCnchen", "münchen"))
	}
	for _, in := range []string{
		"", "   ", "http://mastodon.example", "https://", "https://user:pw@a.example", "localhost", "https://localhost", "https://127.0.0.1", "127.0.0.1:3000",
		"https://10.0.0.1", "https://[::1]", "https://169.254.169.254", "ftp://a.example", "file:///etc/passwd", "mastodon", "https://a b.example", "javascript:alert(1)", "https://x.localhost",
	} {
		_, err := oauth.ParseAddress(in, false)
		require.ErrorIs(t, err, parvis.ErrInvalid, in)
		e, _ := errors.AsType[*parvis.Error](err)
		assert.NotEmpty(t, e.Help, in)
	}
	for in, want := range map[string]string{"http://127.0.0.1:3000": "http://127.0.0.1:3000", "http://localhost:8080/x": "http://localhost:8080/x", "https://10.0.0.1": "https://10.0.0.1", "https://wiki.acme.example": "https://wiki.acme.example"} {
		u, err := oauth.ParseAddress(in, true)
		require.NoError(t, err, in)
		assert.Equal(t, want, u.String())
	}
	_, err := oauth.ParseAddress("http://10.0.0.1", true)
	require.ErrorIs(t, err, parvis.ErrInvalid, "http is for this machine only")
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for ahead, want := range map[time.Duration]bool{0: false, 4 * time.Minute: false, -6 * time.Minute: true, time.Hour: true} {
		h := http.Header{"Date": {now.Add(-ahead).Format(http.TimeFormat)}}
		skew, wrong := oauth.Skew(h, now)
		assert.Equal(t, want, wrong)
		assert.Equal(t, ahead, skew)
		err := oauth.ExplainClock(&parvis.Error{Code: parvis.ErrAuth, Message: "m"}, h, now)
		assert.Equal(t, want, parvis.CodeOf(err) == parvis.ErrInvalid)
	}
	_, wrong := oauth.Skew(http.Header{"Date": {"yesterday"}}, now)
	assert.False(t, wrong)
	h := http.Header{"Date": {now.Add(time.Hour).Format(http.TimeFormat)}}
	err := oauth.ExplainClock(&parvis.Error{Code: parvis.ErrRateLimited}, h, now)
	require.ErrorIs(t, err, parvis.ErrRateLimited)
	require.NoError(t, oauth.ExplainClock(nil, h, now))
}

func TestDiagnoses(t *testing.T) {
	t.Parallel()
	for code, want := range map[parvis.Code]providers.Condition{
		parvis.ErrAuth: providers.Lost, parvis.ErrAPIVersionRetired: providers.Outdated, parvis.ErrPermission: providers.Limited,
		parvis.ErrUnavailable: providers.Unreachable, parvis.ErrRateLimited: providers.Unreachable, parvis.ErrBadAnswer: providers.Unreachable,
		parvis.ErrUnknownOutcome: providers.Unreachable,
	} {
		h := oauth.Diagnose(providers.Health{Condition: providers.Healthy}, &parvis.Error{Code: code, Message: "m", Help: "h"})
		assert.Equal(t, want, h.Condition, code)
		assert.Equal(t, code, h.Code)
		assert.Equal(t, "m", h.Why)
		assert.Equal(t, "h", h.Help)
	}
	h := oauth.Diagnose(providers.Health{Condition: providers.Healthy}, errors.New("x"))
	assert.Equal(t, providers.Unreachable, h.Condition)
	h = oauth.Diagnose(providers.Health{Condition: providers.Healthy}, nil)
	assert.Equal(t, providers.Healthy, h.Condition)
	assert.Equal(t, "connect the account again", oauth.Diagnose(h, parvis.ErrAuth).Help)

	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]providers.Condition{30 * 24 * time.Hour: providers.Limited, time.Hour: providers.Expiring, -time.Hour: providers.Lost} {
		h := oauth.Expiring(providers.Health{Condition: providers.Limited, Time: now, Expiry: now.Add(left)})
		assert.Equal(t, want, h.Condition)
	}
	assert.Equal(t, providers.Unreachable, oauth.Expiring(providers.Health{Condition: providers.Unreachable, Time: now, Expiry: now}).Condition)
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	app := oauth.App{ID: "1", Secret: "parvis-secret-app"}
	key, err := oauth.HS256("k", shared)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "app", app, "code", oauth.X(app, nil).App, "key", key)
	js, err := json.Marshal(app)
	require.NoError(t, err)
	all := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", app, app, app, *oauth.Facebook(app, nil), key, key, js) + log.String()
	all += fmt.Sprintf("%+v", oauth.XOne(app, nil).App)
	without(t, all, mark, "a secret was printed")
}

func TestMemory(t *testing.T) {
	t.Parallel()
	var m oauth.InMemory
	v, err := m.Recall(t.Context(), "a")
	require.NoError(t, err)
	assert.Empty(t, v)
	require.NoError(t, m.Remember(t.Context(), "a", "1"))
	require.NoError(t, m.Remember(t.Context(), "a", "2"))
	v, err = m.Recall(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "2", v)
}

// TestKnownNetworks holds what every network needs to be usable, and where it is documented.
func TestKnownNetworks(t *testing.T) {
	t.Parallel()
	app := oauth.App{ID: "1", Secret: "parvis-secret-app"}
	for name, c := range map[string]*oauth.Code{
		"x": oauth.X(app, nil), "linkedin": oauth.LinkedIn(app, nil), "youtube": oauth.Google(app, nil), "threads": oauth.Threads(app, nil), "instagram": oauth.Instagram(app, nil),
	} {
		assert.Equal(t, name, c.Form().Name)
		assert.NotEmpty(t, c.Manifest.Title)
		assert.NotEmpty(t, c.Server.Page)
		assert.NotEmpty(t, c.Server.Redirect)
		assert.True(t, strings.HasPrefix(c.Server.Endpoint.AuthURL, "https://"))
		assert.True(t, strings.HasPrefix(c.Server.Endpoint.TokenURL, "https://"))
		for power := range c.Manifest.Scopes {
			assert.Contains(t, providers.Powers(), power, name)
		}
		step, err := c.Start(t.Context(), input())
		require.NoError(t, err)
		assert.NotEmpty(t, step.URL)
	}
	assert.True(t, oauth.X(app, nil).Server.Rotates)
	assert.False(t, oauth.Google(app, nil).Server.Rotates)
	fb := oauth.Facebook(app, nil)
	assert.Equal(t, "facebook", fb.Form().Name)
	step, err := fb.Start(t.Context(), input("publish"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(step.URL, "https://www.facebook.com/v26.0/dialog/oauth?"))
	for power := range fb.Manifest.Scopes {
		assert.Contains(t, providers.Powers(), power)
	}
	covers := oauth.Code{Cover: func(granted []string, needed string) bool { return len(granted) > 0 && needed != "" }}
	assert.True(t, covers.Covers([]string{"read"}, "read:x"))
}
