package fakenet_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers/fake"
)

// FuzzPublish sends anything: one post is made of it, or it is refused with a status that
// says so.
func FuzzPublish(f *testing.F) {
	form := "multipart/form-data; boundary=b"
	f.Add("application/json", `{"draft":{"text":"x #n1"},"id":"cdTEvazE","mark":"m"}`)
	f.Add("application/json", `{"draft":{"text":"x","reply_to":"parvis://fake/post/p1","media":[{"name":"x"}]}}`)
	f.Add(form, "--b\r\nContent-Disposition: form-data; name=\"post\"\r\n\r\n{\"draft\":{\"media\":[{}]}}\r\n"+
		"--b\r\nContent-Disposition: form-data; name=\"media.0\"; filename=\"f\"\r\n\r\nGIF89a\r\n--b--\r\n")
	f.Fuzz(func(t *testing.T, kind, body string) {
		for _, c := range fakenet.Classes() {
			s := fakenet.Serve(fake.New(fake.Options{}), nil)
			a := s.Join(fake.Member{Handle: "acme"}, c)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/publish?account="+a.ID, strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			made := len(s.Deliveries())
			if ok := w.Code == http.StatusOK; ok != (made == 1) || !ok && (w.Code < 400 || w.Code > 499) {
				t.Errorf("status %d, and %d posts were made", w.Code, made)
			}
		}
	})
}
