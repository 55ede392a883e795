package mastodon

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, id := range []position{"34975861", "01FC0SKA48HNSVR6YKZCQGS2V8", "9hCgQhGoLBRXrpjVoe", "https://a.example/1"} {
		for _, name := range []string{"n", "home", "tag.four", "list.7"} {
			h := hearing{feed: feed{name: name}, at: id}
			got, _, err := positionsIn(h.feed, h.cursor())
			require.NoError(t, err)
			assert.Equal(t, id, got)
		}
		for _, h := range []hearing{{at: id, own: "5"}, {at: id}, {own: id}} {
			h.feed = feed{name: "n+own", withOwn: true}
			at, own, err := positionsIn(h.feed, h.cursor())
			require.NoError(t, err)
			assert.Equal(t, []position{h.at, h.own}, []position{at, own})
		}
	}
	got, _, err := positionsIn(feed{name: "n"}, "")
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Empty(t, (&hearing{feed: feed{name: "n"}}).cursor())
	for _, c := range []listen.Cursor{"n", "n:", "home:1", ":1", "n:a b", "n:\x00", "n:1,2", "n+own:,", listen.Cursor("n:" + strings.Repeat("1", 600))} {
		_, _, err := positionsIn(feed{name: "n"}, c)
		require.ErrorIs(t, err, parvis.ErrInvalid, c)
		_, _, err = positionsIn(feed{name: "n+own", withOwn: true}, c)
		require.ErrorIs(t, err, parvis.ErrInvalid, c)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("n", "n:34975861", false)
	f.Add("n+own", "n+own:1,2", true)
	f.Fuzz(func(t *testing.T, name, c string, own bool) {
		h := hearing{feed: feed{name: name, withOwn: own}}
		var err error
		h.at, h.own, err = positionsIn(h.feed, listen.Cursor(c))
		if err == nil && name != "" {
			require.Equal(t, listen.Cursor(c), h.cursor())
		}
	})
}

func TestOlder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"9", "10", true},
		{"10", "9", false},
		{"10", "10", false},
		{"0", "1", true},
		{"01FC0SKA48HNSVR6YKZCQGS2V8", "01FC0SKW5JK2Q4EVAV2B462YY0", true},
		{"0", "01FC0SKA48HNSVR6YKZCQGS2V8", true},
		{"009", "10", true},
	} {
		assert.Equal(t, c.want, older(c.a, c.b), "%s %s", c.a, c.b)
	}
}

func TestSoftware(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, source string
		api             int
		want            software
		told            bool
	}{
		{"4.5.0", "https://github.com/mastodon/mastodon", 7, mastodon, true},
		{"4.2.1+glitch", "", 0, unknown, false},
		{"2.7.2 (compatible; Pleroma 2.6.0)", "", 0, pleroma, true},
		{"2.7.2 (compatible; Akkoma 3.13.2)", "", 0, akkoma, true},
		{"3.5.3 (compatible; Pixelfed 0.12.4)", "https://github.com/pixelfed/pixelfed", 0, pixelfed, true},
		{"2.8.0 (compatible; Friendica 2024.12)", "", 0, friendica, true},
		{"4.3.0 (compatible; Sharkey 2025.4)", "", 3, unknown, true},
		{"0.20.0+git-1a2b3c4", "https://codeberg.org/superseriousbusiness/gotosocial", 0, gotosocial, true},
		{"0.20.0+git-1a2b3c4", "", 0, unknown, false},
		{"", "", 0, unknown, false},
	} {
		got, told := softwareOf(c.version, c.source, c.api)
		assert.Equal(t, c.want, got, c.version)
		assert.Equal(t, c.told, told, c.version)
	}
	assert.Equal(t, mastodon, known("Hometown"))
	assert.Equal(t, unknown, known("iceshrimp"))
	assert.Equal(t, keyIgnored, traitsOf(unknown).key, "a key is not trusted before it is known")
}

