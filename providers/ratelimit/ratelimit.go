package ratelimit

import (
	"context"
	"log/slog"
	"time"

	"github.com/parvis-go/parvis"
	engine "github.com/parvis-go/parvis/internal/ratelimit"
)

// The defaults of [Options].
const (
	DefaultMaxWait = engine.DefaultWait
	DefaultMargin  = engine.DefaultMargin
)

// Options set up a [Limiter]. A nil *Options is fine; so is every zero field.
type Options struct {
	// MaxWait is how long a call may be held back before it is refused with an error that
	// matches [parvis.ErrRateLimited] and has RetryAfter. 0 means [DefaultMaxWait];
	// a negative one means that no call is held back.
	MaxWait time.Duration
	// Margin is how long after the end of a window its successor is believed in, since
	// clocks differ; it is at most a tenth of the window. 0 means [DefaultMargin],
	// a negative one none. It costs nothing as long as the calls of a window take less time than it.
	Margin time.Duration
	// Reserve is the share of each allowance that only urgent calls may take, from 0 to
	// 0.9. The default is none: what is kept and not needed is lost.
	Reserve float64
	// Family names the family of an endpoint, where endpoints share limits that no rule
	// describes; nil means that each endpoint is its own.
	Family func(endpoint string) string
	// Logger gets a line at Warn for each refusal by a network; nil means none.
	Logger *slog.Logger
}

func (o *Options) engine() *engine.Options {
	if o == nil {
		return nil
	}
	return &engine.Options{MaxWait: o.MaxWait, Margin: o.Margin, Reserve: o.Reserve, Family: o.Family, Logger: o.Logger}
}

// A Limiter is a [parvis.Limiter] of many buckets. It is safe for concurrent use. One may
// serve any number of accounts, of one network or of several.
type Limiter struct{ engine *engine.Limiter }

// New returns a limiter of this process. Without rules it obeys what answers tell, and nothing else.
func New(r []Rule, o *Options) *Limiter { return &Limiter{engine.New(rules(r), o.engine())} }

// Wait returns when c may be sent. It gives an error that matches [parvis.ErrRateLimited],
// with RetryAfter, if that takes longer than MaxWait, one that matches
// [parvis.ErrUnavailable] if the state is shared and its database cannot be reached, and
// ctx's error if ctx ends first. The priority is that of [WithPriority].
func (l *Limiter) Wait(ctx context.Context, c parvis.Call) error { return l.engine.Wait(ctx, c) }

// Learn tells what an answer to c said about one limit. A limit with a name belongs to the
// rule of that name, or, if there is none, to the account and the endpoints that showed it.
// A zero [parvis.Limit] tells that the network answered and said nothing of limits.
func (l *Limiter) Learn(c parvis.Call, lim parvis.Limit) { l.engine.Learn(c, lim) }

// A Priority is how urgent a call is.
type Priority int8

// The priorities. The zero value is Normal.
const (
	// Normal calls are what a person or a schedule does.
	Normal Priority = iota
	// Urgent calls go before all others: the answer in a crisis.
	Urgent
	// Background calls go after all others, but for one in nine.
	Background
)

// WithPriority returns a context whose calls have that priority. Without it they are Normal.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return engine.WithPriority(ctx, engine.Priority(p))
}
