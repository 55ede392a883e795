package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/parvis-go/parvis/internal/httpx"
)

// A List is one page of a list.
type List[T any] struct {
	Items []T
	// Next is the query of the next page as the server names it, or nil if it names none.
	Next url.Values
	// Date is the server's clock when it answered; zero if it did not say.
	Date time.Time
}

func list[T any](ctx context.Context, c *Client, r httpx.Request, decode func([]byte) ([]T, error)) (List[T], error) {
	items, h, err := do(ctx, c, r, decode)
	if err != nil {
		return List[T]{}, err
	}
	date, _ := http.ParseTime(h.Get("Date")) // zero if there is none
	return List[T]{items, next(h), date}, nil
}

// Notifications lists notifications, newest first within a page; see
// https://docs.joinmastodon.org/methods/notifications/#get.
func (c *Client) Notifications(ctx context.Context, q url.Values) (List[Notification], error) {
	r := at("GET", "/api/v1/notifications", "")
	r.Query = q
	return list(ctx, c, r, DecodeNotifications)
}

// Timeline lists the statuses of a timeline, newest first within a page. The route is
// one of https://docs.joinmastodon.org/methods/timelines/: "home", "public", "tag/:id", "list/:id".
func (c *Client) Timeline(ctx context.Context, route, id string, q url.Values) (List[Status], error) {
	r := at("GET", "/api/v1/timelines/"+route, id)
	r.Query = q
	return list(ctx, c, r, DecodeStatuses)
}

// Search finds statuses; see https://docs.joinmastodon.org/methods/search/#v2.
func (c *Client) Search(ctx context.Context, q url.Values) ([]Status, error) {
	r := at("GET", "/api/v2/search", "")
	r.Query = q
	return take(ctx, c, r, DecodeFound)
}
