package providertest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"html"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// change alters every draft on its way out.
func change(f func(d *publish.Draft)) wreck {
	return func(s *stage) {
		s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
			f(&d)
			return s.acme.Publish(ctx, d)
		}
	}
}

// posted alters every post that comes back.
func posted(f func(p *publish.Post)) wreck {
	return func(s *stage) {
		s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
			post, err := s.acme.Publish(ctx, d)
			f(&post)
			return post, err
		}
	}
}

// read alters every post that is read back.
func read(f func(p *publish.Post)) wreck {
	return func(s *stage) {
		s.p.get = func(post publish.Post, err error) (publish.Post, error) {
			f(&post)
			return post, err
		}
	}
}

// claims alters what the provider says it supports.
func claims(f func(sup *publish.Support)) wreck {
	return func(s *stage) {
		s.p.publishSupport = func(sup publish.Support) publish.Support {
			f(&sup)
			return sup
		}
	}
}

// forgetful calls the network whenever it is asked for its degrees.
func forgetful(s *stage) {
	s.p.publishSupport = func(sup publish.Support) publish.Support {
		s.touch()
		return sup
	}
}

// lean has two methods of publishing, and says yes to everything.
type lean struct{ inner *fake.Account }

func (l lean) Account() parvis.Account { return l.inner.Account() }

func (l lean) Publish(ctx context.Context, d publish.Draft) (publish.Post, error) {
	return l.inner.Publish(ctx, d)
}

func (l lean) PublishSupport(ctx context.Context, pl parvis.Place) (publish.Support, error) {
	return l.inner.PublishSupport(ctx, pl)
}

// manglers spoil one sample of text each.
func manglers() map[string]func(string) string {
	drop := func(bad func(rune) bool) func(string) string {
		return func(s string) string {
			return strings.Map(func(r rune) rune {
				if bad(r) {
					return -1
				}
				return r
			}, s)
		}
	}
	return map[string]func(string) string{
		"plain":   strings.ToUpper,
		"accents": drop(func(r rune) bool { return r >= 0x80 && r < 0x370 }),
		"emoji":   drop(func(r rune) bool { return r == '\u200d' }),
		"cjk":     drop(func(r rune) bool { return r == '場' }),
		"html":    html.EscapeString,
		"lines":   func(s string) string { return strings.ReplaceAll(s, "\n", " ") },
	}
}

// publishWrecks break the rules of publishing, of texts, and of checks.
func publishWrecks() map[string]wreck {
	longer := func(ls parvis.TextLimits) parvis.TextLimits {
		for i := range ls {
			ls[i].Max += 100
		}
		return ls
	}
	all := map[string]wreck{
		"support/honest": func(s *stage) { s.rig.Account = lean{s.acme} },
		"support/filled": claims(func(sup *publish.Support) { sup.Metrics = parvis.Support{} }),
		"publish/once": func(s *stage) {
			s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				_, _ = s.acme.Publish(ctx, d)
				d.Key = rand.Text()
				return s.acme.Publish(ctx, d)
			}
		},
		"publish/post":   posted(func(p *publish.Post) { p.Raw = nil }),
		"publish/get":    read(func(p *publish.Post) { p.Ref.ID += "0" }),
		"publish/author": read(func(p *publish.Post) { p.Author.Ref.ID = "u2" }),
		"publish/reply":  change(func(d *publish.Draft) { d.ReplyTo = parvis.Ref{} }),
		"publish/reply-to-other": func(s *stage) {
			s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				if !d.ReplyTo.IsZero() {
					return publish.Post{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "there is no such post"}
				}
				return s.acme.Publish(ctx, d)
			}
		},
		"publish/visibility": change(func(d *publish.Draft) { d.Visibility = "" }),
		"publish/lang":       change(func(d *publish.Draft) { d.Lang = "" }),
		"publish/warning":    change(func(d *publish.Draft) { d.Warning = "" }),
		"publish/title":      change(func(d *publish.Draft) { d.Title = "" }),
		"publish/key":        change(func(d *publish.Draft) { d.Key = rand.Text() }),
		"publish/keys":       change(func(d *publish.Draft) { d.Key = "always the same" }),
		"check/title":        claims(func(sup *publish.Support) { sup.Title = longer(sup.Title) }),
		"check/poll-count":   claims(func(sup *publish.Support) { sup.Poll.MaxOptions++ }),
		"check/poll-time":    claims(func(sup *publish.Support) { sup.Poll.Longest *= 2 }),
		"check/poll-option":  claims(func(sup *publish.Support) { sup.Poll.Option.Max += 10 }),
		"media/attached": read(func(p *publish.Post) {
			for i := range p.Media {
				p.Media[i].Alt = ""
			}
		}),
		"media/count": claims(func(sup *publish.Support) { sup.Media.Max++ }),
		"media/alt": func(s *stage) {
			s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				if len(d.Media) > 0 && len(d.Media[0].Alt) > 1000 {
					return publish.Post{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the alternative text is too long"}
				}
				return s.acme.Publish(ctx, d)
			}
		},
		"support/no": func(s *stage) {
			s.p.publishSupport = func(sup publish.Support) publish.Support {
				s.touch()
				sup.Edit = parvis.Never("the wall is of stone")
				return sup
			}
		},
		"media/bytes": claims(func(sup *publish.Support) { sup.Media.Rules[0].MaxBytes++ }),
		"media/closed": change(func(d *publish.Draft) {
			for _, m := range d.Media {
				_, _ = m.Open(context.Background())
			}
		}),
		"media/broken-off": change(keepWhatCanBeRead),
		"media/progress": func(s *stage) {
			s.p.publish = func(_ context.Context, d publish.Draft) (publish.Post, error) {
				return s.acme.Publish(context.Background(), d)
			}
		},
	}
	for name, mangle := range manglers() {
		all["text/sent-"+name] = read(func(p *publish.Post) { p.Text.Plain = mangle(p.Text.Plain) })
		all["text/heard-"+name] = heard(func(ev *heardEvent) { ev.Text.Plain = spare(ev.Text.Plain, mangle) })
	}
	for _, name := range []string{"letters", "accents", "combining", "cjk", "emoji", "family", "links"} {
		all["check/text-"+name] = claims(func(sup *publish.Support) { sup.Text = longer(sup.Text) })
	}
	for _, name := range []string{
		"support/remembered", "check/warning", "check/empty", "check/extras", "check/past", "check/silent",
		"media/require-alt", "media/type", "media/pixels", "media/unreadable", "edit/limit", "react/unknown",
	} {
		all[name] = forgetful
	}
	return all
}

