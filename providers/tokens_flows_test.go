package providers_test

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// namedFlow is a flow that cannot renew anything.
type namedFlow struct {
	network parvis.Network
	name    string
}

func (f namedFlow) Form() providers.Form {
	return providers.Form{Name: f.name, Manifest: providers.Manifest{Network: f.network}}
}

func (namedFlow) Start(context.Context, providers.Input) (providers.Step, error) {
	return providers.Step{}, nil
}

func (namedFlow) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, nil
}

// renewingFlow is one that can.
type renewingFlow struct {
	namedFlow
	lead time.Duration
}

func (f renewingFlow) Refresh(context.Context, parvis.Account, parvis.Token) (parvis.Token, error) {
	return parvis.Token{Value: f.name}, nil
}

func (f renewingFlow) Early(parvis.Account, parvis.Token) time.Duration { return f.lead }

func TestFlowOf(t *testing.T) {
	t.Parallel()
	flows := []providers.Flow{
		namedFlow{"town", "town-password"}, renewingFlow{namedFlow{"town", "town"}, time.Hour}, renewingFlow{namedFlow{"isle", "isle"}, 0},
	}
	named := func(name string) parvis.Token {
		return parvis.Token{Extra: map[string]string{providers.FlowKey: name}}
	}
	r := providers.Refreshers(flows...)
	for _, tt := range []struct {
		network parvis.Network
		token   parvis.Token
		want    providers.Flow
		renews  bool
		early   time.Duration
	}{
		{"town", parvis.Token{}, flows[0], false, 0},
		{"town", named("town"), flows[1], true, time.Hour},
		{"town", named("town-password"), flows[0], false, 0},
		{"town", named("isle"), nil, false, 0},
		{"isle", parvis.Token{}, flows[2], true, 0},
		{"moon", parvis.Token{}, nil, false, 0},
	} {
		a := parvis.Account{Network: tt.network, ID: "1"}
		assert.Equal(t, tt.want, providers.FlowOf(flows, a, tt.token))
		assert.Equal(t, tt.early, r.Early(a, tt.token))
		fresh, err := r.Refresh(t.Context(), a, tt.token)
		if !tt.renews {
			cleanError(t, err, parvis.ErrInvalid)
			continue
		}
		require.NoError(t, err)
		assert.True(t, sameSecret(fresh.Value, tt.want.Form().Name), "the wrong flow renewed it")
	}
}

func TestMemoryIsCompareAndSet(t *testing.T) {
	t.Parallel()
	m := providers.Memory("acme")
	assert.Equal(t, "acme", m.Client())
	_, err := m.Load(t.Context(), acme)
	cleanError(t, err, parvis.ErrNotFound)

	token := parvis.Token{Value: "parvis-secret-1", Scopes: []string{"a"}, Extra: map[string]string{"k": "parvis-secret-2"}}
	version, err := m.Save(t.Context(), acme, token)
	require.NoError(t, err)
	token.Scopes[0], token.Extra["k"] = "changed", "changed"
	got, err := m.Load(t.Context(), acme)
	require.NoError(t, err)
	assert.Equal(t, version, got.Version)
	assert.True(t, got.Scopes[0] == "a" && got.Extra["k"] == "parvis-secret-2", "the store keeps copies")

	var won atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := m.Save(t.Context(), acme, got); err == nil {
				won.Add(1)
			} else {
				cleanError(t, err, parvis.ErrConflict)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, won.Load())

	require.NoError(t, m.Delete(t.Context(), acme))
	require.NoError(t, m.Delete(t.Context(), acme))
	_, err = m.Save(t.Context(), acme, got)
	cleanError(t, err, parvis.ErrConflict)
	got.Version = 0
	again, err := m.Save(t.Context(), acme, got)
	require.NoError(t, err)
	assert.Greater(t, again, version, "versions are not used twice")
}

func TestCheckAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		client string
		a      parvis.Account
		want   parvis.Code
	}{
		{"acme", acme, ""},
		{"globex", acme, parvis.ErrForeignClient},
		{"", acme, parvis.ErrForeignClient},
		{"globex", parvis.Account{Client: "acme"}, parvis.ErrForeignClient},
		{"", parvis.Account{Network: "town", ID: "1"}, parvis.ErrInvalid},
		{"acme", parvis.Account{Network: "town", ID: "1"}, parvis.ErrInvalid},
		{"acme", parvis.Account{Client: "acme", ID: "1"}, parvis.ErrInvalid},
		{"acme", parvis.Account{Client: "acme", Network: "town"}, parvis.ErrInvalid},
	} {
		m := providers.Memory(tt.client)
		_, errLoad := m.Load(t.Context(), tt.a)
		_, errSave := m.Save(t.Context(), tt.a, parvis.Token{})
		errDelete := m.Delete(t.Context(), tt.a)
		if tt.want == "" {
			require.NoError(t, providers.CheckAccount(tt.client, "x", tt.a))
			require.NoError(t, errSave)
			continue
		}
		for _, err := range []error{providers.CheckAccount(tt.client, "x", tt.a), errLoad, errSave, errDelete} {
			cleanError(t, err, tt.want)
		}
	}
}
