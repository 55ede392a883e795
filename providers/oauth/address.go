package oauth

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/parvis-go/parvis"
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
	near := loopbackName(u.Hostname())
	ip, ipErr := netip.ParseAddr(u.Hostname())
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !local || !near):
		return nil, badAddress("only https is safe", "write the address with https")
	case !local && (near || ipErr == nil && private(ip)):
		return nil, badAddress("the address is inside a private network", "give the public address of the server")
	case ipErr != nil && !near && !strings.Contains(strings.Trim(u.Hostname(), "."), "."):
		return nil, badAddress("the server's name has no domain", "write it as https://server.example")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

func badAddress(what, help string) error {
	return &parvis.Error{Op: "connect", Code: parvis.ErrInvalid, Message: what, Help: help}
}

func loopbackName(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.TrimSuffix(host, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// reserved are the networks that nobody reaches from outside, beside those that
// [netip.Addr] knows; see https://www.iana.org/assignments/iana-ipv4-special-registry/ and
// https://www.iana.org/assignments/iana-ipv6-special-registry/.
func reserved() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2002::/16",
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// private reports whether ip is no public address.
func private(ip netip.Addr) bool {
	ip = ip.Unmap()
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(reserved(), func(p netip.Prefix) bool { return p.Contains(ip.WithZone("")) })
}

// PublicOnly returns a client that connects to public addresses only, whatever a name
// resolves to. It uses no proxy and keeps no connection. It is for servers that people
// type, in programs that inject no client of their own.
func PublicOnly() *http.Client {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: publicOnly}
	return &http.Client{Transport: &http.Transport{
		DialContext: d.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
	}}
}

// publicOnly refuses to connect to an address that is not public.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return badAddress("the server has no usable address", "check the address")
	}
	if private(at.Addr()) {
		return badAddress("the server's address is inside a private network", "give the public address of the server")
	}
	return nil
}
