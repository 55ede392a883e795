package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/public"
)

// The bounds of what is fetched from addresses that strangers chose.
const (
	FetchTime = 10 * time.Second
	maxHops   = 3 // redirects
)

// CheckAddress returns the origin that an address names, which must be https and name a
// public host; with loopback, also http on this machine.
func CheckAddress(address string, loopback bool) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, badAddress("it is not an address of a server")
	}
	local := public.Local(u.Hostname())
	ip, ipErr := netip.ParseAddr(u.Hostname())
	switch {
	case local && !loopback, ipErr == nil && !local && !public.Addr(ip):
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
