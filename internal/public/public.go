// Package public tells the addresses that everybody can reach from those of this machine
// and of private networks, and makes clients that connect to the former only. They are
// for addresses that strangers choose: servers that people type, pages that posts link to.
package public

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/parvis-go/parvis"
)

// ErrPrivate is the error of a connection that is refused because its address is not
// public. It matches [parvis.ErrInvalid].
var ErrPrivate error = &parvis.Error{
	Code: parvis.ErrInvalid, Message: "the address is not a public one", Help: "give the public address of the server",
}

// The bounds of a [Client].
const (
	patience       = 10 * time.Second // to connect, to agree on TLS, and to begin an answer
	maxHeaderBytes = 64 << 10
)

// special are blocks of addresses that are not public and that netip does not tell.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// Addr reports whether ip is a public address.
func Addr(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// Local reports whether host, a name or an address, is this machine.
func Local(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Client returns a client that connects to public addresses only, whatever names resolve
// to and wherever redirects lead: the address is looked at when it is connected to. With
// loopback it connects to this machine as well, for tests and development. It uses no
// proxy, which would connect in its place, and keeps no connection for later.
func Client(loopback bool) *http.Client {
	d := &net.Dialer{Timeout: patience, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if ip := at.Addr(); !Addr(ip) && (!loopback || !ip.Unmap().IsLoopback()) {
			return ErrPrivate
		}
		return nil
	}}
	return &http.Client{Transport: &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience,
		DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeaderBytes,
	}}
}
