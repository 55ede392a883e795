// Quickstart shows the three verbs on a network in memory: it publishes, listens, and
// hides an answer and takes that back.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	ctx := context.Background()
	town := fake.New(fake.Options{})                 // a whole network in memory
	acme, ana := town.Join("acme"), town.Join("ana") // two accounts on it, each a full provider

	post, err := publish.To(ctx, acme, publish.Draft{Text: "Bonjour ! L'atelier ouvre samedi."})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s (%s)\n", post.State, post.Text, post.URL)
	if _, err := publish.To(ctx, ana, publish.Draft{Text: "Achetez mes montres !!", ReplyTo: post.Ref}); err != nil {
		return err
	}

	for ev, err := range listen.To(ctx, acme, listen.Query{Kinds: listen.Reply | listen.Mention}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s from %s: %s\n", ev.Kind, ev.Author.Handle, ev.Text)
		act, err := moderate.Hide(ctx, acme, ev.Ref, moderate.Because("advertising"))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s → %s, posts in sight: %d\n", act.Action.Do, act.Before, act.After, len(town.Posts()))
		act, err = moderate.Undo(ctx, acme, act) // every act carries its inverse, or says that there is none
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s → %s, posts in sight: %d\n", act.Action.Do, act.Before, act.After, len(town.Posts()))
		break
	}
	return nil
}
