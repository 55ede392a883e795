package providertest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

// A sin is one more way to break a rule that has several parts.
type sin struct {
	rule, what string
	do         wreck
}

// publishSins break what a post must be.
func publishSins() []sin {
	return []sin{
		{"publish/post", "no ID", posted(func(p *publish.Post) { p.Ref.ID = "" })},
		{"publish/post", "no client", posted(func(p *publish.Post) { p.Ref.Client = "" })},
		{"publish/post", "the wrong kind", posted(func(p *publish.Post) { p.Ref.Kind = parvis.KindPerson })},
		{"publish/post", "an unknown state", posted(func(p *publish.Post) { p.State = publish.Unknown })},
		{"publish/post", "no time", posted(func(p *publish.Post) { p.Created = time.Time{} })},
		{"publish/post", "a time in another zone", posted(func(p *publish.Post) { p.Created = p.Created.Add(-2 * time.Hour) })},
		{"publish/post", "no text", posted(func(p *publish.Post) { p.Text = parvis.Text{} })},
		{"publish/get", "another address", read(func(p *publish.Post) { p.URL = "https://elsewhere.example/" })},
		{"publish/get", "another state", read(func(p *publish.Post) { p.State = publish.Held })},
		{"publish/get", "another text", read(func(p *publish.Post) { p.Text.Plain = "something else" })},
		{"publish/get", "another time", read(func(p *publish.Post) { p.Created = p.Created.Add(time.Minute) })},
		{"publish/get", "no raw payload", read(func(p *publish.Post) { p.Raw = nil })},
		{"publish/get", "no address at first", posted(func(p *publish.Post) { p.URL = "" })},
		{"publish/once", "nothing is sent", func(s *stage) {
			s.p.publish = func(_ context.Context, d publish.Draft) (publish.Post, error) {
				return publish.Post{State: publish.Published, Text: parvis.Text{Plain: d.Text}}, nil
			}
		}},
		{"media/attached", "the file is lost", read(func(p *publish.Post) { p.Media = nil })},
		{"media/attached", "the file comes twice", read(func(p *publish.Post) { p.Media = append(p.Media, p.Media...) })},
		{"edit/changes", "a second post", func(s *stage) {
			s.p.edit = func(ctx context.Context, _ parvis.Ref, d publish.Draft) (publish.Post, error) {
				return s.acme.Publish(ctx, d)
			}
		}},
		{"schedule/waits", "another time", change(func(d *publish.Draft) { d.At = d.At.Add(time.Hour) })},
		{"metrics/named", "a figure without a time", func(s *stage) {
			s.p.metrics = func(ms []publish.Metric, err error) ([]publish.Metric, error) {
				return append(ms, publish.Metric{Name: "clicks"}), err
			}
		}},
		{"metrics/named", "no figures", func(s *stage) {
			s.p.metrics = func([]publish.Metric, error) ([]publish.Metric, error) { return nil, nil }
		}},
		{"support/filled", "partly without a reason", claims(func(sup *publish.Support) { sup.Edit = parvis.Support{Level: parvis.Partial} })},
		{"account/complete", "changes", func(s *stage) {
			s.p.account = func() parvis.Account {
				a := s.acme.Account()
				a.Name = time.Duration(s.Calls()).String()
				return a
			}
		}},
	}
}

