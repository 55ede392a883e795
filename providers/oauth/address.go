package oauth

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/public"
)

// ParseAddress reads the address of a server as people type it: "mastodon.example",
// "@acme@mastodon.example", "https://blog.example/news/". It returns scheme, host and path,
// without a slash at its end. Only https is taken, unless local allows http on this
// machine, and addresses of this machine and of private networks. Anything else gives
// [parvis.ErrInvalid].
func ParseAddress(typed string, local bool) (*url.URL, error) {
	s := strings.TrimSpace(typed)
	if i := strings.LastIndexByte(s, '@'); i >= 0 && !strings.Contains(s, "://") {
		s = s[i+1:]
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return nil, badAddress("this is not the address of a server", "write it as https://server.example")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == '@' || r == '\\' }):
		return nil, badAddress("this is not the address of a server", "write it as https://server.example")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	near := public.Local(u.Hostname())
	ip, ipErr := netip.ParseAddr(u.Hostname())
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !local || !near):
		return nil, badAddress("only https is safe", "write the address with https")
	case !local && (near || ipErr == nil && !public.Addr(ip)):
		return nil, badAddress("the address is inside a private network", "give the public address of the server")
	case ipErr != nil && !near && !strings.Contains(strings.Trim(u.Hostname(), "."), "."):
		return nil, badAddress("the server's name has no domain", "write it as https://server.example")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

func badAddress(what, help string) error {
	return &parvis.Error{Op: "connect", Code: parvis.ErrInvalid, Message: what, Help: help}
}

// PublicOnly returns a client that connects to public addresses only, whatever a name
// resolves to. It uses no proxy and keeps no connection. It is for servers that people
// type, in programs that inject no client of their own.
func PublicOnly() *http.Client { return public.Client(false) }
