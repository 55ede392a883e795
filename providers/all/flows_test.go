package all_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/bluesky"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	flows, err := all.Flows(all.Apps{})
	require.NoError(t, err)
	var names []string
	for _, f := range flows {
		form := f.Form()
		names = append(names, form.Name)
		assert.NotEmpty(t, form.Way)
		assert.NotEmpty(t, form.Manifest.Title)
		assert.True(t, slices.ContainsFunc(all.Openers(), func(o providers.Opener) bool { return o.Manifest.Network == form.Manifest.Network }),
			"a flow without a provider")
		_, err := f.Start(t.Context(), providers.Input{})
		require.ErrorIs(t, err, parvis.ErrInvalid, form.Name)
	}
	assert.True(t, slices.IsSorted(names))
	assert.Len(t, slices.Compact(names), len(flows), "a name is there twice")
}

func TestFlowsRefuseWhatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := all.Flows(all.Apps{Bluesky: bluesky.FlowConfig{ClientID: "http://desk.example/metadata.json"}})
	require.ErrorIs(t, err, parvis.ErrInvalid)
}

func ExampleFlows() {
	flows, err := all.Flows(all.Apps{Name: "Acme desk"})
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range flows {
		form := f.Form()
		fmt.Println(form.Name+":", form.Manifest.Title, "by", form.Way)
	}
	// Output:
	// bluesky: Bluesky by OAuth
	// bluesky-password: Bluesky by app password
	// mastodon: Mastodon by OAuth
	// wordpress: WordPress by application password
	// wordpress-password: WordPress by application password, typed
}
