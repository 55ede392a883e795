package fake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// A network in memory, with two accounts on it that are full providers.
func Example() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")

	post, err := publish.To(ctx, acme, publish.Draft{Text: "The workshop opens on Saturday."})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := publish.To(ctx, ana, publish.Draft{Text: "At what time?", ReplyTo: post.Ref}); err != nil {
		fmt.Println(err)
		return
	}
	for ev, err := range listen.To(ctx, acme, listen.Query{Kinds: listen.Reply}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(ev.Author.Handle, "answers:", ev.Text)
	}
	for _, p := range town.Posts() {
		fmt.Println(p.Ref.ID, p.Text)
	}
	// Output:
	// ana answers: At what time?
	// p1 The workshop opens on Saturday.
	// p2 At what time?
}

// A connection that breaks after the network has taken the post: nobody may send it
// again blindly, and Reconcile finds it.
func ExampleNetwork_Inject() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")

	town.Inject(fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	_, err := publish.To(ctx, acme, publish.Draft{Text: "Once only"})
	fmt.Println(err)
	if errors.Is(err, parvis.ErrUnknownOutcome) {
		attempt, _ := publish.AttemptOf(err)
		post, err := publish.Reconcile(ctx, acme, attempt)
		fmt.Println(post.Ref.ID, post.State, err)
	}
	fmt.Println("on the network:", town.Count("Once only"))
	// Output:
	// fake: publish: the connection was lost before the answer [connection reset]; find out with publish.Reconcile before sending again
	// p1 published <nil>
	// on the network: 1
}

// A clock of one's own: a time-out ends when it says so.
func ExampleOptions_clock() {
	ctx := context.Background()
	now := time.Now()
	town := fake.New(fake.Options{Now: func() time.Time { return now }})
	mod, ana := town.Add(fake.Member{Handle: "mod", Moderator: true}), town.Join("ana")

	act, err := moderate.TimeOut(ctx, mod, ana.Account().Ref(), now.Add(time.Hour), moderate.Because("tone"))
	fmt.Println(act.Before, err)
	_, err = publish.To(ctx, ana, publish.Draft{Text: "But I"})
	fmt.Println(errors.Is(err, parvis.ErrPermission))
	now = now.Add(time.Hour)
	post, err := publish.To(ctx, ana, publish.Draft{Text: "Sorry"})
	fmt.Println(post.State, err)
	// Output:
	// not timed out <nil>
	// true
	// published <nil>
}
