package mastodontest_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
)

// FuzzStatus posts any text: it never counts more than its code points and 23 for each
// link, and never becomes markup of its own.
func FuzzStatus(f *testing.F) {
	for _, seed := range []string{"", "@a@b.example #x https://e.org/(a)", "#1 @@ http://", "https://é.example/🙂?#", "<b>&\n\n\n\r\n", "👩‍👩‍👧\u0301"} {
		f.Add(seed)
	}
	s := mastodontest.New(f, mastodontest.Options{})
	token := s.AddUser("acme").Token
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return
		}
		n := s.CountUnits(text, "")
		if most := utf8.RuneCountInString(text) + 23*strings.Count(strings.ToLower(text), "http"); n < 0 || n > most {
			t.Errorf("%q counts %d, more than %d", text, n, most)
		}
		a := client{t, s, token}.post("/api/v1/statuses", url.Values{"status": {text}})
		if a.status != 200 && a.status != 422 {
			t.Fatalf("%q: %d %s", text, a.status, a.body)
		}
		if content, _ := a.obj(t)["content"].(string); strings.Contains(strings.ToLower(content), "<script") || strings.Contains(content, "<b>") {
			t.Errorf("%q became %q", text, content)
		}
	})
}
