package main

import (
	"context"
	"errors"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/vault"
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
	flows, err := all.Flows(all.Apps{Name: "Parvis connect", Registered: registrations{v}, Options: o})
	if err != nil {
		return nil, err
	}
	return append([]providers.Flow{p.demo.Flow(p.base + "demo/consent")}, flows...), nil
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
	if a.Network == demoNetwork {
		return p.demo.Open(ctx, a, tokens)
	}
	return providers.Open(all.Openers(), providers.Settings{Network: a.Network, Account: a, Tokens: tokens}, nil)
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
