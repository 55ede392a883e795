package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/parvis-go/parvis/internal/httpx"
)

// StatusForm is what makes a status; see https://docs.joinmastodon.org/methods/statuses/#create.
type StatusForm struct {
	Status         string    `json:"status"`
	MediaIDs       []string  `json:"media_ids,omitempty"`
	Poll           *PollForm `json:"poll,omitempty"`
	InReplyToID    string    `json:"in_reply_to_id,omitempty"`
	QuotedStatusID string    `json:"quoted_status_id,omitempty"`
	Sensitive      bool      `json:"sensitive,omitempty"`
	SpoilerText    string    `json:"spoiler_text,omitempty"`
	Visibility     string    `json:"visibility,omitempty"`
	Language       string    `json:"language,omitempty"`
	ScheduledAt    string    `json:"scheduled_at,omitempty"`
	// ContentType is text/plain or text/markdown, on servers that know the difference.
	ContentType string `json:"content_type,omitempty"`
}

// PollForm is a poll to be made. ExpiresIn is in seconds.
type PollForm struct {
	Options    []string `json:"options"`
	ExpiresIn  int64    `json:"expires_in"`
	Multiple   bool     `json:"multiple,omitempty"`
	HideTotals bool     `json:"hide_totals,omitempty"`
}

// EditForm is what a status is changed to; see https://docs.joinmastodon.org/methods/statuses/#edit.
type EditForm struct {
	Status          string           `json:"status"`
	SpoilerText     string           `json:"spoiler_text"`
	Sensitive       bool             `json:"sensitive"`
	Language        string           `json:"language,omitempty"`
	MediaIDs        []string         `json:"media_ids,omitempty"`
	MediaAttributes []MediaAttribute `json:"media_attributes,omitempty"`
	Poll            *PollForm        `json:"poll,omitempty"`
	ContentType     string           `json:"content_type,omitempty"`
}

// MediaAttribute changes a file that a status has already.
type MediaAttribute struct {
	ID          string `json:"id"`
	Description string `json:"description"`
	Focus       string `json:"focus,omitempty"`
}

// Source is what a status was written as; see https://docs.joinmastodon.org/entities/StatusSource/.
type Source struct {
	ID          string `json:"id"`
	Text        string `json:"text"`
	SpoilerText string `json:"spoiler_text"`
}

// Key is an idempotency key and what it is good for.
type Key struct {
	// Value is sent in the header Idempotency-Key, unless it is empty.
	Value string
	// Honoured tells that the request may be repeated under it.
	Honoured bool
}

// Create posts a status. With form.ScheduledAt the answer is a [Scheduled].
// See https://docs.joinmastodon.org/methods/statuses/#create.
func (c *Client) Create(ctx context.Context, form StatusForm, key Key) (Status, error) {
	r := at("POST", "/api/v1/statuses", "")
	r.Body, r.Safe = httpx.JSON(form), key.Honoured
	if key.Value != "" {
		r.Header = http.Header{"Idempotency-Key": {key.Value}}
	}
	return take(ctx, c, r, DecodeStatus)
}

// Status reads a status; see https://docs.joinmastodon.org/methods/statuses/#get.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	return take(ctx, c, at("GET", "/api/v1/statuses/:id", id), DecodeStatus)
}

// Edit changes a status; see https://docs.joinmastodon.org/methods/statuses/#edit.
func (c *Client) Edit(ctx context.Context, id string, form EditForm) (Status, error) {
	r := at("PUT", "/api/v1/statuses/:id", id)
	r.Body, r.Safe = httpx.JSON(form), true // the same content twice is one edit
	return take(ctx, c, r, DecodeStatus)
}

// Delete deletes a status of the account; see https://docs.joinmastodon.org/methods/statuses/#delete.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.send(ctx, at("DELETE", "/api/v1/statuses/:id", id))
}

// Act does something to a status that can be done once only: favourite, unfavourite,
// reblog, unreblog, bookmark, unbookmark, mute, unmute, pin, unpin. See
// https://docs.joinmastodon.org/methods/statuses/#favourite and the sections below it.
func (c *Client) Act(ctx context.Context, id, verb string) (Status, error) {
	r := at("POST", "/api/v1/statuses/:id/"+verb, id)
	r.Safe = true // "or was already favourited"
	return take(ctx, c, r, DecodeStatus)
}

// Source reads what a status was written as; see https://docs.joinmastodon.org/methods/statuses/#source.
func (c *Client) Source(ctx context.Context, id string) (Source, error) {
	return take(ctx, c, at("GET", "/api/v1/statuses/:id/source", id), lenient[Source])
}

// Context reads what stands above and below a status; see https://docs.joinmastodon.org/methods/statuses/#context.
func (c *Client) Context(ctx context.Context, id string) (Context, error) {
	return take(ctx, c, at("GET", "/api/v1/statuses/:id/context", id), DecodeContext)
}

// Scheduled is a status that the server holds until its time; see https://docs.joinmastodon.org/entities/ScheduledStatus/.
type Scheduled struct {
	ID          string          `json:"id"`
	ScheduledAt string          `json:"scheduled_at"`
	Params      ScheduledParams `json:"params"`
	Media       []Media         `json:"media_attachments"`
}

// ScheduledParams are what the status will be.
type ScheduledParams struct {
	Text        string `json:"text"`
	SpoilerText string `json:"spoiler_text"`
	Visibility  string `json:"visibility"`
	Language    string `json:"language"`
	InReplyToID ID     `json:"in_reply_to_id"`
}

// ID is a name that some answers give as a number.
type ID string

// UnmarshalJSON takes a string, a number or null.
func (id *ID) UnmarshalJSON(b []byte) error {
	d := newScanner(b)
	*id = ID(d.text())
	return d.end()
}

// DecodeScheduled reads a scheduled status.
func DecodeScheduled(b []byte) (Whole[Scheduled], error) { return wholeLenient[Scheduled](b) }

// ScheduledPage lists waiting statuses; see https://docs.joinmastodon.org/methods/scheduled_statuses/#get.
func (c *Client) ScheduledPage(ctx context.Context, q url.Values) (List[Whole[Scheduled]], error) {
	r := at("GET", "/api/v1/scheduled_statuses", "")
	r.Query = q
	return list(ctx, c, r, wholesLenient[Scheduled])
}

// ScheduledOne reads one; see https://docs.joinmastodon.org/methods/scheduled_statuses/#get-one.
func (c *Client) ScheduledOne(ctx context.Context, id string) (Whole[Scheduled], error) {
	return take(ctx, c, at("GET", "/api/v1/scheduled_statuses/:id", id), DecodeScheduled)
}

// Reschedule moves one; see https://docs.joinmastodon.org/methods/scheduled_statuses/#update.
func (c *Client) Reschedule(ctx context.Context, id, when string) (Whole[Scheduled], error) {
	r := at("PUT", "/api/v1/scheduled_statuses/:id", id)
	r.Body, r.Safe = httpx.Form(url.Values{"scheduled_at": {when}}), true
	return take(ctx, c, r, DecodeScheduled)
}

// Unschedule removes one; see https://docs.joinmastodon.org/methods/scheduled_statuses/#cancel.
func (c *Client) Unschedule(ctx context.Context, id string) error {
	return c.send(ctx, at("DELETE", "/api/v1/scheduled_statuses/:id", id))
}
