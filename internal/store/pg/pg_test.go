package pg

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/parvis-go/parvis/internal/store"
)

func TestNumbered(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                            "",
		"SELECT 1":                    "SELECT 1",
		"SELECT ?":                    "SELECT $1",
		"a = ? AND b = ?":             "a = $1 AND b = $2",
		"a = '?' AND b = ?":           "a = '?' AND b = $1",
		"a = 'it''s ?' AND b = ?":     "a = 'it''s ?' AND b = $1",
		"?, ?, ?, ?, ?, ?, ?, ?, ?,?": "$1, $2, $3, $4, $5, $6, $7, $8, $9,$10",
		"'' || ?":                     "'' || $1",
	} {
		assert.Equal(t, want, numbered(in), in)
	}
}

func TestDialect(t *testing.T) {
	t.Parallel()
	assert.Equal(t, store.PostgreSQL, Open(nil).Dialect())
}
