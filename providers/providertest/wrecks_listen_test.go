package providertest_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/publish"
)

type (
	heardEvent = listen.Event
	events     = iter.Seq2[listen.Event, error]
)

// heard alters every event.
func heard(f func(ev *heardEvent)) wreck {
	return func(s *stage) {
		s.p.listen = func(ctx context.Context, q listen.Query) events { return altered(s.acme.Listen(ctx, q), f) }
	}
}

func altered(in events, f func(ev *heardEvent)) events {
	return func(yield func(listen.Event, error) bool) {
		for ev, err := range in {
			if err == nil {
				f(&ev)
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}

// asked alters every query.
func asked(f func(q *listen.Query)) wreck {
	return func(s *stage) {
		s.p.listen = func(ctx context.Context, q listen.Query) events {
			f(&q)
			return s.acme.Listen(ctx, q)
		}
	}
}

// backwards gives the pairs of a stream in the opposite order.
func backwards(in events) events {
	return func(yield func(listen.Event, error) bool) {
		var all []listen.Event
		for ev, err := range in {
			if err != nil {
				yield(ev, err)
				return
			}
			all = append(all, ev)
		}
		for _, ev := range slices.Backward(all) {
			if !yield(ev, nil) {
				return
			}
		}
	}
}

// silent ends a stream where it fails.
func silent(s *stage) {
	s.p.listen = func(ctx context.Context, q listen.Query) events {
		return func(yield func(listen.Event, error) bool) {
			for ev, err := range s.acme.Listen(ctx, q) {
				if err != nil || !yield(ev, nil) {
					return
				}
			}
		}
	}
}

// late gives every event the cursor of the one before it.
func late(s *stage) {
	s.p.listen = func(ctx context.Context, q listen.Query) events {
		before := q.Since
		return altered(s.acme.Listen(ctx, q), func(ev *heardEvent) { ev.Cursor, before = before, ev.Cursor })
	}
}

// bySecond has cursors that are times.
func bySecond(s *stage) {
	s.p.listen = func(ctx context.Context, q listen.Query) events {
		since, _ := strconv.ParseInt(string(q.Since), 10, 64)
		q.Since = ""
		return func(yield func(listen.Event, error) bool) {
			for ev, err := range s.acme.Listen(ctx, q) {
				if err == nil && ev.Time.Unix() <= since {
					continue
				}
				ev.Cursor = listen.Cursor(strconv.FormatInt(ev.Time.Unix(), 10))
				if !yield(ev, err) {
					return
				}
			}
		}
	}
}

// impatient gives up at the first failure: it polls, and does not try again.
func impatient(s *stage) {
	s.p.listen = func(ctx context.Context, q listen.Query) events {
		follow := q.Follow
		q.Follow = false
		return func(yield func(listen.Event, error) bool) {
			for {
				for ev, err := range s.acme.Listen(ctx, q) {
					q.Since = ev.Cursor
					if !yield(ev, err) || err != nil {
						return
					}
				}
				if !follow {
					return
				}
				<-time.After(time.Second)
			}
		}
	}
}

// listenWrecks break the rules of listening.
func listenWrecks() map[string]wreck {
	all := map[string]wreck{
		"support/sound": func(s *stage) {
			s.p.listenSupport = func(sup listen.Support) listen.Support { sup.Delivery = 0; return sup }
		},
		"support/kinds":  func(s *stage) { s.p.listenSupport = func(sup listen.Support) listen.Support { s.touch(); return sup } },
		"text/hostile":   heard(func(ev *heardEvent) { ev.Text.Plain = "<p>" + ev.Text.Plain + "</p>" }),
		"listen/answer":  heard(func(ev *heardEvent) { ev.Parent = parvis.Ref{} }),
		"listen/mention": heard(func(ev *heardEvent) { ev.Kind = listen.Post }),
		"listen/stable": func(s *stage) {
			n := 0
			heard(func(ev *heardEvent) { n++; ev.ID = fmt.Sprint(n) })(s)
		},
		"listen/order": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events { return backwards(s.acme.Listen(ctx, q)) }
		},
		"listen/own":   heard(func(ev *heardEvent) { ev.Author = parvis.Person{} }),
		"listen/after": heard(func(ev *heardEvent) { ev.Time = time.Time{} }),
		"listen/kinds": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				want := q.Kinds
				q.Kinds = 0
				return altered(s.acme.Listen(ctx, q), func(ev *heardEvent) {
					if want != 0 {
						ev.Kind = want
					}
				})
			}
		},
		"listen/again": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					for ev, err := range s.acme.Listen(ctx, q) {
						q.Since = ev.Cursor
						if !yield(ev, err) {
							return
						}
					}
				}
			}
		},
		"listen/thread": asked(func(q *listen.Query) { q.Thread = parvis.Ref{} }),
		"listen/past": func(s *stage) {
			s.p.history = func(ctx context.Context, q listen.Query) events { return backwards(s.acme.History(ctx, q)) }
		},
		"listen/search": func(s *stage) {
			s.p.search = func(ctx context.Context, _ listen.Query) events { return s.acme.History(ctx, listen.Query{}) }
		},
		"listen/members": func(s *stage) {
			s.p.members = func(ctx context.Context, pl parvis.Place) iter.Seq2[parvis.Person, error] {
				return doubled(s.acme.Members(ctx, pl))
			}
		},
		"listen/webhook": func(s *stage) {
			s.p.webhook = func(_ string, deliver func(context.Context, listen.Event) error) (http.Handler, error) {
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _ = deliver(r.Context(), listen.Event{}) }), nil
			}
		},
		"cursor/resume": late,
		"cursor/end":    late,
		"cursor/burst":  bySecond,
		"cursor/text":   heard(func(ev *heardEvent) { ev.Cursor += "\x00" }),
		"stream/follow": asked(func(q *listen.Query) { q.Follow = false }),
		"stream/cancel": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					deaf, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
					defer cancel()
					for ev, err := range s.acme.Listen(deaf, q) {
						if !yield(ev, err) {
							return
						}
					}
				}
			}
		},
		"stream/break": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events {
				go func() { <-time.After(time.Hour) }() // a goroutine that outlives the stream
				return s.acme.Listen(ctx, q)
			}
		},
		"stream/last": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events { return doubled(s.acme.Listen(ctx, q)) }
		},
		"stream/mends": impatient,
		"cancel/listen": func(s *stage) {
			s.p.listen = func(ctx context.Context, q listen.Query) events { return s.acme.Listen(context.WithoutCancel(ctx), q) }
		},
		"concurrency/mixed": busy,
	}
	for _, kind := range []string{"server-error-before", "cut-before", "timeout", "bad-token", "forbidden", "truncated", "version-retired"} {
		all["errors/listen-"+kind] = silent
	}
	all["errors/listen-rate-limited"] = failing(parvis.ErrRateLimited) // without RetryAfter
	all["errors/listen-too-large"] = failing(parvis.ErrInvalid)
	all["errors/listen-redirect"] = failing(parvis.ErrNotFound)
	return all
}

// failing replaces whatever was staged by another error.
func failing(code parvis.Code) wreck {
	return func(s *stage) {
		s.rig.Break = func(f failure) bool {
			s.p.listen = func(context.Context, listen.Query) events {
				return func(yield func(listen.Event, error) bool) {
					yield(listen.Event{}, &parvis.Error{Code: code, Message: "something failed", Vendor: string(f.Kind)})
				}
			}
			return true
		}
	}
}

// busy cannot listen while it publishes.
func busy(s *stage) {
	var publishing atomic.Int64
	s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
		publishing.Add(1)
		defer publishing.Add(-1)
		<-time.After(time.Millisecond)
		return s.acme.Publish(ctx, d)
	}
	s.p.listen = func(ctx context.Context, q listen.Query) events {
		if publishing.Load() == 0 {
			<-time.After(time.Microsecond)
		}
		if publishing.Load() > 0 {
			return func(yield func(listen.Event, error) bool) {
				yield(listen.Event{}, &parvis.Error{Code: parvis.ErrUnavailable, Message: "busy"})
			}
		}
		return s.acme.Listen(ctx, q)
	}
}
