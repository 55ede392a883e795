package mastodon

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

// leastAhead is how far ahead a server schedules at least; see
// https://docs.joinmastodon.org/methods/statuses/#create.
const leastAhead = 5 * time.Minute

// PublishSupport says what the account can do on this server. There is no place to post
// in but the account's own timeline; any other gives [parvis.ErrUnsupported].
func (c *Client) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	if !place.IsZero() {
		return publish.Support{}, parvis.Unsupported(c.Account(), "ask for support", "posts go to the account's own timeline only")
	}
	s, me, err := c.both(ctx)
	if err != nil {
		return publish.Support{}, err
	}
	sup := publish.Support{
		Text: s.textLimits(), WarningCounts: true, Media: s.mediaSupport(), Poll: s.pollSupport(),
		Formats: []parvis.Format{parvis.Plain}, Visibilities: []publish.Visibility{publish.Public, publish.Unlisted, publish.Followers},
		Headline:   parvis.Never("posts have no title"),
		Link:       parvis.Never("cards are made of links in the text: write the address there"),
		Tags:       parvis.Never("hashtags are part of the text: write them there"),
		Categories: parvis.Never("posts have no categories"),
		Slug:       parvis.Never("the server makes the address"),
		Excerpt:    parvis.Never("posts have no excerpt"),
		Canonical:  parvis.Never("posts have no canonical address"),
		Sticky:     parvis.Never("pin the post when it is out, with moderate.Pin"),
		Trash:      parvis.Never("what is deleted is gone"),
		Places:     parvis.Never("posts go to the account's own timeline only"),
		PlaceEdit:  parvis.Never("there are no places to post in"),
		Reply:      parvis.Full(), Lang: parvis.Full(), Warning: parvis.Full(),
		Get: me.given(parvis.Full(), "read:statuses"), Delete: me.given(parvis.Full(), "write:statuses"),
		Edit:  me.given(yes(s.edit, "this server cannot edit posts"), "write:statuses"),
		React: me.given(parvis.Full(), "write:favourites"), Reactions: []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark},
		Reconcile: me.given(parvis.Full(), "read:statuses"), Metrics: me.given(parvis.Full(), "read:statuses"),
		Quote: yes(s.quotes, "this server cannot quote: that takes version 7 of the API"),
		Key:   s.keySupport(), MissingScopes: me.missing("write:statuses", "write:media"),
	}
	if s.direct {
		sup.Visibilities = append(sup.Visibilities, publish.Direct)
	}
	if s.markdown {
		sup.Formats = append(sup.Formats, parvis.Markdown)
	}
	sup.Schedule = publish.WindowSupport{Support: me.given(yes(s.schedule, "this server schedules no posts, or cannot move them"), "write:statuses"), Least: leastAhead}
	return sup, nil
}

// both returns what is known of the server and of the account.
func (c *Client) both(ctx context.Context) (*server, *self, error) {
	s, err := c.info(ctx)
	if err != nil {
		return nil, nil, err
	}
	me, err := c.who(ctx)
	return s, me, err
}

func yes(can bool, why string) parvis.Support {
	if can {
		return parvis.Full()
	}
	return parvis.Never(why)
}

// keySupport says how far a lost answer can be asked for again; see
// https://docs.joinmastodon.org/methods/statuses/#create.
func (s *server) keySupport() publish.KeySupport {
	switch s.key {
	case keyStatus:
		return publish.KeySupport{Support: parvis.Full(), For: s.keyFor}
	case keyAnswer:
		return publish.KeySupport{Support: parvis.Partly("errors are repeated too: after one, use another key"), For: s.keyFor}
	case keyRefused:
		return publish.KeySupport{Support: parvis.Partly("a key that comes again is refused, and the post is looked up instead")}
	}
	return publish.KeySupport{Support: parvis.Never("this server is not known to honour idempotency keys")}
}

// defaultEvery is how often a server without streaming is asked.
const defaultEvery = 30 * time.Second

// ListenSupport says what the account can hear.
func (c *Client) ListenSupport(ctx context.Context, place parvis.Place) (listen.Support, error) {
	s, me, err := c.both(ctx)
	if err != nil {
		return listen.Support{}, err
	}
	sup := listen.Support{
		Delivery: listen.Poll, Every: defaultEvery,
		History:  me.given(parvis.Full(), "read:statuses"),
		Search:   me.given(parvis.Partly("the server decides what it has indexed"), "read:search"),
		Webhooks: parvis.Never("servers of the Mastodon API call no applications of ordinary accounts"),
		Members:  me.given(parvis.Partly("people who hide whom they follow are left out"), "read:accounts"),
	}
	if s.stream != Off {
		sup.Delivery |= listen.Push
	}
	if place.IsZero() {
		sup.Kinds = me.hears()
		sup.Resume = parvis.Full()
		sup.MissingScopes = me.missing("read:notifications", "read:statuses")
	} else {
		if _, err := placeFeed(place.Ref.ID); err != nil {
			return listen.Support{}, err
		}
		sup.Kinds = listen.Post | listen.Reply | listen.Mention | listen.Message | listen.Reaction
		sup.Resume = parvis.Partly("a post that reaches the server late may be filed under its own time, before the cursor")
		sup.MissingScopes = me.missing("read:statuses")
	}
	if s.stream != Off {
		sup.Kinds |= listen.Edit | listen.Delete
	}
	return sup, nil
}

// hears returns the kinds that the account's notifications have.
func (s *self) hears() listen.Kind {
	kinds := listen.Post | listen.Reply | listen.Mention | listen.Message | listen.Reaction | listen.Follow | listen.Edit
	if s.has("admin:read:reports") && s.may(manageReports) {
		kinds |= listen.Report
	}
	return kinds
}
