package providertest_test

import (
	"context"
	"errors"
	"iter"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

type failure = providertest.Fault

// done alters how every action ends.
func done(f func(a moderate.Action, act moderate.Act, err error) (moderate.Act, error)) wreck {
	return func(s *stage) {
		s.p.moderate = func(ctx context.Context, a moderate.Action) (moderate.Act, error) {
			act, err := s.acme.Moderate(ctx, a)
			return f(a, act, err)
		}
	}
}

// idle does nothing for do, and says that it has.
func idle(do moderate.Do) wreck {
	return func(s *stage) {
		s.p.moderate = func(ctx context.Context, a moderate.Action) (moderate.Act, error) {
			if a.Do == do {
				return moderate.Act{}, nil
			}
			return s.acme.Moderate(ctx, a)
		}
	}
}

// unsure asks the network for what it may do every time.
func unsure(s *stage) {
	s.p.moderateSupport = func(sup moderate.Support) moderate.Support {
		s.touch()
		return sup
	}
}

// strict has no such action after all.
func strict(do moderate.Do) wreck {
	return done(func(a moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
		if a.Do == do {
			return moderate.Act{}, &parvis.Error{Code: parvis.ErrUnsupported, Message: "no such action"}
		}
		return act, err
	})
}

// restless calls the network when it is asked who it is.
func restless(s *stage) {
	s.p.account = func() parvis.Account {
		s.touch()
		return s.acme.Account()
	}
}

// deaf does not hear that its context has ended.
func deaf(s *stage) {
	s.p.publish = func(ctx context.Context, d publish.Draft) (publish.Post, error) {
		return s.acme.Publish(context.WithoutCancel(ctx), d)
	}
	s.p.edit = func(ctx context.Context, r parvis.Ref, d publish.Draft) (publish.Post, error) {
		return s.acme.Edit(context.WithoutCancel(ctx), r, d)
	}
	s.p.moderate = func(ctx context.Context, a moderate.Action) (moderate.Act, error) {
		return s.acme.Moderate(context.WithoutCancel(ctx), a)
	}
}

// moderateWrecks break the rules of moderating.
func moderateWrecks() map[string]wreck {
	all := map[string]wreck{
		"moderate/works":  strict(moderate.DoHide),
		"moderate/person": strict(moderate.DoMute),
		"moderate/twice": done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if err == nil && act.Before == act.After {
				err = &parvis.Error{Code: parvis.ErrConflict, Message: "it is so already"}
			}
			return act, err
		}),
		"moderate/purge": idle(moderate.DoPurge),
		"moderate/gone": done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if errors.Is(err, parvis.ErrNotFound) {
				err = nil
			}
			return act, err
		}),
		"moderate/unlisted": unsure,
		"moderate/unlisted-raw": done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if errors.Is(err, parvis.ErrUnsupported) {
				err = nil
			}
			return act, err
		}),
		"moderate/check":      unsure,
		"moderate/incomplete": restless,
		"moderate/support": done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			act.Inverse = nil
			return act, err
		}),
		"undo/state": done(func(a moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if act.Inverse != nil && a.Do == moderate.DoHide {
				act.Inverse.Do = moderate.DoRemove
			}
			return act, err
		}),
		"undo/heard": idle(moderate.DoUnhide),
		"undo/none":  restless,
		"pending/held": func(s *stage) {
			s.p.pending = func(context.Context, parvis.Place) iter.Seq2[moderate.Case, error] {
				return func(func(moderate.Case, error) bool) {}
			}
		},
		"pending/whole": func(s *stage) {
			s.p.pending = func(ctx context.Context, pl parvis.Place) iter.Seq2[moderate.Case, error] {
				return func(yield func(moderate.Case, error) bool) {
					for c, err := range s.acme.Pending(ctx, pl) {
						c.Ref.Client = ""
						if !yield(c, err) {
							return
						}
					}
				}
			}
		},
		"log/acts": func(s *stage) {
			s.p.logOf = func(context.Context, parvis.Place) iter.Seq2[moderate.Entry, error] {
				return func(func(moderate.Entry, error) bool) {}
			}
		},
		"cancel/moderate": deaf,
	}
	for _, kind := range []string{"rate-limited", "server-error-after", "cut-after", "bad-token", "forbidden"} {
		all["errors/moderate-"+kind] = done(func(_ moderate.Action, act moderate.Act, err error) (moderate.Act, error) {
			if err != nil {
				err = &parvis.Error{Code: parvis.ErrUnavailable, Message: "something failed"}
			}
			return act, err
		})
	}
	return all
}

// commonWrecks break the rules that hold for all verbs.
func commonWrecks() map[string]wreck {
	return map[string]wreck{
		"account/complete": func(s *stage) {
			s.p.account = func() parvis.Account {
				a := s.acme.Account()
				a.ID = ""
				return a
			}
		},
		"account/early": func(s *stage) {
			s.p.account = func() parvis.Account {
				a := s.acme.Account()
				if s.Calls() == 0 {
					a.Host = "not yet known"
				}
				return a
			}
		},
		"cancel/publish":    deaf,
		"cancel/doors":      deaf,
		"isolation/client":  restless,
		"isolation/network": restless,
		"isolation/server":  restless,
		"isolation/zero":    restless,
		"isolation/attempt": restless,
		"isolation/marked":  posted(func(p *publish.Post) { p.Ref.Client = "" }),
		"errors/typed": func(s *stage) {
			s.p.get = func(p publish.Post, err error) (publish.Post, error) {
				if err != nil {
					err = errors.New("404")
				}
				return p, err
			}
		},
	}
}
