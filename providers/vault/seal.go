package vault

import (
	"crypto/cipher"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/parvis-go/parvis"
)

const helpLater = "nothing needs to be done, it is tried again"

// sealedToken is what a row seals.
type sealedToken struct {
	Value   string            `json:"v"`
	Refresh string            `json:"r,omitempty"`
	Type    string            `json:"t,omitempty"`
	Scopes  []string          `json:"s,omitempty"`
	Extra   map[string]string `json:"x,omitempty"`
}

// tokenData binds a sealed token to its row and version.
func tokenData(a parvis.Account, version int64) []byte {
	return bind("token", a.Client, string(a.Network), a.Host, a.ID, strconv.FormatInt(version, 10))
}

// sealToken encrypts everything secret of t.
func sealToken(k cipher.AEAD, a parvis.Account, version int64, t parvis.Token) ([]byte, error) {
	plain, err := json.Marshal(sealedToken{t.Value, t.Refresh, t.Type, t.Scopes, t.Extra})
	if err != nil {
		return nil, err
	}
	return seal(k, plain, tokenData(a, version)), nil
}

// openToken decrypts what sealToken returned.
func openToken(k cipher.AEAD, a parvis.Account, version int64, sealed []byte) (parvis.Token, error) {
	plain, err := k.Open(nil, nil, sealed, tokenData(a, version))
	if err != nil {
		return parvis.Token{}, damaged("the token of " + a.String() + " does not open")
	}
	t, err := decodeToken(plain)
	if err != nil {
		return parvis.Token{}, damaged("the token of " + a.String() + " cannot be read")
	}
	t.Version = version
	return t, nil
}

// errFormat says nothing more, because what it is about is secret.
var errFormat = errors.New("vault: not a token")

// decodeToken reads what was sealed.
func decodeToken(plain []byte) (parvis.Token, error) {
	var s sealedToken
	if err := json.Unmarshal(plain, &s); err != nil {
		return parvis.Token{}, errFormat
	}
	return parvis.Token{Value: s.Value, Refresh: s.Refresh, Type: s.Type, Scopes: s.Scopes, Extra: s.Extra}, nil
}

// damaged is the error for what is in the tables and cannot be: somebody changed a row by
// hand, moved it, or restored one table without the others.
func damaged(what string) error {
	return &parvis.Error{
		Op: "open", Code: parvis.ErrInvalid, Message: what + ": the row was changed or moved outside the vault",
		Help: "restore the tables of the vault together from one backup, or connect the account again",
	}
}

// storeError is the error for a database that failed. Errors of this module pass through.
func storeError(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*parvis.Error](err); ok {
		return err
	}
	return &parvis.Error{
		Op: op, Code: parvis.ErrUnavailable, Message: "the database of the vault failed",
		Help: "check that it can be reached and written", Err: err,
	}
}
