package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"

	"github.com/parvis-go/parvis"
)

// keySize is that of AES-256.
const keySize = 32

// A KeyService wraps and unwraps the data keys of a vault. [Key] and [Keys] do it in
// memory; a program writes another for a service that keeps its keys to itself. It is
// asked when a vault is opened and rotated, and when another process has made a data key,
// not for each token. It is safe for concurrent use.
type KeyService interface {
	// Current names the key that Wrap uses. The name is stored in clear.
	Current(ctx context.Context) (id string, err error)
	// Wrap encrypts a data key of 32 bytes under the current key, whose name it returns.
	Wrap(ctx context.Context, key []byte) (id string, wrapped []byte, err error)
	// Unwrap decrypts what Wrap returned. An error that matches [parvis.ErrNotFound] or
	// [parvis.ErrInvalid] means that this is not the key; any other that the service is
	// out of reach.
	Unwrap(ctx context.Context, id string, wrapped []byte) ([]byte, error)
}

// Key returns the [KeyService] of one key of 32 random bytes, kept in memory. [Open]
// refuses a key of another length with an error that matches [parvis.ErrInvalid].
func Key(key []byte) KeyService { return Keys(key) }

// Keys is [Key] for a key that takes the place of older ones: data keys are wrapped under
// current, and unwrapped under any; see [Vault.Rotate].
func Keys(current []byte, older ...[]byte) KeyService {
	k := &localKeys{current: keyID(current), aeads: map[string]cipher.AEAD{}}
	for i, key := range append([][]byte{current}, older...) {
		if len(key) != keySize {
			k.err = badKey(i, len(key))
			return k
		}
		k.aeads[keyID(key)] = newAEAD(key)
	}
	return k
}

func badKey(i, n int) error {
	return &parvis.Error{
		Op: "open vault", Code: parvis.ErrInvalid,
		Message: fmt.Sprintf("key %d has %d bytes, and must have %d", i+1, n, keySize),
		Help:    "make one with a source of randomness, such as crypto/rand or openssl rand, and keep it outside the database",
	}
}

// keyID names a key without giving anything of it away.
func keyID(key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("parvis vault: name of a key"))
	return "local-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// newAEAD returns AES-256-GCM that puts a random nonce of 96 bits before each text.
// A data key seals far fewer than the 2^32 texts that this is good for.
//
// https://csrc.nist.gov/pubs/sp/800/38/d/final
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err == nil {
		var a cipher.AEAD
		if a, err = cipher.NewGCMWithRandomNonce(block); err == nil {
			return a
		}
	}
	panic("vault: " + err.Error()) // the length of the key was checked
}

// seal encrypts plain, and binds it to data.
func seal(k cipher.AEAD, plain, data []byte) []byte {
	return k.Seal(nil, nil, plain, data) //nolint:gosec // the nonce is random: newAEAD makes it
}

type localKeys struct {
	current string
	aeads   map[string]cipher.AEAD
	err     error
}

// Current implements [KeyService].
func (k *localKeys) Current(context.Context) (string, error) { return k.current, k.err }

// Wrap implements [KeyService].
func (k *localKeys) Wrap(_ context.Context, key []byte) (string, []byte, error) {
	if k.err != nil {
		return "", nil, k.err
	}
	return k.current, seal(k.aeads[k.current], key, []byte(k.current)), nil
}

// Unwrap implements [KeyService].
func (k *localKeys) Unwrap(_ context.Context, id string, wrapped []byte) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	a := k.aeads[id]
	if a == nil {
		return nil, &parvis.Error{Op: "open vault", Code: parvis.ErrNotFound, Message: "there is no key " + id}
	}
	key, err := a.Open(nil, nil, wrapped, []byte(id))
	if err != nil {
		return nil, &parvis.Error{Op: "open vault", Code: parvis.ErrInvalid, Message: "the key " + id + " does not open the data key"}
	}
	return key, nil
}

// String names the current key.
func (k *localKeys) String() string { return "key " + k.current }

// GoString is String, so that %#v is safe as well.
func (k *localKeys) GoString() string { return k.String() }

// LogValue makes log/slog write no secret.
func (k *localKeys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// newDataKey returns 32 random bytes.
func newDataKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // it never fails: https://pkg.go.dev/crypto/rand#Read
	return key
}