// outcomeSins break what a publish says of itself.
func outcomeSins() []sin {
	all := []sin{
		{"outcome/bad-token", "no help", instead(func(context.Context, *stage, publish.Draft, error) (publish.Post, error) {
			return publish.Post{}, &parvis.Error{Code: parvis.ErrAuth, Message: "no"}
		})},
		{"outcome/rate-limited", "pretends", pretends()},
		{"outcome/rate-limited", "another time", instead(func(context.Context, *stage, publish.Draft, error) (publish.Post, error) {
			return publish.Post{}, &parvis.Error{Code: parvis.ErrRateLimited, RetryAfter: time.Hour}
		})},
		{"outcome/forbidden", "no code", instead(func(context.Context, *stage, publish.Draft, error) (publish.Post, error) {
			return publish.Post{}, errors.New("403")
		})},
		{"outcome/cut-after", "cannot be reconciled", func(s *stage) {
			s.p.reconcile = func(context.Context, publish.Attempt) (publish.Post, error) {
				return publish.Post{}, &parvis.Error{Code: parvis.ErrNotFound}
			}
		}},
		{"outcome/server-error-before", "reconciled with nothing", func(s *stage) {
			s.p.reconcile = func(_ context.Context, t publish.Attempt) (publish.Post, error) {
				return publish.Post{Ref: s.acme.Account().Ref(), Key: t.Draft.Key}, nil
			}
		}},
		{"secrets/errors", "in the vendor's code", instead(func(_ context.Context, _ *stage, _ publish.Draft, err error) (publish.Post, error) {
			return publish.Post{}, &parvis.Error{Code: parvis.CodeOf(err), Vendor: "invalid_token " + secret}
		})},
		{"outcome/bad-token", "a secret", instead(func(_ context.Context, _ *stage, _ publish.Draft, err error) (publish.Post, error) {
			return publish.Post{}, &parvis.Error{Code: parvis.ErrAuth, Help: "look at https://u:" + secret + "@town.example", Err: err}
		})},
	}
	for _, kind := range []string{"cut-after", "server-error-after", "timeout", "truncated", "too-large"} {
		all = append(all, sin{"outcome/" + kind, "says that nothing was taken", says(parvis.ErrUnavailable)})
		all = append(all, sin{"outcome/" + kind, "sends again", blindly()})
	}
	for _, kind := range []string{"rate-limited", "bad-token", "forbidden", "version-retired", "redirect"} {
		all = append(all, sin{"outcome/" + kind, "sends again", blindly()})
		all = append(all, sin{"outcome/" + kind, "not found", says(parvis.ErrNotFound)})
	}
	return all
}

// listenSins break what an event must be.
func listenSins() []sin {
	return []sin{
		{"listen/answer", "no ID", heard(func(ev *heardEvent) { ev.ID = "" })},
		{"listen/answer", "no cursor", heard(func(ev *heardEvent) { ev.Cursor = "" })},
		{"listen/answer", "the wrong kind", heard(func(ev *heardEvent) { ev.Kind = listen.Mention })},
		{"listen/answer", "two kinds", heard(func(ev *heardEvent) { ev.Kind |= listen.Comment })},
		{"listen/answer", "no author", heard(func(ev *heardEvent) { ev.Author = parvis.Person{} })},
		{"listen/answer", "a nameless author", heard(func(ev *heardEvent) { ev.Author.Name, ev.Author.Handle = "", "" })},
		{"listen/answer", "no time", heard(func(ev *heardEvent) { ev.Time = time.Time{} })},
		{"listen/answer", "no raw payload", heard(func(ev *heardEvent) { ev.Raw = nil })},
		{"listen/answer", "another reference", heard(func(ev *heardEvent) { ev.Ref.ID += "0" })},
		{"listen/answer", "no client", heard(func(ev *heardEvent) { ev.Ref.Client = "" })},
		{"listen/answer", "no text", heard(func(ev *heardEvent) { ev.Text = parvis.Text{} })},
		{"listen/answer", "twice", func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				n := 0
				return altered(doubled(s.acme.Listen(ctx, q)), func(ev *heardEvent) {
					if n++; n%2 == 0 {
						ev.ID += "/again"
					}
				})
			}
		}},
		{"listen/stable", "moving cursors", func(s *stage) {
			n := listen.Cursor("")
			heard(func(ev *heardEvent) { n += "."; ev.Cursor += n })(s)
		}},
		{"listen/own", "never", func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					for ev, err := range s.acme.Listen(ctx, q) {
						if err == nil && ev.Author.Ref.ID == s.acme.Account().ID {
							continue
						}
						if !yield(ev, err) {
							return
						}
					}
				}
			}
		}},
		{"text/hostile", "a link that runs", heard(func(ev *heardEvent) {
			ev.Text.Entities = []parvis.Entity{{Kind: parvis.EntityLink, Value: "JavaScript:alert(3)"}}
		})},
		{"cursor/resume", "by the second", bySecond},
		{"cursor/burst", "one behind", late},
		{"stream/cancel", "a goroutine stays", func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				go func() { <-time.After(time.Hour) }()
				return s.acme.Listen(ctx, q)
			}
		}},
		{"stream/cancel", "another error", func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					for ev, err := range s.acme.Listen(ctx, q) {
						if err != nil {
							err = &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the connection is closed"}
						}
						if !yield(ev, err) {
							return
						}
					}
				}
			}
		}},
		{"stream/break", "goes on", func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					for ev, err := range s.acme.Listen(ctx, q) {
						yield(ev, err)
					}
				}
			}
		}},
		{"stream/last", "no error", silent},
		{"listen/webhook", "no handler", func(s *stage) { s.p.listenSupport = nil; s.p.webhook = nil; s.rig.Account = deafWebhook{s.p} }},
	}
}

