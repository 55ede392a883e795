package fake

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// Deliver sends events to a webhook handler, one signed request each, in order: those
// given, which the account has heard, or, if there are none, everything that others have
// done since the last call of Deliver that succeeded. The first that the handler does not
// answer with success ends it, with an error that has the Status; what was not
// delivered comes again with the next call.
func (n *Network) Deliver(ctx context.Context, account *Account, secret string, h http.Handler, events ...listen.Event) error {
	to := endpoint{account, secret, h}
	if len(events) > 0 {
		for _, ev := range events {
			if err := to.send(ctx, ev.Raw); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		body, next := n.undelivered(account)
		if body != nil {
			if err := to.send(ctx, body); err != nil {
				return err
			}
		}
		n.mu.Lock()
		account.delivered = max(account.delivered, next)
		n.mu.Unlock()
		if body == nil {
			return nil
		}
	}
}

// undelivered is the next event for the account, and the position after it; nil at the end.
func (n *Network) undelivered(account *Account) (body []byte, next int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tick()
	for i := account.delivered; i < len(n.entries); i++ {
		e := n.entries[i]
		if kind := n.kindFor(account.p, e, listen.Query{}); kind != 0 && e.wire.By.ID != account.p.id {
			return account.deliver(e, kind, "webhook").Raw, i + 1
		}
	}
	return nil, len(n.entries)
}

// Challenge asks a webhook handler to prove that it knows the secret, as a network does
// before it sends the first delivery to an address.
func (n *Network) Challenge(ctx context.Context, account *Account, secret string, h http.Handler) error {
	const word = "are-you-there"
	to := endpoint{account, secret, h}
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: "challenge=" + word}, Body: http.NoBody}
	code, got := to.ask(ctx, r, []byte(word))
	if code == http.StatusOK && got != word {
		code = http.StatusNotAcceptable
	}
	return to.refused("challenge", code)
}

// An endpoint is where an account's events go.
type endpoint struct {
	account *Account
	secret  string
	handler http.Handler
}

// send makes one delivery.
func (to endpoint) send(ctx context.Context, raw json.RawMessage) error {
	var w wireEvent
	if err := json.Unmarshal(raw, &w); err != nil {
		return &parvis.Error{
			Op: "deliver", Network: to.account.n.opt.Name, Code: parvis.ErrInvalid, Message: "the event did not come from this network",
			Help: "pass events that Listen gave", Err: err,
		}
	}
	w.For = to.account.p.id
	body := marshal(w)
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
	code, _ := to.ask(ctx, r, body)
	return to.refused("deliver", code)
}

// refused is the error of an answer that is no success.
func (to endpoint) refused(op string, code int) error {
	if code >= 200 && code < 300 {
		return nil
	}
	a := to.account.Account()
	return &parvis.Error{
		Op: op, Network: a.Network, Account: a.String(), Code: parvis.ErrUnavailable, Status: code,
		Vendor: http.StatusText(code), Message: "the handler did not answer with success", Help: "try again when it does",
	}
}

// ask has the handler answer the request, signed, and returns the status and body of its answer.
func (to endpoint) ask(ctx context.Context, r *http.Request, signed []byte) (int, string) {
	n := to.account.n
	n.mu.Lock()
	id := n.next("d")
	n.mu.Unlock()
	at := strconv.FormatInt(n.opt.Now().Unix(), 10)
	r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host = "HTTP/1.1", 1, 1, "webhook.example"
	r.Header = http.Header{"Content-Type": {"application/json"}}
	r.Header.Set(headerDelivery, id)
	r.Header.Set(headerTime, at)
	r.Header.Set(headerSignature, sign(to.secret, id, at, signed))
	var w answer
	to.handler.ServeHTTP(&w, r.WithContext(ctx))
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.code, w.body.String()
}

// answer is an [http.ResponseWriter] that keeps what it gets.
type answer struct {
	code   int
	header http.Header
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (w *answer) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader implements [http.ResponseWriter]; the first status counts.
func (w *answer) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
}

// Write implements [http.ResponseWriter].
func (w *answer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
