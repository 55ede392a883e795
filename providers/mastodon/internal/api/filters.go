package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/parvis-go/parvis/internal/httpx"
)

// A Filter keeps words away; see https://docs.joinmastodon.org/entities/Filter/.
type Filter struct {
	ID           string    `json:"id"`
	Title        string    `json:"title"`
	FilterAction string    `json:"filter_action"`
	ExpiresAt    string    `json:"expires_at"`
	Keywords     []Keyword `json:"keywords"`
}

// A Keyword is one word or phrase of a filter.
type Keyword struct {
	ID      string `json:"id"`
	Keyword string `json:"keyword"`
}

// Filters lists the account's filters; see https://docs.joinmastodon.org/methods/filters/#get.
func (c *Client) Filters(ctx context.Context) ([]Filter, error) {
	return take(ctx, c, at("GET", "/api/v2/filters", ""), lenient[[]Filter])
}

// CreateFilter hides a keyword everywhere, for d if that is not 0; see
// https://docs.joinmastodon.org/methods/filters/#create.
func (c *Client) CreateFilter(ctx context.Context, keyword string, d time.Duration) (Whole[Filter], error) {
	form := url.Values{
		"title":                             {keyword},
		"context[]":                         {"home", "notifications", "public", "thread", "account"},
		"filter_action":                     {"hide"},
		"keywords_attributes[][keyword]":    {keyword},
		"keywords_attributes[][whole_word]": {"true"},
	}
	if d > 0 {
		form.Set("expires_in", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
	r := at("POST", "/api/v2/filters", "")
	r.Body = httpx.Form(form)
	return take(ctx, c, r, wholeLenient[Filter])
}

// DeleteFilter removes a filter with all its keywords; see https://docs.joinmastodon.org/methods/filters/#delete.
func (c *Client) DeleteFilter(ctx context.Context, id string) error {
	return c.send(ctx, at("DELETE", "/api/v2/filters/:id", id))
}

// DeleteKeyword takes one keyword out of its filter; see https://docs.joinmastodon.org/methods/filters/#keywords-delete.
func (c *Client) DeleteKeyword(ctx context.Context, id string) error {
	return c.send(ctx, at("DELETE", "/api/v2/filters/keywords/:id", id))
}
