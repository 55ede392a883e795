package main

import (
	"bufio"
	"context"
	"database/sql"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/vault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, options{"127.0.0.1:8421", "connect.db", "connect.key", "acme"}, o)
	for _, args := range [][]string{{"stray"}, {"-no"}, {"-client", ""}, {"-addr", "0.0.0.0:80"}, {"-addr", "localhost"}, {"-addr", ":1"}, {"-addr", ""}} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, "%v", args)
	}
	_, err = parse([]string{"-h"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestLoadKey(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "key")
	key, err := loadKey(name)
	require.NoError(t, err)
	assert.Len(t, key, keyLen)
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	again, err := loadKey(name)
	require.NoError(t, err)
	same := string(again) == string(key)
	assert.True(t, same, "the key stays")

	require.NoError(t, os.Chmod(name, 0o644))
	_, err = loadKey(name)
	require.ErrorContains(t, err, "chmod 600")
	bad := filepath.Join(t.TempDir(), "bad")
	for _, text := range []string{"", "parvis-secret-short", strings.Repeat("z", 64), strings.Repeat("0", 62)} {
		require.NoError(t, os.WriteFile(bad, []byte(text), 0o600))
		_, err = loadKey(bad)
		require.ErrorContains(t, err, "holds no key")
	}
	_, err = loadKey(filepath.Join(t.TempDir(), "no", "such", "folder"))
	require.Error(t, err)
}

// A visitor is a browser at the page.
type visitor struct {
	t    *testing.T
	http *http.Client
	home string
	at   *url.URL
}

// begin runs the program on a vault in dir. end stops it.
func begin(t *testing.T, dir string) (v *visitor, end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(dir, "c.db"), "-key", filepath.Join(dir, "key")}, in)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	home := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	require.NotEmpty(t, home, lines.Text())
	var log strings.Builder
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(&log, out)
	}()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t: t, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}, home: home}, func() {
		stop()
		require.NoError(t, <-ended)
		<-drained
		found := strings.Contains(log.String(), "parvis-secret-")
		assert.False(t, found, "a secret is in the log")
	}
}

func (v *visitor) do(req *http.Request, status int) string {
	v.t.Helper()
	res, err := v.http.Do(req)
	require.NoError(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, status, res.StatusCode, "%s", body)
	v.at = res.Request.URL
	return string(body)
}

func (v *visitor) get(path string) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.home+path, http.NoBody)
	require.NoError(v.t, err)
	return v.do(req, http.StatusOK)
}

func (v *visitor) post(address string, form url.Values, status int) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req, status)
}

var hidden = regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`)

// fields are the hidden fields of a page.
func fields(page string) url.Values {
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func TestConnectSeeAndDisconnect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, end := begin(t, dir)
	assert.Contains(t, v.get("/"), "No account is connected.")
	page := v.get("/connect/")
	for _, network := range []string{"Demo", "Bluesky", "Mastodon", "WordPress"} {
		assert.Contains(t, page, network)
	}
	page = v.get("/connect/to/demo")
	v.post(v.home+"/connect/to/demo", fields(page), http.StatusOK)
	require.Equal(t, "/demo/consent", v.at.Path)
	page = v.post(v.at.String(), url.Values{"decision": {"allow"}, "handle": {"acme"}, "scope": {"read", "write"}}, http.StatusOK)
	assert.Contains(t, page, "without it there is no moderate")
	form := fields(page)
	form.Set("pick", "0")
	assert.Contains(t, v.post(v.at.String(), form, http.StatusOK), "demo:acme")

	page = v.get("/")
	assert.Contains(t, page, "demo:acme")
	assert.Contains(t, page, "Health: <b>limited</b>")
	assert.Contains(t, page, "Not granted: <code>moderate</code>")
	v.post(v.home+"/disconnect", url.Values{"form": {"parvis-secret-wrong"}}, http.StatusForbidden)
	v.post(v.home+"/disconnect", fields(page), http.StatusOK)
	assert.Contains(t, v.get("/"), "No account is connected.")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.home, http.NoBody)
	require.NoError(t, err)
	req.Host = "evil.example"
	v.do(req, http.StatusMisdirectedRequest)
	end()
}

// The accounts are there the next time. The make-believe network has forgotten its people
// by then, and the page says so.
func TestAccountsStayInTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v, end := begin(t, dir)
	v.post(v.home+"/connect/to/demo", fields(v.get("/connect/to/demo")), http.StatusOK)
	page := v.post(v.at.String(), url.Values{"decision": {"allow"}, "handle": {"acme"}, "scope": {"read"}}, http.StatusOK)
	form := fields(page)
	form.Set("pick", "0")
	v.post(v.at.String(), form, http.StatusOK)
	end()
	for _, file := range []string{"c.db", "c.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		found := strings.Contains(string(b), "parvis-secret-")
		assert.False(t, found, "a secret is in %s", file)
		if file == "c.db" {
			require.NoError(t, err)
		}
	}

	v, end = begin(t, dir)
	page = v.get("/")
	assert.Contains(t, page, "demo:acme")
	assert.Contains(t, page, "Health: <b>lost</b>")
	assert.Contains(t, page, "onnect the account again")
	v.post(v.home+"/disconnect", fields(page), http.StatusOK)
	assert.Contains(t, v.get("/"), "No account is connected.")
	end()

	require.NoError(t, os.Remove(filepath.Join(dir, "key")))
	err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(dir, "c.db"), "-key", filepath.Join(dir, "key")}, io.Discard)
	require.ErrorContains(t, err, "key", "another key opens nothing")
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	require.Error(t, run(t.Context(), []string{"-addr", "0.0.0.0:1"}, io.Discard))
	require.Error(t, run(t.Context(), []string{"-key", filepath.Join(t.TempDir(), "a", "b")}, io.Discard))
}

func TestRegistrationsAreKept(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	v, err := vault.Open(t.Context(), vault.SQLite(db), vault.Key(make([]byte, keyLen)), nil)
	require.NoError(t, err)
	r := registrations{v}
	got, err := r.Recall(t.Context(), "mastodon.example")
	require.NoError(t, err)
	assert.Empty(t, got, "nothing yet")
	require.NoError(t, r.Remember(t.Context(), "mastodon.example", "parvis-secret-app"))
	got, err = r.Recall(t.Context(), "mastodon.example")
	require.NoError(t, err)
	same := got == "parvis-secret-app"
	assert.True(t, same, "what was told once is known")

	p, err := newProgram(v, "acme", "127.0.0.1:1", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	for _, network := range []parvis.Network{"bluesky", "mastodon", "wordpress"} {
		opened, err := p.open(t.Context(), parvis.Account{Client: "acme", Network: network, Host: "host.example", ID: "did:plc:abcdefghijklmnopqrstuvwx"})
		require.NoError(t, err)
		assert.Equal(t, network, opened.Account().Network)
	}
	_, err = p.open(t.Context(), parvis.Account{Client: "acme", Network: "elsewhere", ID: "1"})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}
