package providertest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience bounds one case. It is generous for networks that are far away.
const patience = 2 * time.Minute

// A Case is one rule that every provider keeps, and the way to try it.
type Case struct {
	// Name is the topic and the rule: "cursor/burst".
	Name string
	// Explanation states the rule. It is printed with a failure.
	Explanation string
	// Applies tells whether the case can be tried on r: nil if so, else the reason why
	// not. A nil Applies always can. It is called right before Run, with the same rig,
	// on which it may stage a failure.
	Applies func(ctx context.Context, r *Rig) error
	// Run tries the rule and returns what is wrong, or nil. It also looks for secrets
	// in every error that it met and in the log, and turns a panic into an error.
	Run func(ctx context.Context, r *Rig) error
}

// Cases returns all cases, in the order in which [Run] tries them. Their names are unique.
func Cases() []Case {
	all := slices.Concat(
		accountCases(), supportCases(), publishCases(), textCases(), checkCases(), mediaCases(),
		outcomeCases(), threadCases(), editCases(), placeCases(), concurrencyCases(), cancelCases(),
		listenCases(), historyCases(), cursorCases(), streamCases(), moderateCases(), undoCases(), pendingCases(),
		isolationCases(), errorCases(), secretCases(),
	)
	for i, c := range all {
		all[i].Run = guarded(c.Run)
	}
	return all
}

// Run tries every case that applies to the provider, each as a subtest on a rig of its
// own, and logs which did not apply and why.
func Run(t *testing.T, h Harness) {
	t.Helper()
	var left []string
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			r := h.Open(t)
			if c.Applies != nil {
				if why := c.Applies(ctx, r); why != nil {
					left = append(left, c.Name+": "+why.Error())
					t.Logf("does not apply: %v", why)
					return
				}
			}
			if err := c.Run(ctx, r); err != nil {
				t.Errorf("%v\nthe rule: %s", err, c.Explanation)
			}
		})
	}
	if len(left) > 0 {
		t.Logf("%d cases did not apply:\n%s", len(left), strings.Join(left, "\n"))
	}
}

// guarded adds to a case what holds for all: no panic, and no secret in what was seen.
func guarded(run func(context.Context, *Rig) error) func(context.Context, *Rig) error {
	return func(ctx context.Context, r *Rig) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			_ = r.saw(err)
			if leak := r.leaks(); leak != nil {
				err = errors.Join(leak, r.censor(err))
			}
		}()
		return run(ctx, r)
	}
}
