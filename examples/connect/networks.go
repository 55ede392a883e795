package main

import (
	"context"
	"errors"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/vault"
	"github.com/parvis-go/parvis/providers/wordpress"
)

// demoNetwork is the name of the make-believe network.
const demoNetwork = parvis.Network("demo")

// newDemo makes the make-believe network.
func newDemo() *fake.Network {
	n := fake.New(fake.Options{Name: demoNetwork})
	n.AddPlace("News", "channel")
	n.AddPlace("Questions", "channel")
	return n
}

// flows are the ways to connect that the page offers: on the make-believe network, and on
// those that ask for no application registered beforehand. A network that does is one
// more line here, with the application's id and secret.
func (p *program) flows(v *vault.Vault) ([]providers.Flow, error) {
	o := &providers.Options{Logger: p.log, UserAgent: "parvis-connect"}
	oauth, err := bluesky.NewFlow(bluesky.FlowConfig{Name: "Parvis connect"}, o)
	if err != nil {
		return nil, err
	}
	return []providers.Flow{
		p.demo.Flow(p.base + "demo/consent"),
		oauth,
		bluesky.NewPasswordFlow(bluesky.PasswordConfig{}, o),
		&mastodon.Flow{Name: "Parvis connect", Apps: registrations{v}, Options: o},
		wordpress.Flow{Name: "Parvis connect", Options: o},
		wordpress.PasswordFlow{Options: o},
	}, nil
}

// registrations keeps in the vault what servers told the application when it registered.
type registrations struct{ v *vault.Vault }

// Recall implements [oauth.Memory].
func (r registrations) Recall(ctx context.Context, key string) (string, error) {
	b, err := r.v.Recall(ctx, key)
	if errors.Is(err, parvis.ErrNotFound) {
		return "", nil
	}
	return string(b), err
}

// Remember implements [oauth.Memory].
func (r registrations) Remember(ctx context.Context, key, value string) error {
	return r.v.Remember(ctx, key, []byte(value))
}

// open opens a connected account. It calls no network but the make-believe one.
func (p *program) open(ctx context.Context, a parvis.Account) (providers.Provider, error) {
	tokens := p.client.Tokens(a)
	switch a.Network {
	case demoNetwork:
		return p.demo.Open(ctx, a, tokens)
	case bluesky.Network:
		return bluesky.New(bluesky.Config{Account: a, Client: a.Client, Tokens: tokens}, nil)
	case mastodon.Network:
		return mastodon.New(mastodon.Config{Server: "https://" + a.Host, Client: a.Client, Tokens: tokens}, nil)
	case wordpress.Network:
		return wordpress.New(wordpress.Config{Site: "https://" + a.Host, Client: a.Client, Tokens: tokens}, nil)
	}
	return nil, parvis.Unsupported(a, "open", "this page connects accounts of the network, and does not open them")
}

// health is how an account is, as far as that can be found out.
func (p *program) health(ctx context.Context, a parvis.Account) providers.Health {
	opened, err := p.open(ctx, a)
	if err != nil {
		return providers.HealthOf(a, err)
	}
	h, err := providers.Probe(ctx, opened)
	if err != nil {
		return providers.HealthOf(a, err)
	}
	return h
}
