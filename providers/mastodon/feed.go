package mastodon

import (
	"context"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
)

// A feed is something that can be heard: the account's notifications, a timeline, or the
// answers below a post.
type feed struct {
	// name begins the feed's cursors.
	name string
	// route and id are those of the timeline; an empty route means notifications.
	route, id string
	// thread is the post whose answers are the feed, if that is what it is.
	thread string
	// stream is the name of the stream that pushes the feed, with the parameters that
	// it takes; see https://docs.joinmastodon.org/methods/streaming/#streams.
	stream string
	params url.Values
	// withOwn tells that the account's own posts are heard beside its notifications.
	withOwn bool
	// forgets tells that the server keeps the newest items only.
	forgets bool
}

// feedOf returns the feed that q asks for.
func feedOf(q listen.Query) (feed, error) {
	switch {
	case !q.Thread.IsZero():
		id, err := liveID(q.Thread)
		return feed{name: "thread." + id, thread: id}, err
	case q.Tag != "":
		return placeFeed("tag/" + strings.TrimPrefix(q.Tag, "#"))
	case q.Place.Ref.IsZero() && q.Own && q.Wants(listen.Post|listen.Reply|listen.Message|listen.Reaction):
		return feed{name: "n+own", stream: "user", withOwn: true}, nil
	case q.Place.Ref.IsZero():
		return feed{name: "n", stream: "user"}, nil
	}
	id, err := idOf(q.Place.Ref, parvis.KindPlace)
	if err != nil {
		return feed{}, err
	}
	return placeFeed(id)
}

// placeFeed returns the feed of a place; the package comment lists them.
func placeFeed(place string) (feed, error) {
	kind, id, _ := strings.Cut(place, "/")
	switch {
	case place == "home":
		return feed{name: "home", route: "home", stream: "user", forgets: true}, nil
	case place == "public":
		return feed{name: "public", route: "public", stream: "public"}, nil
	case place == "public:local":
		return feed{name: "local", route: "public", params: url.Values{"local": {"true"}}, stream: "public:local"}, nil
	case kind == "tag" && id != "":
		return feed{name: "tag." + strings.ToLower(id), route: "tag/:id", id: id, stream: "hashtag", params: url.Values{"tag": {id}}}, nil
	case kind == "list" && id != "":
		return feed{name: "list." + id, route: "list/:id", id: id, stream: "list", params: url.Values{"list": {id}}, forgets: true}, nil
	}
	return feed{}, &parvis.Error{
		Code: parvis.ErrInvalid, Message: "there is no place " + place,
		Help: "the places are home, public, public:local, tag/NAME and list/ID",
	}
}

// An item is one entry of a feed with the events that it makes: one, or none.
type item struct {
	id    string
	event listen.Event
	heard bool
	own   bool // it is one of the account's own posts beside the notifications
}

// page reads one page of the feed, newest first. The query has min_id or max_id.
func (h *hearing) page(ctx context.Context, q url.Values) ([]item, error) {
	q.Set("limit", pageSize)
	if h.feed.route == "" {
		if types := typesFor(h.q.Kinds, h.server); len(types) > 0 {
			q["types[]"] = types
		}
		got, err := h.c.api.Notifications(ctx, q)
		items := make([]item, len(got.Items))
		for i := range got.Items {
			items[i] = h.notification(&got.Items[i])
		}
		return items, err
	}
	if h.feed.params.Get("local") != "" {
		q.Set("local", "true")
	}
	got, err := h.c.api.Timeline(ctx, h.feed.route, h.feed.id, q)
	return h.items(got.Items), err
}

func (h *hearing) items(all []api.Status) []item {
	items := make([]item, len(all))
	for i := range all {
		items[i] = h.item(&all[i])
	}
	return items
}

func (h *hearing) item(st *api.Status) item {
	return item{id: st.ID, event: h.said(st), heard: true, own: h.feed.withOwn}
}

// ownPage reads one page of what the account itself posted.
func (h *hearing) ownPage(ctx context.Context, q url.Values) ([]item, error) {
	q.Set("limit", pageSize)
	got, err := h.c.api.AccountStatuses(ctx, h.me, q)
	return h.items(got.Items), err
}
