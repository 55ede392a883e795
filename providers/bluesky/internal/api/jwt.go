package api

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// Claims are what a client may read of a PDS's own tokens. They are not verified: only
// the server can do that.
type Claims struct {
	Subject string  `json:"sub"`
	Scope   string  `json:"scope"`
	Expiry  float64 `json:"exp"`
	Issued  float64 `json:"iat"`
}

// maxJWT bounds what is read of a token, in bytes.
const maxJWT = 64 << 10

// ParseJWT reads the claims of a token. What is not a JWT has none.
func ParseJWT(s string) Claims {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(s) > maxJWT {
		return Claims{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c Claims
	if err != nil || json.Unmarshal(b, &c) != nil {
		return Claims{}
	}
	return c
}

// DID returns the subject, if it is a DID.
func (c Claims) DID() string {
	if ValidDID(c.Subject) {
		return c.Subject
	}
	return ""
}

// Until returns when a token that came at the time now expires, by the clock of this
// machine: the server's may differ, so it is the span from issue to expiry that counts. A
// token that says nothing believable has the zero time.
func (c Claims) Until(now time.Time) time.Time {
	const century = 100 * 365 * 24 * 3600
	if c.Expiry <= 0 || math.IsNaN(c.Expiry) || c.Expiry > float64(now.Unix()+century) {
		return time.Time{}
	}
	if span := c.Expiry - c.Issued; c.Issued > 0 && span > 0 {
		return now.Add(time.Duration(min(span, century) * float64(time.Second)))
	}
	return time.Unix(int64(c.Expiry), 0)
}
