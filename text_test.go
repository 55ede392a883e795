package parvis_test

import (
	"fmt"

	"github.com/parvis-go/parvis"
)

func ExampleTextLimits() {
	limits := parvis.TextLimits{
		{Max: 300, Unit: parvis.Graphemes},
		{Max: 3000, Unit: parvis.Bytes},
	}
	fmt.Println(limits)
	fmt.Println(parvis.TextLimit{Max: 500, Unit: parvis.Graphemes, Link: 23})
	// Output:
	// 300 graphemes and 3000 bytes
	// 500 graphemes (links count 23)
}

func ExampleRef() {
	r := parvis.Ref{Client: "acme", Network: "mastodon", Host: "mastodon.example", Kind: parvis.KindPost, ID: "109"}
	fmt.Println(r)
	same, err := parvis.ParseRef(r.String())
	fmt.Println(same == r, err)
	// Output:
	// parvis://acme@mastodon/post/109?host=mastodon.example
	// true <nil>
}

func ExampleAccount_Owns() {
	acme := parvis.Account{Client: "acme", Network: "fake", Handle: "acme"}
	fmt.Println(acme.Owns(parvis.Ref{Client: "rival", Network: "fake", Kind: parvis.KindPost, ID: "p1"}))
	// Output:
	// fake: the reference parvis://rival@fake/post/p1 belongs to another client; use a reference that an account of this client returned
}
