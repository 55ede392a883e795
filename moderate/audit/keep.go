package audit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// The bounds of a record's fields, in bytes.
const (
	maxName  = 1 << 10
	maxWords = 4 << 10
)

// keepable returns r as it is kept, or says why it is not.
func keepable(r parvis.Record) (parvis.Record, error) {
	switch y := r.Time.UTC().Year(); {
	case r.Client == "":
		return r, invalid("the record names no client", "set Client to the organisation that the account speaks for")
	case r.Op == "":
		return r, invalid("the record does not say what was done", "set Op")
	case r.Time.IsZero():
		return r, invalid("the record has no time", "set Time to when the act was done")
	case y < 1 || y > 9999:
		return r, invalid(fmt.Sprintf("the record's time is in the year %d", y), "set Time to when the act was done")
	}
	for _, f := range [...]struct{ name, text string }{
		{"Client", r.Client},
		{"Account", r.Account},
		{"Actor", r.Actor},
		{"Op", r.Op},
		{"Outcome", r.Outcome},
		{"Ref.Client", r.Ref.Client},
		{"Ref.Network", string(r.Ref.Network)},
		{"Ref.Host", r.Ref.Host},
		{"Ref.Kind", string(r.Ref.Kind)},
		{"Ref.ID", r.Ref.ID},
	} {
		if err := bounded(f.name, f.text); err != nil {
			return r, err
		}
	}
	r.Reason, r.Detail = words(r.Reason), words(r.Detail)
	return r, nil
}

// bounded refuses a name that is too long, or that not every database can hold.
func bounded(name, text string) error {
	switch {
	case len(text) > maxName:
		return invalid(fmt.Sprintf("%s has %d bytes, and a record takes %d", name, len(text), maxName), "put what is long into Detail")
	case !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0:
		return invalid(name+" is not text: it is not valid UTF-8, or holds a zero byte", "clean it before it is recorded")
	}
	return nil
}

// words returns s as every database can hold it, without credentials and within bounds.
func words(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	s = httpx.Redact(s) // before it is cut, or half a credential might no longer look like one
	if len(s) <= maxWords {
		return s
	}
	const mark = "…"
	end := maxWords - len(mark)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

func invalid(message, help string) *parvis.Error {
	return &parvis.Error{Op: "record", Code: parvis.ErrInvalid, Message: message, Help: help}
}

// refused says which of several records it was.
func refused(i, of int, err error) error {
	if e, ok := err.(*parvis.Error); ok && of > 1 { //nolint:errorlint // made just above
		e.Message = fmt.Sprintf("record %d of %d: %s", i+1, of, e.Message)
	}
	return err
}
