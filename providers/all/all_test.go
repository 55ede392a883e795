package all_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
)

func TestManifestsAgreeWithProviders(t *testing.T) {
	t.Parallel()
	var names []string
	for _, o := range all.Openers() {
		assert.Empty(t, providers.Disagreements(o.Manifest, o.Zero), o.Manifest.Network)
		names = append(names, string(o.Manifest.Network))
	}
	assert.True(t, slices.IsSorted(names))
	assert.Len(t, slices.Compact(names), len(all.Openers()), "a name is there twice")
}

func TestOpenersCheckTheirSettings(t *testing.T) {
	t.Parallel()
	for _, o := range all.Openers() {
		p, err := o.Open(providers.Settings{Client: "acme", Server: "https://site.example", User: "acme.example", Secret: "x"}, nil)
		require.NoError(t, err, o.Manifest.Network)
		assert.Equal(t, o.Manifest.Network, p.Account().Network)
		assert.Equal(t, "acme", p.Account().Client)
		_, err = o.Open(providers.Settings{Server: "not an address"}, nil)
		require.ErrorIs(t, err, parvis.ErrInvalid, o.Manifest.Network)
	}
}

func TestConnectedAccountsAreOpenedByTheirTokens(t *testing.T) {
	t.Parallel()
	for _, a := range []parvis.Account{
		{Client: "acme", Network: "bluesky", ID: "did:plc:abcdefghijklmnopqrstuvwx", Handle: "acme.example"},
		{Client: "acme", Network: "mastodon", Host: "mastodon.example", ID: "1", Handle: "acme"},
		{Client: "acme", Network: "wordpress", Host: "blog.example", ID: "1", Handle: "acme"},
	} {
		p, err := providers.Open(all.Openers(), providers.Settings{Network: a.Network, Account: a, Tokens: parvis.StaticToken("parvis-secret-x")}, nil)
		require.NoError(t, err, a.Network)
		got := p.Account()
		assert.Equal(t, a.Client, got.Client)
		assert.Equal(t, a.Network, got.Network)
		assert.Equal(t, a.Host, got.Host)
	}
}
