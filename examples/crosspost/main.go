// Crosspost sends one draft to several accounts.
//
//	crosspost -config accounts.json -text "Bonjour !"            publish
//	crosspost -config accounts.json -draft news.json -check      list the problems, send nothing
//	crosspost -config accounts.json -draft news.json -dry-run    show what each account would get
//
// The configuration names the accounts; secrets stay outside it, in the environment
// ("env:NAME") or in files ("file:path"):
//
//	{"accounts": [
//	  {"network": "mastodon", "server": "https://mastodon.example", "secret": "env:MASTODON_TOKEN"},
//	  {"network": "wordpress", "server": "https://blog.example", "user": "acme", "secret": "file:blog.txt"}
//	]}
//
// A draft is the JSON form of publish.Draft; its media are files beside it, by name.
// The exit status is 0 if every account published, 1 if one did not, 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/all"
	"github.com/parvis-go/parvis/publish"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, all.Openers())
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, errSome):
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "crosspost:", err)
	os.Exit(2)
}

// errSome means that an account did not publish; the output says which and why.
var errSome = errors.New("not every account published")

type flags struct {
	config, draft, text, title, media, alt, lang string
	check, dryRun, shorten, requireAlt           bool
}

func parse(args []string, out io.Writer) (flags, error) {
	var f flags
	fs := flag.NewFlagSet("crosspost", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&f.config, "config", "accounts.json", "the accounts to publish to")
	fs.StringVar(&f.draft, "draft", "", "a draft in JSON; instead of -text and its companions")
	fs.StringVar(&f.text, "text", "", "what to say")
	fs.StringVar(&f.title, "title", "", "the headline, for networks that have one")
	fs.StringVar(&f.media, "media", "", "a picture or video to attach")
	fs.StringVar(&f.alt, "alt", "", "what -media shows, for those who cannot see it")
	fs.StringVar(&f.lang, "lang", "", "the language, such as fr")
	fs.BoolVar(&f.check, "check", false, "list the problems of the draft, send nothing")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what each account would get, send nothing")
	fs.BoolVar(&f.shorten, "shorten", false, "cut texts that are too long, drop what a network has no place for")
	fs.BoolVar(&f.requireAlt, "require-alt", false, "refuse media without alternative text")
	if err := fs.Parse(args); err != nil {
		return f, err
	}
	if fs.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return f, nil
}

func (f flags) options() []publish.Option {
	var opts []publish.Option
	if f.shorten {
		opts = append(opts, publish.Shorten, publish.DropExtras)
	}
	if f.requireAlt {
		opts = append(opts, publish.RequireAlt)
	}
	return opts
}

func run(ctx context.Context, args []string, out io.Writer, openers []providers.Opener) error {
	f, err := parse(args, out)
	if err != nil {
		return err
	}
	accounts, err := openAccounts(f.config, openers)
	if err != nil {
		return err
	}
	draft, err := readDraft(f)
	if err != nil {
		return err
	}
	switch {
	case f.check:
		return check(ctx, out, draft, accounts, f.options())
	case f.dryRun:
		return dryRun(ctx, out, draft, accounts, f.options())
	}
	return send(ctx, out, draft, accounts, f.options())
}
