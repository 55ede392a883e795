package api

import (
	"encoding/json"
	"strings"

	"github.com/parvis-go/parvis"
)

// A Document is what the network uses of a DID document.
//
// https://atproto.com/specs/did#did-documents
type Document struct {
	ID          string   `json:"id"`
	AlsoKnownAs []string `json:"alsoKnownAs"`
	Services    []struct {
		ID       string          `json:"id"`
		Type     string          `json:"type"`
		Endpoint json.RawMessage `json:"serviceEndpoint"`
	} `json:"service"`
}

// ParseDocument reads a DID document, which must be that of did.
func ParseDocument(b []byte, did string) (Document, error) {
	var d Document
	if err := json.Unmarshal(b, &d); err != nil || d.ID != did || did == "" {
		return Document{}, &parvis.Error{
			Code: parvis.ErrBadAnswer, Message: "the document of the DID cannot be read, or is that of another one",
			Help: "try again later; if it persists, the account's identity is broken",
		}
	}
	return d, nil
}

// Handle returns the handle that the document names, which is not checked, or "".
func (d Document) Handle() string {
	for _, name := range d.AlsoKnownAs {
		if h, ok := strings.CutPrefix(name, "at://"); ok && ValidHandle(h) {
			return strings.ToLower(h)
		}
	}
	return ""
}

// Endpoint returns the address of a service, such as "atproto_labeler", or "".
func (d Document) Endpoint(id string) string {
	for _, s := range d.Services {
		var address string
		if (s.ID == "#"+id || s.ID == d.ID+"#"+id) && json.Unmarshal(s.Endpoint, &address) == nil {
			return strings.TrimRight(address, "/")
		}
	}
	return ""
}

// PDS returns the address of the server where the account lives.
func (d Document) PDS(loopback bool) (string, error) {
	address := d.Endpoint("atproto_pds")
	if address == "" {
		return "", &parvis.Error{
			Code: parvis.ErrNotFound, Message: "the account has no server: its identity names none",
			Help: "check that the account is still active",
		}
	}
	u, err := CheckAddress(address, loopback)
	if err != nil {
		return "", err
	}
	if u.Path != "" {
		return "", badAddress("it has a path")
	}
	return address, nil
}
