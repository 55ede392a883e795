package wordpress_test

import (
	"testing"

	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/providers/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		login string
		o     site.Options
	}{
		"an editor": {"editor", site.Options{}},
		"an author on a moderated site without pretty permalinks": {"author", site.Options{Plain: true, Moderated: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.HarnessFunc(func(t testing.TB) *providertest.Rig { return rig(t, tc.login, tc.o) }))
		})
	}
}
