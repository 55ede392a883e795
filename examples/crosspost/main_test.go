package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// A bench is a folder with a configuration of two accounts on two fake networks.
type bench struct {
	dir        string
	news, blog *fake.Network
	openers    []providers.Opener
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		dir: t.TempDir(), news: fake.New(fake.Options{Name: "news"}),
		blog: fake.New(fake.Options{Name: "blog", Limits: func(s *publish.Support) { s.Text[0].Max = 40 }}),
	}
	for name, town := range map[string]*fake.Network{"news": b.news, "blog": b.blog} {
		m := fake.Manifest()
		m.Network = town.Join("probe").Account().Network
		b.openers = append(b.openers, providers.Opener{Manifest: m, Open: func(s providers.Settings, _ *providers.Options) (providers.Provider, error) {
			if s.Secret != "s3cr3t" {
				return nil, errors.New("wrong secret for " + name)
			}
			return town.Add(fake.Member{Handle: s.User, Client: s.Client}), nil
		}})
	}
	b.write(t, "accounts.json", `{"accounts": [
		{"network": "news", "user": "acme", "client": "acme", "secret": "file:secret.txt"},
		{"network": "blog", "user": "acme", "client": "acme", "secret": "file:secret.txt"}]}`)
	b.write(t, "secret.txt", "s3cr3t\n")
	return b
}

func (b *bench) write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600))
}

func (b *bench) run(args ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), append([]string{"-config", filepath.Join(b.dir, "accounts.json")}, args...), &out, b.openers)
	return out.String(), err
}

func TestSendsToEveryAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out, err := b.run("-text", "Bonjour !")
	require.NoError(t, err, out)
	assert.Equal(t, 1, b.news.Count("Bonjour !"))
	assert.Equal(t, 1, b.blog.Count("Bonjour !"))
	assert.Contains(t, out, "news:acme: published")
	assert.Contains(t, out, "blog:acme: published")
}

func TestOneFailureStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.news.Inject(fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	out, err := b.run("-text", "Bonjour !")
	require.ErrorIs(t, err, errSome)
	assert.Contains(t, out, "news:acme: rejected")
	assert.Contains(t, out, "blog:acme: published")
}

func TestLostAnswerIsReconciled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.news.Inject(fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	out, err := b.run("-text", "Bonjour !")
	require.NoError(t, err, out)
	assert.Contains(t, out, "news:acme: published")
	assert.Equal(t, 1, b.news.Count("Bonjour !"))
}

func TestWhatIsSurelyNotThereIsNotSentToTheOthersAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.news.Inject(fake.Fault{Kind: fake.ErrorBefore, Op: "publish"})
	out, err := b.run("-text", "Bonjour !")
	require.ErrorIs(t, err, errSome)
	assert.Contains(t, out, "news:acme: not sent: it is surely not there; send it again with a configuration of this account alone")
	assert.Zero(t, b.news.Count("Bonjour !"))
	assert.Equal(t, 1, b.blog.Count("Bonjour !"))
}

func TestCheckAndDryRunSendNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	long := strings.Repeat("bonjour ", 10)
	out, err := b.run("-text", long, "-check")
	require.ErrorIs(t, err, errSome)
	assert.Contains(t, out, "news:acme: fits")
	assert.Contains(t, out, "blog:acme: text has 80 graphemes, 40 allowed")

	out, err = b.run("-text", long, "-title", "Atelier", "-dry-run", "-shorten")
	require.NoError(t, err, out)
	assert.Contains(t, out, "blog:acme would get:\n  text:  bonjour bonjour bonjour bonjour bonjour…\n")
	assert.Contains(t, out, "changed: text: shortened")
	assert.Zero(t, b.news.Count("bonjour")+b.blog.Count("bonjour"))
}

func TestDraftFromAFileWithMediaBesideIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(t, "point.gif", "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	b.write(t, "news.json", `{"text": "Un point", "media": [{"name": "point.gif", "alt": "un point noir"}], "on": {"blog": {"text": "Un point, en bref"}}}`)
	out, err := b.run("-draft", filepath.Join(b.dir, "news.json"), "-require-alt")
	require.NoError(t, err, out)
	assert.Equal(t, 1, b.blog.Count("en bref"))
	posts := b.news.Posts()
	require.Len(t, posts, 1)
	require.Len(t, posts[0].Media, 1)
	assert.Equal(t, "un point noir", posts[0].Media[0].Alt)

	b.write(t, "news.json", `{"text": "Un point", "media": [{"name": "point.gif"}]}`)
	out, err = b.run("-draft", filepath.Join(b.dir, "news.json"), "-require-alt")
	require.ErrorIs(t, err, errSome)
	assert.Contains(t, out, "no alternative text")
}

func TestBadConfigurationSaysWhat(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, want string }{
		"secret inside":   {`{"accounts":[{"network":"news","secret":"s3cr3t"}]}`, `"env:NAME" or "file:path"`},
		"empty variable":  {`{"accounts":[{"network":"news","secret":"env:PARVIS_NO_SUCH"}]}`, "PARVIS_NO_SUCH is empty"},
		"unknown network": {`{"accounts":[{"network":"viadeo"}]}`, "the known networks are"},
		"no accounts":     {`{}`, "names no accounts"},
		"not JSON":        {`accounts: []`, "invalid character"},
	} {
		b := newBench(t)
		b.write(t, "accounts.json", tt.config)
		_, err := b.run("-text", "x")
		require.ErrorContains(t, err, tt.want, name)
		assert.NotContains(t, err.Error(), "s3cr3t", name)
	}
	_, err := newBench(t).run("-help")
	require.ErrorIs(t, err, flag.ErrHelp)
	_, err = newBench(t).run("stray")
	require.ErrorContains(t, err, "stray")
}
