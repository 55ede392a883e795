// Gen writes what is made, not typed: the table of networks and powers in the README,
// from the manifests of the providers. With -check it writes nothing and fails if
// something is stale.
//
//go:generate go run .
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/providers/fake"
)

const (
	begin = "<!-- networks: made by go generate ./internal/gen -->"
	end   = "<!-- end of networks -->"
)

func main() {
	check := flag.Bool("check", false, "fail if the table is stale, write nothing")
	readme := flag.String("readme", "../../README.md", "the file that holds the table")
	flag.Parse()
	if err := run(*readme, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(readme string, check bool) error {
	old, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	manifests := []providers.Manifest{fake.Manifest()}
	for _, o := range all.Openers() {
		if ds := providers.Disagreements(o.Manifest, o.Zero); len(ds) > 0 {
			return fmt.Errorf("%s: %s", o.Manifest.Network, strings.Join(ds, "; "))
		}
		manifests = append(manifests, o.Manifest)
	}
	fresh, err := splice(old, table(manifests))
	switch {
	case err != nil:
		return err
	case bytes.Equal(old, fresh):
		return nil
	case check:
		return errors.New("the table of networks is stale; run go generate ./internal/gen")
	}
	return os.WriteFile(readme, fresh, 0o600)
}

// splice puts the table between the marks.
func splice(text []byte, table string) ([]byte, error) {
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return nil, fmt.Errorf("the marks %q and %q are not there", begin, end)
	}
	return []byte(before + begin + "\n\n" + table + "\n" + end + after), nil
}

// table has a row per power and a column per network, and the restrictions as notes below.
func table(ms []providers.Manifest) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, m := range ms {
		b.WriteString(" " + m.Title + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(ms)) + "\n")
	var notes []string
	for _, power := range providers.Powers() {
		label := power
		if !strings.Contains(power, ".") {
			label = "**" + power + "**"
		}
		b.WriteString("| " + label + " |")
		for _, m := range ms {
			degree, restriction, partly := strings.Cut(m.Powers[power], ": ")
			if partly {
				notes = append(notes, fmt.Sprintf("%s, %s: %s.", m.Title, power, restriction))
				degree = fmt.Sprintf("partly [%d]", len(notes))
			}
			b.WriteString(" " + orDash(degree) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("| tested against |")
	for _, m := range ms {
		b.WriteString(" " + m.Proof + " |")
	}
	b.WriteString("\n\n")
	for i, n := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, n)
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
