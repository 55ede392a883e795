package fake

import (
	_ "embed" // for the manifest
	"slices"

	"github.com/parvis-go/parvis/providers"
)

//go:embed manifest.json
var manifest []byte

// Manifest describes the network as [New] makes it without options, and how far its
// provider goes: all the way.
func Manifest() providers.Manifest { return providers.MustManifest(slices.Clone(manifest)) }
