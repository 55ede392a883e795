package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

const (
	helpUnknown = "find out what became of it before sending it again"
	helpLater   = "try again later"
	helpReach   = "check the address and the connection, then try again"
)

// codeOf returns the code of a status by its general meaning; see
// https://www.iana.org/assignments/http-status-codes.
func codeOf(status int) parvis.Code {
	switch status {
	case http.StatusUnauthorized:
		return parvis.ErrAuth
	case http.StatusForbidden, http.StatusPaymentRequired, http.StatusUnavailableForLegalReasons:
		return parvis.ErrPermission
	case http.StatusNotFound, http.StatusGone:
		return parvis.ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return parvis.ErrConflict
	case http.StatusUpgradeRequired:
		return parvis.ErrAPIVersionRetired
	case http.StatusTooManyRequests:
		return parvis.ErrRateLimited
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return parvis.ErrUnsupported
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusMisdirectedRequest:
		return parvis.ErrUnavailable
	}
	if status >= 500 {
		return parvis.ErrUnavailable
	}
	return parvis.ErrInvalid
}

// helpOf says what to do about a code that comes from a status.
func helpOf(c parvis.Code) string {
	switch c {
	case parvis.ErrAuth:
		return "connect the account again"
	case parvis.ErrPermission:
		return "check the scopes and the role of the account"
	case parvis.ErrUnknownOutcome:
		return helpUnknown
	case parvis.ErrUnavailable, parvis.ErrRateLimited:
		return helpLater
	case parvis.ErrConflict:
		return "read it again, then decide"
	case parvis.ErrAPIVersionRetired:
		return "configure a version of the API that the network still speaks"
	}
	return ""
}

// verdict returns the error that an answer is, or nil.
func (k *call) verdict(a *Response) *parvis.Error {
	var e *parvis.Error
	if k.c.cfg.Errors != nil {
		e = k.c.cfg.Errors(a)
	}
	hooked := e != nil
	if !hooked {
		if a.Status >= 200 && a.Status < 300 || a.Status == http.StatusNotModified {
			return nil
		}
		e = &parvis.Error{Vendor: vendorText(a)}
	} else {
		c := *e
		e = &c
	}
	if e.Code == "" {
		e.Code = codeOf(a.Status)
		if !hooked && k.mode == wholeJSON && isHTML(a.Header) && !pageIsPlain(a.Status) {
			e.Code, e.Vendor = parvis.ErrUnavailable, ""
			e.Message = "a web page with status " + strconv.Itoa(a.Status) + " came where JSON was due"
			e.Help = "check the address, and whether a proxy or firewall stands before it"
		}
	}
	if e.RetryAfter <= 0 {
		e.RetryAfter = waitOf(e.Code, a)
	}
	k.complete(e, a)
	return e
}

// complete fills what a verdict leaves open, and keeps a mutation that the server broke
// off from being called safe to send again.
func (k *call) complete(e *parvis.Error, a *Response) {
	e.Status = a.Status
	if !k.read && brokeOff(a.Status) && (e.Code == parvis.ErrUnavailable || e.Code == parvis.ErrBadAnswer) {
		e.Code, e.Help = parvis.ErrUnknownOutcome, helpUnknown
	}
	if e.Message == "" {
		e.Message = "the server answered " + strconv.Itoa(a.Status)
		if t := http.StatusText(a.Status); t != "" {
			e.Message += " " + t
		}
		if a.Status >= 300 && a.Status < 400 {
			e.Message += ", which cannot be followed"
		}
		e.Message += " to " + k.req.Endpoint
	}
	if e.Help == "" {
		e.Help = helpOf(e.Code)
	}
}

// waitOf returns the wait that an answer asks for. Many servers send their rate headers
// with every answer, so those count for a refusal by a limit only.
func waitOf(c parvis.Code, a *Response) time.Duration {
	now := time.Now()
	switch c {
	case parvis.ErrRateLimited:
		return RetryAfter(a.Header, a.Body, now)
	case parvis.ErrUnavailable:
		return span(first(a.Header, "Retry-After"), now)
	}
	return 0
}

// brokeOff reports whether a status leaves open how far the server got.
func brokeOff(status int) bool {
	return status >= 500 && status != http.StatusNotImplemented || status == http.StatusRequestTimeout
}

