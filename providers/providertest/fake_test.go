package providertest_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

// A town is a fake network with the account under test, and somebody else.
type town struct {
	*fake.Network
	acme, ana *fake.Account
}

func newTown(o fake.Options, acme fake.Member) *town {
	n := fake.New(o)
	acme.Handle = "acme"
	t := &town{Network: n, acme: n.Add(acme), ana: n.Join("ana")}
	n.AddPlace("news", "channel")
	n.Follow(t.ana, t.acme)
	return t
}

// rig is the rig of p, which acts as acme.
func (t *town) rig(p providers.Provider) *providertest.Rig {
	return &providertest.Rig{
		Account: p,
		Say:     t.say,
		Count:   func(_ context.Context, text string) (int, error) { return t.Count(text), nil },
		Calls:   t.Calls,
		Break:   t.breakNext,
	}
}

func (t *town) say(ctx context.Context, s providertest.Saying) (parvis.Ref, error) {
	text := s.Text
	if s.ReplyTo.IsZero() {
		text = "@acme " + text
	}
	s.ReplyTo.Client = ""
	post, err := publish.To(ctx, t.ana, publish.Draft{Text: text, ReplyTo: s.ReplyTo})
	post.Ref.Client = t.acme.Account().Client
	return post.Ref, err
}

func (t *town) breakNext(f providertest.Fault) bool {
	kind, ok := map[providertest.FaultKind]fake.FaultKind{
		providertest.RateLimited: fake.RateLimited, providertest.ServerErrorBefore: fake.ErrorBefore,
		providertest.ServerErrorAfter: fake.ErrorAfter, providertest.CutBefore: fake.CutBefore,
		providertest.CutAfter: fake.CutAfter, providertest.Timeout: fake.Timeout, providertest.BadToken: fake.ExpiredToken,
		providertest.Truncated: fake.TruncatedAnswer, providertest.Forbidden: fake.MissingScope,
		providertest.VersionRetired: fake.VersionRetired,
	}[f.Kind]
	if ok {
		t.Inject(fake.Fault{Kind: kind, Op: f.Op, Account: "acme", RetryAfter: f.RetryAfter})
	}
	return ok
}

// everyPowerIsNo is a network that says no to whatever it can say no to.
func everyPowerIsNo(s *publish.Support) {
	no := parvis.Never("this network is a wall")
	s.Get, s.Edit, s.Delete, s.Trash, s.React, s.Reconcile, s.Metrics, s.Places, s.PlaceEdit = no, no, no, no, no, no, no, no, no
	s.Reply, s.Quote, s.Lang, s.Warning, s.Tags, s.Categories, s.Sticky, s.Schedule.Support = no, no, no, no, no, no, no, no
	s.Link, s.Visibilities, s.Poll, s.Media, s.Key = no, nil, publish.PollSupport{}, publish.MediaSupport{}, publish.KeySupport{}
}

// towns are the variants of the fake on which the whole suite must pass.
func towns() map[string]func() *town {
	return map[string]func() *town{
		"plain":     func() *town { return newTown(fake.Options{}, fake.Member{}) },
		"client":    func() *town { return newTown(fake.Options{Host: "town.example"}, fake.Member{Client: "acme inc"}) },
		"moderator": func() *town { return newTown(fake.Options{}, fake.Member{Moderator: true}) },
		"held":      func() *town { return newTown(fake.Options{HoldReplies: true}, fake.Member{}) },
		"titles": func() *town {
			return newTown(fake.Options{Limits: func(s *publish.Support) {
				s.Headline, s.Title = parvis.Full(), parvis.TextLimits{{Max: 80, Unit: parvis.Graphemes}}
				s.WarningCounts = true
				s.Reactions = []publish.Reaction{publish.Like, publish.Repost}
				s.Text = parvis.TextLimits{{Max: 300, Unit: parvis.Graphemes}, {Max: 900, Unit: parvis.Bytes}}
			}}, fake.Member{})
		},
		"weighted": func() *town {
			return newTown(fake.Options{Limits: func(s *publish.Support) {
				s.Text = parvis.TextLimits{{Max: 280, Unit: parvis.Weighted, Link: 23}}
			}}, fake.Member{})
		},
	}
}

// TestFake is the suite as every provider's test calls it.
func TestFake(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.HarnessFunc(func(testing.TB) *providertest.Rig {
		plain := newTown(fake.Options{}, fake.Member{})
		return plain.rig(plain.acme)
	}))
}

// TestFakes runs the cases on every variant, in bubbles where time costs nothing and
// everything happens at the same moment.
func TestFakes(t *testing.T) {
	t.Parallel()
	for name, open := range towns() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range providertest.Cases() {
				t.Run(c.Name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tw := open()
						require.NoError(t, try(t.Context(), c, tw.rig(tw.acme)), c.Explanation)
					})
				})
			}
		})
	}
}

// TestFakeWithoutPowers runs the cases on a network that can do little.
func TestFakeWithoutPowers(t *testing.T) {
	t.Parallel()
	for _, c := range providertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tw := newTown(fake.Options{Limits: everyPowerIsNo}, fake.Member{})
				r := tw.rig(tw.acme)
				r.Say, r.Break = nil, nil
				require.NoError(t, try(t.Context(), c, r), c.Explanation)
			})
		})
	}
}

// try runs c on r if it applies.
func try(ctx context.Context, c providertest.Case, r *providertest.Rig) error {
	applies := c.Applies == nil || c.Applies(ctx, r) == nil
	if !applies {
		return nil
	}
	return c.Run(ctx, r)
}

// A journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// logger writes to a journal.
func logger() (*slog.Logger, *journal) {
	j := &journal{}
	return slog.New(slog.NewTextHandler(j, nil)), j
}
