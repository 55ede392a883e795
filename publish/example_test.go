package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func ExampleTo() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, err := publish.To(context.Background(), acme, publish.Draft{Text: "Bonjour ! L'atelier ouvre samedi.", Lang: "fr"})
	fmt.Println(post.State, post.Text, err)
	// Output: published Bonjour ! L'atelier ouvre samedi. <nil>
}

func ExampleTo_problems() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	_, err := publish.To(context.Background(), acme, publish.Draft{Text: strings.Repeat("la ", 200), Title: "Trop"})
	problems, _ := errors.AsType[publish.Problems](err)
	for _, p := range problems {
		fmt.Println(p.Field, p.Rule, p.Value, p.Limit)
	}
	// Output:
	// text length 600 500
	// title unsupported 0 0
}

func ExampleToAll() {
	ctx := context.Background()
	news, blog := fake.New(fake.Options{Name: "news"}), fake.New(fake.Options{Name: "blog"})
	blog.Inject(fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	for _, out := range publish.ToAll(ctx, publish.Draft{Text: "Bonjour"}, news.Join("acme"), blog.Join("acme")) {
		fmt.Println(out.Account, out.State, out.Err != nil)
	}
	// Output:
	// news:acme published false
	// blog:acme rejected true
}

func ExampleFan_Each() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	fan := publish.Fan{InFlight: 2, Options: []publish.Option{publish.Shorten}}
	done := 0
	for out := range fan.Each(ctx, publish.Draft{Text: strings.Repeat("long ", 200)}, town.Join("a"), town.Join("b"), town.Join("c")) {
		if out.Err == nil {
			done++
		}
	}
	fmt.Println(done, "published")
	// Output: 3 published
}

func ExampleCheck() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	draft := publish.Draft{Text: strings.Repeat("👩‍👩‍👧", 501)}
	problems, err := publish.Check(context.Background(), acme, draft)
	if err != nil {
		fmt.Println(err)
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	// Output: fake: text has 501 graphemes, 500 allowed; adapt with publish.Shorten, or publish.Split and publish.Thread
}

func ExampleLengths() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	lengths, err := publish.Lengths(context.Background(), acme, publish.Draft{Text: "Voir https://acme.example/une/adresse/très/longue 👩‍👩‍👧"})
	for _, l := range lengths {
		fmt.Println(l.Field, l.Value, "of", l.Max, l.Unit, err)
	}
	// Output: text 30 of 500 graphemes <nil>
}

func ExamplePreview() {
	town := fake.New(fake.Options{Limits: func(s *publish.Support) { s.Text[0].Max = 20 }})
	acme := town.Join("acme")
	draft := publish.Draft{Text: "Les coulisses de l'atelier", Title: "Atelier"}
	mine, changed, err := publish.Preview(context.Background(), acme, draft, publish.Shorten, publish.DropExtras)
	fmt.Println(mine.Text, changed, err)
	// Output: Les coulisses de… [title: dropped: the network has no place for it text: shortened] <nil>
}

func ExampleThread() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	drafts := []publish.Draft{{Text: "Un"}, {Text: "Deux"}, {Text: "Trois"}}
	town.Inject(fake.Fault{Kind: fake.Outage, Times: -1})
	posts, err := publish.Thread(ctx, acme, drafts)
	stopped, _ := errors.AsType[*publish.ThreadError](err)
	fmt.Println(len(posts), "out, stopped at", stopped.At)

	town.Clear() // the network is back: go on where it stopped, under the same key
	drafts[0].Key = stopped.Key
	posts, err = publish.Thread(ctx, acme, drafts, posts...)
	fmt.Println(len(posts), "out", err, posts[2].ReplyTo == posts[1].Ref)
	// Output:
	// 0 out, stopped at 0
	// 3 out <nil> true
}

func ExampleSplit() {
	town := fake.New(fake.Options{Limits: func(s *publish.Support) { s.Text[0].Max = 30 }})
	acme := town.Join("acme")
	drafts, err := publish.Split(context.Background(), acme, publish.Draft{Text: "L'atelier ouvre samedi. Venez nombreux ! Il y aura du pain."})
	for _, d := range drafts {
		fmt.Println(d.Text)
	}
	fmt.Println(err)
	// Output:
	// L'atelier ouvre samedi.
	// Venez nombreux !
	// Il y aura du pain.
	// <nil>
}