// pageIsPlain reports whether a status means what it says even with a web page.
func pageIsPlain(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusGone, http.StatusRequestEntityTooLarge,
		http.StatusRequestURITooLong, http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge,
		http.StatusNotImplemented, http.StatusUpgradeRequired:
		return true
	}
	return status < 400
}

// vendorText is the network's own words, unless they are a web page.
func vendorText(a *Response) string {
	if isHTML(a.Header) {
		return ""
	}
	return string(a.Body[:min(len(a.Body), 4096)])
}

// noAnswer is the error of a try that got no answer.
func (k *call) noAnswer(err error, left bool) *parvis.Error {
	e := &parvis.Error{Code: parvis.ErrUnavailable, Message: "the server cannot be reached", Help: helpReach, Err: bare(err)}
	ended := k.Context.Err()
	switch {
	case ended != nil:
		e.Message, e.Help = "the call was given up before it was answered", ""
		e.Err = ended
	case k.tryCtx != nil && k.tryCtx.Err() != nil:
		e.Message, e.Help, e.Err = "no answer came in time", helpLater, context.Cause(k.tryCtx)
	case left || k.read && !neverSent(err):
		e.Message, e.Help = "the connection broke before an answer came", helpLater
	case badCertificate(err):
		e.Message, e.Help = "the server's certificate is not valid", "check the address and the server's certificate"
	}
	if left && !k.read {
		e.Code, e.Help = parvis.ErrUnknownOutcome, helpUnknown
	}
	return e
}

// ownError is the error of a try that this side ended.
func ownError(err error) *parvis.Error {
	if e, ok := err.(*parvis.Error); ok { //nolint:errorlint // one further in is completed by its wrapper
		c := *e
		return &c
	}
	e := &parvis.Error{Code: parvis.ErrUnavailable, Message: "the call was not sent", Err: err}
	if inner, ok := errors.AsType[*parvis.Error](err); ok {
		e.Code, e.RetryAfter, e.Help = inner.Code, inner.RetryAfter, inner.Help
	} else if c := parvis.CodeOf(err); c != "" {
		e.Code = c
	}
	return e
}

// bare takes the address off a transport's error.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// neverSent reports whether err, of a wire that does not tell when it has a connection,
// proves that none was made.
func neverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	return badCertificate(err)
}

func badCertificate(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// worthRepeating tells passing failures from those that the next try would meet again.
func worthRepeating(err error) bool {
	return !badCertificate(err) && !strings.Contains(err.Error(), "net/http: invalid ")
}

// finish completes e with where it happened, and takes every secret out of it.
func (k *call) finish(e *parvis.Error) error {
	if e.Op == "" {
		e.Op = k.req.Op
	}
	if e.Network == "" {
		e.Network = k.account.account.Network
	}
	if e.Account == "" {
		e.Account = k.account.text
	}
	secrets := k.secrets()
	e.Op = clean(e.Op, secrets)
	e.Account = clean(e.Account, secrets)
	e.Message = clean(e.Message, secrets)
	e.Vendor = clean(e.Vendor, secrets)
	e.Help = clean(e.Help, secrets)
	if e.Err != nil {
		e.Err = &cause{text: clean(e.Err.Error(), secrets), err: e.Err, open: k.fenced}
	}
	return e
}

// cause is a cleaned error: it has the text without secrets, and matches what the
// original matches without giving it away, unless that is open: what a fence says comes
// from this side, and whoever set the fence wants it back.
type cause struct {
	text string
	err  error
	open bool
}

// Error returns the cleaned text.
func (c *cause) Error() string { return c.text }

// Is reports whether the original matches target.
func (c *cause) Is(target error) bool { return errors.Is(c.err, target) }

// As gives the original away if it is open.
func (c *cause) As(target any) bool { return c.open && errors.As(c.err, target) }

// Timeout reports whether the original is a timeout.
func (c *cause) Timeout() bool {
	t, ok := errors.AsType[net.Error](c.err)
	return ok && t.Timeout() || errors.Is(c.err, context.DeadlineExceeded)
}

// GoString hides the original from %#v.
func (c *cause) GoString() string { return strconv.Quote(c.text) }
