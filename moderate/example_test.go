package moderate_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// A scene is a network on which ana has answered a post of acme, which moderates there.
type scene struct {
	town           *fake.Network
	acme, ana      *fake.Account
	post, answer   parvis.Ref
	person, report parvis.Ref
}

func newScene() scene {
	ctx := context.Background()
	s := scene{town: fake.New(fake.Options{})}
	s.acme, s.ana = s.town.Add(fake.Member{Handle: "acme", Moderator: true}), s.town.Join("ana")
	post, _ := publish.To(ctx, s.acme, publish.Draft{Text: "L'atelier ouvre samedi."})
	answer, _ := publish.To(ctx, s.ana, publish.Draft{Text: "Achetez mes montres !!", ReplyTo: post.Ref})
	s.post, s.answer, s.person = post.Ref, answer.Ref, s.ana.Account().Ref()
	s.town.Report(s.ana, s.answer, "publicité")
	for c := range moderate.PendingIn(ctx, s.acme, parvis.Place{}) {
		s.report = c.Ref
	}
	return s
}

var because = moderate.Because("advertising")

// show prints whether an act worked and whether it can be taken back.
func show(act moderate.Act, err error) {
	fmt.Println(act.Action.Do, err, "undo:", act.Inverse != nil)
}

func ExampleApply() {
	s := newScene()
	act, err := moderate.Apply(context.Background(), s.acme, moderate.Action{
		Do: moderate.DoHide, On: s.answer, Reason: because, Actor: "claire",
	})
	fmt.Println(act.Record().Op, act.Record().Actor, err)
	// Output: hide claire <nil>
}

func ExampleCheck() {
	s := newScene()
	err := moderate.Check(context.Background(), s.ana, moderate.Action{Do: moderate.DoBan, On: s.acme.Account().Ref()})
	fmt.Println(errors.Is(err, parvis.ErrPermission) || errors.Is(err, errors.ErrUnsupported))
	// Output: true
}

func ExampleUndo() {
	s := newScene()
	ctx := context.Background()
	act, _ := moderate.Hide(ctx, s.acme, s.answer, because)
	back, err := moderate.Undo(ctx, s.acme, act)
	fmt.Println(back.Action.Do, back.After == act.Before, err)
	// Output: unhide true <nil>
}

func ExamplePendingIn() {
	s := newScene()
	for c, err := range moderate.PendingIn(context.Background(), s.acme, parvis.Place{}) {
		fmt.Println(c.Why, c.On == s.answer, c.Note, err)
	}
	// Output: reported true publicité <nil>
}

func ExampleLogOf() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Spam(ctx, s.acme, s.answer, because)
	for e, err := range moderate.LogOf(ctx, s.acme, parvis.Place{}) {
		fmt.Println(e.By.Handle, e.Do, err)
	}
	// Output: acme spam <nil>
}

func ExampleSupportOf() {
	s := newScene()
	sup, err := moderate.SupportOf(context.Background(), s.acme, parvis.Place{})
	fmt.Println(sup.Can(moderate.DoHide, parvis.KindPost), sup.Can(moderate.DoLock, parvis.KindPerson), err)
	// Output: yes no: the network cannot lock a person <nil>
}

func ExampleDos() {
	fmt.Println(len(moderate.Dos()), moderate.DoHide.Inverse(), moderate.DoPurge.Inverse() == "")
	// Output: 32 unhide true
}

func ExampleBecause() {
	why := moderate.Because("advertising", "La publicité n'est pas admise ici.")
	fmt.Println(why.Rule, "-", why.Text)
	// Output: advertising - La publicité n'est pas admise ici.
}

func ExampleTimeOut() {
	s := newScene()
	show(moderate.TimeOut(context.Background(), s.acme, s.person, time.Now().Add(time.Hour), because))
	// Output: time out <nil> undo: true
}

func ExampleTimeIn() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.TimeOut(ctx, s.acme, s.person, time.Now().Add(time.Hour), because)
	show(moderate.TimeIn(ctx, s.acme, s.person, because))
	// Output: time in <nil> undo: true
}

func ExampleLabel() {
	s := newScene()
	show(moderate.Label(context.Background(), s.acme, s.answer, "sensitive", because))
	// Output: label <nil> undo: true
}

func ExampleUnlabel() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Label(ctx, s.acme, s.answer, "sensitive", because)
	show(moderate.Unlabel(ctx, s.acme, s.answer, "sensitive", because))
	// Output: unlabel <nil> undo: true
}

func ExampleRemove() {
	s := newScene()
	show(moderate.Remove(context.Background(), s.acme, s.answer, because))
	// Output: remove <nil> undo: true
}

func ExampleRestore() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Remove(ctx, s.acme, s.answer, because)
	show(moderate.Restore(ctx, s.acme, s.answer, because))
	// Output: restore <nil> undo: true
}

func ExampleHide() {
	s := newScene()
	show(moderate.Hide(context.Background(), s.acme, s.answer, because))
	// Output: hide <nil> undo: true
}

