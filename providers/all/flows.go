package all

import (
	"cmp"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/providers/oauth"
	"github.com/parvis-go/parvis/providers/wordpress"
)

// Apps are the credentials of an application at the networks that want some, and what it
// calls itself at those that it registers with by itself.
type Apps struct {
	// Name is what networks call the application where they ask people; "parvis" if empty.
	// Website is the address that they link to.
	Name, Website string
	// Bluesky is the application at AT Protocol servers; the zero value is a program on
	// somebody's own machine. An empty Name is Name.
	Bluesky bluesky.FlowConfig
	// Registered remembers the registrations with servers of the Mastodon API; nil lasts as
	// long as the flows.
	Registered oauth.Memory
	// WordPress is a UUID that is always the same for the application; it may be empty.
	WordPress string
	// Local allows servers on this machine and in private networks.
	Local bool
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

// Flows returns the flows of all networks, ready to connect accounts with, in the
// alphabetical order of their names. Settings that cannot work give an error that matches
// [parvis.ErrInvalid].
func Flows(apps Apps) ([]providers.Flow, error) {
	name := cmp.Or(apps.Name, "parvis")
	at := apps.Bluesky
	at.Name = cmp.Or(at.Name, name)
	at.Loopback = at.Loopback || apps.Local
	bsky, err := bluesky.NewFlow(at, apps.Options)
	if err != nil {
		return nil, err
	}
	return []providers.Flow{
		bsky,
		bluesky.NewPasswordFlow(bluesky.PasswordConfig{Directory: at.Directory}, apps.Options),
		&mastodon.Flow{Name: name, Website: apps.Website, Apps: apps.Registered, Local: apps.Local, Options: apps.Options},
		wordpress.Flow{Name: name, ID: apps.WordPress, Local: apps.Local, Options: apps.Options},
		wordpress.PasswordFlow{Local: apps.Local, Options: apps.Options},
	}, nil
}
