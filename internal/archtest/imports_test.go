package archtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestImportDirections keeps: root → std; publish, listen, moderate → root and
// internal/text or internal/recent, publish internal/sending too, never each other; a network → root, the verbs, providers, internal,
// never another network; fake and providertest → no internal; examples → public only.
func TestImportDirections(t *testing.T) {
	t.Parallel()
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		for _, imp := range f.imports {
			dep, ours := inside(imp)
			if why := forbidden(f.pkg, imp, dep, ours); why != "" {
				t.Errorf("%s imports %s: %s", f.path, imp, why)
			}
		}
	}
}

var verbs = []string{"publish", "listen", "moderate"}

func forbidden(pkg, imp, dep string, ours bool) string {
	if !ours {
		if pkg == "" && !isStd(imp) {
			return "the root package imports the standard library only"
		}
		if why := driver(pkg, imp); why != "" {
			return why
		}
		if imp == "testing" && !under(pkg, "providers/providertest") && !under(pkg, "internal/apitest") {
			return "only providertest and apitest may import testing"
		}
		return ""
	}
	switch {
	case pkg == "":
		return "the root package imports nothing of this module"
	case isVerb(pkg):
		if dep != "" && dep != "internal/text" && dep != "internal/recent" && (pkg != "publish" || dep != "internal/sending") {
			return "a verb imports the root, internal/text and internal/recent (publish internal/sending too), never another verb"
		}
	case under(pkg, "moderate/audit"):
		if dep != "" && !under(dep, "internal") && !under(dep, "moderate/audit") {
			return "the other rooms record in it, so it lies below them and the verbs"
		}
	case under(pkg, "examples"):
		if strings.HasPrefix(dep, "internal") {
			return "examples use public packages only"
		}
	case under(pkg, "providers/fake"), under(pkg, "providers/providertest"):
		if strings.HasPrefix(dep, "internal") {
			return "it proves that outsiders can do the same, so it has no internal packages"
		}
	case under(pkg, "internal/sending"):
		if dep != "" {
			return "it imports the root only, so that every layer can import it"
		}
	case under(pkg, "internal/text"), under(pkg, "internal/httpx"), under(pkg, "internal/paging"):
		if dep != "" && !under(dep, "internal") {
			return "it lies below the verbs and networks"
		}
	}
	if mine := networkOf(pkg); mine != "" && networkOf(dep) != "" && networkOf(dep) != mine {
		return "a network never imports another"
	}
	return ""
}

// driver keeps database drivers away from programs that did not choose them.
func driver(pkg, imp string) string {
	switch {
	case strings.HasPrefix(imp, "github.com/jackc/pgx") && !strings.HasSuffix(pkg, "pg"):
		return "only packages whose name ends in pg link PostgreSQL's driver"
	case strings.HasPrefix(imp, "modernc.org/sqlite") && !under(pkg, "examples"):
		return "the user chooses the SQLite driver; only examples and tests link one"
	}
	return ""
}

func isVerb(pkg string) bool { return slices.Contains(verbs, pkg) }

// networkOf returns the network whose room pkg is in, or "".
func networkOf(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, "providers/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	switch name {
	case "all", "providertest", "oauth", "price", "ratelimit", "vault":
		return ""
	}
	return name
}

func TestForbiddenCatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pkg, imp string }{
		{"", "golang.org/x/time/rate"},
		{"", module + "/publish"},
		{"publish", module + "/listen"},
		{"publish", module + "/internal/httpx"},
		{"listen", module + "/internal/sending"},
		{"internal/sending", module + "/internal/text"},
		{"moderate/audit", module + "/publish/outbox"},
		{"moderate/audit", "github.com/jackc/pgx/v5"},
		{"providers/mastodon", module + "/providers/wordpress"},
		{"providers/mastodon/internal/api", module + "/providers/fake"},
		{"providers/fake", module + "/internal/text"},
		{"examples/desk", module + "/internal/text"},
		{"internal/text", module + "/publish"},
		{"publish", "testing"},
		{"providers/vault", "github.com/jackc/pgx/v5"},
		{"providers/vault", "modernc.org/sqlite"},
	} {
		dep, ours := inside(tt.imp)
		assert.NotEmpty(t, forbidden(tt.pkg, tt.imp, dep, ours), tt)
	}
	for _, tt := range []struct{ pkg, imp string }{
		{"publish", module},
		{"publish", module + "/internal/text"},
		{"publish", module + "/internal/sending"},
		{"internal/httpx", module + "/internal/sending"},
		{"moderate/audit/auditpg", module + "/moderate/audit"},
		{"providers/mastodon", module + "/internal/httpx"},
		{"providers/all", module + "/providers/mastodon"},
		{"examples/desk", module + "/providers/fake"},
		{"", "context"},
		{"providers/vault/vaultpg", "github.com/jackc/pgx/v5/pgxpool"},
		{"examples/desk", "modernc.org/sqlite"},
	} {
		dep, ours := inside(tt.imp)
		assert.Empty(t, forbidden(tt.pkg, tt.imp, dep, ours), tt)
	}
}