func ExampleReconcile() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.Inject(fake.Fault{Kind: fake.CutAfter, Op: "publish"}) // it goes out, the answer is lost
	_, err := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	fmt.Println(errors.Is(err, parvis.ErrUnknownOutcome))

	attempt, _ := publish.AttemptOf(err)
	post, err := publish.Reconcile(ctx, acme, attempt)
	fmt.Println(post.State, err, town.Count("Bonjour"))
	// Output:
	// true
	// published <nil> 1
}

func ExampleAttemptOf() {
	_, ok := publish.AttemptOf(parvis.ErrRateLimited)
	fmt.Println(ok, "- nothing was taken, so there is nothing to reconcile")
	// Output: false - nothing was taken, so there is nothing to reconcile
}

func ExampleGet() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	now, err := publish.Get(ctx, acme, post.Ref)
	fmt.Println(now.State, now.Text, err)
	// Output: published Bonjour <nil>
}

func ExampleEdit() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Samdi"})
	post, err := publish.Edit(ctx, acme, post.Ref, publish.Draft{Text: "Samedi"})
	fmt.Println(post.Text, err)
	// Output: Samedi <nil>
}

func ExampleDelete() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Oups"})
	fmt.Println(publish.Delete(ctx, acme, post.Ref), town.Count("Oups"))
	fmt.Println(errors.Is(publish.Delete(ctx, acme, post.Ref), parvis.ErrNotFound))
	// Output:
	// <nil> 0
	// true
}

func ExampleTrash() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	fmt.Println(publish.Trash(ctx, acme, post.Ref), len(town.Posts()))
	// Output: <nil> 0
}

func ExampleRestore() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	_ = publish.Trash(ctx, acme, post.Ref)
	post, err := publish.Restore(ctx, acme, post.Ref)
	fmt.Println(post.State, err, len(town.Posts()))
	// Output: published <nil> 1
}

func ExampleReact() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	fmt.Println(publish.React(ctx, ana, post.Ref, publish.Like))
	metrics, _ := publish.MetricsOf(ctx, acme, post.Ref)
	for _, m := range metrics {
		if m.Means == "likes" {
			fmt.Println(m.Value)
		}
	}
	// Output:
	// <nil>
	// 1
}

func ExampleUnreact() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	_ = publish.React(ctx, ana, post.Ref, publish.Like)
	fmt.Println(publish.Unreact(ctx, ana, post.Ref, publish.Like))
	// Output: <nil>
}

func ExampleMetricsOf() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Bonjour"})
	_, _ = publish.To(ctx, ana, publish.Draft{Text: "Bonjour à vous", ReplyTo: post.Ref})
	metrics, err := publish.MetricsOf(ctx, acme, post.Ref)
	for _, m := range metrics {
		if m.Means == "replies" {
			fmt.Println(m.Means, m.Value, err)
		}
	}
	// Output: replies 1 <nil>
}

// clock is a fixed point in time, so that the examples print the same every day.
var clock = func() time.Time { return time.Now().Truncate(time.Second) }

func ExampleScheduledPosts() {
	ctx := context.Background()
	town := fake.New(fake.Options{Now: clock})
	acme := town.Join("acme")
	post, err := publish.To(ctx, acme, publish.Draft{Text: "Demain", At: clock().Add(24 * time.Hour)})
	fmt.Println(post.State, err)
	for waiting, err := range publish.ScheduledPosts(ctx, acme) {
		fmt.Println(waiting.Text, err)
	}
	// Output:
	// scheduled <nil>
	// Demain <nil>
}

func ExampleReschedule() {
	ctx := context.Background()
	town := fake.New(fake.Options{Now: clock})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Demain", At: clock().Add(24 * time.Hour)})
	later := clock().Add(48 * time.Hour)
	post, err := publish.Reschedule(ctx, acme, post.Ref, later)
	fmt.Println(post.State, post.At.Equal(later), err)
	// Output: scheduled true <nil>
}

