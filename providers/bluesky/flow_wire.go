package bluesky

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/providers/bluesky/internal/dpop"
)

// A formRequest is one request to an authorization server.
type formRequest struct {
	address string
	issuer  string
	client  string
	kid     string
	key     *dpop.Key
	form    url.Values
	account parvis.Account
	safe    bool
}

func (s *started) request(address string, form url.Values) formRequest {
	return formRequest{
		address: address, issuer: s.server.Issuer, client: s.client, kid: s.kid, key: s.key, form: form,
		account: parvis.Account{Network: Network, ID: s.who.DID, Handle: s.who.Handle},
	}
}

// post sends r, signed with its key and the server's last nonce. If the server wants
// another nonce it is sent once more: the server has refused it unread.
//
// https://www.rfc-editor.org/rfc/rfc9449#section-8
func (f *Flow) post(ctx context.Context, r formRequest, out any) error {
	err := f.send(ctx, r, out)
	if api.Name(err) == "use_dpop_nonce" {
		err = f.send(ctx, r, out)
	}
	return err
}

func (f *Flow) send(ctx context.Context, r formRequest, out any) error {
	origin, path, err := originOf(r.address)
	if err != nil {
		return err
	}
	form := maps.Clone(r.form)
	form.Set("client_id", r.client)
	if err := f.assert(r, form); err != nil {
		return err
	}
	cfg := f.wire
	cfg.Base, cfg.MaxBody, cfg.Errors = origin, maxMetadata, api.OAuthVerdict
	cfg.Account = func() parvis.Account { return r.account }
	cfg.Auth = func(_ context.Context, q *http.Request) error { return f.sign(q, r.key) }
	cfg.Limits = func(h http.Header) []parvis.Limit {
		f.nonces.Learn(nonceOrigin(origin), h)
		return api.Limits(h)
	}
	h, err := httpx.New(cfg)
	if err != nil {
		return err
	}
	_, err = h.JSON(ctx, httpx.Request{
		Method: http.MethodPost, Path: path, Endpoint: "POST " + path, Op: "connect", Body: httpx.Form(form), Safe: r.safe,
	}, out)
	return err
}

func nonceOrigin(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return origin
	}
	return dpop.Origin(u)
}

// sign proves that q comes from the holder of the key.
func (f *Flow) sign(q *http.Request, key *dpop.Key) error {
	proof, err := key.Proof(dpop.Proof{Method: q.Method, URL: q.URL, Nonce: f.nonces.Get(dpop.Origin(q.URL), 0), Time: time.Now()})
	if err != nil {
		return &parvis.Error{Code: parvis.ErrInvalid, Message: "the request cannot be signed", Err: err}
	}
	q.Header.Set("Dpop", proof)
	return nil
}

// assertionLife is how long a signature of the application counts; the reference server
// admits a minute.
//
// https://atproto.com/specs/oauth#confidential-client-authentication
const assertionLife = time.Minute

// assert signs for a confidential client; each signature serves once.
func (f *Flow) assert(r formRequest, form url.Values) error {
	if r.kid == "" {
		return nil
	}
	for _, key := range f.keys {
		if key.Thumbprint() != r.kid {
			continue
		}
		now := time.Now()
		signed, err := key.Sign(map[string]any{"typ": "JWT", "kid": r.kid}, map[string]any{
			"iss": r.client, "sub": r.client, "aud": r.issuer, "jti": rand.Text(),
			"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
		})
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", signed)
		return err
	}
	return &parvis.Error{
		Code: parvis.ErrInvalid, Message: "the key of the application with which this session began is not there",
		Help: "add it to FlowConfig.Keys again, at the end, or connect the account again",
	}
}

// startError says what to do about a request that the server did not accept.
func startError(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Code == parvis.ErrUnknownOutcome, e.Code == parvis.ErrBadAnswer:
		e.Code, e.Help = parvis.ErrUnavailable, "try again later" // a request that nobody follows does no harm
	case api.Name(e) == "invalid_redirect_uri", api.Name(e) == "invalid_request":
		e.Help = "check that the metadata of the application lists exactly the callback address and the scopes that are asked for"
	}
	return err
}

// codeError says what to do about a code that was not accepted.
func codeError(err error) error {
	e, ok := errors.AsType[*parvis.Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Code == parvis.ErrUnknownOutcome, e.Code == parvis.ErrBadAnswer:
		e.Code, e.Help = parvis.ErrUnavailable, "begin again: the code may be spent"
	case api.Name(e) == "invalid_grant":
		e.Message, e.Help = "the server did not accept the code: it was used before, is too old, or is another one's", "begin again"
	}
	return err
}
