package mastodontest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// keyed is what an Idempotency-Key led to.
type keyed struct {
	status    *status
	scheduled *scheduled
	until     time.Time
	code      int // of the stored answer, where whole answers are stored
	body      rawAnswer
}

// once runs do unless the request's Idempotency-Key has been seen, and then does what the
// flavour does: Mastodon answers with the first status, for an hour and an account;
// Pleroma with the first answer, refusals included; Pixelfed refuses; the others have
// never heard of keys.
//
// Mastodon forgets the key of a scheduled status: sent again, it is scheduled twice
// (https://github.com/mastodon/mastodon/issues/30039).
func (c *call) once(do func() (any, *keyed, error)) (any, error) {
	key := c.r.Header.Get("Idempotency-Key")
	if key == "" || c.s.t.key == keyIgnored {
		answer, _, err := do()
		return answer, err
	}
	key = c.s.text(c.me.id) + " " + c.r.Method + " " + c.r.URL.Path + " " + key
	if k := c.s.db.keys[key]; k != nil && c.s.now().Before(k.until) {
		return c.again(k)
	}
	answer, k, err := do()
	if c.s.t.key == keyResponse {
		k = c.stored(answer, err)
	}
	if k != nil && (k.scheduled == nil || c.s.t.key != keyStatus) {
		k.until = c.s.now().Add(c.s.t.keyTTL)
		c.s.db.keys[key] = k
	}
	return answer, err
}

// again answers for a key that has been seen.
func (c *call) again(k *keyed) (any, error) {
	switch c.s.t.key {
	case keyRefused:
		return nil, badRequest("Duplicate idempotency key.")
	case keyStatus:
		if c.s.o.BrokenKeys {
			return nil, refuse(http.StatusInternalServerError, "undefined method 'account' for nil")
		}
	case keyResponse:
		c.header.Set("Idempotent-Replayed", "true")
		c.header.Set("X-Original-Request-Id", "1")
		c.status = k.code
		return k.body, nil
	}
	if k.status.deleted {
		return nil, errNotFound
	}
	return c.s.statusJSON(k.status, c.me), nil
}

// stored keeps an answer or a refusal as it goes out.
func (c *call) stored(answer any, err error) *keyed {
	k := &keyed{code: c.status}
	if r, ok := errors.AsType[*refusal](err); ok {
		k.code, answer = r.status, obj{"error": c.s.word(r)}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		k.code, body = http.StatusInternalServerError, []byte(`{}`)
	}
	k.body = body
	return k
}
