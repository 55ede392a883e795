// Package card reads what a link card shows of a page on the web: its title, description
// and picture. The pages are strangers': they are reached at public addresses only, and
// within limits of time and size.
package card

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/public"
)

// The limits of a card.
const (
	MaxTime  = 5 * time.Second // in all
	MaxHTML  = 512 << 10       // bytes of the page that are read
	MaxImage = 1_000_000       // bytes of the picture
	MaxHops  = 3               // redirects of each
)

// A Fetcher reads pages. Its zero value is ready, and safe for concurrent use.
type Fetcher struct {
	// UserAgent names the program to the pages' servers; empty is "parvis".
	UserAgent string
	// Loopback lets it reach this machine, for tests.
	Loopback bool
}

// A Page is what a card shows.
type Page struct {
	Title, Description string
	// Image is the picture, and ImageType its MIME type; empty is none.
	Image     []byte
	ImageType string
}

// Fetch reads the page at address. A page that cannot be read gives an error; a picture
// that cannot be had is left out.
//
// The address that a name resolves to is looked at when the connection is made, again
// after each redirect, so that no name leads inside. No credentials, cookies or proxies
// are used.
func (f *Fetcher) Fetch(ctx context.Context, address string) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	client := public.Client(f.Loopback)
	defer client.CloseIdleConnections()
	client.CheckRedirect = hop
	resp, err := f.get(ctx, client, address, "text/html,application/xhtml+xml")
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	kind := typeOf(resp)
	if kind != "text/html" && kind != "application/xhtml+xml" {
		return Page{}, failed("it is "+cmp.Or(kind, "of no known type")+", not a page", nil)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxHTML))
	if err != nil && len(b) == 0 {
		return Page{}, failed("it broke off", cause(err))
	}
	b, known := decode(b, resp.Header.Get("Content-Type"))
	if !known {
		return Page{}, failed("its encoding is not known", nil)
	}
	m := read(b)
	page := Page{Title: m.title(), Description: m.description()}
	if page.Title == "" && page.Description == "" && m.image() == "" {
		return Page{}, failed("it says nothing of itself", nil)
	}
	if at := m.image(); at != "" {
		page.Image, page.ImageType = f.picture(ctx, client, resp.Request.URL, m.base, at)
	}
	return page, nil
}

// hop refuses redirects that are too many, or that lead to anything but the web.
func hop(next *http.Request, via []*http.Request) error {
	if len(via) > MaxHops {
		return errors.New("too many redirects")
	}
	return onWeb(next.URL)
}

// onWeb refuses addresses that are not of the web, and those that hold a password.
func onWeb(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("the address is not one of the web")
	}
	return nil
}

// get asks for an address, and gives its answer if it is one of success.
func (f *Fetcher) get(ctx context.Context, client *http.Client, address, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err == nil {
		err = onWeb(req.URL)
	}
	if err != nil {
		return nil, failed("the address is not one of the web", nil)
	}
	req.Header.Set("User-Agent", cmp.Or(f.UserAgent, "parvis"))
	req.Header.Set("Accept", accept)
	resp, err := client.Do(req)
	if err != nil {
		return nil, failed("it cannot be reached", cause(err))
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, failed(fmt.Sprintf("its server answered %d", resp.StatusCode), nil)
	}
	return resp, nil
}

// picture reads the picture of a page, by the address that the page gives. One that
// cannot be had, or is too large, is none.
func (f *Fetcher) picture(ctx context.Context, client *http.Client, page *url.URL, base, at string) ([]byte, string) {
	if b, err := page.Parse(base); err == nil && base != "" {
		page = b
	}
	u, err := page.Parse(at)
	if err != nil {
		return nil, ""
	}
	resp, err := f.get(ctx, client, u.String(), "image/jpeg,image/png,image/webp,image/gif")
	if err != nil {
		return nil, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxImage+1))
	if err != nil || len(b) > MaxImage {
		return nil, ""
	}
	switch kind := http.DetectContentType(b); kind { // what the server says may be wrong
	case "image/jpeg", "image/png", "image/webp", "image/gif":
		return b, kind
	}
	return nil, ""
}

func typeOf(resp *http.Response) string {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return strings.ToLower(kind)
}

// cause takes out of an error the address, which is known, and what the network of this
// machine said, which is not for those who chose the address.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return nil
	}
	return err
}

func failed(why string, err error) error {
	return &parvis.Error{Op: "read linked page", Code: parvis.ErrUnavailable, Message: "the page cannot be read: " + why, Err: err}
}
