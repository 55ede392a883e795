package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// exampleBox opens an outbox in memory, at ten to nine in Paris, and the account acme.
func exampleBox(opts outbox.Options) (*outbox.Outbox, parvis.Account, func()) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	acme := fake.New(fake.Options{}).Join("acme")
	opts.Accounts = outbox.Publishers(acme)
	opts.Now = func() time.Time { return time.Date(2026, 11, 23, 7, 50, 0, 0, time.UTC) }
	box, err := outbox.Open(context.Background(), outbox.SQLite(db), opts)
	if err != nil {
		log.Fatal(err)
	}
	return box, acme.Account(), func() { _ = db.Close() }
}

func ExampleClient_Approve() {
	ctx := context.Background()
	box, account, done := exampleBox(outbox.Options{})
	defer done()
	acme := box.For("acme")
	// Posts of this client need one of two people.
	if err := acme.As("boss").RequireApproval(ctx, outbox.Rule{Approvers: []string{"claire", "paul"}}); err != nil {
		log.Fatal(err)
	}
	e, err := acme.As("ana").Schedule(ctx, publish.Draft{Text: "Le four est chaud."}, outbox.At("Europe/Paris", "2026-11-23 09:00"), account)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.State)

	_, err = acme.As("ana").Approve(ctx, e.ID, e.Hash)
	fmt.Println(errors.Is(err, parvis.ErrPermission)) // nobody approves his own words
	e, err = acme.As("claire").Approve(ctx, e.ID, e.Hash)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.State)

	seen := e.Hash
	p := e.Plan
	p.Draft.Text = "Le four est froid."
	if e, err = acme.As("ana").Edit(ctx, e.ID, p); err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.State) // an edit voids approvals
	_, err = acme.As("paul").Approve(ctx, e.ID, seen)
	fmt.Println(err)
	// Output:
	// review
	// true
	// scheduled
	// review
	// approve: the post was changed meanwhile, and this is about an older version; look at it as it is now, and take its Hash
}

func ExampleClient_Link() {
	ctx := context.Background()
	key := []byte("parvis-secret-32-random-bytes-that-are-read-from-a-file")
	box, account, done := exampleBox(outbox.Options{LinkKey: key})
	defer done()
	acme := box.For("acme")
	if err := acme.RequireApproval(ctx, outbox.Rule{Approvers: []string{"link:Mme Martin"}}); err != nil {
		log.Fatal(err)
	}
	e, err := acme.As("ana").Schedule(ctx, publish.Draft{Text: "Le four est chaud."}, outbox.At("Europe/Paris", "2026-11-23 09:00"), account)
	if err != nil {
		log.Fatal(err)
	}
	token, err := acme.As("claire").Link(ctx, e.ID, "Mme Martin", 7*24*time.Hour)
	if err != nil {
		log.Fatal(err)
	}
	address := "https://agency.example/review?t=" + token

	// The page behind that address:
	_, t, _ := strings.Cut(address, "?t=")
	reviewer, err := box.OpenLink(ctx, t)
	if err != nil {
		log.Fatal(err)
	}
	items, err := reviewer.Items(ctx, reviewer.Entry().Targets[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reviewer.Name(), "sees:", items[0].Text)
	e, err = reviewer.Approve(ctx)
	fmt.Println(e.State, err)
	_, err = box.OpenLink(ctx, t+"x")
	fmt.Println(err)
	// Output:
	// Mme Martin sees: Le four est chaud.
	// scheduled <nil>
	// open link: the link is not valid, or no longer; ask for a new one
}

func ExampleFile() {
	ctx := context.Background()
	assets := fstest.MapFS{"spring/four.gif": {Data: []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")}} // or os.DirFS("/srv/assets")
	box, account, done := exampleBox(outbox.Options{Media: map[string]fs.FS{"assets": assets}})
	defer done()
	d := publish.Draft{Text: "Le four", Media: []parvis.Media{outbox.File("assets", "spring/four.gif").WithAlt("Un four à pain")}}
	e, err := box.For("acme").Schedule(ctx, d, outbox.Now(), account)
	if err != nil {
		log.Fatal(err)
	}
	m := e.Draft.Media[0]
	fmt.Println(m.Source, m.Type, m.Size, m.SHA256[:8])

	delete(assets, "spring/four.gif") // between scheduling and sending
	if _, err := box.Drain(ctx); err != nil {
		log.Fatal(err)
	}
	e, err = box.For("acme").Get(ctx, e.ID)
	fmt.Println(e.State, err)
	fmt.Println(e.Targets[0].Reason)
	// Output:
	// assets:spring/four.gif image/gif 14 1f19970f
	// held <nil>
	// media "assets:spring/four.gif" is not there: open spring/four.gif: file does not exist; put the file back as it was, or save the post anew with Edit
}

func ExampleMediaDir() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "media")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store := outbox.MediaDir(dir)
	box, account, done := exampleBox(outbox.Options{Files: store})
	defer done()
	d := publish.Draft{Text: "Le four", Media: []parvis.Media{parvis.FromBytes("four.gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")).WithAlt("Un four")}}
	e, err := box.For("acme").Schedule(ctx, d, outbox.Now(), account)
	if err != nil {
		log.Fatal(err)
	}
	rc, err := store.Open(ctx, e.Draft.Media[0].SHA256)
	if err != nil {
		log.Fatal(err)
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	fmt.Println(len(b), err)
	// Output:
	// 14 <nil>
}

func ExampleTagging() {
	p := outbox.Plan{
		Draft:   publish.Draft{Text: "Réservez : https://acme.example/four#heures", Lang: "fr"},
		Tagging: outbox.Tagging{Source: "{network}", Medium: "social", Campaign: "rentrée", Hosts: []string{"acme.example"}},
		Legal:   []outbox.Mention{{Kind: outbox.Partnership}},
	}
	fmt.Println(p.Items(outbox.To(parvis.Account{Network: "mastodon", Handle: "acme"}))[0].Text)
	// Output:
	// Collaboration commerciale
	//
	// Réservez : https://acme.example/four?utm_source=mastodon&utm_medium=social&utm_campaign=rentr%C3%A9e#heures
}
