package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/public"
)

// DefaultPLC is the directory of did:plc.
//
// https://web.plc.directory
const DefaultPLC = "https://plc.directory"

// The bounds of identities.
const (
	IdentityTTL = 10 * time.Minute // how long an answer is believed
	maxDocument = 256 << 10        // bytes
	maxCached   = 4096             // answers
)

// A Resolver finds out who is behind handles and DIDs, and where accounts live. It is
// safe for concurrent use; its fields must not be changed after the first call.
//
// https://atproto.com/guides/identity
type Resolver struct {
	// HTTP makes the requests; nil is [Guarded].
	HTTP *http.Client
	// PLC is the directory of did:plc; empty is [DefaultPLC].
	PLC string
	// Service is a server that knows handles, such as https://public.api.bsky.app; empty
	// asks the handle's own domain, by DNS and HTTPS.
	Service string
	// TXT looks up DNS; nil is the machine's resolver.
	TXT func(ctx context.Context, name string) ([]string, error)
	// Loopback admits servers on this machine, also without TLS.
	Loopback bool
	// UserAgent names the application.
	UserAgent string

	once  sync.Once
	own   *http.Client
	mu    sync.Mutex
	cache map[string]cached
}

type cached struct {
	value any
	until time.Time
}

// An Identity is who an account is and where it lives. Handle is empty if the one that
// the DID document names does not lead back to the DID.
type Identity struct{ DID, Handle, PDS string }

func (r *Resolver) client() *http.Client {
	if r.HTTP != nil {
		return r.HTTP
	}
	r.once.Do(func() { r.own = public.Client(r.Loopback) })
	return r.own
}

// Resolve finds the account of a handle or DID. Handle and DID are checked in both
// directions: the handle must lead to the DID, and the document of the DID must name the handle.
//
// https://atproto.com/specs/handle#identity
func (r *Resolver) Resolve(ctx context.Context, who string) (Identity, error) {
	who = CleanHandle(who)
	did := who
	if !ValidDID(did) {
		var err error
		if did, err = r.Handle(ctx, who); err != nil {
			return Identity{}, err
		}
	}
	doc, err := r.Document(ctx, did)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{DID: did}
	if id.PDS, err = doc.PDS(r.Loopback); err != nil {
		return Identity{}, err
	}
	handle := doc.Handle()
	switch {
	case who != did && handle != who:
		return Identity{}, &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the account that the handle points to does not use that handle",
			Help: "type the handle that the profile shows, or the DID",
		}
	case who != did:
		id.Handle = handle
	case handle != "":
		if back, err := r.Handle(ctx, handle); err == nil && back == did {
			id.Handle = handle
		}
	}
	return id, nil
}

// CleanHandle brings a handle that somebody typed into its one spelling. DIDs stay.
func CleanHandle(s string) string {
	s = strings.TrimSpace(s)
	s = strings.Trim(s, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "at://"), "@")
	if strings.HasPrefix(s, "did:") {
		return s
	}
	return strings.ToLower(s)
}

// Handle returns the DID that a handle points to: by the TXT record _atproto, or by
// /.well-known/atproto-did, or by Service. One that points nowhere is [parvis.ErrNotFound].
//
// https://atproto.com/specs/handle#handle-resolution
func (r *Resolver) Handle(ctx context.Context, handle string) (string, error) {
	if !ValidHandle(handle) {
		return "", &parvis.Error{
			Code: parvis.ErrInvalid, Message: "that is not a handle",
			Help: "a handle looks like name.bsky.social or example.com",
		}
	}
	v, err := r.cached(ctx, "handle "+handle, func(ctx context.Context) (any, error) { return r.lookup(ctx, handle) })
	did, _ := v.(string)
	return did, err
}

func (r *Resolver) lookup(ctx context.Context, handle string) (string, error) {
	if r.Service != "" {
		return r.ask(ctx, handle)
	}
	did, broken := r.dns(ctx, handle)
	if did != "" {
		return did, nil
	}
	b, err := r.fetch(ctx, "https://"+handle+"/.well-known/atproto-did", 4<<10)
	if text := strings.TrimSpace(string(b)); err == nil && ValidDID(text) {
		return text, nil
	}
	if broken != nil && err != nil && !errors.Is(err, errAbsent) && !noHost(err) {
		return "", unreachable("the handle cannot be looked up", errors.Join(broken, err))
	}
	return "", unknownHandle()
}

func unknownHandle() error {
	return &parvis.Error{
		Code: parvis.ErrNotFound, Message: "the handle does not point to an account",
		Help: "check its spelling; a handle on an own domain needs the TXT record _atproto or the file /.well-known/atproto-did",
	}
}

