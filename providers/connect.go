package providers

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// ConnectOptions are the settings of [Connect]. Base is required; the zero value of every
// other field is fine.
type ConnectOptions struct {
	// Base is the address under which the handler is mounted, as browsers see it:
	// "https://desk.example/connect/". It must be https, or http on a loopback address.
	// The address for networks to send browsers back to is Base + "callback/" + Form.Name;
	// most networks want to know it beforehand. Clients may share one Base, if the program
	// picks the handler by whom it has logged in.
	Base string
	// Done is called with the accounts that were stored, before the browser hears of it:
	// to open the providers, and to record who did it. Its ctx holds the values of the
	// request's and outlives the browser. An error does not undo the storing; the page
	// shows it.
	Done func(ctx context.Context, accounts []parvis.Account) error
	// Powers are those that are wanted, as [Powers] names them; empty is all.
	Powers []string
	// Pending keeps what waits for the browser to come back. Nil is the Keeper, if it is a
	// PendingStore, as the vault's handle is, and else a [PendingMemory] of the handler's own.
	Pending PendingStore
	// Lifetime is how long somebody has at the network, and then again for the choice; 0
	// is 10 minutes, the most is an hour.
	Lifetime time.Duration
	// Home is the page that the last page leads back to; empty is the list of networks.
	Home string
	// Render puts a program's own look around the pages; nil is a plain page.
	Render func(w http.ResponseWriter, r *http.Request, p ConnectPage)
	// Logger gets a line for each refusal and failure, with the number that the page shows.
	// Nil discards.
	Logger *slog.Logger
}

// Connect returns the pages on which somebody connects accounts for the client of k: the
// list of flows, what each wants to know, the way to the network and back, the choice of
// accounts and places with the scopes that are missing, and the storing of what was
// chosen, and of nothing else, in k. Mount it at the path of o.Base, without cutting that
// off, behind the program's own login: whoever reaches it may connect accounts for the client.
//
// Each start is bound to the browser by a cookie of its own, to the client, the flow and
// the address to come back to. It can be finished once, within o.Lifetime, by any process
// that shares o.Pending. Nothing is read from the Host header. The pages need no JavaScript.
//
// An account that k has already gets the new token. A k with the method
//
//	Keep(ctx context.Context, a parvis.Account, t parvis.Token) (parvis.Account, error)
//
// is given accounts by it, as the vault's handle is; any other by Load and Save. Token.Extra
// gets the name of the flow under [FlowKey] and, if somebody chose a place, that under
// [PlaceKey].
//
// The error matches [parvis.ErrInvalid] if Base, Lifetime, Powers or the names of the
// flows cannot be used.
func Connect(k Keeper, flows []Flow, o *ConnectOptions) (http.Handler, error) {
	if o == nil {
		o = &ConnectOptions{}
	}
	if k == nil {
		return nil, connectInvalid("there is no keeper", "give the vault's handle of a client")
	}
	h := &connect{
		keeper: k, flows: map[string]Flow{}, life: cmp.Or(o.Lifetime, 10*time.Minute), done: o.Done,
		home: o.Home, powers: o.Powers, pending: o.Pending, render: o.Render, log: cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
	}
	base, err := connectBase(o.Base)
	if err != nil {
		return nil, err
	}
	h.base = base
	if h.life < 0 || h.life > time.Hour {
		return nil, connectInvalid("the lifetime is "+h.life.String(), "give one of at most an hour, or none for 10 minutes")
	}
	for _, p := range o.Powers {
		if !slices.Contains(Powers(), p) {
			return nil, connectInvalid("no power is called "+p, "providers.Powers lists them")
		}
	}
	if err := h.add(flows); err != nil {
		return nil, err
	}
	if h.pending == nil {
		h.pending, _ = k.(PendingStore)
	}
	if h.pending == nil {
		h.pending = new(PendingMemory)
	}
	if h.render == nil {
		h.render = plainPage
	}
	return h.routes()
}

// PlaceKey is the key in [parvis.Token.Extra] under which a token has the place that was
// chosen when it was connected, in the form of [parvis.Ref.String].
const PlaceKey = "place"

// connect is the handler of [Connect]. It keeps nothing between requests.
type connect struct {
	keeper  Keeper
	flows   map[string]Flow
	order   []Form
	base    *url.URL
	life    time.Duration
	done    func(context.Context, []parvis.Account) error
	home    string
	powers  []string
	pending PendingStore
	render  func(http.ResponseWriter, *http.Request, ConnectPage)
	log     *slog.Logger
}

// flowName is what names a flow in addresses.
var flowName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (h *connect) add(flows []Flow) error {
	for _, f := range flows {
		form := f.Form()
		if !flowName.MatchString(form.Name) {
			return connectInvalid("a flow has the name "+form.Name, "names consist of small letters, digits, dots, dashes and underscores")
		}
		if h.flows[form.Name] != nil {
			return connectInvalid("two flows have the name "+form.Name, "give each flow once")
		}
		h.flows[form.Name], h.order = f, append(h.order, form)
	}
	return nil
}

