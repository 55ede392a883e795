package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// A composeForm is the compose page as somebody filled it in.
type composeForm struct {
	Text, Title, Link, Lang, Warning, Tags, Alt string
	// To are the chosen accounts, On what is different for each network.
	To map[string]bool
	On map[string]composeOverride
	// Opts are the chosen publish.Options.
	Opts map[publish.Option]bool
	// Image is the picture, Key the key of the draft.
	Image *parvis.Media
	Key   string
}

// A composeOverride is the part of the form that is for one network.
type composeOverride struct{ Text, Place, At, Categories string }

// An offer is an option that the form offers, in the words of the desk.
type offer struct {
	Option publish.Option
	Label  string
}

var offers = []offer{
	{publish.RequireAlt, "Insist on descriptions of pictures"},
	{publish.RequireLang, "Insist on a language"},
	{publish.Shorten, "Shorten what is too long"},
	{publish.DropExtras, "Leave out what a network has no place for"},
	{publish.DropMedia, "Leave out pictures that are too many"},
}

// localTime is how browsers write a time of day in a datetime-local field.
const localTime = "2006-01-02T15:04"

// composeOf reads the form. The picture comes with it, or is the one that the session
// kept when the form was checked.
func composeOf(v visit) (composeForm, error) {
	f := v.r.PostForm
	c := composeForm{
		Text: unix(f.Get("text")), Title: f.Get("title"), Link: strings.TrimSpace(f.Get("link")),
		Lang: strings.TrimSpace(f.Get("lang")), Warning: f.Get("warning"), Tags: f.Get("tags"), Alt: f.Get("alt"),
		Key: f.Get("key"), To: map[string]bool{}, On: map[string]composeOverride{}, Opts: map[publish.Option]bool{},
	}
	for _, a := range v.client.Accounts() {
		c.To[a.Key()] = slices.Contains(f["to"], a.Key())
		n := a.Network()
		c.On[n] = composeOverride{
			Text: unix(f.Get("text_" + n)), Place: f.Get("place_" + n),
			At: f.Get("at_" + n), Categories: f.Get("categories_" + n),
		}
	}
	for _, o := range offers {
		c.Opts[o.Option] = slices.Contains(f["opt"], string(o.Option))
	}
	if f.Get("forget") != "" {
		v.sess.keep(nil)
	}
	if err := takeImage(v); err != nil {
		return c, err
	}
	c.Image = v.sess.kept()
	return c, nil
}

// unix undoes what forms do to the ends of lines, which would count twice.
func unix(s string) string { return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s) }

