package moderate

import (
	"context"
	"time"

	"github.com/parvis-go/parvis"
)

// The doors below are [Apply] with the action spelled out. Errors are those of [Check]
// and of the network: [parvis.ErrNotFound] if the thing is gone, [parvis.ErrPermission]
// if the account has no say there, [parvis.ErrUnknownOutcome] if no clear answer came.

// Remove takes content away from everybody's sight.
func Remove(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoRemove, On: on, Reason: why})
}

// Restore brings removed content back.
func Restore(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoRestore, On: on, Reason: why})
}

// Hide folds content away; its author may still see it.
func Hide(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoHide, On: on, Reason: why})
}

// Unhide shows hidden content again.
func Unhide(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnhide, On: on, Reason: why})
}

// Hold takes content back to wait for a decision.
func Hold(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoHold, On: on, Reason: why})
}

// Approve lets held content, or a held account, through.
func Approve(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoApprove, On: on, Reason: why})
}

// Reject refuses held content, or a held account.
func Reject(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoReject, On: on, Reason: why})
}

// Spam marks content as spam.
func Spam(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoSpam, On: on, Reason: why})
}

// Unspam takes the mark of spam away.
func Unspam(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnspam, On: on, Reason: why})
}

// Purge deletes content for good; there is no undo.
func Purge(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoPurge, On: on, Reason: why})
}

// Warn tells a person what they did wrong, in Reason.Text; there is no undo.
func Warn(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoWarn, On: on, Reason: why})
}

// Mute stops hearing a person, keyword or thread.
func Mute(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoMute, On: on, Reason: why})
}

// Unmute hears a muted person, keyword or thread again.
func Unmute(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnmute, On: on, Reason: why})
}

// TimeIn ends a time-out early.
func TimeIn(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoTimeIn, On: on, Reason: why})
}

// Limit shows a person's posts to followers only.
func Limit(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoLimit, On: on, Reason: why})
}

// Unlimit takes a limit away.
func Unlimit(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnlimit, On: on, Reason: why})
}

// Ban excludes a person from the place or server.
func Ban(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoBan, On: on, Reason: why})
}

// Unban lets a banned person in again.
func Unban(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnban, On: on, Reason: why})
}

// Block cuts a person or server off from the account.
func Block(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoBlock, On: on, Reason: why})
}

// Unblock takes a block away.
func Unblock(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnblock, On: on, Reason: why})
}

// Lock takes no more answers to a post or in a place.
func Lock(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoLock, On: on, Reason: why})
}

// Unlock takes answers again.
func Unlock(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnlock, On: on, Reason: why})
}

// Pin keeps a post at the top.
func Pin(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoPin, On: on, Reason: why})
}

// Unpin takes a pin away.
func Unpin(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnpin, On: on, Reason: why})
}

// Report reports content or a person to the network's own moderators; there is no undo.
func Report(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoReport, On: on, Reason: why})
}

// Resolve closes a report.
func Resolve(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoResolve, On: on, Reason: why})
}

// Reopen opens a closed report again.
func Reopen(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoReopen, On: on, Reason: why})
}

// Assign takes a report upon the account.
func Assign(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoAssign, On: on, Reason: why})
}

// Unassign gives a report back.
func Unassign(ctx context.Context, m Moderator, on parvis.Ref, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnassign, On: on, Reason: why})
}

// TimeOut keeps a person from posting until the given time.
func TimeOut(ctx context.Context, m Moderator, on parvis.Ref, until time.Time, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoTimeOut, On: on, Until: until, Reason: why})
}

// Label attaches a label, such as "sensitive", to content or a person.
func Label(ctx context.Context, m Moderator, on parvis.Ref, label string, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoLabel, On: on, Label: label, Reason: why})
}

// Unlabel takes a label away.
func Unlabel(ctx context.Context, m Moderator, on parvis.Ref, label string, why Reason) (Act, error) {
	return Apply(ctx, m, Action{Do: DoUnlabel, On: on, Label: label, Reason: why})
}
