package providers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCallback(t *testing.T) {
	t.Parallel()
	state := newSecret()
	for name, raw := range map[string]string{
		"empty":          "",
		"no state":       "code=c",
		"empty state":    "state=",
		"short state":    "state=abc",
		"long state":     "state=" + state + "A",
		"not a state":    "state=" + strings.Repeat("!", secretLen),
		"two states":     "state=" + state + "&state=" + state,
		"two codes":      "state=" + state + "&code=a&code=b",
		"bad escape":     "state=" + state + "&code=%zz",
		"semicolon":      "state=" + state + ";code=a",
		"too long":       "state=" + state + "&code=" + strings.Repeat("a", maxCallback),
		"too many":       "state=" + state + strings.Repeat("&a", 1) + manyParams(maxCallbackParams),
		"padded state":   "state=" + state[:secretLen-1] + "=",
		"state in a key": state + "=",
	} {
		_, _, err := parseCallback(raw)
		require.ErrorIs(t, err, refusedBroken, name)
	}
	got, back, err := parseCallback("state=" + state + "&code=a%26b&iss=https%3A%2F%2Fas.example&user_login=x")
	require.NoError(t, err)
	same := got == state
	assert.True(t, same, "the state is read")
	assert.Equal(t, "a&b", back.Get("code"))
	assert.Equal(t, "https://as.example", back.Get("iss"), "every parameter goes on to the flow")
	assert.Equal(t, "x", back.Get("user_login"))
}

func manyParams(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&p" + strings.Repeat("x", i) + "=1")
	}
	return b.String()
}

func FuzzParseCallback(f *testing.F) {
	state := newSecret()
	for _, seed := range []string{"", "state=" + state, "state=" + state + "&code=x&iss=https://a.example", "state=a&state=b", "%", ";", "a=1;b=2", "state=%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		state, back, err := parseCallback(raw)
		if err != nil {
			assert.ErrorIs(t, err, refusedBroken)
			assert.Empty(t, state)
			assert.Nil(t, back)
			return
		}
		assert.True(t, isSecret(state))
		assert.LessOrEqual(t, len(raw), maxCallback)
		for name, vs := range back {
			assert.Len(t, vs, 1, name)
		}
		want, err := url.ParseQuery(raw)
		assert.NoError(t, err)
		assert.Equal(t, want, back, "nothing is lost or made up")
	})
}

func TestSecretsAreLongAndNeverAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := newSecret()
		require.True(t, isSecret(s) && !seen[s])
		seen[s] = true
	}
	assert.False(t, isSecret(""))
	assert.False(t, isSecret(strings.Repeat("A", secretLen-1)+"B"), "bits beyond the 256 are none")
	a, b := newSecret(), newSecret()
	assert.NotEqual(t, digest("x", a), digest("x", b))
	assert.NotEqual(t, digest("x", a), digest("y", a))
	assert.Len(t, digest("x", a), 64)
}

func TestScrub(t *testing.T) {
	t.Parallel()
	turn := &turn{}
	turn.hide("parvis-secret-code", "ab", "")
	turn.hideKept(map[string]string{"verifier": "parvis-secret-verifier", "server": "https://mastodon.example/about", "n": "short"})
	got := turn.scrub("code parvis-secret-code, ab, verifier parvis-secret-verifier, https://mastodon.example/about")
	assert.Equal(t, "code [redacted], ab, verifier [redacted], https://mastodon.example/about", got)
}

func TestSentence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", " a clause ": "A clause.", "Done.": "Done.", "https://a.example": "https://a.example.", "été": "été."} {
		assert.Equal(t, want, sentence(in))
	}
}