func noHost(err error) bool {
	d, ok := errors.AsType[*net.DNSError](err)
	return ok && d.IsNotFound
}

func unreachable(what string, err error) error {
	return &parvis.Error{Code: parvis.ErrUnavailable, Message: what, Err: err, Help: "try again later"}
}

// dns asks for the TXT record. Two different DIDs are none.
func (r *Resolver) dns(ctx context.Context, handle string) (did string, err error) {
	ctx, cancel := context.WithTimeout(ctx, FetchTime)
	defer cancel()
	lookup := r.TXT
	if lookup == nil {
		lookup = net.DefaultResolver.LookupTXT
	}
	records, err := lookup(ctx, "_atproto."+handle)
	for _, rec := range records {
		v, ok := strings.CutPrefix(rec, "did=")
		if !ok || !ValidDID(v) {
			continue
		}
		if did != "" && did != v {
			return "", nil
		}
		did = v
	}
	if err != nil && noHost(err) {
		err = nil
	}
	return did, err
}

// ask asks Service.
//
// https://docs.bsky.app/docs/api/com-atproto-identity-resolve-handle
func (r *Resolver) ask(ctx context.Context, handle string) (string, error) {
	b, err := r.fetch(ctx, strings.TrimRight(r.Service, "/")+"/xrpc/com.atproto.identity.resolveHandle?handle="+url.QueryEscape(handle), maxDocument)
	var out struct {
		DID string `json:"did"`
	}
	switch {
	case err != nil && strings.HasSuffix(err.Error(), "answered 400"):
		return "", unknownHandle()
	case err != nil:
		return "", unreachable("the handle cannot be looked up", err)
	case json.Unmarshal(b, &out) != nil || !ValidDID(out.DID):
		return "", &parvis.Error{Code: parvis.ErrBadAnswer, Message: "the server that knows handles answered with something else"}
	}
	return out.DID, nil
}

// Document returns the document of a DID, from the directory or the DID's own site. A DID that does not
// exist is [parvis.ErrNotFound].
//
// https://atproto.com/specs/did and https://web.plc.directory/spec/v0.1/did-plc
func (r *Resolver) Document(ctx context.Context, did string) (Document, error) {
	v, err := r.cached(ctx, did, func(ctx context.Context) (any, error) {
		address, err := r.where(did)
		if err != nil {
			return nil, err
		}
		b, err := r.fetch(ctx, address, maxDocument)
		switch {
		case errors.Is(err, errAbsent):
			return nil, &parvis.Error{Code: parvis.ErrNotFound, Message: "there is no account with that DID", Help: "check the DID, or use the handle"}
		case err != nil:
			return nil, unreachable("the document of the DID cannot be read", err)
		}
		return ParseDocument(b, did)
	})
	doc, _ := v.(Document)
	return doc, err
}

func (r *Resolver) where(did string) (string, error) {
	switch method, id, _ := strings.Cut(strings.TrimPrefix(did, "did:"), ":"); {
	case method == "plc" && ValidDID(did):
		return strings.TrimRight(cmp.Or(r.PLC, DefaultPLC), "/") + "/" + url.PathEscape(did), nil
	case method == "web" && ValidDID(did) && !strings.Contains(id, ":"):
		host, err := url.PathUnescape(id)
		u, bad := CheckAddress("https://"+host, r.Loopback)
		if err == nil && bad == nil && u.Path == "" && (u.Port() == "" || r.Loopback) {
			if u.Hostname() == "localhost" {
				u.Scheme = "http"
			}
			return u.String() + "/.well-known/did.json", nil
		}
	}
	return "", &parvis.Error{
		Code: parvis.ErrInvalid, Message: "that is not a DID of this network", Help: "use the handle, or a DID that begins with did:plc: or did:web:",
	}
}

// Forget drops what is remembered of a DID, for when it is known to have changed.
func (r *Resolver) Forget(did string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.cache, did)
}

// cached returns what find gave under that name before, or calls it. Errors are not kept.
func (r *Resolver) cached(ctx context.Context, name string, find func(context.Context) (any, error)) (any, error) {
	r.mu.Lock()
	c, ok := r.cache[name]
	r.mu.Unlock()
	if ok && time.Now().Before(c.until) {
		return c.value, nil
	}
	v, err := find(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache == nil || len(r.cache) >= maxCached {
		r.cache = map[string]cached{}
	}
	r.cache[name] = cached{v, time.Now().Add(IdentityTTL)}
	return v, nil
}
