package contract

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Lexicons are the descriptions of the methods and records of the AT Protocol, ready to
// check against.
//
// https://atproto.com/specs/lexicon
type Lexicons struct {
	defs map[string]*definition // by "id#name"
}

// definition is one definition of a lexicon, or a part of one.
type definition struct {
	Type string `json:"type"`
	home string // the lexicon that it is in, for references without one

	// Of methods and records.
	Parameters    *definition `json:"parameters"`
	Input, Output *body
	Record        *definition  `json:"record"`
	Key           string       `json:"key"`
	Errors        []errorNamed `json:"errors"`

	// Of objects and parameters.
	Required   []string               `json:"required"`
	Nullable   []string               `json:"nullable"`
	Properties map[string]*definition `json:"properties"`

	// Of references and unions.
	Ref    string   `json:"ref"`
	Refs   []string `json:"refs"`
	Closed bool     `json:"closed"`

	// Of values.
	Items        *definition `json:"items"`
	Format       string      `json:"format"`
	MinLength    int         `json:"minLength"`
	MaxLength    int         `json:"maxLength"`
	MinGraphemes int         `json:"minGraphemes"`
	MaxGraphemes int         `json:"maxGraphemes"`
	Minimum      *float64    `json:"minimum"`
	Maximum      *float64    `json:"maximum"`
	Enum         []any       `json:"enum"`
	Const        any         `json:"const"`
	Accept       []string    `json:"accept"`
	MaxSize      int64       `json:"maxSize"`
}

// body is what a method takes or gives.
type body struct {
	Encoding string      `json:"encoding"`
	Schema   *definition `json:"schema"`
}

type errorNamed struct {
	Name string `json:"name"`
}

// Bluesky reads the lexicons in dir.
func Bluesky(dir string) (*Lexicons, error) {
	l := &Lexicons{defs: map[string]*definition{}}
	root := filepath.Join(dir, "bluesky", "lexicons")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := l.add(raw); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	return l, err
}

func (l *Lexicons) add(raw []byte) error {
	var file struct {
		ID   string                 `json:"id"`
		Defs map[string]*definition `json:"defs"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return err
	}
	for name, d := range file.Defs {
		d.settle(file.ID)
		l.defs[file.ID+"#"+name] = d
	}
	return nil
}

// settle tells a definition and its parts where they are.
func (d *definition) settle(home string) {
	if d == nil {
		return
	}
	d.home = home
	for _, b := range []*body{d.Input, d.Output} {
		if b != nil {
			b.Schema.settle(home)
		}
	}
	for _, part := range []*definition{d.Parameters, d.Record, d.Items} {
		part.settle(home)
	}
	for _, p := range d.Properties {
		p.settle(home)
	}
}

// full is a reference with its lexicon and name: "#x" and "a.b.c" lack one of them.
func full(home, ref string) string {
	switch {
	case strings.HasPrefix(ref, "#"):
		return home + ref
	case strings.Contains(ref, "#"):
		return ref
	}
	return ref + "#main"
}

// method is the definition of a query or procedure; nil if there is none.
func (l *Lexicons) method(nsid string) *definition {
	d := l.defs[nsid+"#main"]
	if d == nil || d.Type != "query" && d.Type != "procedure" {
		return nil
	}
	return d
}
