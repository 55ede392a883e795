package bluesky

import (
	"context"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// The powers of publishing that the network has. Posts cannot be edited or scheduled, and
// go to the account's own timeline only.
var (
	_ publish.Publisher  = (*Client)(nil)
	_ publish.Supporter  = (*Client)(nil)
	_ publish.Getter     = (*Client)(nil)
	_ publish.Deleter    = (*Client)(nil)
	_ publish.Reactor    = (*Client)(nil)
	_ publish.Reconciler = (*Client)(nil)
	_ publish.Metrics    = (*Client)(nil)
)

const (
	noPlaces    = "posts go to the account's own timeline only"
	noSchedule  = "the network keeps no posts for later"
	linkOrMedia = "a post shows either files or a link card, not both: leave one out, or write the address in the text"
)

// textLimits are the lengths of a post.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json
var textLimits = parvis.TextLimits{{Max: 300, Unit: parvis.Graphemes}, {Max: 3000, Unit: parvis.Bytes}}

// PublishSupport says what the account can do. The network is asked for one thing only:
// whether there is a video service. There is no place to post in but the account's own
// timeline; any other gives [parvis.ErrUnsupported].
func (c *Client) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	if !place.IsZero() {
		return publish.Support{}, parvis.Unsupported(c.Account(), "ask for support", noPlaces)
	}
	media := publish.MediaSupport{
		Max: maxImages, Bytes: true, Alone: []string{"video"}, Alt: parvis.TextLimit{Max: maxAlt, Unit: parvis.Graphemes},
	}
	for _, t := range imageTypes {
		media.Rules = append(media.Rules, publish.MediaRule{Type: t, MaxBytes: maxImageBytes})
	}
	switch there, err := c.hasVideo(ctx); {
	case err != nil:
		return publish.Support{}, err
	case there:
		media.Rules = append(media.Rules, publish.MediaRule{Type: videoType, MaxBytes: maxVideoBytes})
	default:
		media.Refused = []publish.MediaRefusal{{Type: "video/*", Why: "there is no video service for this account"}}
	}
	return publish.Support{
		Text: textLimits, Formats: []parvis.Format{parvis.Plain}, Media: media, Visibilities: []publish.Visibility{publish.Public},
		Headline: parvis.Never("posts have no title"),
		Link:     parvis.Partly(linkOrMedia),
		Reply:    parvis.Full(), Quote: parvis.Full(), Lang: parvis.Full(),
		Warning: parvis.Partly("as labels that apps know: " + strings.Join(ownLabels, ", ") +
			"; other words are kept as a label that apps do not show, and Sensitive means " + labelGraphic),
		Tags:       parvis.Partly("up to 8 of up to 64 characters"),
		Categories: parvis.Never("posts have no categories"),
		Slug:       parvis.Never("addresses are made of record keys"),
		Excerpt:    parvis.Never("posts have no excerpt"),
		Canonical:  parvis.Never("posts have no canonical address"),
		Sticky:     parvis.Never("pin the post in the profile when it is out"),
		Schedule:   publish.WindowSupport{Support: parvis.Never(noSchedule)},
		Get:        parvis.Full(), Delete: parvis.Full(), React: parvis.Full(), Reconcile: parvis.Full(), Metrics: parvis.Full(),
		Reactions: []publish.Reaction{publish.Like, publish.Repost, publish.Bookmark},
		Edit:      parvis.Never("the network ignores edits of posts: delete the post and publish another"),
		Trash:     parvis.Never("what is deleted is gone"),
		Places:    parvis.Never(noPlaces),
		PlaceEdit: parvis.Never("there are no places to post in"),
		Key:       publish.KeySupport{Support: parvis.Full()},
	}, nil
}
