package bluesky

import (
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// The places that can be heard beside the account's own notifications. The last three
// begin the IDs of places that have an address of their own.
const (
	placeHome      = "home"
	placeJetstream = "jetstream"
	placeFirehose  = "firehose"
	placeAuthor    = "author/"
	placeList      = "list/"
	placeFeed      = "feed/"
)

// A feed is something that can be heard.
type feed struct {
	// name tells feeds apart; cursors carry it.
	name string
	// notices are the account's notifications, and withOwn its own posts beside them.
	notices, withOwn bool
	// posts is the list of posts that is read; its NSID is empty if it is none.
	posts api.Feed
	// thread is the address of the post whose answers are the feed.
	thread string
	// wire is the stream that pushes the feed.
	wire *wire
	// match tells that Query.Text and Query.Tag are compared here.
	match bool
	// loose tells that the list is in no order of time.
	loose bool
}

// feedOf returns the feed that q asks for.
func feedOf(q listen.Query) (feed, error) {
	place := q.Place.Ref
	switch {
	case !q.Thread.IsZero():
		at, err := recordOf(q.Thread)
		return feed{name: "thread " + at.String(), thread: at.String(), match: true}, err
	case !place.IsZero():
		if place.Kind != parvis.KindPlace {
			return feed{}, noPlace(place.String())
		}
		f, err := placeFeedOf(place.ID)
		f.match, f.name = true, f.name+" "+q.Text+"#"+q.Tag
		return f, err
	case q.Text != "" || q.Tag != "":
		tag := strings.TrimPrefix(q.Tag, "#")
		return feed{name: "search " + q.Text + "#" + tag, posts: api.SearchFeed(q.Text, tag)}, nil
	case q.Own && q.Wants(listen.Post|listen.Reply|listen.Mention|listen.Reaction):
		return feed{name: "notices and own", notices: true, withOwn: true}, nil
	}
	return feed{name: "notices", notices: true}, nil
}

// placeFeedOf returns the feed of a place by its ID.
func placeFeedOf(id string) (feed, error) {
	rest, isAuthor := strings.CutPrefix(id, placeAuthor)
	address, isList := strings.CutPrefix(id, placeList)
	if !isList {
		address, _ = strings.CutPrefix(id, placeFeed)
	}
	switch {
	case id == placeHome:
		return feed{name: id, posts: api.Timeline()}, nil
	case id == placeJetstream:
		return feed{name: id, wire: jetstreamWire}, nil
	case id == placeFirehose:
		return feed{name: id, wire: firehoseWire}, nil
	case isAuthor && (api.ValidDID(rest) || api.ValidHandle(rest)):
		return feed{name: id, posts: api.AuthorFeed(rest)}, nil
	}
	if _, err := api.ParseURI(address); err != nil || address == id {
		return feed{}, noPlace(id)
	}
	if isList {
		return feed{name: id, posts: api.ListFeed(address)}, nil
	}
	return feed{name: id, posts: api.GeneratorFeed(address), loose: true}, nil
}

func noPlace(id string) error {
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "there is no place " + id,
		Help: "the places are home, jetstream, firehose, author/DID, list/AT-URI and feed/AT-URI",
	}
}
