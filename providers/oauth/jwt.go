package oauth

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"math/big"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// A Signer signs tokens (RFC 7515, RFC 7519) with one key. It is safe for concurrent use.
// Make it with [HS256], [RS256], [ES256], [ParseKey] or [HexKey].
type Signer struct {
	alg, id string
	sign    func(digest []byte, text []byte) ([]byte, error)
}

// String names the algorithm and the key's ID.
func (s Signer) String() string { return s.alg + " key " + s.id }

// GoString is String.
func (s Signer) GoString() string { return s.String() }

// LogValue is String.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// HS256 signs with HMAC-SHA256. id is the kid of the header; "" leaves it out. A secret of
// less than 32 bytes is weaker than RFC 7518 allows, and is refused with [parvis.ErrInvalid].
func HS256(id string, secret []byte) (Signer, error) {
	if len(secret) < sha256.Size {
		return Signer{}, badKey("the secret is shorter than 32 bytes")
	}
	key := append([]byte(nil), secret...)
	return Signer{"HS256", id, func(_, text []byte) ([]byte, error) {
		mac := hmac.New(sha256.New, key)
		mac.Write(text)
		return mac.Sum(nil), nil
	}}, nil
}

// RS256 signs with RSASSA-PKCS1-v1_5 and SHA-256. A key of less than 2048 bits is refused
// with [parvis.ErrInvalid].
func RS256(id string, key *rsa.PrivateKey) (Signer, error) {
	if key == nil || key.N.BitLen() < 2048 {
		return Signer{}, badKey("the RSA key has less than 2048 bits")
	}
	return Signer{"RS256", id, func(digest, _ []byte) ([]byte, error) {
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest)
	}}, nil
}

// ES256 signs with ECDSA on the curve P-256 and SHA-256. A key on another curve is refused
// with [parvis.ErrInvalid].
func ES256(id string, key *ecdsa.PrivateKey) (Signer, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return Signer{}, badKey("the key is not on the curve P-256")
	}
	return Signer{"ES256", id, func(digest, _ []byte) ([]byte, error) {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			return nil, err
		}
		return append(fixed(r), fixed(s)...), nil
	}}, nil
}

// fixed writes n in the 32 bytes that RFC 7518, section 3.4 wants.
func fixed(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func badKey(what string) error {
	return &parvis.Error{Op: "read key", Code: parvis.ErrInvalid, Message: what, Help: "make a new key at the network"}
}

// ParseKey reads a private key in PEM, as PKCS #8, PKCS #1 or SEC 1: RSA makes an RS256
// signer, P-256 an ES256 one. Anything else gives [parvis.ErrInvalid].
func ParseKey(id, text string) (Signer, error) {
	block, _ := pem.Decode([]byte(strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n"))))
	if block == nil {
		return Signer{}, badKey("the key is not in PEM")
	}
	var key any
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if rsaKey, rerr := x509.ParsePKCS1PrivateKey(block.Bytes); rerr == nil {
			key, err = rsaKey, nil
		} else if ecKey, eerr := x509.ParseECPrivateKey(block.Bytes); eerr == nil {
			key, err = ecKey, nil
		}
	}
	if err != nil {
		return Signer{}, badKey("the private key cannot be read")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return RS256(id, key)
	case *ecdsa.PrivateKey:
		return ES256(id, key)
	}
	return Signer{}, badKey("the key is neither RSA nor on the curve P-256")
}

// HexKey reads a key in the form of Ghost's Admin API: an ID and a secret in hexadecimal,
// with a colon between. Anything else gives [parvis.ErrInvalid].
//
// https://docs.ghost.org/admin-api#token-authentication
func HexKey(text string) (Signer, error) {
	id, secret, ok := strings.Cut(strings.TrimSpace(text), ":")
	key, err := hex.DecodeString(secret)
	if !ok || id == "" || err != nil {
		return Signer{}, badKey("the key is not an ID and a secret with a colon between")
	}
	return HS256(id, key)
}

// Claims are what a signed token says. Times are those of the moment of signing.
type Claims struct {
	// Issuer, Subject and Audience are iss, sub and aud; empty ones are left out.
	Issuer, Subject, Audience string
	// Life is how long the token serves; 0 is 5 minutes.
	Life time.Duration
	// Unique adds a jti that is new each time.
	Unique bool
	// More are further claims. They cannot replace those above.
	More map[string]any
}

func (c Claims) life() time.Duration { return cmp.Or(c.Life, 5*time.Minute) }

// Sign makes a token of the claims at the time now, in the compact form of RFC 7515.
func (s Signer) Sign(c Claims, now time.Time) (string, error) {
	if s.sign == nil {
		return "", badKey("there is no key")
	}
	header := map[string]any{"alg": s.alg, "typ": "JWT"}
	if s.id != "" {
		header["kid"] = s.id
	}
	body := map[string]any{}
	maps.Copy(body, c.More)
	for name, v := range map[string]string{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience} {
		if v != "" {
			body[name] = v
		}
	}
	body["iat"], body["exp"] = now.Unix(), now.Add(c.life()).Unix()
	if c.Unique {
		body["jti"] = rand.Text()
	}
	h, err := json.Marshal(header)
	if err != nil {
		return "", badKey("the header cannot be encoded")
	}
	b, err := json.Marshal(body)
	if err != nil {
		return "", badKey("the claims cannot be encoded")
	}
	return s.compact(h, b)
}

// compact signs a header and payload.
func (s Signer) compact(header, payload []byte) (string, error) {
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(header) + "." + enc.EncodeToString(payload)
	digest := sha256.Sum256([]byte(text))
	sig, err := s.sign(digest[:], []byte(text))
	if err != nil {
		return "", badKey("the key cannot sign")
	}
	return text + "." + enc.EncodeToString(sig), nil
}
