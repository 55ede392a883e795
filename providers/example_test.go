package providers_test

import (
	"fmt"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/mastodon"
)

func ExampleDescribe() {
	fmt.Println(providers.Describe((*mastodon.Client)(nil))[:3])
	// Output: [publish publish.get publish.edit]
}

func ExampleOpen() {
	p, err := providers.Open(all.Openers(), providers.Settings{
		Network: "wordpress", Client: "acme", Server: "https://blog.acme.example", User: "acme", Secret: "abcd efgh ijkl",
	}, nil)
	fmt.Println(p.Account(), err)
	// Output: wordpress:acme@blog.acme.example <nil>
}
