package providers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// secretLen is the length of what newSecret returns.
const secretLen = 43

// newSecret returns 256 random bits, as they can stand in an address.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails, and never reads less
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isSecret reports whether s could be from newSecret.
func isSecret(s string) bool {
	if len(s) != secretLen {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}

// digest is what is kept of a secret: enough to know it again. The purpose keeps the
// digests of one kind of secret apart from those of another.
func digest(purpose, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("parvis connect " + purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// cookie is the name of the cookie that binds a start to the browser. It holds the port,
// which cookies do not tell apart.
func (h *connect) cookie() string {
	name := "parvis_connect"
	if p := h.base.Port(); p != "" {
		name += "_" + p
	}
	if h.base.Scheme == "https" {
		name = "__Secure-" + name
	}
	return name
}

// browserOf returns the secret that the browser was given, or nothing.
func (h *connect) browserOf(r *http.Request) string {
	c, err := r.Cookie(h.cookie())
	if err != nil || !isSecret(c.Value) {
		return ""
	}
	return c.Value
}

// know gives the browser a secret unless it has one. Lax lets the cookie come along when
// the network sends the browser back, and never with a form or a frame of somebody else.
func (t *turn) know() {
	if t.browser != "" {
		return
	}
	t.browser = newSecret()
	http.SetCookie(t.w, &http.Cookie{ //nolint:gosec // Secure is set wherever the address is https
		Name: t.cookie(), Value: t.browser, Path: t.base.EscapedPath(),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: t.base.Scheme == "https",
	})
}

// csrf is the token of the forms of this browser for this client.
func (t *turn) csrf() string { return digest("form "+t.keeper.Client(), t.browser) }

func (t *turn) owns(token string) bool {
	return t.browser != "" && hmac.Equal([]byte(token), []byte(t.csrf()))
}

// open are the parameters of a callback that are no secrets: RFC 6749, section 4.1.2.1, and
// RFC 9207.
var openParams = map[string]bool{"error": true, "error_description": true, "error_uri": true, "iss": true, "scope": true}

// hide makes sure that the values appear on no page and in no log. What is very short
// would only spoil texts.
func (t *turn) hide(values ...string) {
	for _, v := range values {
		if len(v) >= 6 {
			t.secrets = append(t.secrets, v)
		}
	}
}

// hideKept hides what a flow keeps, but for addresses.
func (t *turn) hideKept(kept map[string]string) {
	for _, v := range kept {
		if len(v) >= 16 && !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "http://") {
			t.hide(v)
		}
	}
}

// scrub cuts the secrets of this request out of a text.
func (t *turn) scrub(text string) string {
	for _, s := range t.secrets {
		text = strings.ReplaceAll(text, s, "[redacted]")
	}
	return text
}
