// Package dpop makes the proofs by which a client shows that it holds the key that its
// tokens are bound to (RFC 9449), and the other signed texts of the AT Protocol's OAuth.
// The only algorithm is ES256, which every server of the protocol supports.
//
// https://www.rfc-editor.org/rfc/rfc9449 and https://atproto.com/specs/oauth#demonstrating-proof-of-possession-d-po-p
package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
)

var encoding = base64.RawURLEncoding

// A Key is a private key on the curve P-256. It never appears in formatted output.
type Key struct {
	private *ecdsa.PrivateKey
	public  JWK
}

// A JWK is the public half of a key (RFC 7517).
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	// Kid, Use and Alg are for key sets only.
	Kid string `json:"kid,omitempty"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
}

// NewKey makes a key.
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return FromECDSA(private)
}

// FromECDSA takes a key that the program holds.
func FromECDSA(private *ecdsa.PrivateKey) (*Key, error) {
	if private == nil || private.Curve != elliptic.P256() {
		return nil, errors.New("the key is not one of the curve P-256")
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, errors.New("the key is broken")
	}
	return &Key{private, JWK{
		Kty: "EC", Crv: "P-256", X: encoding.EncodeToString(point[1:33]), Y: encoding.EncodeToString(point[33:]),
	}}, nil
}

// ParseKey reads what [Key.Marshal] wrote.
func ParseKey(s string) (*Key, error) {
	der, err := encoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("the key is not in base64")
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the key is not in PKCS #8")
	}
	private, _ := key.(*ecdsa.PrivateKey)
	return FromECDSA(private)
}

// Marshal writes the private key, as PKCS #8 in base64url. It is a secret.
func (k *Key) Marshal() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return "", errors.New("the key is broken")
	}
	return encoding.EncodeToString(der), nil
}

// Public returns the public half.
func (k *Key) Public() JWK { return k.public }

// Thumbprint returns the key's name by its content (RFC 7638), with SHA-256.
func (k *Key) Thumbprint() string { return k.public.Thumbprint() }

// Thumbprint returns the key's name by its content (RFC 7638), with SHA-256.
func (j JWK) Thumbprint() string {
	canonical, _ := json.Marshal(struct {
		Crv string `json:"crv"`
		Kty string `json:"kty"`
		X   string `json:"x"`
		Y   string `json:"y"`
	}{j.Crv, j.Kty, j.X, j.Y})
	sum := sha256.Sum256(canonical)
	return encoding.EncodeToString(sum[:])
}

// String hides the key.
func (k *Key) String() string { return "key [redacted]" }

// GoString hides the key.
func (k *Key) GoString() string { return k.String() }

// LogValue hides the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON hides the key.
func (k *Key) MarshalJSON() ([]byte, error) { return []byte(`"key [redacted]"`), nil }

// Sign returns the claims as a compact JWS (RFC 7515). The header gets the algorithm.
func (k *Key) Sign(header map[string]any, claims any) (string, error) {
	header["alg"] = "ES256"
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := encoding.EncodeToString(h) + "." + encoding.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", err
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + encoding.EncodeToString(sig[:]), nil
}