// spare mangles all of s but the word in front, by which it is found.
func spare(s string, mangle func(string) string) string {
	word, rest, _ := strings.Cut(s, " ")
	return word + " " + mangle(rest)
}

// keepWhatCanBeRead posts a file as far as it can be read.
func keepWhatCanBeRead(d *publish.Draft) {
	for i, m := range d.Media {
		rc, err := m.Open(context.Background())
		if err != nil {
			continue
		}
		b, _ := io.ReadAll(rc)
		d.Media[i] = parvis.FromBytes(m.Name, b)
	}
}

// instead alters how a publish ends that failed.
func instead(f func(ctx context.Context, s *stage, d publish.Draft, err error) (publish.Post, error)) wreck {
	return func(s *stage) {
		s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
			post, err := s.acme.Publish(ctx, d)
			if bad := s.p.wrong("publish", parvis.ErrUnknownOutcome); err == nil {
				err = bad
			}
			if err != nil {
				return f(ctx, s, d, err)
			}
			return post, nil
		}
	}
}

// says replaces the code of every failure.
func says(code parvis.Code) wreck {
	return instead(func(_ context.Context, _ *stage, _ publish.Draft, err error) (publish.Post, error) {
		return publish.Post{}, &parvis.Error{Code: code, Message: "something failed", Help: "try again", Err: nil, Vendor: err.Error()}
	})
}

// blindly sends again, under another key.
func blindly() wreck {
	return instead(func(ctx context.Context, s *stage, d publish.Draft, _ error) (publish.Post, error) {
		d.Key = rand.Text()
		return s.acme.Publish(ctx, d)
	})
}

// pretends says that all is well.
func pretends() wreck {
	return instead(func(_ context.Context, s *stage, d publish.Draft, _ error) (publish.Post, error) {
		ref := s.acme.Account().Ref()
		ref.Kind = parvis.KindPost
		return publish.Post{Ref: ref, State: publish.Published, Text: parvis.Text{Plain: d.Text}}, nil
	})
}

