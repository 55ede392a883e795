package publish_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A stub is the smallest publisher that says what it supports. Its network is a slice.
type stub struct {
	account parvis.Account
	sup     publish.Support
	publish func(ctx context.Context, d publish.Draft) (publish.Post, error) // nil = store and succeed

	mu     sync.Mutex
	drafts []publish.Draft
	asked  int
}

func newStub(client string) *stub {
	return &stub{
		account: parvis.Account{Client: client, Network: "stub", ID: "1", Handle: "acme"},
		sup: publish.Support{
			Text:         parvis.TextLimits{{Max: 20, Unit: parvis.Graphemes, Link: 5}},
			Formats:      []parvis.Format{parvis.Plain},
			Media:        publish.MediaSupport{Max: 2, Rules: []publish.MediaRule{{Type: "image/*", MaxBytes: 100, MaxPixels: 50}, {Type: "video/mp4"}}, Alone: []string{"video"}, Alt: parvis.TextLimit{Max: 10, Unit: parvis.CodePoints}, Bytes: true},
			Poll:         publish.PollSupport{MinOptions: 2, MaxOptions: 3, Option: parvis.TextLimit{Max: 5, Unit: parvis.Graphemes}, Shortest: time.Minute, Longest: time.Hour},
			Visibilities: []publish.Visibility{publish.Public},
			Reply:        parvis.Full(), Lang: parvis.Full(),
			Schedule: publish.WindowSupport{Support: parvis.Full(), Least: 5 * time.Minute, Most: time.Hour},
			Edit:     parvis.Full(), Delete: parvis.Full(),
		},
	}
}

func (s *stub) Account() parvis.Account { return s.account }

func (s *stub) PublishSupport(context.Context, parvis.Place) (publish.Support, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.sup, nil
}

func (s *stub) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	s.mu.Lock()
	s.drafts = append(s.drafts, d)
	n := len(s.drafts)
	s.mu.Unlock()
	if s.publish != nil {
		return s.publish(ctx, d)
	}
	return s.post(fmt.Sprint(n), d), nil
}

func (s *stub) post(id string, d publish.Draft) publish.Post {
	return publish.Post{Ref: s.ref(id), Text: parvis.Text{Plain: d.Text}, ReplyTo: d.ReplyTo}
}

func (s *stub) ref(id string) parvis.Ref {
	return parvis.Ref{Client: s.account.Client, Network: s.account.Network, Kind: parvis.KindPost, ID: id}
}

func (s *stub) sent() []publish.Draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]publish.Draft(nil), s.drafts...)
}

// fields lists where the problems are, for short assertions.
func fields(ps publish.Problems) string {
	var names []string
	for _, p := range ps {
		names = append(names, p.Field+"/"+p.Rule)
	}
	return strings.Join(names, " ")
}
