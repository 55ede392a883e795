package providers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
)

// A refusal is why a callback or a form is not honoured. Its text is on a page that
// anybody may see.
type refusal string

// Error returns the name by which the list of networks knows it.
func (r refusal) Error() string { return "refused: " + string(r) }

// The refusals.
const (
	refusedUnknown = refusal("used") // no such state, or used, or too old
	refusedBrowser = refusal("browser")
	refusedOther   = refusal("other") // another client, flow or address
	refusedBroken  = refusal("broken")
	refusedFailed  = refusal("failed")
)

// refusals are the notices of the refusals.
var refusals = map[refusal]notice{
	refusedUnknown: {
		Bad: true, Title: "Too late, or done already", Text: "This visit to the network was finished before, or took too long. Nothing was stored.",
		Help: "Choose the network below, and start again.",
	},
	refusedBrowser: {
		Bad: true, Title: "Another browser", Text: "This visit to the network was started in another browser. Nothing was stored.",
		Help: "If you started it, start again in this browser, with cookies allowed. If somebody sent you here by a link, do not follow it again.",
	},
	refusedOther: {
		Bad: true, Title: "Another client or network", Text: "This answer belongs to a visit for another client or network. Nothing was stored.",
		Help: "Choose the network below, and start again.",
	},
	refusedBroken: {
		Bad: true, Title: "Not an answer", Text: "The network sent you back with something that cannot be read. Nothing was stored.",
		Help: "Choose the network below, and start again. If it happens again, look at the application’s settings at the network.",
	},
	refusedFailed: {
		Bad: true, Title: "Something failed here", Text: "The network sent you back, and then something failed on this side. Nothing was stored.",
		Help: "Start again in some minutes. If it happens again, whoever runs this finds the reason in the log.",
	},
}

type listPage struct {
	Client string
	Forms  []Form
	Notice *notice
}

// list shows the flows, and why somebody was sent back here.
func (t *turn) list() error {
	t.know()
	p := listPage{Client: t.keeper.Client(), Forms: t.order}
	if n, ok := refusals[refusal(t.r.URL.Query().Get("notice"))]; ok {
		p.Notice = &n
	}
	t.show(http.StatusOK, "Connect an account", "list", p)
	return nil
}

type formPage struct {
	Form   Form
	Values map[string]string
	Scopes []string
	Notice *notice
	Missed map[string]bool
}

// form shows what a flow wants to know.
func (t *turn) form() error {
	_, form, err := t.flow()
	if err != nil {
		return err
	}
	t.showForm(http.StatusOK, formPage{Form: form})
	return nil
}

func (t *turn) showForm(status int, p formPage) {
	t.know()
	p.Scopes = p.Form.Manifest.ScopesFor(t.powers...)
	t.show(status, "Connect "+p.Form.Manifest.Title, "form", p)
}

// start begins a flow with what somebody filled in, and sends the browser to the network.
func (t *turn) start() error {
	f, form, err := t.flow()
	if err != nil {
		return err
	}
	values, missed := t.values(form)
	page := formPage{Form: form, Values: shown(form, values), Missed: missed}
	if len(missed) > 0 {
		page.Notice = &notice{Bad: true, Title: "Something is missing", Text: "Fill in what is marked below."}
		t.showForm(http.StatusUnprocessableEntity, page)
		return nil
	}
	ctx, cancel := t.doing()
	defer cancel()
	state := newSecret()
	t.hide(state)
	step, err := f.Start(ctx, Input{Values: values, Callback: t.callbackOf(form.Name), State: state, Powers: slices.Clone(t.powers)})
	if err == nil {
		t.hideKept(step.Keep)
		err = t.begin(ctx, form, state, step)
	}
	if err != nil {
		page.Notice = t.explain(err)
		t.showForm(http.StatusUnprocessableEntity, page)
	}
	return nil
}

// values reads the fields of the form, and those that are missing.
func (t *turn) values(form Form) (values map[string]string, missed map[string]bool) {
	values, missed = map[string]string{}, map[string]bool{}
	for _, f := range form.Fields {
		v := t.r.PostForm.Get("field." + f.Name)
		if f.Secret {
			t.hide(v, strings.TrimSpace(v))
		} else {
			v = strings.TrimSpace(v)
		}
		values[f.Name] = v
		if v == "" && !f.Optional {
			missed[f.Name] = true
		}
	}
	return values, missed
}

// shown are the values that may be shown again.
func shown(form Form, values map[string]string) map[string]string {
	open := map[string]string{}
	for _, f := range form.Fields {
		if !f.Secret {
			open[f.Name] = values[f.Name]
		}
	}
	return open
}

// begin keeps what the flow needs again and leaves for the network, or goes on to the
// choice where no visit is needed.
func (t *turn) begin(ctx context.Context, form Form, state string, step Step) error {
	if step.URL == "" {
		if step.Grant == nil {
			return errors.New("the flow gave neither an address nor a grant")
		}
		return t.granted(ctx, form, *step.Grant)
	}
	u, err := url.Parse(step.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return &parvis.Error{
			Op: "connect", Network: form.Manifest.Network, Code: parvis.ErrBadAnswer,
			Message: "the network’s page has no proper address", Help: "check the server that you gave",
		}
	}
	w := t.bind(form.Name)
	w.Step = &waitingStep{URL: step.URL, Keep: step.Keep}
	if err := t.put(ctx, "state", state, w); err != nil {
		return err
	}
	http.Redirect(t.w, t.r, step.URL, http.StatusSeeOther)
	return nil
}
