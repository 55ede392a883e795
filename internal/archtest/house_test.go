package archtest_test

import (
	"bytes"
	"go/ast"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTopLevel keeps the top of the tree as it is drawn in the README.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := []string{"publish", "listen", "moderate", "providers", "examples", "internal"}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			assert.Contains(t, allowed, e.Name())
		}
	}
	var nouns int
	for _, f := range tree(t) {
		if f.pkg == "" && !f.test {
			nouns++
		}
	}
	assert.LessOrEqual(t, nouns, 10, "the root package stays small")
}

// TestEverythingExportedIsDocumented looks at every exported name outside internal, and
// at every package.
func TestEverythingExportedIsDocumented(t *testing.T) {
	t.Parallel()
	packages := map[string]bool{}
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		packages[f.pkg] = packages[f.pkg] || f.ast.Doc != nil
		if strings.Contains(f.pkg, "internal") || f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no doc comment", f.at(d), name)
			}
		}
	}
	for pkg, documented := range packages {
		assert.True(t, documented, "package %q has no package comment", pkg)
	}
}

func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d.Recv)) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, s := range d.Specs {
			names = append(names, undocumentedSpec(d, s)...)
		}
		return names
	}
	return nil
}

// undocumentedSpec counts a comment on the group for values, and one of its own for types.
func undocumentedSpec(d *ast.GenDecl, s ast.Spec) []string {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		if d.Doc == nil && s.Doc == nil && s.Comment == nil {
			for _, n := range s.Names {
				if n.IsExported() {
					return []string{n.Name}
				}
			}
		}
	}
	return nil
}

func exportedReceiver(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// TestSizes holds the mirror up: a file or function over the house's largest number is
// looked at, and either split where it falls apart by itself or listed here with the reason.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		if n := f.lines(f.ast); n > 600 {
			t.Errorf("%s has %d lines, 600 at most", f.path, n)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.lines(fn); n > 80 {
				t.Errorf("%s: %s has %d lines, 80 at most", f.at(fn), fn.Name.Name, n)
			}
			if n := fn.Type.Params.NumFields(); n > 5 {
				t.Errorf("%s: %s has %d parameters, 5 at most", f.at(fn), fn.Name.Name, n)
			}
		}
	}
}

// TestNoInitNoGlobalRegistry: no package does work when it is imported.
func TestNoInitNoGlobalRegistry(t *testing.T) {
	t.Parallel()
	for _, f := range tree(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: there is no init here", f.at(fn))
			}
		}
	}
}

// TestTestsRunAndDoNotSleep: a skipped test counts as passed, and a sleep is a race.
func TestTestsRunAndDoNotSleep(t *testing.T) {
	t.Parallel()
	for _, f := range tree(t) {
		if !f.test || f.pkg == "internal/archtest" {
			continue
		}
		bubble := slices.Contains(f.imports, "testing/synctest")
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := sel.X.(*ast.Ident)
			switch {
			case x != nil && strings.HasPrefix(sel.Sel.Name, "Skip") && (x.Name == "t" || x.Name == "b" || x.Name == "f"):
				t.Errorf("%s: a skipped test counts as passed", f.at(n))
			case x != nil && x.Name == "time" && sel.Sel.Name == "Sleep" && !bubble:
				t.Errorf("%s: sleep only under testing/synctest", f.at(n))
			}
			return true
		})
	}
}

// TestNoNetworkNamesInShared keeps internal/text free of the names of networks.
func TestNoNetworkNamesInShared(t *testing.T) {
	t.Parallel()
	names := regexp.MustCompile(`(?i)\b(mastodon|bluesky|twitter|wordpress|linkedin|facebook|telegram|discord)\b`)
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "internal", "text"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") {
			return err
		}
		b, err := os.ReadFile(p)
		for line := range bytes.Lines(b) {
			if !bytes.Contains(line, []byte("https://")) && names.Match(line) {
				t.Errorf("%s names a network: %s", p, bytes.TrimSpace(line))
			}
		}
		return err
	}))
}

// TestOneProviderIsLight: importing one provider links few modules of others, and no C.
func TestOneProviderIsLight(t *testing.T) {
	t.Parallel()
	for _, pkg := range []string{"providers/mastodon", "providers/wordpress", "providers/bluesky", "providers/fake", "providers/vault", "providers/price", "moderate/audit"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}} {{if .CgoFiles}}{{if not .Standard}}cgo{{end}}{{end}}", "./"+pkg)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		modules := map[string]bool{}
		for line := range strings.Lines(string(out)) {
			mod, cgo, _ := strings.Cut(strings.TrimSpace(line), " ")
			if mod != "" && mod != module {
				modules[mod] = true
			}
			assert.NotContains(t, cgo, "cgo", line)
		}
		t.Logf("%s links %d modules", pkg, len(modules))
		assert.LessOrEqual(t, len(modules), 8, "%s: %v", pkg, modules)
	}
}
