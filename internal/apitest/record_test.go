package apitest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/apitest"
)

func TestRecorderKeepsExchanges(t *testing.T) {
	t.Parallel()
	var rec apitest.Recorder
	h := rec.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "1")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(append([]byte("got "), body...))
	}))
	req := httptest.NewRequest("POST", "/a%2Fb?q=1", strings.NewReader("text"))
	req.Header.Set("X-Ask", "2")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)

	assert.Equal(t, http.StatusCreated, w.Code)
	assert.Equal(t, "got text", w.Body.String())
	assert.Equal(t, "1", w.Header().Get("X-Answer"))
	all := rec.Exchanges()
	require.Len(t, all, 1)
	x := all[0]
	assert.Equal(t, "POST", x.Method)
	assert.Equal(t, "/a%2Fb", x.Path)
	assert.Equal(t, "1", x.Query.Get("q"))
	assert.Equal(t, "2", x.RequestHeader.Get("X-Ask"))
	assert.Equal(t, "text", string(x.RequestBody))
	assert.Equal(t, http.StatusCreated, x.Status)
	assert.Equal(t, "1", x.Header.Get("X-Answer"))
	assert.Equal(t, "got text", string(x.Body))

	rec.Reset()
	assert.Empty(t, rec.Exchanges())
}
