package httpx

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
)

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 5

// checkRedirect lets a read move within its host, and a mutation only by 307 and 308,
// which repeat it as it was.
func checkRedirect(r *http.Request, via []*http.Request) error {
	k := callOf(r.Context())
	if e := k.refuse(r, via); e != nil {
		k.own = e
		return e
	}
	r.Header.Del("Referer") // it would carry the query
	return nil
}

func (k *call) refuse(r *http.Request, via []*http.Request) *parvis.Error {
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	e := &parvis.Error{Code: parvis.ErrInvalid, Status: status}
	to := r.URL.Scheme + "://" + r.URL.Host
	switch {
	case !sameOrigin(r.URL, &k.c.base):
		e.Message = "the server redirects to another address, " + to
		e.Help = "configure the new address, " + to
	case len(via) > maxRedirects:
		e.Message, e.Help = "the server redirects in a circle", "check the address of the server"
	case !k.read && status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect:
		e.Message = "the server redirects a call that changes something"
		e.Help = "configure the address that the server answers at without a redirect"
	default:
		return nil
	}
	if !k.read && (status == http.StatusSeeOther || status == http.StatusFound) && sameOrigin(r.URL, &k.c.base) {
		// Forms answer so once they have done their work.
		e.Code, e.Help = parvis.ErrUnknownOutcome, helpUnknown
	}
	return e
}

// sameOrigin reports whether a and b have the same scheme, host and port.
func sameOrigin(a, b *url.URL) bool {
	if a.Scheme == b.Scheme && a.Host == b.Host {
		return true
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