func ExampleUnschedule() {
	ctx := context.Background()
	town := fake.New(fake.Options{Now: clock})
	acme := town.Join("acme")
	post, _ := publish.To(ctx, acme, publish.Draft{Text: "Demain", At: clock().Add(24 * time.Hour)})
	fmt.Println(publish.Unschedule(ctx, acme, post.Ref), town.Count("Demain"))
	// Output: <nil> 0
}

func ExamplePlacesOf() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	town.AddPlace("annonces", "channel")
	for place, err := range publish.PlacesOf(ctx, acme) {
		fmt.Println(place.Name, place.Type, err)
	}
	// Output: annonces channel <nil>
}

func ExampleCreatePlace() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Add(fake.Member{Handle: "acme", Moderator: true})
	place, err := publish.CreatePlace(ctx, acme, parvis.Place{Name: "annonces", Type: "channel"})
	post, err2 := publish.To(ctx, acme, publish.Draft{Text: "Bonjour", Place: place})
	fmt.Println(post.Place.Name, err, err2)
	// Output: annonces <nil> <nil>
}

func ExampleUpdatePlace() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Add(fake.Member{Handle: "acme", Moderator: true})
	place, _ := publish.CreatePlace(ctx, acme, parvis.Place{Name: "anonces"})
	place.Name = "annonces"
	place, err := publish.UpdatePlace(ctx, acme, place)
	fmt.Println(place.Name, err)
	// Output: annonces <nil>
}

func ExampleDeletePlace() {
	ctx := context.Background()
	town := fake.New(fake.Options{})
	acme := town.Add(fake.Member{Handle: "acme", Moderator: true})
	place, _ := publish.CreatePlace(ctx, acme, parvis.Place{Name: "annonces"})
	fmt.Println(publish.DeletePlace(ctx, acme, place.Ref))
	// Output: <nil>
}

func ExampleSupportOf() {
	town := fake.New(fake.Options{})
	sup, err := publish.SupportOf(context.Background(), town.Join("acme"), parvis.Place{})
	fmt.Println(sup.Text, "·", sup.Edit, "·", sup.Poll, err)
	// Output: 500 graphemes (links count 23) · yes · 2–4 options, up to 50 characters <nil>
}

func ExampleWithProgress() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	var last publish.Progress
	ctx := publish.WithProgress(context.Background(), func(p publish.Progress) { last = p })
	gif := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	_, err := publish.To(ctx, acme, publish.Draft{Text: "Un point", Media: []parvis.Media{parvis.FromBytes("point.gif", gif).WithAlt("un point")}})
	fmt.Println(last.Name, last.Sent, "of", last.Total, err)
	// Output: point.gif 43 of 43 <nil>
}

func ExampleInspect() {
	info, err := publish.Inspect(context.Background(), parvis.FromBytes("clip", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00")))
	fmt.Println(info.Type, err)
	// Output: video/mp4 <nil>
}

func ExampleTracked() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme").Account()
	sent := int64(0)
	ctx := publish.WithProgress(context.Background(), func(p publish.Progress) { sent = p.Sent })
	rc, err := publish.Tracked(ctx, acme, parvis.FromBytes("note.txt", []byte("hello"))).Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, rc) // what a provider does when it uploads
	fmt.Println(sent, err)
	// Output: 5 <nil>
}

func ExampleEstimate() {
	prices := func(s *publish.Support) {
		s.Prices = []publish.Price{
			{Item: "post", Amount: parvis.Amount{Unit: "USD", Micros: 15_000}},
			{Item: "post with link", Amount: parvis.Amount{Unit: "USD", Micros: 200_000}, When: publish.WithLink, Instead: true},
		}
	}
	acme := fake.New(fake.Options{Limits: prices}).Join("acme")
	for _, text := range []string{"Bonjour !", "Bonjour : https://acme.example/"} {
		cost, _ := publish.Estimate(context.Background(), acme, publish.Draft{Text: text})
		fmt.Println(cost[0])
	}
	// Output:
	// 0.015 USD
	// 0.2 USD
}
