package providers_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

// radio can only publish and be listened to.
type radio struct{}

func (*radio) Account() parvis.Account { return parvis.Account{Network: "radio"} }
func (*radio) Publish(context.Context, publish.Draft) (publish.Post, error) {
	return publish.Post{}, nil
}

func (*radio) Listen(context.Context, listen.Query) iter.Seq2[listen.Event, error] { return nil }

const good = `{"network": "radio", "title": "Radio", "about": "Waves.", "auth": ["none"], "proof": "ears",
	"powers": {"publish": "yes", "listen": "partly: on one frequency"}}`

func TestDescribeReadsInterfacesOffANilPointer(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"publish", "listen"}, providers.Describe((*radio)(nil)))
	assert.Empty(t, providers.Describe(struct{}{}))
}

func TestManifest(t *testing.T) {
	t.Parallel()
	m, err := providers.ParseManifest([]byte(good))
	require.NoError(t, err)
	assert.Equal(t, parvis.Network("radio"), m.Network)
	assert.Empty(t, providers.Disagreements(m, (*radio)(nil)))

	delete(m.Powers, "listen")
	m.Powers["publish.edit"] = "yes"
	assert.Equal(t, []string{"publish.edit: in the manifest, not in the provider", "listen: in the provider, not in the manifest"},
		providers.Disagreements(m, (*radio)(nil)))
}

func TestManifestRefuses(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"not JSON":      `network: radio`,
		"empty":         `{}`,
		"unknown field": `{"netwrok": "radio"}`,
		"unknown power": `{"network":"r","title":"R","about":"W","auth":["x"],"proof":"p","powers":{"publish.sing":"yes"}}`,
		"odd degree":    `{"network":"r","title":"R","about":"W","auth":["x"],"proof":"p","powers":{"publish":"maybe"}}`,
	} {
		_, err := providers.ParseManifest([]byte(s))
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	assert.Panics(t, func() { providers.MustManifest(nil) })
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"powers":{"publish":"partly: "}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := providers.ParseManifest(b)
		if err == nil && (m.Network == "" || len(m.Powers) == 0) {
			t.Fatalf("%q was taken", b)
		}
	})
}

func TestOpenByName(t *testing.T) {
	t.Parallel()
	openers := []providers.Opener{{
		Manifest: providers.MustManifest([]byte(good)),
		Open: func(s providers.Settings, _ *providers.Options) (providers.Provider, error) {
			assert.Equal(t, "s3cr3t", s.Secret)
			return &radio{}, nil
		},
	}}
	p, err := providers.Open(openers, providers.Settings{Network: "radio", Secret: "s3cr3t"}, nil)
	require.NoError(t, err)
	assert.Equal(t, parvis.Network("radio"), p.Account().Network)
	_, err = providers.Open(openers, providers.Settings{Network: "viadeo"}, nil)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.ErrorContains(t, err, "the known networks are radio")
}
