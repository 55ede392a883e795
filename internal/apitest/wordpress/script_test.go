package wordpress_test

import (
	"testing"

	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/providers/wordpress"
)

func TestScript(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]site.Options{"pretty": {Flood: wordpress.DefaultFlood}, "plain": {Plain: true, Flood: wordpress.DefaultFlood}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site.New(t, o)
			passwords := make(map[string]string)
			for _, login := range []string{"admin", "editor", "author", "contributor", "subscriber"} {
				passwords[login] = s.User(login).Password
			}
			site.Play(t, s.URL, passwords, site.Script())
		})
	}
}