// takeImage keeps the picture that came with the form, if one did.
func takeImage(v visit) error {
	file, head, err := v.r.FormFile("image")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if err != nil {
		return refusal{http.StatusBadRequest, "The picture could not be read."}
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if err != nil {
		return refusal{http.StatusBadRequest, "The picture could not be read."}
	}
	if len(b) > 0 {
		v.sess.keep(new(parvis.FromBytes(head.Filename, b)))
	}
	return nil
}

// Intention is the key under which the form is sent. The same form sent twice is one
// intention; one that was changed after going back to its page is another.
func (c composeForm) Intention() string {
	c.Image = nil
	all, _ := json.Marshal(c) // strings and maps of them always marshal
	return c.Key + "-" + fmt.Sprintf("%x", sha256.Sum256(all))[:16]
}

// Draft is the form as a draft for all networks.
func (c composeForm) Draft() (publish.Draft, error) {
	d := publish.Draft{
		Text: c.Text, Title: c.Title, Link: c.Link, Lang: c.Lang, Warning: c.Warning,
		Tags: list(c.Tags), Key: c.Key, On: map[parvis.Network]publish.Override{},
	}
	if c.Image != nil {
		d.Media = []parvis.Media{c.Image.WithAlt(c.Alt)}
	}
	for network, o := range c.On {
		place, err := parvis.ParseRef(o.Place)
		if err != nil {
			return d, refusal{http.StatusBadRequest, "The place is none of this network’s."}
		}
		over := publish.Override{Text: o.Text, Place: parvis.Place{Ref: place}, Categories: list(o.Categories)}
		if o.At != "" {
			if over.At, err = time.ParseInLocation(localTime, o.At, time.Local); err != nil {
				return d, refusal{http.StatusBadRequest, "The time is not one."}
			}
		}
		d.On[parvis.Network(network)] = over
	}
	return d, nil
}

// list splits words at commas.
func list(s string) []string {
	var words []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimPrefix(strings.TrimSpace(w), "#"); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// Options are the chosen options, in the order in which they are offered.
func (c composeForm) Options() []publish.Option {
	var opts []publish.Option
	for _, o := range offers {
		if c.Opts[o.Option] {
			opts = append(opts, o.Option)
		}
	}
	return opts
}

// A choice is one account of the compose form, with what it can be told.
type choice struct {
	Account *Account
	// First tells that no account before it is on its network.
	First   bool
	Support publish.Support
	Places  []parvis.Place
	Trouble *trouble
}

// choices are the accounts of c with what each can be told.
func choices(ctx context.Context, c *Client) []choice {
	var cs []choice
	for _, a := range c.Accounts() {
		ch := choice{Account: a, First: !slices.ContainsFunc(cs, func(c choice) bool { return c.Account.Network() == a.Network() })}
		var err error
		if ch.Support, err = publish.SupportOf(ctx, a, parvis.Place{}); err == nil && ch.Support.Places.OK() {
			for place, perr := range publish.PlacesOf(ctx, a) {
				if err = perr; err != nil {
					break
				}
				ch.Places = append(ch.Places, place)
			}
		}
		ch.Trouble = explain(err)
		cs = append(cs, ch)
	}
	return cs
}

// A composeBody is what the compose page shows.
type composeBody struct {
	Form     composeForm
	Choices  []choice
	Verdicts []verdict
	Offers   []offer
	Langs    []string
}

func (s *server) compose(v visit, f composeForm) error {
	vs, err := verdicts(v.r.Context(), v.client, f)
	if err != nil {
		return err
	}
	f.Image = v.sess.kept()
	return s.render(v, http.StatusOK, "compose", "Compose", composeBody{
		Form: f, Choices: choices(v.r.Context(), v.client),
		Verdicts: vs, Offers: offers, Langs: []string{"fr", "en", "de", "es"},
	})
}

// composePage shows an empty form, or the one of an earlier publication whose targets
// failed, to be mended.
func (s *server) composePage(v visit) error {
	f := composeForm{Lang: "fr", To: map[string]bool{}, On: map[string]composeOverride{}, Opts: map[publish.Option]bool{publish.RequireAlt: true}}
	for _, a := range v.client.Accounts() {
		f.To[a.Key()] = true
	}
	if sent, ok := v.client.Book.Sent(v.r.URL.Query().Get("from")); ok {
		f = sent.Form
		v.sess.keep(f.Image)
		f.To = map[string]bool{}
		for _, t := range sent.Targets {
			f.To[t.Account.Key()] = t.Outcome.State == publish.NotSent || t.Outcome.State == publish.Rejected
		}
	} else if v.r.URL.Query().Get("new") != "" {
		v.sess.keep(nil)
	}
	f.Key = rand.Text()
	return s.compose(v, f)
}

// check answers what each network says to the draft: alone, for the page that asks while
// somebody types, or as the whole page.
func (s *server) check(v visit) error {
	f, err := composeOf(v)
	if err != nil {
		return err
	}
	if v.r.Header.Get("X-Fragment") == "" {
		return s.compose(v, f)
	}
	vs, err := verdicts(v.r.Context(), v.client, f)
	if err != nil {
		return err
	}
	b, err := s.fragment("compose", "verdicts", vs)
	if err == nil {
		v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err = v.w.Write(b)
	}
	return err
}
