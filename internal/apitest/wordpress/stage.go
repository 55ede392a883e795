package wordpress

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/parvis-go/parvis/internal/apitest"
	"github.com/parvis-go/parvis/providers/providertest"
)

// readTries is more often than a provider tries a read that fails.
const readTries = 4

// Stage returns the Break of a rig whose network has f in front of it.
func Stage(t testing.TB, f *apitest.Faults) func(providertest.Fault) bool {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the password was sent to another host")
		}
	}))
	t.Cleanup(elsewhere.Close)
	return func(x providertest.Fault) bool {
		kind, ok := kinds[x.Kind]
		if !ok {
			return false
		}
		fault := apitest.Fault{Kind: kind, RetryAfter: x.RetryAfter, To: elsewhere.URL, Match: callsOf(x.Op), Times: 1}
		if x.Op == "listen" {
			fault.Times = readTries
		}
		switch kind {
		case apitest.Unauthorized:
			fault.Body = `{"code":"rest_not_logged_in","message":"You are not currently logged in.","data":{"status":401}}`
		case apitest.Forbidden:
			fault.Body = `{"code":"rest_cannot_edit","message":"Sorry, you are not allowed to do that.","data":{"status":403}}`
		case apitest.ErrorBefore, apitest.ErrorAfter:
			fault.Body = `{"code":"internal_server_error","message":"There has been a critical error on this website.","data":{"status":500}}`
		}
		f.Clear()
		f.Inject(fault)
		return true
	}
}

var kinds = map[providertest.FaultKind]apitest.Kind{
	providertest.RateLimited:       apitest.RateLimited,
	providertest.ServerErrorBefore: apitest.ErrorBefore,
	providertest.ServerErrorAfter:  apitest.ErrorAfter,
	providertest.CutBefore:         apitest.CutBefore,
	providertest.CutAfter:          apitest.CutAfter,
	providertest.Timeout:           apitest.Hang,
	providertest.BadToken:          apitest.Unauthorized,
	providertest.Truncated:         apitest.Truncated,
	providertest.TooLarge:          apitest.Huge,
	providertest.Redirect:          apitest.Redirect,
	providertest.Forbidden:         apitest.Forbidden,
	providertest.VersionRetired:    apitest.Gone426,
}

var (
	collection = regexp.MustCompile(`/wp/v2/(posts|pages|comments)$`)
	single     = regexp.MustCompile(`/wp/v2/(posts|pages|comments)/\d+$`)
)

// routeOf is the route of a request, on sites with and without pretty permalinks.
func routeOf(r *http.Request) string {
	if route := r.URL.Query().Get("rest_route"); route != "" {
		return route
	}
	if _, route, ok := strings.Cut(r.URL.Path, "/wp-json"); ok {
		return route
	}
	return ""
}

// callsOf picks the calls that do the work of an operation.
func callsOf(op string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		route := routeOf(r)
		switch op {
		case "publish":
			return r.Method == http.MethodPost && collection.MatchString(route)
		case "moderate":
			return r.Method != http.MethodGet && single.MatchString(route)
		}
		return r.Method == http.MethodGet && collection.MatchString(route)
	}
}
