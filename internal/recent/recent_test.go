package recent_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis/internal/recent"
)

func TestSetRemembersTheLastOnes(t *testing.T) {
	t.Parallel()
	var s recent.Set
	assert.False(t, s.Before(""))
	assert.False(t, s.Before(""), "what has no ID cannot be known again")
	for i := range 3 * recent.Len {
		assert.False(t, s.Before(strconv.Itoa(i)))
	}
	for i := 2 * recent.Len; i < 3*recent.Len; i++ {
		assert.True(t, s.Before(strconv.Itoa(i)))
	}
	assert.False(t, s.Before("0"), "of long ago")
}