func ExampleUnhide() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Hide(ctx, s.acme, s.answer, because)
	show(moderate.Unhide(ctx, s.acme, s.answer, because))
	// Output: unhide <nil> undo: true
}

func ExampleSpam() {
	s := newScene()
	show(moderate.Spam(context.Background(), s.acme, s.answer, because))
	// Output: spam <nil> undo: true
}

func ExampleUnspam() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Spam(ctx, s.acme, s.answer, because)
	show(moderate.Unspam(ctx, s.acme, s.answer, because))
	// Output: unspam <nil> undo: true
}

func ExampleMute() {
	s := newScene()
	show(moderate.Mute(context.Background(), s.acme, s.person, because))
	// Output: mute <nil> undo: true
}

func ExampleUnmute() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Mute(ctx, s.acme, s.person, because)
	show(moderate.Unmute(ctx, s.acme, s.person, because))
	// Output: unmute <nil> undo: true
}

func ExampleLimit() {
	s := newScene()
	show(moderate.Limit(context.Background(), s.acme, s.person, because))
	// Output: limit <nil> undo: true
}

func ExampleUnlimit() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Limit(ctx, s.acme, s.person, because)
	show(moderate.Unlimit(ctx, s.acme, s.person, because))
	// Output: unlimit <nil> undo: true
}

func ExampleBan() {
	s := newScene()
	show(moderate.Ban(context.Background(), s.acme, s.person, because))
	// Output: ban <nil> undo: true
}

func ExampleUnban() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Ban(ctx, s.acme, s.person, because)
	show(moderate.Unban(ctx, s.acme, s.person, because))
	// Output: unban <nil> undo: true
}

func ExampleBlock() {
	s := newScene()
	show(moderate.Block(context.Background(), s.acme, s.person, because))
	// Output: block <nil> undo: true
}

func ExampleUnblock() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Block(ctx, s.acme, s.person, because)
	show(moderate.Unblock(ctx, s.acme, s.person, because))
	// Output: unblock <nil> undo: true
}

func ExampleLock() {
	s := newScene()
	show(moderate.Lock(context.Background(), s.acme, s.post, because))
	// Output: lock <nil> undo: true
}

func ExampleUnlock() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Lock(ctx, s.acme, s.post, because)
	show(moderate.Unlock(ctx, s.acme, s.post, because))
	// Output: unlock <nil> undo: true
}

func ExamplePin() {
	s := newScene()
	show(moderate.Pin(context.Background(), s.acme, s.post, because))
	// Output: pin <nil> undo: true
}

func ExampleUnpin() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Pin(ctx, s.acme, s.post, because)
	show(moderate.Unpin(ctx, s.acme, s.post, because))
	// Output: unpin <nil> undo: true
}

func ExampleResolve() {
	s := newScene()
	show(moderate.Resolve(context.Background(), s.acme, s.report, because))
	// Output: resolve <nil> undo: true
}

func ExampleReopen() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Resolve(ctx, s.acme, s.report, because)
	show(moderate.Reopen(ctx, s.acme, s.report, because))
	// Output: reopen <nil> undo: true
}

func ExampleAssign() {
	s := newScene()
	show(moderate.Assign(context.Background(), s.acme, s.report, because))
	// Output: assign <nil> undo: true
}

func ExampleUnassign() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Assign(ctx, s.acme, s.report, because)
	show(moderate.Unassign(ctx, s.acme, s.report, because))
	// Output: unassign <nil> undo: true
}

func ExampleHold() {
	s := newScene()
	show(moderate.Hold(context.Background(), s.acme, s.answer, because))
	// Output: hold <nil> undo: true
}

func ExampleApprove() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Hold(ctx, s.acme, s.answer, because)
	show(moderate.Approve(ctx, s.acme, s.answer, because))
	// Output: approve <nil> undo: true
}

func ExampleReject() {
	s := newScene()
	ctx := context.Background()
	_, _ = moderate.Hold(ctx, s.acme, s.answer, because)
	show(moderate.Reject(ctx, s.acme, s.answer, moderate.Because("advertising", "La publicité n'est pas admise ici.")))
	// Output: reject <nil> undo: true
}

func ExamplePurge() {
	s := newScene()
	ctx := context.Background()
	show(moderate.Purge(ctx, s.acme, s.answer, moderate.Because("advertising", "La publicité n'est pas admise ici.")))
	// Output: purge <nil> undo: false
}

func ExampleWarn() {
	s := newScene()
	ctx := context.Background()
	show(moderate.Warn(ctx, s.acme, s.person, moderate.Because("advertising", "La publicité n'est pas admise ici.")))
	// Output: warn <nil> undo: false
}

func ExampleReport() {
	s := newScene()
	ctx := context.Background()
	show(moderate.Report(ctx, s.acme, s.answer, moderate.Because("advertising", "La publicité n'est pas admise ici.")))
	// Output: report <nil> undo: false
}
