package publish_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// notes keep stages in memory; a program keeps them in its database.
type notes map[string]json.RawMessage

func (n notes) Load(_ context.Context, name string) (json.RawMessage, error) { return n[name], nil }

func (n notes) Save(_ context.Context, name string, value json.RawMessage) error {
	n[name] = value
	return nil
}

func ExampleWithStages() {
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	gif := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	d := publish.Draft{Text: "Un point", Key: "point", Media: []parvis.Media{parvis.FromBytes("point.gif", gif)}}

	ctx := publish.WithStages(context.Background(), notes{})
	town.Inject(fake.Fault{Kind: fake.Outage, Op: "publish"}) // the file arrives, the post does not
	for range 2 {
		_, err := publish.To(ctx, acme, d)
		fmt.Println("published:", err == nil, "uploads:", town.Uploads())
	}
	// Output:
	// published: false uploads: 1
	// published: true uploads: 1
}

func ExampleStaged() {
	ctx := publish.WithStages(context.Background(), notes{})
	upload := func(context.Context) (string, error) {
		fmt.Println("uploading")
		return "id 7", nil
	}
	for range 2 {
		id, err := publish.Staged(ctx, "media/0", upload)
		fmt.Println(id, err)
	}
	// Output:
	// uploading
	// id 7 <nil>
	// id 7 <nil>
}

func ExampleDropStage() {
	ctx := publish.WithStages(context.Background(), notes{"media/0": json.RawMessage(`"id 7"`)})
	fmt.Println(publish.DropStage(ctx, "media/0")) // the network has forgotten the file
	id, err := publish.Staged(ctx, "media/0", func(context.Context) (string, error) { return "id 8", nil })
	fmt.Println(id, err)
	// Output:
	// <nil>
	// id 8 <nil>
}

func ExampleMediaStage() {
	d := publish.Draft{Key: "point", Media: []parvis.Media{parvis.FromBytes("point.gif", nil)}}
	before := publish.MediaStage(d, 0)
	d.Media[0] = d.Media[0].WithAlt("un point")
	fmt.Println(before[:len("media/0")], before == publish.MediaStage(d, 0))
	// Output: media/0 false
}

func ExampleLeave() {
	ctx := context.Background()
	if err := publish.Leave(ctx); err != nil {
		fmt.Println("kept back:", err)
		return
	}
	fmt.Println("sending")
	// Output: sending
}
