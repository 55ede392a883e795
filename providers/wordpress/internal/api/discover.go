package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// relation is the link relation that leads to the root of the API.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/discovery/
const relation = "https://api.w.org/"

// discover asks the site's front page where the API is, and tries the two usual places
// where that does not tell.
func (c *Client) discover(ctx context.Context, op string) (root, error) {
	path := strings.TrimRight(c.site.EscapedPath(), "/")
	link, err := c.front(ctx, op, path+"/")
	if err != nil && (parvis.CodeOf(err).Transient() || ctx.Err() != nil) {
		return root{}, err
	}
	if link != "" {
		r, ok := parseRoot(&c.site, link)
		if !ok {
			return root{}, &parvis.Error{
				Op: op, Code: parvis.ErrInvalid,
				Message: "the site says that its API is on another host",
				Help:    "configure the site by the address that its own links have: " + hostOf(link),
			}
		}
		return r, nil
	}
	for _, r := range []root{{path: path + "/wp-json"}, {path: path + "/", plain: true}} {
		var ix Index
		_, err = c.http.JSON(ctx, r.request(Call{Op: op, Route: "/", Endpoint: "/"}), &ix)
		if err == nil && slices.Contains(ix.Namespaces, "wp/v2") {
			return r, nil
		}
		if err != nil && parvis.CodeOf(err) == parvis.ErrRateLimited {
			return root{}, err
		}
	}
	if parvis.CodeOf(err) == parvis.ErrUnavailable {
		return root{}, err
	}
	return root{}, &parvis.Error{
		Op: op, Code: parvis.ErrUnsupported, Err: err,
		Message: "the site has no WordPress REST API",
		Help:    "check the address, and that no plugin switches the API off; Config.API sets it by hand",
	}
}

// front asks the front page for the address of the API. The page itself is not read.
func (c *Client) front(ctx context.Context, op, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, httpx.DefaultTimeout)
	defer cancel()
	resp, err := c.http.Stream(ctx, httpx.Request{Method: http.MethodHead, Path: path, Endpoint: "HEAD /", Op: op})
	if err != nil {
		return "", err
	}
	return linkToAPI(resp.Header.Values("Link")), resp.Body.Close()
}

// hostOf returns the scheme and host of an address.
func hostOf(link string) string {
	scheme, rest, ok := strings.Cut(link, "://")
	if !ok {
		return link
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// linkToAPI returns the address with the API's relation in Link headers (RFC 8288), or "".
func linkToAPI(headers []string) string {
	for _, h := range headers {
		for part := range strings.SplitSeq(h, ",") {
			target, params, ok := strings.Cut(part, ">")
			start := strings.IndexByte(target, '<')
			if !ok || start < 0 {
				continue
			}
			for p := range strings.SplitSeq(params, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				if strings.EqualFold(name, "rel") && strings.Trim(value, `"`) == relation {
					return target[start+1:]
				}
			}
		}
	}
	return ""
}

// Index reads the API's description of the site.
func (c *Client) Index(ctx context.Context, op string) (Index, error) {
	var ix Index
	_, err := c.Do(ctx, Call{Op: op, Route: "/", Query: url.Values{"_fields": {"name,namespaces,timezone_string,authentication"}}}, &ix)
	return ix, err
}
