package providers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// The bounds of what a network sends back with the browser.
const (
	maxCallback       = 16 << 10 // bytes
	maxCallbackParams = 50
)

// parseCallback reads the parameters of a callback. Each may come once (RFC 6749, section
// 3.1), and the state must be one that could be ours.
func parseCallback(raw string) (state string, back url.Values, err error) {
	if len(raw) > maxCallback {
		return "", nil, refusedBroken
	}
	back, err = url.ParseQuery(raw)
	if err != nil || len(back) > maxCallbackParams {
		return "", nil, refusedBroken
	}
	for _, vs := range back {
		if len(vs) != 1 {
			return "", nil, refusedBroken
		}
	}
	state = back.Get("state")
	if !isSecret(state) {
		return "", nil, refusedBroken
	}
	return state, back, nil
}

// callback takes the browser back from the network. Its address holds a code, so the
// answer is always a redirect to one that does not.
func (t *turn) callback() error {
	if t.r.Method != http.MethodGet {
		http.Error(t.w, "only GET", http.StatusMethodNotAllowed)
		return nil
	}
	ctx, cancel := t.doing()
	defer cancel()
	err := t.finish(ctx)
	if _, refused := errors.AsType[refusal](err); refused || err == nil {
		return err
	}
	if err = t.tell(ctx, t.r.PathValue("flow"), *t.explain(err)); err != nil {
		t.explain(err)
		return refusedFailed
	}
	return nil
}

// finish redeems what came back. The state is taken before anything else happens.
func (t *turn) finish(ctx context.Context) error {
	state, back, err := parseCallback(t.r.URL.RawQuery)
	if err != nil {
		return err
	}
	t.hide(state)
	for name, vs := range back {
		if !openParams[name] {
			t.hide(vs...)
		}
	}
	w, err := t.take(ctx, "state", state)
	if err != nil {
		return err
	}
	name := t.r.PathValue("flow")
	f := t.flows[name]
	if f == nil || w.Step == nil || w.Flow != name || w.Callback != t.callbackOf(name) {
		return refusedOther
	}
	t.hideKept(w.Step.Keep)
	grant, err := f.Finish(ctx, Step{URL: w.Step.URL, Keep: w.Step.Keep}, back)
	if err != nil {
		return err
	}
	return t.granted(ctx, f.Form(), grant)
}

// granted keeps a grant until somebody has chosen, and goes to the page of the choice.
func (t *turn) granted(ctx context.Context, form Form, g Grant) error {
	w := t.bind(form.Name)
	w.Grant = keepGrant(g)
	ticket := newSecret()
	if err := t.put(ctx, "ticket", ticket, w); err != nil {
		return err
	}
	t.leave(t.link("choose", ticket))
	return nil
}

// tell keeps a notice and goes to its page.
func (t *turn) tell(ctx context.Context, flow string, n notice) error {
	w := t.bind(flow)
	w.Notice = &n
	ticket := newSecret()
	if err := t.put(ctx, "ticket", ticket, w); err != nil {
		return err
	}
	t.leave(t.link("result", ticket))
	return nil
}

// leave sends the browser to another page of the handler.
func (t *turn) leave(to string) { http.Redirect(t.w, t.r, to, http.StatusSeeOther) }
