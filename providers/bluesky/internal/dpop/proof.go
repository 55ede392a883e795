package dpop

import (
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A Proof is what one request is to be signed with.
type Proof struct {
	// Method and URL are those of the request; the query and fragment are left out.
	Method string
	URL    *url.URL
	// Nonce is the server's last; empty if there was none.
	Nonce string
	// Token is the access token that goes with the request, or empty.
	Token string
	// Time is now.
	Time time.Time
}

// Proof signs p, with a new identifier.
//
// https://www.rfc-editor.org/rfc/rfc9449#section-4.2
func (k *Key) Proof(p Proof) (string, error) {
	claims := map[string]any{
		"jti": rand.Text(), "htm": p.Method, "htu": target(p.URL), "iat": p.Time.Unix(),
	}
	if p.Nonce != "" {
		claims["nonce"] = p.Nonce
	}
	if p.Token != "" {
		sum := sha256.Sum256([]byte(p.Token))
		claims["ath"] = encoding.EncodeToString(sum[:])
	}
	return k.Sign(map[string]any{"typ": "dpop+jwt", "jwk": k.public}, claims)
}

func target(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Origin(u) + path
}

// Origin returns the scheme, host and port of u in one spelling.
func Origin(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// The bounds of what is kept of nonces.
const (
	maxNonce   = 512  // bytes
	maxOrigins = 4096 // servers
)

// Nonces keeps the last nonce of each server. It is safe for concurrent use; its zero
// value is ready.
//
// https://www.rfc-editor.org/rfc/rfc9449#section-8
type Nonces struct {
	mu   sync.Mutex
	last map[string]kept
}

type kept struct {
	value string
	at    time.Time
}

// Get returns the last nonce of the origin, or "" if there is none, or if it is older
// than maxAge, unless that is 0.
func (n *Nonces) Get(origin string, maxAge time.Duration) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.last[origin]
	if maxAge > 0 && time.Since(k.at) > maxAge {
		return ""
	}
	return k.value
}

// Learn keeps the nonce that an answer of the origin brought, if it did. Every answer
// may bring one, also one that is a success.
func (n *Nonces) Learn(origin string, h http.Header) {
	v := h.Get("Dpop-Nonce")
	if v == "" || len(v) > maxNonce {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil || len(n.last) >= maxOrigins {
		n.last = map[string]kept{}
	}
	n.last[origin] = kept{v, time.Now()}
}