// deafWebhook has a power that fails.
type deafWebhook struct{ *bent }

func (deafWebhook) Webhook(string, func(context.Context, listen.Event) error) (http.Handler, error) {
	return nil, &parvis.Error{Code: parvis.ErrUnsupported, Message: "no webhooks"}
}

// moderateSins break what an act must be.
func moderateSins() []sin {
	return []sin{
		{"moderate/support", "an inverse of what cannot be undone", done(func(a moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if err == nil && a.Do == moderate.DoWarn {
				act.Inverse = &moderate.Action{Do: moderate.DoHide, On: a.On}
			}
			return act, err
		})},
		{"moderate/works", "an inverse for another client", done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if act.Inverse != nil {
				act.Inverse.On.Client = ""
			}
			return act, err
		})},
		{"moderate/twice", "an inverse of nothing", done(func(a moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if err == nil && act.Inverse == nil {
				act.Inverse = &moderate.Action{Do: moderate.DoUnhide, On: a.On}
			}
			return act, err
		})},
		{"undo/state", "a state that never was", done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			act.Before = "as ever"
			return act, err
		})},
		{"pending/held", "what was decided stays", idle(moderate.DoApprove)},
		{"pending/held", "nothing is held", idle(moderate.DoHold)},
	}
}

// TestBrokenParts runs the cases on providers that break a part of their rule.
func TestBrokenParts(t *testing.T) {
	t.Parallel()
	cases := make(map[string]providertest.Case)
	for _, c := range providertest.Cases() {
		cases[c.Name] = c
	}
	for _, some := range [][]sin{publishSins(), outcomeSins(), listenSins(), moderateSins()} {
		for _, x := range some {
			t.Run(x.rule+"/"+x.what, func(t *testing.T) {
				t.Parallel()
				c, ok := cases[x.rule]
				require.True(t, ok)
				synctest.Test(t, func(t *testing.T) {
					s := newStage(options(x.rule))
					x.do(s)
					if c.Applies != nil {
						require.NoError(t, c.Applies(t.Context(), s.rig))
					}
					err := c.Run(t.Context(), s.rig)
					require.Error(t, err, c.Explanation)
					assert.NotContains(t, err.Error(), secret)
					<-time.After(2 * time.Hour)
				})
			})
		}
	}
}

// TestBrokenCounting has providers that count in another unit than their network. Each
// wrong unit must be found by the texts that are made for it.
func TestBrokenCounting(t *testing.T) {
	t.Parallel()
	limit := func(u parvis.Unit, link int) parvis.TextLimits {
		return parvis.TextLimits{{Max: 300, Unit: u, Link: link}}
	}
	for name, tc := range map[string]struct {
		counts, claims parvis.TextLimits
		found          []string
	}{
		"code points":  {limit(parvis.CodePoints, 0), limit(parvis.Graphemes, 0), []string{"combining", "family"}},
		"UTF-16 units": {limit(parvis.UTF16, 0), limit(parvis.CodePoints, 0), []string{"emoji", "family"}},
		"bytes":        {limit(parvis.Bytes, 0), limit(parvis.CodePoints, 0), []string{"accents", "cjk", "combining", "emoji", "family"}},
		"weights":      {limit(parvis.Weighted, 0), limit(parvis.CodePoints, 0), []string{"cjk", "emoji"}},
		"links":        {limit(parvis.Graphemes, 23), limit(parvis.Graphemes, 10), []string{"links"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range providertest.Cases() {
				for _, text := range tc.found {
					if c.Name != "check/text-"+text {
						continue
					}
					tw := newTown(fake.Options{Limits: func(s *publish.Support) { s.Text = tc.counts }}, fake.Member{})
					honest := &bent{inner: tw.acme, log: func(string, ...any) {}}
					require.NoError(t, c.Run(t.Context(), tw.rig(honest)), c.Name)
					honest.publishSupport = func(s publish.Support) publish.Support { s.Text = tc.claims; return s }
					require.Error(t, c.Run(t.Context(), tw.rig(honest)), c.Name)
				}
			}
		})
	}
}

// TestPanic has a provider that panics; the case says so, and the program lives.
func TestPanic(t *testing.T) {
	t.Parallel()
	for _, c := range providertest.Cases() {
		if c.Name != "publish/once" && c.Name != "stream/follow" {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			s := newStage(fake.Options{})
			s.p.publish = func(context.Context, publish.Draft) (publish.Post, error) { panic("out of paper") }
			require.ErrorContains(t, c.Run(t.Context(), s.rig), "out of paper")
		})
	}
}
