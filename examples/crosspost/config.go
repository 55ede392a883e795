package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/publish"
)

// openAccounts reads the configuration and opens every account in it. No network is called.
func openAccounts(file string, openers []providers.Opener) ([]publish.Publisher, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	var config struct {
		Accounts []struct {
			providers.Settings
			Secret string `json:"secret"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal(b, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(config.Accounts) == 0 {
		return nil, fmt.Errorf("%s names no accounts", file)
	}
	var accounts []publish.Publisher
	for i, a := range config.Accounts {
		if a.Settings.Secret, err = secret(a.Secret, filepath.Dir(file)); err != nil {
			return nil, fmt.Errorf("%s: account %d: %w", file, i+1, err)
		}
		p, err := providers.Open(openers, a.Settings, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: account %d: %w", file, i+1, err)
		}
		pub, ok := parvis.As[publish.Publisher](p)
		if !ok {
			return nil, fmt.Errorf("%s: account %d: %s cannot publish", file, i+1, a.Network)
		}
		accounts = append(accounts, pub)
	}
	return accounts, nil
}

// secret finds the secret that the configuration points to: "env:NAME" or "file:path".
// A secret in the configuration itself is refused, for such files get copied about.
func secret(where, dir string) (string, error) {
	name, isEnv := strings.CutPrefix(where, "env:")
	path, isFile := strings.CutPrefix(where, "file:")
	switch {
	case isEnv:
		if v := os.Getenv(name); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the environment variable %s is empty", name)
	case isFile:
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		b, err := os.ReadFile(path)
		return strings.TrimSpace(string(b)), err
	case where == "":
		return "", nil
	}
	return "", errors.New(`a secret is written "env:NAME" or "file:path"`)
}

// readDraft makes the draft from the file or from the flags.
func readDraft(f flags) (publish.Draft, error) {
	if f.draft == "" {
		d := publish.Draft{Text: f.text, Title: f.title, Lang: f.lang}
		if f.media != "" {
			d.Media = []parvis.Media{parvis.FromFile(f.media).WithAlt(f.alt)}
		}
		return d, nil
	}
	b, err := os.ReadFile(f.draft)
	if err != nil {
		return publish.Draft{}, fmt.Errorf("read the draft: %w", err)
	}
	var d publish.Draft
	if err := json.Unmarshal(b, &d); err != nil {
		return publish.Draft{}, fmt.Errorf("%s: %w", f.draft, err)
	}
	beside := func(media []parvis.Media) {
		for i, m := range media {
			if m.URL == "" {
				file := parvis.FromFile(filepath.Join(filepath.Dir(f.draft), filepath.FromSlash(m.Name)))
				file.Type, file.Focus = m.Type, m.Focus
				media[i] = file.WithAlt(m.Alt)
			}
		}
	}
	beside(d.Media)
	for _, o := range d.On {
		beside(o.Media)
	}
	return d, nil
}
