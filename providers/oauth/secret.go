package oauth

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
)

// A Checker asks the network whose token t is. What it leaves out of the choice is filled.
// o are the options to make calls with.
type Checker func(ctx context.Context, o *providers.Options, t parvis.Token) (providers.Choice, error)

// Secret is the flow of what somebody types: an app password, a bot token, an API key. It
// is over when it starts.
type Secret struct {
	// Manifest describes the network.
	Manifest providers.Manifest
	// Name names the flow; the network if empty. Way is how people call the secret: "app
	// password", which it is if empty.
	Name, Way string
	// Fields are what is typed; nil is one field called "secret". One of them must be the
	// Field; the others go into the token's Extra under their names.
	Fields []providers.Field
	// Field is the name of the field that is the token's Value; "secret" if empty.
	Field string
	// Check asks the network who that is.
	Check Checker
	// Options are how calls are made; nil is fine.
	Options *providers.Options
}

var _ providers.Flow = (*Secret)(nil)

// Form describes the network and what is typed.
func (s *Secret) Form() providers.Form {
	way := cmp.Or(s.Way, "app password")
	fields := s.Fields
	if fields == nil {
		fields = []providers.Field{{Name: s.field(), Label: strings.ToUpper(way[:1]) + way[1:], Secret: true}}
	}
	return providers.Form{Manifest: s.Manifest, Way: way, Name: cmp.Or(s.Name, string(s.Manifest.Network)), Fields: fields}
}

func (s *Secret) field() string { return cmp.Or(s.Field, "secret") }

// Start checks what was typed with the network. A field that is empty gives
// [parvis.ErrInvalid] before the network is touched, a secret that the network does not
// accept [parvis.ErrAuth].
func (s *Secret) Start(ctx context.Context, in providers.Input) (providers.Step, error) {
	w := newWire(parvis.Account{Network: s.Manifest.Network}, s.Options)
	t, err := typed(w, s.Form(), s.field(), in.Values)
	if err != nil {
		return providers.Step{}, err
	}
	return check(ctx, w, s.Check, t, t)
}

// Finish is never needed, and gives [parvis.ErrUnsupported].
func (s *Secret) Finish(context.Context, providers.Step, url.Values) (providers.Grant, error) {
	return providers.Grant{}, noVisit(s.Manifest.Network)
}

func noVisit(n parvis.Network) error {
	return &parvis.Error{Op: "connect", Network: n, Code: parvis.ErrUnsupported, Message: "this way of connecting has no visit to come back from", Help: "take the grant of its start"}
}

// typed makes a token of what was typed, without the space around it.
func typed(w *wire, f providers.Form, field string, values map[string]string) (parvis.Token, error) {
	t := parvis.Token{Extra: map[string]string{}}
	for _, one := range f.Fields {
		v := strings.TrimSpace(values[one.Name])
		switch {
		case v == "" && !one.Optional:
			return t, w.fault("connect", parvis.ErrInvalid, cmp.Or(one.Label, one.Name)+" is missing", cmp.Or(one.Help, "fill it in"))
		case strings.ContainsAny(v, "\r\n\x00") && one.Name != field:
			return t, w.fault("connect", parvis.ErrInvalid, cmp.Or(one.Label, one.Name)+" has more than one line", "paste it without a line break")
		case one.Name == field:
			t.Value = v
		case v != "":
			t.Extra[one.Name] = v
		}
	}
	return t, nil
}

// check asks whose token used is, and grants kept.
func check(ctx context.Context, w *wire, ask Checker, used, kept parvis.Token) (providers.Step, error) {
	if ask == nil {
		return providers.Step{}, w.fault("connect", parvis.ErrInvalid, "the flow has no function that checks a secret", "set Check")
	}
	ch, err := ask(ctx, &w.options, used)
	if err != nil {
		return providers.Step{}, w.explain(parvis.In(err, w.account, "connect", parvis.ErrUnavailable))
	}
	g := providers.Grant{Choices: []providers.Choice{ch}}
	if g.Choices[0].Token.Value == "" {
		extra := maps.Clone(kept.Extra)
		maps.Copy(extra, ch.Token.Extra)
		kept.Extra = extra
		kept.Scopes = ch.Token.Scopes
		g.Choices[0].Token = kept
	}
	fill(&g, g.Choices[0].Token, w.account.Network)
	w.note(&g)
	return providers.Step{Grant: &g}, nil
}
