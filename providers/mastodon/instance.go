package mastodon

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// server is what is known of the server.
type server struct {
	software software
	traits
	// quotes tells that posts can be quoted: API version 7, of Mastodon 4.5.0.
	quotes bool
	api.Instance
}

// quoteVersion is the API version that brought quoted_status_id; see
// https://docs.joinmastodon.org/methods/statuses/#create.
const quoteVersion = 7

// info asks the server what it is, and remembers it.
func (c *Client) info(ctx context.Context) (*server, error) {
	if v, ok := c.server.fresh(); ok {
		return v, nil
	}
	return c.server.get(ctx, c.cfg.Refresh, func(ctx context.Context) (*server, error) {
		in, err := c.api.InstanceV2(ctx)
		if errors.Is(err, parvis.ErrNotFound) || errors.Is(err, parvis.ErrUnsupported) {
			in, err = c.api.InstanceV1(ctx)
		}
		if err != nil {
			return nil, err
		}
		if in.Version == "" {
			return nil, &parvis.Error{
				Code: parvis.ErrBadAnswer, Message: "the server does not describe itself as a Mastodon server does",
				Help: "check that Config.Server is the address of a server with the Mastodon API",
			}
		}
		s := &server{Instance: in}
		version := in.APIVersions["mastodon"]
		var told bool
		if s.software, told = softwareOf(in.Version, in.SourceURL, version); !told {
			if node, err := c.api.NodeInfo(ctx); err == nil {
				s.software = known(node.Software.Name)
			} else if errors.Is(err, parvis.ErrUnavailable) || errors.Is(err, parvis.ErrRateLimited) {
				return nil, err
			}
		}
		s.traits = traitsOf(s.software)
		s.quotes = version >= quoteVersion
		c.overrule(s)
		return s, nil
	})
}

// overrule applies what the configuration says of the server.
func (c *Client) overrule(s *server) {
	if c.cfg.Streaming != Auto {
		s.stream = c.cfg.Streaming
	}
	if c.cfg.Idempotent == nil {
		return
	}
	s.key = keyIgnored
	if *c.cfg.Idempotent {
		s.key, s.keyFor = keyStatus, time.Hour
	}
}

// streaming returns the address of the streaming API: the server's own word, unless that
// would send the token in the clear.
func (c *Client) streaming(s *server) string {
	base := cmp.Or(s.Configuration.URLs.Streaming, s.URLs.Streaming)
	base = strings.TrimSuffix(strings.TrimRight(base, "/"), "/api/v1/streaming")
	switch {
	case strings.HasPrefix(base, "wss://"):
		return "https://" + base[len("wss://"):]
	case strings.HasPrefix(base, "https://"):
		return base
	case strings.HasPrefix(c.base, "https://"):
		return c.base
	case strings.HasPrefix(base, "ws://"):
		return "http://" + base[len("ws://"):]
	case strings.HasPrefix(base, "http://"):
		return base
	}
	return c.base
}

// textLimits returns the rule about lengths. The fallbacks are those of
// https://docs.joinmastodon.org/user/posting/#text.
func (s *server) textLimits() parvis.TextLimits {
	l := parvis.TextLimit{Max: cmp.Or(s.Configuration.Statuses.MaxCharacters, s.MaxTootChars), Unit: s.unit}
	switch {
	case l.Max > 0:
	case s.software == friendica:
		return nil
	case s.software == gotosocial, s.software == pleroma, s.software == akkoma:
		l.Max = 5000
	default:
		l.Max = 500
	}
	if s.weighs {
		l.Link, l.LocalMention = cmp.Or(s.Configuration.Statuses.CharactersPerURL, 23), true
	}
	return parvis.TextLimits{l}
}

// mediaSupport returns the rules about files; see https://docs.joinmastodon.org/user/posting/#media.
// That posts need a file, but answers do not, is a rule of [Client.form].
func (s *server) mediaSupport() publish.MediaSupport {
	conf := s.Configuration.Media
	image := publish.MediaRule{MaxBytes: cmp.Or(conf.ImageSize, s.UploadLimit), MaxPixels: conf.ImageMatrix}
	other := publish.MediaRule{MaxBytes: cmp.Or(conf.VideoSize, s.UploadLimit)}
	m := publish.MediaSupport{
		Max: cmp.Or(s.Configuration.Statuses.MaxMedia, 4), Bytes: true,
		Alt: parvis.TextLimit{Max: cmp.Or(conf.DescriptionLimit, s.DescriptionLimit, 1500), Unit: parvis.CodePoints},
	}
	types := conf.MIMETypes
	if len(types) == 0 {
		types = []string{"image/*", "video/*", "audio/*"}
	}
	for _, t := range types {
		r := other
		if strings.HasPrefix(t, "image/") {
			r = image
		}
		r.Type = t
		m.Rules = append(m.Rules, r)
	}
	if s.alone {
		m.Alone = []string{"video", "audio"}
	}
	return m
}

// pollSupport returns the rules about polls.
func (s *server) pollSupport() publish.PollSupport {
	if !s.poll {
		return publish.PollSupport{}
	}
	conf, old := s.Configuration.Polls, s.PollLimits
	seconds := func(n ...int) time.Duration { return time.Duration(cmp.Or(n...)) * time.Second }
	return publish.PollSupport{
		MinOptions: 2, MaxOptions: cmp.Or(conf.MaxOptions, old.MaxOptions, 4), Multiple: true,
		Option:   parvis.TextLimit{Max: cmp.Or(conf.MaxCharacters, old.MaxOptionChars, 50), Unit: parvis.CodePoints},
		Shortest: seconds(conf.MinExpiration, old.MinExpiration, 300),
		Longest:  seconds(conf.MaxExpiration, old.MaxExpiration, 2629746),
	}
}
