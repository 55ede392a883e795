package fakenet

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A letter is what clients send to publish or edit: as the whole body, or as the field
// "post" of a form whose files "media.0", "media.1" are the bytes of the draft's media.
type letter struct {
	Draft publish.Draft `json:"draft"`
	// ID is what a client of the class ClientID calls the post, and Mark what one of the
	// class Lookup wants to find it by.
	ID   string `json:"id,omitempty"`
	Mark string `json:"mark,omitempty"`
}

const (
	letterField = "post"
	mediaField  = "media."
	keyHeader   = "Idempotency-Key"
)

// A parcel is a letter that has been read, with its files.
type parcel struct {
	draft  publish.Draft
	id     string
	key    string   // the draft's, as far as the network is told
	hashes []string // of the media
}

// open reads a letter to its end. Its draft has no key: the network takes none in there.
func (v *visit) open() (parcel, error) {
	var l letter
	files, err := read(v.r, &l)
	if err != nil {
		return parcel{}, refuse(http.StatusBadRequest, "unreadable", "the request cannot be read: "+err.Error())
	}
	p := parcel{draft: l.Draft}
	if n := len(l.Draft.Media); n > 0 {
		p.hashes = make([]string, n)
	}
	p.draft.Key, p.draft.On = "", nil
	for i, b := range files {
		if i >= len(p.draft.Media) {
			return parcel{}, refuse(http.StatusBadRequest, "unreadable", "there are more files than media")
		}
		p.attach(i, newFile(v.m.id, b))
	}
	if err := v.fetch(&p); err != nil {
		return parcel{}, err
	}
	return p, p.address(v.m, l, v.r.Header.Get(keyHeader))
}

// attach gives the i-th of the draft's media the bytes of f.
func (p *parcel) attach(i int, f file) {
	said := p.draft.Media[i]
	m := parvis.FromBytes(said.Name, f.bytes).WithType(said.Type).WithAlt(said.Alt)
	m.Focus = said.Focus
	p.draft.Media[i], p.hashes[i] = m, f.hash
}

// address gives the parcel the ID and the key that the account's class has.
func (p *parcel) address(m *member, l letter, header string) error {
	switch m.class {
	case Keyed:
		p.key = header
	case Lookup:
		p.key = l.Mark
	case ClientID:
		if l.ID == "" {
			return nil
		}
		account, key, ok := keyOf(l.ID)
		if !ok || account != m.id {
			return refuse(http.StatusUnprocessableEntity, "invalid_id", "the ID is not one that this account may choose")
		}
		p.id, p.key = l.ID, key
	}
	return nil
}

// read reads a request: a letter with its files or, where l is nil, files alone.
func read(r *http.Request, l *letter) (map[int][]byte, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	if !isForm(r) {
		return nil, decode(r.Body, l)
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	files, seen := map[int][]byte{}, l == nil
	for {
		part, err := form.NextPart()
		if err == io.EOF && seen {
			_, err = io.Copy(io.Discard, r.Body) // net/http notices that a client goes only after the end
			return files, err
		}
		if err != nil {
			return nil, err
		}
		if part.FormName() == letterField && l != nil {
			if err := decode(part, l); err != nil {
				return nil, err
			}
			seen = true
			continue
		}
		if err := readFile(part, files); err != nil {
			return nil, err
		}
	}
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

func readFile(part *multipart.Part, files map[int][]byte) error {
	digits, ok := strings.CutPrefix(part.FormName(), mediaField)
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 {
		return fmt.Errorf("there is no field %q", part.FormName())
	}
	files[i], err = io.ReadAll(part)
	return err
}

// decode reads one JSON value, to the end.
func decode(r io.Reader, v any) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// idFor is the ID that a client of the class ClientID gives the post of a key: the same
// for the same account and key, and never that of another.
func idFor(account, key string) string {
	return "c" + base64.RawURLEncoding.EncodeToString([]byte(account+"/"+key))
}

// keyOf returns what idFor made an ID of.
func keyOf(id string) (account, key string, ok bool) {
	coded, ok := strings.CutPrefix(id, "c")
	if !ok {
		return "", "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(coded)
	if err != nil {
		return "", "", false
	}
	account, key, ok = strings.Cut(string(b), "/")
	return account, key, ok && account != "" && key != ""
}
