package apitest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// maxRequest bounds what a test server reads of a request, in bytes.
const maxRequest = 64 << 20

// serve lets x happen to one call.
func (x *Fault) serve(w http.ResponseWriter, r *http.Request, h http.Handler) {
	switch x.Kind {
	case CutBefore:
		drain(r)
		hangUp(w)
	case CutAfter:
		do(h, r)
		hangUp(w)
	case ErrorAfter:
		do(h, r)
		x.answer(w, http.StatusInternalServerError)
	case Hang:
		do(h, r)
		<-r.Context().Done()
	case Slow:
		x.wait(r)
		h.ServeHTTP(w, r)
	case Truncated:
		truncate(w, do(h, r))
	case Huge:
		endless(w, r, do(h, r))
	default:
		drain(r)
		x.refuse(w)
	}
}

// refuse answers without asking the server.
func (x *Fault) refuse(w http.ResponseWriter) {
	status := map[Kind]int{
		RateLimited: http.StatusTooManyRequests, ErrorBefore: http.StatusInternalServerError,
		Redirect: http.StatusTemporaryRedirect, Unauthorized: http.StatusUnauthorized,
		Forbidden: http.StatusForbidden, Gone: http.StatusGone, Gone426: http.StatusUpgradeRequired,
		HTMLError: http.StatusForbidden,
	}[x.Kind]
	if x.Kind == Redirect {
		w.Header().Set("Location", x.To)
	}
	if x.Kind == RateLimited && x.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((x.RetryAfter+time.Second-1)/time.Second)))
	}
	if x.Kind == HTMLError && x.Body == "" {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><title>Blocked</title><p>Your request was blocked.</html>")
		return
	}
	x.answer(w, status)
}

// answer writes x's own answer, or one with the given status.
func (x *Fault) answer(w http.ResponseWriter, status int) {
	if x.Status != 0 {
		status = x.Status
	}
	body := x.Body
	if body == "" {
		body = `{"error":"` + string(x.Kind) + `"}`
	}
	w.Header().Set("Content-Type", "application/json")
	maps.Copy(w.Header(), x.Header)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// wait returns after x's Delay, or when the client gives up.
func (x *Fault) wait(r *http.Request) {
	t := time.NewTimer(x.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// do lets h answer r and keeps the answer.
func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	if body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest)); err == nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	h.ServeHTTP(rec, r)
	return rec
}

// drain reads what the client sends, so that it has surely been sent.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxRequest)) }

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}

// truncate promises the whole answer and gives half of it.
func truncate(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	body := rec.Body.Bytes()
	copyHead(w, rec)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	hangUp(w)
}

// endless begins a text and goes on until the client has had enough.
func endless(w http.ResponseWriter, r *http.Request, rec *httptest.ResponseRecorder) {
	copyHead(w, rec)
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	_, _ = io.WriteString(w, `{"filler":"`)
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func copyHead(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
}
