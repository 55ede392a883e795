package archtest_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// rooms are the packages beside the verbs that programs call.
var rooms = []string{"moderate/audit", "providers", "providers/oauth", "providers/price", "providers/ratelimit", "providers/vault", "publish/outbox"}

// TestEveryDoorHasAnExample: a door is an exported function of a verb or room. Each has
// an Example with checked output.
func TestEveryDoorHasAnExample(t *testing.T) {
	t.Parallel()
	examples := map[string]bool{}
	var doors []string
	for _, f := range tree(t) {
		if !slices.Contains(verbs, f.pkg) && !slices.Contains(rooms, f.pkg) {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			name, isExample := strings.CutPrefix(fn.Name.Name, "Example")
			switch {
			case f.test && isExample:
				name, _, _ = strings.Cut(name, "_")
				examples[f.pkg+"."+name] = hasOutput(f, fn) || examples[f.pkg+"."+name]
			case !f.test && fn.Name.IsExported():
				doors = append(doors, f.pkg+"."+fn.Name.Name)
			}
		}
	}
	for _, door := range doors {
		if !examples[door] {
			t.Errorf("%s has no Example with checked output", door)
		}
	}
}

func hasOutput(f file, fn *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.ast.Comments, func(c *ast.CommentGroup) bool {
		text := strings.ToLower(c.Text())
		return c.Pos() > fn.Pos() && c.End() < fn.End() && (strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:"))
	})
}
