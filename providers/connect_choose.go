package providers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/parvis-go/parvis"
)

type choicesPage struct {
	Form    Form
	ID      string
	Notes   []string
	Choices []choiceView
	Notice  *notice
}

// A choiceView is one account that can be chosen, as the page shows it.
type choiceView struct {
	Choice
	Index  int
	Title  string
	Chosen bool
	// Can is false if there is no token to store. Known tells that the account is kept already.
	Can, Known bool
	// Silent tells that the network does not say what it granted.
	Silent bool
	Lacks  []Lack
	Powers []powerView
}

// A powerView is what a power needs, and whether all of it was granted.
type powerView struct {
	Name  string
	Needs []string
	Has   bool
}

// grant takes the grant that waits under the ticket in the address.
func (t *turn) grant(ctx context.Context) (id string, w waiting, err error) {
	id = t.r.PathValue("id")
	w, err = t.take(ctx, "ticket", id)
	if err == nil && (w.Grant == nil || t.flows[w.Flow] == nil) {
		err = refusedOther
	}
	return id, w, err
}

// choices shows what a grant gives access to. It stays until it ends, so that the page
// can be loaded again.
func (t *turn) choices() error {
	ctx, cancel := t.doing()
	defer cancel()
	id, w, err := t.grant(ctx)
	if err == nil {
		err = t.put(ctx, "ticket", id, w)
	}
	if err == nil {
		t.showChoices(ctx, http.StatusOK, id, w, nil)
	}
	return err
}

func (t *turn) showChoices(ctx context.Context, status int, id string, w waiting, n *notice) {
	f := t.flows[w.Flow]
	p := choicesPage{Form: f.Form(), ID: id, Notes: w.Grant.Notes, Notice: n}
	for i, c := range w.Grant.Choices {
		v := t.view(f, w.Grant, c)
		v.Index, v.Chosen = i, v.Can && c.Problem == "" && len(w.Grant.Choices) == 1
		_, err := t.keeper.Load(ctx, t.own(c.Account))
		v.Known = err == nil
		p.Choices = append(p.Choices, v)
	}
	t.show(status, "Choose accounts", "choose", p)
}

// own is the account as it is kept: this client's.
func (t *turn) own(a parvis.Account) parvis.Account {
	a.Client = t.keeper.Client()
	return a
}

func (t *turn) view(f Flow, g *waitingGrant, c waitingChoice) choiceView {
	v := choiceView{Choice: c.Choice, Title: cmp.Or(c.Account.Name, c.Account.Handle, c.Account.ID), Can: c.Value != ""}
	v.URL, v.Avatar = webAddress(c.URL), webAddress(c.Avatar)
	granted := c.Token.Scopes
	if granted == nil {
		granted = g.Scopes
	}
	if v.Silent = granted == nil; v.Silent {
		return v
	}
	covers := func(granted []string, needed string) bool { return slices.Contains(granted, needed) }
	if coverer, ok := f.(Coverer); ok {
		covers = coverer.Covers
	}
	m := f.Form().Manifest
	for _, l := range m.Lacking(granted, covers) {
		if l.Powers = slices.DeleteFunc(l.Powers, t.unwanted); len(l.Powers) > 0 {
			v.Lacks = append(v.Lacks, l)
		}
	}
	for _, p := range Powers() {
		if needs := m.Scopes[p]; len(needs) > 0 && !t.unwanted(p) {
			v.Powers = append(v.Powers, powerView{p, needs, !slices.ContainsFunc(needs, func(s string) bool { return !covers(granted, s) })})
		}
	}
	return v
}

func (t *turn) unwanted(power string) bool {
	return len(t.powers) > 0 && !slices.Contains(t.powers, power)
}

// webAddress is an address that may be linked to, or nothing.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

// choose stores what was chosen, and says so on a page of its own. What could not be
// stored can be chosen again.
func (t *turn) choose() error {
	ctx, cancel := t.doing()
	defer cancel()
	id, w, err := t.grant(ctx)
	if err != nil {
		return err
	}
	if t.r.PostForm.Has("cancel") {
		return t.tell(ctx, w.Flow, notice{
			Title: "Nothing was connected", Text: "Nothing was stored.",
			Help: "The network may still list this application among those that you allowed; you can take that back there.",
		})
	}
	picks, err := t.picks(w.Grant)
	var stored []parvis.Account
	if err == nil {
		stored, err = t.store(ctx, w, picks)
	}
	if err != nil {
		return t.chooseAgain(ctx, id, w, picks[:len(stored)], err)
	}
	n := notice{Title: "Connected", Notes: w.Grant.Notes}
	for _, a := range stored {
		n.Accounts = append(n.Accounts, a.String())
	}
	if err := t.opened(ctx, stored); err != nil {
		why := t.explain(err)
		n.Bad, n.Title, n.Text, n.Help, n.ID = true, "Connected, but not in use yet", why.Text, why.Help, why.ID
	}
	return t.tell(ctx, w.Flow, n)
}

// chooseAgain shows what is left to choose after a failure.
func (t *turn) chooseAgain(ctx context.Context, id string, w waiting, stored []pick, failure error) error {
	n := t.explain(failure)
	var accounts []parvis.Account
	for _, p := range stored {
		accounts = append(accounts, t.own(w.Grant.Choices[p.index].Account))
		n.Accounts = append(n.Accounts, t.own(w.Grant.Choices[p.index].Account).String())
	}
	if err := t.opened(ctx, accounts); err != nil {
		t.explain(err)
	}
	for _, p := range slices.Backward(stored) {
		w.Grant.Choices = slices.Delete(w.Grant.Choices, p.index, p.index+1)
	}
	if err := t.put(ctx, "ticket", id, w); err != nil {
		return err
	}
	t.showChoices(ctx, http.StatusUnprocessableEntity, id, w, n)
	return nil
}

func (t *turn) opened(ctx context.Context, accounts []parvis.Account) error {
	if t.done == nil || len(accounts) == 0 {
		return nil
	}
	return t.done(ctx, accounts)
}

// A pick is a chosen account with its place.
type pick struct {
	index int
	place parvis.Place
}

// picks reads what was chosen, in the order of the page.
func (t *turn) picks(g *waitingGrant) ([]pick, error) {
	var picks []pick
	for i, c := range g.Choices {
		n := strconv.Itoa(i)
		if !slices.Contains(t.r.PostForm["pick"], n) {
			continue
		}
		if c.Value == "" {
			return nil, connectInvalid(c.Account.String()+" cannot be connected", cmp.Or(c.Problem, "choose another"))
		}
		p := pick{index: i}
		if at := t.r.PostForm.Get("place." + n); at != "" {
			j := slices.IndexFunc(c.Places, func(pl parvis.Place) bool { return pl.Ref.String() == at })
			if j < 0 {
				return nil, connectInvalid(c.Account.String()+" has no such place", "choose one from the list")
			}
			p.place = c.Places[j]
		}
		picks = append(picks, p)
	}
	if len(picks) == 0 {
		return nil, connectInvalid("no account was chosen", "tick at least one, or leave without connecting")
	}
	return picks, nil
}

// store keeps the picks, and returns those that it kept before something failed.
func (t *turn) store(ctx context.Context, w waiting, picks []pick) ([]parvis.Account, error) {
	g, flow := w.Grant, w.Flow
	var stored []parvis.Account
	for _, p := range picks {
		c := g.Choices[p.index]
		token := c.token()
		t.hide(token.Value, token.Refresh)
		if token.Scopes == nil {
			token.Scopes = g.Scopes
		}
		if token.Extra == nil {
			token.Extra = map[string]string{}
		}
		token.Extra[FlowKey] = flow
		if !p.place.IsZero() {
			place := p.place.Ref
			place.Client = t.keeper.Client()
			token.Extra[PlaceKey] = place.String()
		}
		a, err := t.keep(ctx, t.own(c.Account), token)
		if err != nil {
			return stored, err
		}
		stored = append(stored, a)
	}
	return stored, nil
}

// A connector is a Keeper that knows how a new token takes the place of an old one.
type connector interface {
	Keep(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Account, error)
}

// keep stores a token, in the place of any that is there.
func (t *turn) keep(ctx context.Context, a parvis.Account, token parvis.Token) (parvis.Account, error) {
	if c, ok := t.keeper.(connector); ok {
		return c.Keep(ctx, a, token)
	}
	var err error
	for range 3 { // a refresh of the old token may come between
		var old parvis.Token
		old, err = t.keeper.Load(ctx, a)
		if err != nil && !errors.Is(err, parvis.ErrNotFound) {
			return a, err
		}
		token.Version = old.Version
		if _, err = t.keeper.Save(ctx, a, token); !errors.Is(err, parvis.ErrConflict) {
			return a, err
		}
	}
	return a, err
}
