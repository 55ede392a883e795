//go:build !race

package mastodon_test

import "time"

// patience is how long the account waits for an answer: long enough for a busy machine,
// short enough for the cases in which none comes.
const patience = time.Second