// connectBase reads the address under which the handler is mounted.
func connectBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case base == "" || err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.RawPath != "":
		return nil, connectInvalid("the base address is missing or none", "set Base to an address such as https://desk.example/connect/")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, connectInvalid("the base address must be https", "http is for loopback addresses only, such as http://127.0.0.1:8080/connect/")
	}
	clean := u.JoinPath("/")
	if strings.TrimSuffix(clean.Path, "/") != strings.TrimSuffix(u.Path, "/") {
		return nil, connectInvalid("the path of the base address is not clean", "use "+clean.String())
	}
	return clean, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func connectInvalid(msg, help string) error {
	return &parvis.Error{Op: "connect", Code: parvis.ErrInvalid, Message: msg, Help: help}
}

// address is an address below the base.
func (h *connect) address(parts ...string) string { return h.base.JoinPath(parts...).String() }

// link is the path of such an address, which is what pages link to.
func (h *connect) link(parts ...string) string { return h.base.JoinPath(parts...).EscapedPath() }

func (h *connect) callbackOf(flow string) string { return h.address("callback", flow) }

func (h *connect) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	for pattern, page := range map[string]func(*turn) error{
		"GET /{$}":             (*turn).list,
		"GET /to/{flow}":       (*turn).form,
		"POST /to/{flow}":      (*turn).start,
		"GET /callback/{flow}": (*turn).callback,
		"GET /choose/{id}":     (*turn).choices,
		"POST /choose/{id}":    (*turn).choose,
		"GET /result/{id}":     (*turn).result,
	} {
		mux.HandleFunc(pattern, h.page(page))
	}
	mux.HandleFunc("GET /connect.css", serveStyle)
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(h.base.Scheme + "://" + h.base.Host); err != nil {
		return nil, connectInvalid("the base address has no origin", err.Error())
	}
	return h.headers(guard.Handler(http.StripPrefix(strings.TrimSuffix(h.base.Path, "/"), mux))), nil
}

// headers keep the pages out of frames, caches, histories and the logs of others. Forms
// may lead to other servers, since starting a flow leads to its network.
func (h *connect) headers(next http.Handler) http.Handler {
	policy := "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:"
	if h.base.Scheme == "http" {
		policy += " http:"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != h.base.Path && path.Clean(r.URL.Path) != r.URL.Path {
			http.NotFound(w, r) // a mux would redirect, and take a code along
			return
		}
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// A turn is one request to the pages of [Connect].
type turn struct {
	*connect
	w http.ResponseWriter
	r *http.Request
	// browser is the secret of the browser's cookie, empty if it has none.
	browser string
	// secrets must appear on no page and in no log.
	secrets []string
}

// maxConnectForm bounds what somebody can send in a form, in bytes.
const maxConnectForm = 1 << 20

// page answers a request; what fails without an answer of its own becomes a page too.
// Forms must carry the browser's token.
func (h *connect) page(answer func(*turn) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t := &turn{connect: h, w: w, r: r, browser: h.browserOf(r)}
		err := t.readForm()
		if err == nil {
			err = answer(t)
		}
		if err == nil {
			return
		}
		if why, ok := errors.AsType[refusal](err); ok {
			t.refuse(why)
			return
		}
		n := t.explain(err)
		status := http.StatusInternalServerError
		if s, ok := errors.AsType[connectStatus](err); ok {
			status = int(s)
		}
		t.show(status, n.Title, "result", resultPage{Notice: n})
	}
}

// refuse sends the browser to the list of networks, which says why.
func (t *turn) refuse(why refusal) {
	t.log.Warn("connect: refused", "client", t.keeper.Client(), "flow", t.r.PathValue("flow"), "why", string(why))
	t.leave(t.link() + "?notice=" + string(why))
}

// connectStatus is an HTTP status that is an error.
type connectStatus int

// Error names the status.
func (s connectStatus) Error() string { return http.StatusText(int(s)) }

func (t *turn) readForm() error {
	if t.r.Method != http.MethodPost {
		return nil
	}
	t.r.Body = http.MaxBytesReader(t.w, t.r.Body, maxConnectForm)
	if err := t.r.ParseForm(); err != nil {
		return errors.Join(connectStatus(http.StatusBadRequest), connectInvalid("the form could not be read", "go back, and send it again"))
	}
	if !t.owns(t.r.PostForm.Get("csrf")) {
		return errors.Join(connectStatus(http.StatusForbidden), connectInvalid("this form is from another visit, so nothing was done",
			"open the list of networks again, in a browser that keeps cookies"))
	}
	return nil
}

// doing is the context for what changes something: it outlives a browser that goes away
// in the middle, since a code that was redeemed halfway is lost.
func (t *turn) doing() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.r.Context()), 2*time.Minute)
}

// flow is the flow that the address names.
func (t *turn) flow() (Flow, Form, error) {
	f := t.flows[t.r.PathValue("flow")]
	if f == nil {
		return nil, Form{}, errors.Join(connectStatus(http.StatusNotFound), connectInvalid("there is no such network here", "choose one from the list"))
	}
	return f, f.Form(), nil
}
