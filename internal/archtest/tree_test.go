package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/parvis-go/parvis"
	root   = "../.."
)

// A file is one Go file of the main module.
type file struct {
	path    string // from the root, with slashes
	pkg     string // its folder from the root; "" for the root package
	test    bool
	ast     *ast.File
	imports []string
	fset    *token.FileSet
}

// lines returns the number of lines of the node.
func (f file) lines(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}

func (f file) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(n.Pos()).Line)
}

// tree parses every Go file of the main module, nested modules and testdata left out.
func tree(t *testing.T) []file {
	t.Helper()
	var files []file
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "internal/e2e" || rel == "internal/bench") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(rel, ".go") {
			files = append(files, parse(t, p, rel))
		}
		return nil
	}))
	require.Greater(t, len(files), 50, "the tree was not found")
	return files
}

func parse(t *testing.T, p, rel string) file {
	t.Helper()
	f := file{path: rel, pkg: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"), fset: token.NewFileSet()}
	if f.pkg == "." {
		f.pkg = ""
	}
	var err error
	f.ast, err = parser.ParseFile(f.fset, p, nil, parser.ParseComments)
	require.NoError(t, err)
	for _, im := range f.ast.Imports {
		v, err := strconv.Unquote(im.Path.Value)
		require.NoError(t, err)
		f.imports = append(f.imports, v)
	}
	return f
}

// inside returns the folder of an import of this module, and whether it is one.
func inside(imp string) (string, bool) {
	if imp == module {
		return "", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func isStd(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

func under(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }
