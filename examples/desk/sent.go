package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// publish sends the draft to every chosen account. The page of its outcomes follows; a
// form that is sent twice leads to the page of the first time, and sends nothing.
func (s *server) publish(v visit) error {
	f, err := composeOf(v)
	if err != nil {
		return err
	}
	if f.Key == "" {
		return refusal{http.StatusBadRequest, "The form has no key. Reload the page and try again; nothing was sent."}
	}
	var to []*Account
	for _, a := range v.client.Accounts() {
		if f.To[a.Key()] {
			to = append(to, a)
		}
	}
	if len(to) == 0 {
		v.sess.say(flash{Text: "Choose at least one account."})
		return s.compose(v, f)
	}
	f.Key = f.Intention()
	d, err := f.Draft()
	if err != nil {
		return err
	}
	sent, fresh := v.client.Book.Send(f.Key, v.sess.Who(), f)
	if fresh {
		ctx, cancel := v.doing()
		defer cancel()
		v.client.send(ctx, sent, d, to)
		v.sess.keep(nil)
	}
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/sent/"+sent.ID, http.StatusSeeOther)
	return nil
}

// send publishes d to the accounts of one entry, and notes each outcome.
func (c *Client) send(ctx context.Context, sent Sent, d publish.Draft, to []*Account) {
	ps := make([]publish.Publisher, len(to))
	for i, a := range to {
		ps[i] = a
	}
	outs := publish.Fan{Options: sent.Form.Options()}.ToAll(ctx, d, ps...)
	for i, a := range to {
		c.Book.Record(outs[i].Record(), sent.By)
		c.Book.Ended(sent.ID, Target{Account: a, Outcome: outs[i]})
	}
}

// A sentBody is what the page of outcomes shows.
type sentBody struct {
	Sent Sent
	// Mend tells that some target surely took nothing, so that the draft can be mended.
	Mend bool
}

// Trouble is why the target ended as it did.
func (t Target) Trouble() *trouble { return explain(t.Outcome.Err) }

// Unknown tells that the post may be out there.
func (t Target) Unknown() bool { return t.Outcome.State == publish.Unknown }

// Again tells that the same draft may be sent again without changing it: the network
// surely took nothing, for a reason that passes.
func (t Target) Again() bool {
	return t.Outcome.State == publish.NotSent && len(explain(t.Outcome.Err).Problems) == 0
}

// Ask tells that the network may by now have more to say.
func (t Target) Ask() bool {
	s := t.Outcome.State
	return s == publish.Pending || s == publish.Held || s == publish.Scheduled
}

func (s *server) sentPage(v visit) error {
	sent, ok := v.client.Book.Sent(v.r.PathValue("id"))
	if !ok {
		return refusal{http.StatusNotFound, "This client has no such publication."}
	}
	body := sentBody{Sent: sent}
	for _, t := range sent.Targets {
		body.Mend = body.Mend || t.Outcome.State == publish.NotSent || t.Outcome.State == publish.Rejected
	}
	return s.render(v, http.StatusOK, "sent", "Published", body)
}

// target finds the entry and target that a form is about, if ready says that the target
// is in a state for what is asked.
func (v visit) target(ready func(Target) bool) (Sent, Target, error) {
	sent, ok := v.client.Book.Sent(v.r.PathValue("id"))
	if !ok {
		return sent, Target{}, refusal{http.StatusNotFound, "This client has no such publication."}
	}
	t, ok := sent.Target(v.r.PostForm.Get("account"))
	if !ok {
		return sent, t, refusal{http.StatusNotFound, "It was not sent to such an account."}
	}
	if !ready(t) {
		return sent, t, refusal{http.StatusConflict, "That is settled already: it is " + string(t.Outcome.State) + "."}
	}
	return sent, t, nil
}

// reconcile finds out what became of a target whose outcome is unknown.
func (s *server) reconcile(v visit) error {
	sent, t, err := v.target(Target.Unknown)
	if err != nil {
		return err
	}
	ctx, cancel := v.doing()
	defer cancel()
	post, err := publish.Reconcile(ctx, t.Account, t.Outcome.Attempt)
	r := t.Outcome.Record()
	r.Op = "reconcile"
	switch {
	case err == nil:
		t.Outcome.Post, t.Outcome.State, t.Outcome.Err = post, post.State, nil
		t.Note = "Reconciled: the network has it. Nothing needs to be sent again."
	case errors.Is(err, parvis.ErrNotFound):
		t.Outcome.State, t.Outcome.Err = publish.NotSent, err
		t.Note = "Reconciled: the network surely does not have it. It may be sent again under the same key."
	default:
		t.Note = "Still unknown: " + err.Error()
	}
	r.Time, r.Outcome, r.Ref, r.Detail = time.Now(), string(t.Outcome.State), t.Outcome.Post.Ref, t.Note
	v.client.Book.Record(r, v.sess.Who())
	v.client.Book.Ended(sent.ID, t)
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/sent/"+sent.ID, http.StatusSeeOther)
	return nil
}

// again sends to one target what it surely did not take, under the same key.
func (s *server) again(v visit) error {
	sent, t, err := v.target(Target.Again)
	if err != nil {
		return err
	}
	d, err := sent.Form.Draft()
	if err != nil {
		return err
	}
	if !v.client.Book.Begin(sent.ID, t.Account.Key(), Target.Again) {
		return refusal{http.StatusConflict, "Somebody is just sending it."}
	}
	ctx, cancel := v.doing()
	defer cancel()
	sent.By = v.sess.Who()
	v.client.send(ctx, sent, d, []*Account{t.Account})
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/sent/"+sent.ID, http.StatusSeeOther)
	return nil
}

// ask reads a post back that was pending, held or scheduled.
func (s *server) ask(v visit) error {
	sent, t, err := v.target(Target.Ask)
	if err != nil {
		return err
	}
	post, err := publish.Get(v.r.Context(), t.Account, t.Outcome.Post.Ref)
	if err != nil {
		t.Note = "The network did not say: " + err.Error()
	} else {
		t.Note = "Asked at " + clock(time.Now()) + ": it is " + string(post.State) + "."
		t.Outcome.Post, t.Outcome.State = post, post.State
	}
	v.client.Book.Ended(sent.ID, t)
	http.Redirect(v.w, v.r, "/"+v.client.Slug+"/sent/"+sent.ID, http.StatusSeeOther)
	return nil
}
