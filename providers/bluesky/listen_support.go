package bluesky

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

const (
	// DefaultEvery is how often notifications and timelines are asked for.
	DefaultEvery = 30 * time.Second
	// DefaultJetstream is one of the public hosts of Jetstream.
	//
	// https://github.com/bluesky-social/jetstream
	DefaultJetstream = "wss://jetstream2.us-east.bsky.network"
	// DefaultFirehose is the relay of the network.
	//
	// https://atproto.com/guides/streaming-data
	DefaultFirehose = "wss://bsky.network"
)

// ListenSupport says what the account can hear in a place; see [Client.Listen] for the
// places. It does not call the network. A place that there is not gives an error that matches
// [parvis.ErrInvalid].
func (c *Client) ListenSupport(_ context.Context, place parvis.Place) (listen.Support, error) {
	f, err := feedOf(listen.Query{Place: place})
	if err != nil {
		return listen.Support{}, err
	}
	if f.wire != nil {
		return streamSupport(), nil
	}
	sup := listen.Support{
		Kinds: noticeKinds, Delivery: listen.Poll, Every: cmp.Or(c.cfg.Every, DefaultEvery),
		Resume:   parvis.Partly("a record is filed under its author's clock: what comes later than a day, or behind two hundred others, is not found"),
		History:  parvis.Full(),
		Search:   parvis.Partly("the app view decides what it has indexed, and how far back it goes"),
		Webhooks: parvis.Never("the network calls no applications"),
		Members:  parvis.Partly("people who block the account, or are blocked, are left out"),
	}
	if !place.IsZero() {
		sup.Kinds = listen.Post | listen.Reply | listen.Mention | listen.Reaction
		if !strings.HasPrefix(place.Ref.ID, placeList) {
			sup.Members = parvis.Never("only lists have people, and the account has followers")
		}
	}
	if f.loose {
		sup.Resume = parvis.Partly("the generator decides what it shows and in which order: of its newest three hundred, what is not among the last two hundred delivered counts as new")
	}
	return sup, nil
}

// streamSupport is what the streams of everybody's records give.
func streamSupport() listen.Support {
	return listen.Support{
		Kinds: listen.Post | listen.Reply | listen.Mention | listen.Delete, Delivery: listen.Push,
		Resume:   parvis.Partly("the host keeps some days at most, Jetstream 36 hours; what it has forgotten is a gap"),
		History:  parvis.Never("streams cannot be read backwards"),
		Search:   parvis.Never("listen with Query.Text or Query.Tag: a stream's posts are compared with them word by word"),
		Webhooks: parvis.Never("the network calls no applications"),
		Members:  parvis.Never("a stream has no members"),
	}
}
