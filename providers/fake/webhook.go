package fake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// The headers of a delivery: its identifier, the time in Unix seconds, and the
// HMAC-SHA256, in hexadecimal, of both and the body: "<id>.<time>.<body>".
const (
	headerDelivery  = "Fake-Delivery"
	headerTime      = "Fake-Timestamp"
	headerSignature = "Fake-Signature"
)

const (
	// tolerance is how far the time of a delivery may be from the receiver's.
	tolerance = 5 * time.Minute
	// maxDelivery bounds the body of a delivery in bytes.
	maxDelivery = 1 << 20
)

// sign returns the signature of a delivery.
func sign(secret, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// A receiver is the handler of [Account.Webhook].
type receiver struct {
	a       *Account
	secret  string
	deliver func(context.Context, listen.Event) error

	mu   sync.Mutex
	seen map[string]time.Time // deliveries that were taken or are being taken
}

// Webhook returns a handler that takes signed deliveries: 204 when deliver has the event,
// 500 when it has not, so that the network sends it again; 401 for a wrong signature or
// a time more than five minutes off, 409 for a delivery that was taken already, 400 for a
// body that is no event of this account, 413 for one over 1 MiB. A GET that is signed and
// has a parameter "challenge" is answered with it.
func (a *Account) Webhook(secret string, deliver func(context.Context, listen.Event) error) (http.Handler, error) {
	return &receiver{a: a, secret: secret, deliver: deliver, seen: map[string]time.Time{}}, nil
}

// ServeHTTP implements [http.Handler].
func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	challenge := r.URL.Query().Get("challenge")
	if r.Method == http.MethodGet {
		body = []byte(challenge)
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
	case err != nil:
		refuseBody(w, err)
	case !rc.genuine(r, body):
		http.Error(w, "the signature is wrong or too old", http.StatusUnauthorized)
	case r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, challenge) //nolint:gosec // it is signed, and plain text
	default:
		rc.take(w, r, body)
	}
}

func refuseBody(w http.ResponseWriter, err error) {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	http.Error(w, "the body cannot be read", http.StatusBadRequest)
}

// genuine tells that the request was signed with the secret, not long ago.
func (rc *receiver) genuine(r *http.Request, body []byte) bool {
	at := r.Header.Get(headerTime)
	sec, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return false
	}
	off := rc.a.n.opt.Now().Sub(time.Unix(sec, 0))
	want := sign(rc.secret, r.Header.Get(headerDelivery), at, body)
	return hmac.Equal([]byte(want), []byte(r.Header.Get(headerSignature))) && off.Abs() <= tolerance
}

// take hands the event over, once for each delivery that succeeds.
func (rc *receiver) take(w http.ResponseWriter, r *http.Request, body []byte) {
	ev, err := rc.a.parseDelivery(body)
	if err != nil {
		http.Error(w, "the body is no event", http.StatusBadRequest)
		return
	}
	id := r.Header.Get(headerDelivery)
	if !rc.claim(id) {
		http.Error(w, "this delivery was taken already", http.StatusConflict)
		return
	}
	if err := rc.deliver(r.Context(), ev); err != nil {
		rc.forget(id)
		http.Error(w, "the event was not taken", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// claim remembers the delivery and tells whether it is new. What is older than any
// genuine delivery can be is forgotten.
func (rc *receiver) claim(id string) bool {
	now := rc.a.n.opt.Now()
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for old, when := range rc.seen {
		if now.Sub(when) > 2*tolerance {
			delete(rc.seen, old)
		}
	}
	if _, ok := rc.seen[id]; ok {
		return false
	}
	rc.seen[id] = now
	return true
}

func (rc *receiver) forget(id string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	delete(rc.seen, id)
}

// parseDelivery reads the body of a delivery. Anything but an event that is meant for
// this account gives an error that matches [parvis.ErrInvalid].
func (a *Account) parseDelivery(body []byte) (listen.Event, error) {
	var w wireEvent
	if err := json.Unmarshal(body, &w); err != nil {
		e := invalid("bad_event", "the body is not JSON of the network", "compare the versions")
		e.Err = err
		return listen.Event{}, e
	}
	ev := a.event(w)
	content := ev.Kind&^(listen.Follow|listen.Report) != 0
	switch {
	case w.For != a.p.id:
		return listen.Event{}, invalid("not_for_you", "the event is for somebody else", "check at which address the webhook is registered")
	case w.ID == "" || ev.Kind == 0 || ev.Kind&(ev.Kind-1) != 0 || ev.Kind == listen.Gap:
		return listen.Event{}, invalid("bad_event", "the event has no type that is known", "compare the versions")
	case ev.Ref.Kind == "" || content && w.Post == nil || !sound(ev.Text):
		return listen.Event{}, invalid("bad_event", "the event is about nothing that is known", "compare the versions")
	}
	ev.Source, ev.Raw = "webhook", bytes.Clone(body)
	return ev, nil
}

// sound tells that the entities lie in the text, in order.
func sound(t parvis.Text) bool {
	at := 0
	for _, e := range t.Entities {
		if e.Start < at || e.End < e.Start || e.End > len(t.Plain) {
			return false
		}
		at = e.End
	}
	return true
}
