package text

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// Fingerprint returns a hash of s that does not depend on case nor on how much white space
// there is where, to find one's own post again on a network that tidies texts.
// It is 64 hexadecimal digits.
func Fingerprint(s string) string {
	folded := strings.Map(func(r rune) rune {
		return unicode.ToLower(unicode.ToUpper(r))
	}, strings.Join(strings.Fields(s), " "))
	sum := sha256.Sum256([]byte(folded))
	return hex.EncodeToString(sum[:])
}
