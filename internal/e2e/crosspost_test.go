package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

// TestCrosspostToTwoServers runs the example as its user would: one draft with a picture,
// from files, to a WordPress site and a server of the Mastodon API.
func TestCrosspostToTwoServers(t *testing.T) {
	t.Parallel()
	site, town := openSite(t), mastodontest.New(t, mastodontest.Options{})
	acme := town.AddUser("acme")
	dir, word := t.TempDir(), unique(t)

	program := filepath.Join(dir, "crosspost")
	build := exec.Command("go", "build", "-o", program, "./examples/crosspost")
	build.Dir = filepath.Join("..", "..")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	write := func(name string, v any) string {
		b, ok := v.([]byte)
		if !ok {
			b, err = json.Marshal(v)
			require.NoError(t, err)
		}
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	type m = map[string]any
	config := write("accounts.json", m{"accounts": []m{
		{"network": "wordpress", "client": "acme", "server": site.URL, "user": "editor", "secret": "file:blog.txt"},
		{"network": "mastodon", "client": "acme", "server": town.URL, "secret": "env:TOWN_TOKEN"},
	}})
	write("blog.txt", []byte(site.Users["editor"].Password+"\n"))
	write("four.gif", []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	draft := write("draft.json", m{
		"text": "Les coulisses de l'atelier " + word, "title": "Atelier " + word, "lang": "fr",
		"media": []m{{"name": "four.gif", "alt": "Deux artisans devant un four"}},
		"on":    m{"mastodon": m{"warning": "chaleur", "drop": []string{"title"}}, "wordpress": m{"drop": []string{"lang"}}},
	})

	run := func(args ...string) (string, error) {
		cmd := exec.Command(program, append([]string{"-config", config, "-draft", draft}, args...)...)
		cmd.Env = append(os.Environ(), "TOWN_TOKEN="+acme.Token)
		out, err := cmd.CombinedOutput()
		assert.NotContains(t, string(out), acme.Token)
		return string(out), err
	}
	count := func() (posts, statuses int) {
		posts, err := site.count(t.Context(), word)
		require.NoError(t, err)
		return posts, town.Count(word)
	}

	said, err := run("-check", "-require-alt")
	require.NoError(t, err, said)
	said, err = run("-dry-run")
	require.NoError(t, err, said)
	assert.Contains(t, said, "alt: Deux artisans devant un four")
	posts, statuses := count()
	assert.Zero(t, posts+statuses, "nothing is sent by looking")

	said, err = run()
	require.NoError(t, err, said)
	assert.Contains(t, said, "published http")
	posts, statuses = count()
	assert.Equal(t, 1, posts)
	assert.Equal(t, 1, statuses)
	t.Log(said)
}
