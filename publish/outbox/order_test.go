package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// TestAThreadStaysTogether: what is due after the beginning of a thread waits for its end,
// also where all of it is late.
func TestAThreadStaysTogether(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.add(t, "un", time.Minute, func(p *outbox.Plan) { p.Thread = []publish.Draft{{Text: "deux"}, {Text: "trois"}} })
	r.add(t, "quatre", 2*time.Minute)
	r.add(t, "cinq", 3*time.Minute)
	r.pass(t, 10*time.Minute)
	assert.Equal(t, []string{"un", "deux", "trois", "quatre", "cinq"}, r.texts())
}
