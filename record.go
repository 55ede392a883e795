package parvis

import (
	"context"
	"time"
)

// A Record is one act of one of the three verbs, for an audit trail. It holds no
// secret and no token. publish.Outcome and moderate.Act make records of themselves.
type Record struct {
	// Time is when the act was done.
	Time time.Time `json:"time"`
	// Client and Account say for whom and as whom.
	Client  string `json:"client,omitempty"`
	Account string `json:"account"`
	// Actor is the person or rule that decided, as the application names them.
	Actor string `json:"actor,omitempty"`
	// Op is what was done: "publish", "delete", "hide".
	Op string `json:"op"`
	// Ref is what it was done to, or what came of it.
	Ref Ref `json:"ref,omitzero"`
	// Outcome is how it ended: "published", "unknown", "done", an error code.
	Outcome string `json:"outcome"`
	// Reason is why it was done.
	Reason string `json:"reason,omitempty"`
	// Detail is whatever else helps, in words.
	Detail string `json:"detail,omitempty"`
}

// A Recorder keeps records. It is safe for concurrent use. An application
// that must have a trail stops acting when Record fails.
type Recorder interface {
	Record(ctx context.Context, r Record) error
}

// Roles says who may do what for which client. The application manages its people; the
// rooms ask before each act of a person. It is safe for concurrent use.
type Roles interface {
	// May returns nil if who may do act ("draft", "approve", "schedule", "pause", "answer",
	// "decide", …) for client, and an error that matches [ErrPermission] if not.
	May(ctx context.Context, who, act, client string) error
}
