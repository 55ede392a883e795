package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/sending"
)

// Stages keeps what an attempt to publish has already done, under names that the provider
// chooses, so that a later attempt goes on from there: a file that the network has is not
// sent again. It is safe for concurrent use.
//
// One Stages belongs to one draft for one account. Whoever keeps it drops everything in it
// when the draft or the content of one of its files changes, as the outbox does at every
// edit: a stage stands for the bytes that were sent then.
type Stages interface {
	// Load returns what was saved under name, nil if there is nothing.
	Load(ctx context.Context, name string) (json.RawMessage, error)
	// Save keeps value under name, in the place of what was there. A nil value leaves
	// nothing there.
	Save(ctx context.Context, name string, value json.RawMessage) error
}

type stagesKey struct{}

// WithStages returns a context under which providers keep their stages in s; nil keeps
// none. The context is for one draft and one account, see [Stages]: hand it to [To] or
// [Thread], not to [ToAll]. The draft needs a Key that stays the same from one attempt to
// the next, since files are kept under it.
func WithStages(ctx context.Context, s Stages) context.Context {
	return context.WithValue(ctx, stagesKey{}, s)
}

func stagesOf(ctx context.Context) Stages {
	s, _ := ctx.Value(stagesKey{}).(Stages)
	return s
}

// saveTime is how long keeping a stage may take, also after the attempt was broken off:
// what is done is not to be lost because nobody waits for it any more.
const saveTime = 10 * time.Second

// Staged returns what an earlier attempt kept under name; else it runs do and keeps the
// result before returning it. Without [Stages] in ctx it just runs do. T must survive JSON;
// what was kept and no longer fits T counts as not kept.
//
// Providers wrap each visible step before the last one in it, such as the upload of a file,
// and never the last, which makes the post: that one is [Reconciler]'s. A stage that cannot
// be read or kept gives [parvis.ErrUnavailable]: in the second case do has succeeded,
// nothing that people see is lost, and the next attempt repeats the step.
func Staged[T any](ctx context.Context, name string, do func(ctx context.Context) (T, error)) (T, error) {
	s := stagesOf(ctx)
	if s == nil {
		return do(ctx)
	}
	var zero T
	raw, err := s.Load(ctx, name)
	if err != nil {
		return zero, stageError(name, "cannot be read", err)
	}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && string(raw) != "null" {
		var kept T
		if json.Unmarshal(raw, &kept) == nil {
			return kept, nil
		}
	}
	v, err := do(ctx)
	if err != nil {
		return zero, err
	}
	if raw, err = json.Marshal(v); err == nil {
		err = save(ctx, s, name, raw)
	}
	if err != nil {
		return zero, stageError(name, "is done and cannot be kept", err)
	}
	return v, nil
}

// DropStage forgets what is kept under name, because it turned out to be gone at the
// network, such as a file that was never posted and has expired. The provider then does
// the step anew. Without [Stages] in ctx there is nothing to forget.
func DropStage(ctx context.Context, name string) error {
	s := stagesOf(ctx)
	if s == nil {
		return nil
	}
	if err := save(ctx, s, name, nil); err != nil {
		return stageError(name, "cannot be dropped", err)
	}
	return nil
}

func save(ctx context.Context, s Stages, name string, raw json.RawMessage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	return s.Save(ctx, name, raw)
}

func stageError(name, what string, err error) error {
	return &parvis.Error{
		Op: "publish", Code: parvis.ErrUnavailable, Message: "the stage " + name + " " + what,
		Help: "check what keeps the stages; the post itself was not sent", Err: err,
	}
}

// MediaStage returns the name under which a provider keeps that the i-th file of d is at
// the network: "media/0/…". The name is another one for another Key, so that the items of a
// [Thread] have their own, and whenever anything differs that d says of the file: its name,
// type, size, address, alternative text, focus, or hash where it is known. The bytes are
// not read; see [Stages].
func MediaStage(d Draft, i int) string {
	h := sha256.New()
	m := d.Media[i]
	_ = json.NewEncoder(h).Encode([]any{d.Key, m}) // strings and numbers always can be
	return fmt.Sprintf("media/%d/%s", i, hex.EncodeToString(h.Sum(nil)[:8]))
}

// Leave asks whoever holds the attempt whether a request that changes something may leave
// now. Providers whose requests do not pass through this module's own HTTP client call it
// just before each of them leaves; after an error they send nothing, and return it, wrapped
// or not. The outbox is such a holder: it says no when the client was paused meanwhile.
func Leave(ctx context.Context) error { return sending.Fence(ctx) }
