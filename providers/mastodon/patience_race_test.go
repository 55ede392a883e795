//go:build race

package mastodon_test

import "time"

// patience is longer where the race detector slows both sides down.
const patience = 3 * time.Second