// outcomeWrecks break the rules of what a publish says of itself, and of threads.
func outcomeWrecks() map[string]wreck {
	return map[string]wreck{
		"outcome/rate-limited":        says(parvis.ErrRateLimited), // without RetryAfter
		"outcome/server-error-before": pretends(),
		"outcome/server-error-after":  blindly(),
		"outcome/cut-before":          pretends(),
		"outcome/cut-after":           blindly(),
		"outcome/timeout":             says(parvis.ErrUnavailable),
		"outcome/bad-token":           says(parvis.ErrPermission),
		"outcome/forbidden":           says(parvis.ErrInvalid),
		"outcome/truncated":           says(parvis.ErrBadAnswer),
		"outcome/too-large":           says(parvis.ErrBadAnswer),
		"outcome/redirect": instead(func(ctx context.Context, s *stage, d publish.Draft, _ error) (publish.Post, error) {
			return s.acme.Publish(ctx, d) // follows it; the key makes it one post
		}),
		"outcome/version-retired": says(parvis.ErrUnavailable),
		"outcome/reconcile": func(s *stage) {
			s.p.reconcile = func(context.Context, publish.Attempt) (publish.Post, error) {
				return publish.Post{}, &parvis.Error{Code: parvis.ErrNotFound, Message: "there is no such post"}
			}
		},
		"outcome/reconcile-neighbours": func(s *stage) {
			s.p.reconcile = func(context.Context, publish.Attempt) (publish.Post, error) {
				posts := s.Posts()
				return posts[len(posts)-1], nil
			}
		},
		"outcome/same-key-after": change(func(d *publish.Draft) { d.Key = rand.Text() }),
		"thread/chain":           change(func(d *publish.Draft) { d.ReplyTo = parvis.Ref{} }),
		"thread/resume":          blindly(),
		"thread/split": func(s *stage) {
			s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				post, err := s.acme.Publish(ctx, d)
				if !d.ReplyTo.IsZero() {
					_ = s.acme.Delete(ctx, post.Ref)
				}
				return post, err
			}
		},
		"secrets/errors": instead(func(_ context.Context, _ *stage, _ publish.Draft, err error) (publish.Post, error) {
			return publish.Post{}, &parvis.Error{Code: parvis.CodeOf(err), Err: errors.New("Authorization: Bearer " + secret)}
		}),
		"secrets/log": func(s *stage) {
			s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
				s.p.log("publish", "token", secret)
				return s.acme.Publish(ctx, d)
			}
		},
		"secrets/account": posted(func(p *publish.Post) { p.Raw = []byte(`{"token":"` + secret + `"}`) }),
	}
}

// afterWrecks break the rules of what can be done to posts, of places, and of crowds.
func afterWrecks() map[string]wreck {
	all := map[string]wreck{
		"edit/changes": func(s *stage) {
			s.p.edit = func(ctx context.Context, r parvis.Ref, _ publish.Draft) (publish.Post, error) {
				return s.acme.Get(ctx, r)
			}
		},
		"delete/gone": func(s *stage) { s.p.delete = func(context.Context, parvis.Ref) error { return nil } },
		"delete/twice": func(s *stage) {
			s.p.delete = func(ctx context.Context, r parvis.Ref) error {
				_ = s.acme.Delete(ctx, r)
				return nil
			}
		},
		"delete/other-doors": func(s *stage) {
			s.p.react = func(context.Context, parvis.Ref, publish.Reaction) error { return nil }
		},
		"trash/restore": func(s *stage) {
			s.p.restore = func(context.Context, parvis.Ref) (publish.Post, error) { return publish.Post{}, nil }
		},
		"react/twice": func(s *stage) {
			done := false
			s.p.react = func(ctx context.Context, r parvis.Ref, x publish.Reaction) error {
				if done {
					return &parvis.Error{Code: parvis.ErrConflict, Message: "it was liked before"}
				}
				done = true
				return s.acme.React(ctx, r, x)
			}
		},
		"schedule/waits": change(func(d *publish.Draft) { d.At = time.Time{} }),
		"schedule/moves": func(s *stage) {
			s.p.reschedule = func(ctx context.Context, r parvis.Ref, _ time.Time) (publish.Post, error) { return s.acme.Get(ctx, r) }
		},
		"schedule/cancelled": func(s *stage) { s.p.unschedule = func(context.Context, parvis.Ref) error { return nil } },
		"metrics/named": func(s *stage) {
			s.p.metrics = func(ms []publish.Metric, err error) ([]publish.Metric, error) {
				return append(ms, publish.Metric{Name: "", Value: 0, At: time.Now()}), err
			}
		},
		"places/listed": func(s *stage) {
			s.p.places = func(ctx context.Context) iter.Seq2[parvis.Place, error] { return doubled(s.acme.Places(ctx)) }
		},
		"places/round-trip": func(s *stage) {
			s.p.updatePlace = func(_ context.Context, pl parvis.Place) (parvis.Place, error) { return pl, nil }
		},
		"places/post": posted(func(p *publish.Post) {
			p.Place.Ref = parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "elsewhere"}
		}),
	}
	for _, name := range []string{"concurrency/publish", "concurrency/to-all"} {
		all[name] = lastWins
	}
	return all
}

// doubled gives every pair twice.
func doubled[T any](in iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range in {
			for range 2 {
				if !yield(v, err) {
					return
				}
			}
		}
	}
}

// lastWins keeps the draft in one place, where calls at the same time overwrite it.
func lastWins(s *stage) {
	var mu sync.Mutex
	var shared publish.Draft
	s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
		mu.Lock()
		shared = d
		mu.Unlock()
		<-time.After(time.Millisecond)
		mu.Lock()
		d = shared
		mu.Unlock()
		return s.acme.Publish(ctx, d)
	}
}
