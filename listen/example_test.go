package listen_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// scene is a network on which ana has answered acme twice.
func scene() (town *fake.Network, acme, ana *fake.Account, post publish.Post) {
	ctx := context.Background()
	town = fake.New(fake.Options{})
	acme, ana = town.Join("acme"), town.Join("ana")
	post, _ = publish.To(ctx, acme, publish.Draft{Text: "L'atelier ouvre samedi."})
	_, _ = publish.To(ctx, ana, publish.Draft{Text: "À quelle heure ?", ReplyTo: post.Ref})
	_, _ = publish.To(ctx, ana, publish.Draft{Text: "Et dimanche ?", ReplyTo: post.Ref})
	return town, acme, ana, post
}

func ExampleTo() {
	_, acme, _, _ := scene()
	var last listen.Cursor
	for ev, err := range listen.To(context.Background(), acme, listen.Query{Kinds: listen.Reply}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", ev.Author.Handle, ev.Text)
		last = ev.Cursor // store it with what was made of the event
	}
	fmt.Println(last != "")
	// Output:
	// ana: À quelle heure ?
	// ana: Et dimanche ?
	// true
}

func ExampleTo_resume() {
	ctx := context.Background()
	_, acme, _, _ := scene()
	var since listen.Cursor
	for ev := range listen.To(ctx, acme, listen.Query{Kinds: listen.Reply}) {
		since = ev.Cursor
		break // the program ends here …
	}
	for ev, err := range listen.To(ctx, acme, listen.Query{Kinds: listen.Reply, Since: since}) {
		fmt.Println(ev.Text, err) // … and goes on here
	}
	// Output: Et dimanche ? <nil>
}

func ExamplePast() {
	_, acme, _, post := scene()
	for ev, err := range listen.Past(context.Background(), acme, listen.Query{Thread: post.Ref}) {
		fmt.Println(ev.Author.Handle, ev.Text, err)
	}
	// Unordered output:
	// ana Et dimanche ? <nil>
	// ana À quelle heure ? <nil>
}

func ExampleSearch() {
	_, acme, _, _ := scene()
	for ev, err := range listen.Search(context.Background(), acme, listen.Query{Text: "dimanche"}) {
		fmt.Println(ev.Text, err)
	}
	// Output: Et dimanche ? <nil>
}

func ExampleMembersOf() {
	town, acme, ana, _ := scene()
	town.Follow(ana, acme)
	for person, err := range listen.MembersOf(context.Background(), acme, parvis.Place{}) {
		fmt.Println(person.Handle, err)
	}
	// Output: ana <nil>
}

func ExampleMerge() {
	ctx := context.Background()
	_, acme, _, _ := scene()
	other := fake.New(fake.Options{Name: "forum"})
	martin, bob := other.Join("martin"), other.Join("bob")
	topic, _ := publish.To(ctx, martin, publish.Draft{Text: "Nouveau pain"})
	_, _ = publish.To(ctx, bob, publish.Draft{Text: "Miam", ReplyTo: topic.Ref})

	heard := map[string]int{}
	for ev, err := range listen.Merge(ctx, listen.Source{Listener: acme}, listen.Source{Listener: martin}) {
		if err != nil {
			fmt.Println(ev.Account, "failed, the others go on:", err)
			continue
		}
		if ev.Kind == listen.Reply {
			heard[ev.Account.String()]++
		}
	}
	fmt.Println(heard)
	// Output: map[fake:acme:2 forum:martin:1]
}

func ExampleReceive() {
	_, acme, _, _ := scene()
	h, err := listen.Receive(acme, "the secret agreed on", func(_ context.Context, ev listen.Event) error {
		fmt.Println("stored", ev.ID)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/acme", h)
	fmt.Println(err)
	_, err = listen.Receive(acme, "", nil)
	fmt.Println(err)
	// Output:
	// <nil>
	// fake: receive webhooks: the secret is empty, so anybody could send events; use the secret that the webhook was registered with
}

func ExampleSupportOf() {
	_, acme, _, _ := scene()
	sup, err := listen.SupportOf(context.Background(), acme, parvis.Place{})
	fmt.Println(sup.Kinds.Has(listen.Mention), sup.Search, err)
	// Output: true yes <nil>
}
