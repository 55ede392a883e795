package providers_test

import (
	"fmt"

	"github.com/parvis-go/parvis"
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

func ExamplePowers() {
	fmt.Println(providers.Powers()[:3])
	// Output: [publish publish.get publish.edit]
}

func ExampleParseManifest() {
	m, err := providers.ParseManifest([]byte(`{"network": "radio", "title": "Radio", "about": "Waves.", "auth": ["none"],
		"powers": {"publish": "yes"}, "proof": "a test server"}`))
	fmt.Println(m.Title, m.Powers["publish"], err)
	_, err = providers.ParseManifest([]byte(`{"network": "radio", "wavelength": 1}`))
	fmt.Println(parvis.CodeOf(err))
	// Output:
	// Radio yes <nil>
	// invalid
}

func ExampleMustManifest() {
	m := providers.MustManifest([]byte(`{"network": "radio", "title": "Radio", "about": "Waves.", "auth": ["OAuth 2"],
		"powers": {"publish": "yes", "listen": "yes"}, "scopes": {"publish": ["write"], "listen": ["read"]}, "proof": "a test server"}`))
	fmt.Println(m.ScopesFor("publish"), m.Lacking([]string{"write"}, nil))
	// Output: [write] [{read [listen]}]
}

func ExampleDisagreements() {
	m := mastodon.Opener().Manifest
	delete(m.Powers, "publish.edit")
	fmt.Println(providers.Disagreements(m, (*mastodon.Client)(nil)))
	// Output: [publish.edit: in the provider, not in the manifest]
}