func FuzzSoftware(f *testing.F) {
	f.Add("2.7.2 (compatible; Pleroma 2.6.0)", "", 0)
	f.Add("4.5.0", "https://github.com/mastodon/mastodon", 7)
	f.Fuzz(func(t *testing.T, version, source string, api int) {
		s, told := softwareOf(version, source, api)
		require.True(t, told || s == unknown)
		_ = traitsOf(s)
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	s := &self{scopes: []string{"read", "write:statuses", "follow", "admin:write"}}
	for scope, want := range map[string]bool{
		"read:search": true, "write:statuses": true, "write:media": false, "write:blocks": true,
		"write:filters": false, "admin:write:accounts": true, "admin:read:accounts": false, "push": false,
	} {
		assert.Equal(t, want, s.has(scope), scope)
	}
	assert.Equal(t, []string{"write:media"}, s.missing("read:search", "write:media"))
	assert.True(t, (&self{}).has("anything"), "what is not known does not narrow")
	gts := &self{scopes: []string{"admin"}}
	assert.True(t, gts.has("admin:read:reports"))

	for permissions, want := range map[string]bool{"": true, "0": false, "16": true, "1": true, "1024": false, "x": true, "9999999999999999999999": true} {
		s := &self{Me: api.Me{Role: &api.Role{Permissions: permissions}}}
		assert.Equal(t, want, s.may(manageReports), permissions)
	}
	assert.True(t, (&self{}).may(manageUsers))
	no := (&self{scopes: []string{"read"}}).given(parvis.Full(), "write:statuses")
	assert.Equal(t, "write:statuses", no.Scope)
	no = (&self{Me: api.Me{Role: &api.Role{Permissions: "0"}}}).staff(parvis.Full(), "admin:write:accounts", manageUsers)
	assert.Contains(t, no.Why, "Manage Users")
}

func TestSame(t *testing.T) {
	t.Parallel()
	assert.True(t, same("Bonjour  @ana@elsewhere.example !\n", "bonjour @ana !"))
	assert.True(t, same("écris à a@b.example", "Écris à a@b.example"))
	assert.False(t, same("@ana@elsewhere.example", "@eva"))
}

func TestWhen(t *testing.T) {
	t.Parallel()
	assert.Equal(t, time.Date(2026, 11, 20, 17, 42, 8, 512e6, time.UTC), when("2026-11-20T17:42:08.512Z"))
	assert.Equal(t, 2022, when("2022-11-07").Year())
	for _, s := range []string{"", "yesterday", "2026-13-01"} {
		assert.True(t, when(s).IsZero(), s)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	old := &server{software: mastodon, traits: traitsOf(mastodon)}
	assert.Equal(t, "500 graphemes (links count 23)", old.textLimits().String())
	assert.Equal(t, 4, old.mediaSupport().Max)
	assert.Equal(t, 4, old.pollSupport().MaxOptions)
	p := &server{software: pleroma, traits: traitsOf(pleroma), Instance: api.Instance{MaxTootChars: 6000, UploadLimit: 16e6}}
	p.PollLimits.MaxOptions, p.PollLimits.MaxOptionChars, p.PollLimits.MaxExpiration = 20, 200, 60
	assert.Equal(t, "6000 graphemes", p.textLimits().String())
	assert.Equal(t, int64(16e6), p.mediaSupport().Rules[0].MaxBytes)
	assert.Equal(t, time.Minute, p.pollSupport().Longest)
	assert.Empty(t, (&server{software: friendica, traits: traitsOf(friendica)}).textLimits())
}

func TestStreamingAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, told, want string }{
		{"https://m.example", "", "https://m.example"},
		{"https://m.example", "wss://stream.m.example", "https://stream.m.example"},
		{"https://m.example", "wss://m.example/api/v1/streaming/", "https://m.example"},
		{"https://m.example", "ws://m.example", "https://m.example"},
		{"https://m.example", "http://evil.example", "https://m.example"},
		{"http://127.0.0.1:80", "ws://127.0.0.1:81", "http://127.0.0.1:81"},
		{"http://127.0.0.1:80", "nonsense", "http://127.0.0.1:80"},
	} {
		s := &server{}
		s.Configuration.URLs.Streaming = c.told
		assert.Equal(t, c.want, (&Client{base: c.base}).streaming(s), c.told)
	}
}

func TestCellLoadsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c cell[int]
		var loads atomic.Int64
		load := func(context.Context) (int, error) { time.Sleep(time.Second); return int(loads.Add(1)), nil }
		for range 20 {
			go func() {
				v, err := c.get(t.Context(), time.Hour, load)
				assert.NoError(t, err)
				assert.Equal(t, 1, v)
			}()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, int64(1), loads.Load())
		time.Sleep(time.Hour)
		v, err := c.get(t.Context(), time.Hour, load)
		require.NoError(t, err)
		assert.Equal(t, 2, v, "too old by now")
		time.Sleep(time.Hour)
		v, err = c.get(t.Context(), time.Hour, func(context.Context) (int, error) { return 0, errors.New("down") })
		require.NoError(t, err)
		assert.Equal(t, 2, v, "an old value is better than none")
	})
}

func TestCellSurvivesAnImpatientCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c cell[int]
		load := func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(time.Second):
				return 7, nil
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		go func() {
			_, err := c.get(ctx, time.Hour, load)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}()
		time.Sleep(time.Millisecond)
		v, err := c.get(t.Context(), time.Hour, load)
		require.NoError(t, err)
		assert.Equal(t, 7, v)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{},
		{Server: "m.example", Tokens: parvis.StaticToken("t")},
		{Server: "https://m.example"},
		{Server: "ftp://m.example", Tokens: parvis.StaticToken("t")},
		{Server: "https://u:p@m.example", Tokens: parvis.StaticToken("t")},
		{Server: "https://m.example", Tokens: parvis.StaticToken("t"), Streaming: "pigeon"},
	} {
		_, err := New(cfg, nil)
		require.ErrorIs(t, err, parvis.ErrInvalid, "%+v", cfg)
	}
	c, err := New(Config{Server: "https://M.example/", Client: "acme", Tokens: parvis.StaticToken("t")}, nil)
	require.NoError(t, err)
	assert.Equal(t, parvis.Account{Client: "acme", Network: Network, Host: "m.example"}, c.Account())
}

func TestManifest(t *testing.T) {
	t.Parallel()
	o := Opener()
	assert.Empty(t, providers.Disagreements(o.Manifest, o.Zero))
	p, err := o.Open(providers.Settings{Network: Network, Client: "acme", Server: "https://m.example", Secret: "t"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "m.example", p.Account().Host)
	_, err = o.Open(providers.Settings{Server: "https://m.example:x"}, nil)
	require.Error(t, err)
}

func TestNotSent(t *testing.T) {
	t.Parallel()
	err := notSent(&parvis.Error{Code: parvis.ErrUnknownOutcome, Message: "m"})
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
	require.ErrorIs(t, notSent(&parvis.Error{Code: parvis.ErrAuth}), parvis.ErrAuth)
	plain := errors.New("plain")
	assert.Equal(t, plain, notSent(plain))
}

func TestBodyMarkdown(t *testing.T) {
	t.Parallel()
	gts := &server{software: gotosocial, traits: traitsOf(gotosocial)}
	gts.Configuration.Statuses.MaxCharacters = 20
	md := publish.Draft{Text: "**gras**", Format: parvis.Markdown}
	status, kind, err := body(gts, md)
	require.NoError(t, err)
	assert.Equal(t, []string{"**gras**", "text/markdown"}, []string{status, kind})
	md.Text = "**" + strings.Repeat("x", 18) + "**"
	status, kind, err = body(gts, md)
	require.NoError(t, err)
	assert.Equal(t, []string{strings.Repeat("x", 18), "text/plain"}, []string{status, kind}, "with its marks it would be too long")
	status, kind, err = body(&server{traits: traitsOf(mastodon)}, md)
	require.NoError(t, err)
	assert.Equal(t, []string{strings.Repeat("x", 18), ""}, []string{status, kind})
}
