// Package all lists every provider of this module, for programs that open networks by
// name from a configuration. Importing it links them all; a program that knows its
// networks imports these instead.
package all

import (
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/wordpress"
)

// Openers returns the openers of all networks but the fake one, in alphabetical order.
func Openers() []providers.Opener {
	return []providers.Opener{bluesky.Opener(), mastodon.Opener(), wordpress.Opener()}
}
