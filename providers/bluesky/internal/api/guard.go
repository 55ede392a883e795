package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/parvis-go/parvis"
)

// The bounds of what is fetched from addresses that strangers chose.
const (
	FetchTime      = 10 * time.Second
	maxHops        = 3 // redirects
	maxHeaderBytes = 64 << 10
)

// Guarded returns a client for addresses that strangers chose: it connects to public
// addresses only, whatever names resolve to. With loopback it connects to this machine as
// well, for tests and development. It uses no proxy, which would connect in its place.
func Guarded(loopback bool) *http.Client {
	d := &net.Dialer{Timeout: FetchTime, Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		return admit(ip, loopback)
	}}
	return &http.Client{Transport: &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: FetchTime,
		ResponseHeaderTimeout: FetchTime, IdleConnTimeout: time.Minute, MaxIdleConns: 32, MaxResponseHeaderBytes: maxHeaderBytes,
	}}
}

var errPrivate = errors.New("the address is not a public one")

// special are blocks of addresses that are not public and that netip does not tell.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// admit says whether ip may be connected to.
func admit(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap()
	if ip.IsLoopback() && loopback {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return errPrivate
	}
	for _, p := range special {
		if p.Contains(ip) {
			return errPrivate
		}
	}
	return nil
}

// CheckAddress returns the origin that an address names, which must be https and name a
// public host; with loopback, also http on this machine.
func CheckAddress(address string, loopback bool) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, badAddress("it is not an address of a server")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if ip, err := netip.ParseAddr(host); err == nil {
		local = ip.Unmap().IsLoopback()
		if admit(ip, loopback) != nil {
			return nil, badAddress("it is not public")
		}
	}
	switch {
	case local && !loopback:
		return nil, badAddress("it is not public")
	case u.Scheme == "http" && local, u.Scheme == "https":
		return u, nil
	}
	return nil, badAddress("it does not begin with https")
}

func badAddress(why string) error {
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "the address of the server cannot be used: " + why,
		Help: "give an address such as https://pds.example",
	}
}

// fetch reads what is at an address that a stranger chose, up to limit bytes.
func (r *Resolver) fetch(ctx context.Context, address string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, FetchTime)
	defer cancel()
	client := *r.client()
	client.Jar = nil
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > maxHops {
			return errors.New("too many redirects")
		}
		_, err := CheckAddress(next.URL.Scheme+"://"+next.URL.Host, r.Loopback)
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", r.UserAgent)
	resp, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return nil, errAbsent
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answered %d", resp.StatusCode)
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("the answer is larger than %d bytes", limit)
	}
	return b, nil
}

var errAbsent = errors.New("there is nothing")

// CheckServer returns the address of a server that the program's owner has chosen, which
// may be anywhere.
func CheckServer(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, badAddress("it is not an address of a server")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, badAddress("it begins with neither https nor http")
	}
	return u, nil
}
