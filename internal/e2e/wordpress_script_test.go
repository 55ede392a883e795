package e2e

import (
	"testing"

	script "github.com/parvis-go/parvis/internal/apitest/wordpress"
	server "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
)

// What the test server answers is what a real WordPress answers.
func TestWordPressAnswersAsTheTestServerDoes(t *testing.T) {
	t.Parallel()
	b := wordpressSite(t, "script", server.Settings{Permalinks: server.Pretty, Options: map[string]any{"comment_previously_approved": 0}})
	passwords := make(map[string]string)
	for login, u := range b.Users {
		passwords[login] = u.Password
	}
	script.Play(t, b.URL, passwords, script.Script())
}
