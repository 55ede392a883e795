package fakenet

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
)

// DefaultSettle is the default of [Options.Settle].
const DefaultSettle = 2 * time.Second

// maxBody is the largest request that the server reads, in bytes.
const maxBody = 64 << 20

// Options are the settings of a [Server]. The zero value never fails.
type Options struct {
	// Seed is what the faults are drawn from.
	Seed uint64
	// Faults happen to what changes something: publishing, editing, deleting, uploading.
	// Reads happen to all else, with nothing to lose but the answer.
	Faults, Reads Faults
	// KeyLife is how long [Keyed] accounts' keys are remembered; 0 is for ever.
	KeyLife time.Duration
	// Settle is how long after an attempt began one of its requests may still make a
	// post, as the network tells its clients, who believe no sooner that a post is not
	// there. It must cover Faults.SlowFor and the time in which a client repeats what was
	// refused; 0 is [DefaultSettle], and a negative one makes them believe it at once.
	Settle time.Duration
	// Now is the clock by which keys are forgotten and posts are dated in the ledger, that
	// of the town; nil is [time.Now]. Faults take real time.
	Now func() time.Time
	// At is called when a call that changes something reaches a point, without any lock
	// held: the call goes on when At returns, whether or not its client is still there.
	At func(Point, Visit)
}

// A Point is a moment in a call that changes something.
type Point string

// The points.
const (
	// Received: the whole request is here, and nothing has been done.
	Received Point = "received"
	// Taken: it was carried out or refused, and nothing has been answered.
	Taken Point = "taken"
)

// A Visit is a call that changes something.
type Visit struct {
	// Op is "publish", "edit", "delete" or "upload".
	Op string
	// Account is the ID of the account that calls.
	Account string
	// Key is the draft's key as far as the network is told; Marker is the first "#n123" of
	// the text; ID is that of the post that is edited or deleted.
	Key, Marker, ID string
}

// A Server is the network. It is safe for concurrent use.
type Server struct {
	// URL is the address that clients call, without a slash at its end. It is empty of a
	// server made by [Serve].
	URL string

	town *fake.Network
	mux  *http.ServeMux
	http *http.Server // nil without a listener

	mu       sync.Mutex
	idle     *sync.Cond // broadcast when busy or conns becomes 0
	busy     int        // requests that are being worked on
	conns    int        // connections that are open
	closed   bool
	opt      Options
	rng      *rand.Rand
	injected []injected
	tally    Tally
	members  map[string]*member // by ID
	ledger   ledger
	claims   map[claimed]*claim
	drafts   int             // drafts handed to the town
	files    map[string]file // by ID: uploaded by themselves
}

// A member is an account that has joined.
type member struct {
	id    string
	class Class
	town  *fake.Account
	order sync.Mutex // held while a post is made, so that the ledger has the town's order
}

// A Tally is what happened so far.
type Tally struct {
	// Requests counts all, and Fates those that met one.
	Requests int
	Fates    map[Fate]int
	// Replayed counts posts that were answered with an earlier one, and Conflicts those
	// that were refused because their ID was taken.
	Replayed, Conflicts int
	// Uploads counts files that were uploaded by themselves; see [Provider.UploadFirst].
	Uploads int
	// Orphans counts posts that were made when their client had gone already.
	Orphans int
	// Unsure counts posts of which the server does not know whether they were made,
	// because of faults that were scripted on the town itself. It makes what is counted
	// worthless unless it is 0.
	Unsure int
}

// Serve returns a server without a listener; nil options are the zero ones.
func Serve(town *fake.Network, opts *Options) *Server {
	if opts == nil {
		opts = &Options{}
	}
	s := &Server{
		town: town, opt: *opts, rng: rand.New(rand.NewPCG(opts.Seed, opts.Seed^0x9e3779b97f4a7c15)),
		members: map[string]*member{}, claims: map[claimed]*claim{}, files: map[string]file{}, ledger: newLedger(), tally: Tally{Fates: map[Fate]int{}},
	}
	s.opt.Settle = cmp.Or(s.opt.Settle, DefaultSettle)
	s.opt.Faults, s.opt.Reads = s.opt.Faults.withDefaults(), s.opt.Reads.withDefaults()
	if s.opt.Now == nil {
		s.opt.Now = time.Now
	}
	s.idle = sync.NewCond(&s.mu)
	s.mux = s.routes()
	return s
}

// TB is the part of [testing.TB] that [Start] needs.
type TB interface {
	Helper()
	Cleanup(f func())
	Fatalf(format string, args ...any)
}

// Start serves the town on a loopback address until the test ends.
func Start(t TB, town *fake.Network, opts *Options) *Server {
	t.Helper()
	s := Serve(town, opts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("no loopback address to listen on: %v", err)
		return nil
	}
	s.URL = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ConnState: s.connected}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.http.Serve(l) // it ends with Close, and with its error only
	}()
	t.Cleanup(func() {
		s.Close()
		<-served
	})
	return s
}

// Close ends the listener and all connections, and waits for what is being worked on.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if s.http != nil {
		_ = s.http.Close()
	}
	s.Quiet()
}

// Join adds an account to the town, and returns it as clients have to name it. An account
// that has joined keeps its class. A class that does not exist is [Blind].
func (s *Server) Join(m fake.Member, c Class) parvis.Account {
	account := s.town.Add(m)
	a := account.Account()
	if !c.known() {
		c = Blind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[a.ID] == nil {
		s.members[a.ID] = &member{id: a.ID, class: c, town: account}
	}
	return a
}

// Tally returns what happened so far.
func (s *Server) Tally() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally
	t.Fates = maps.Clone(t.Fates)
	return t
}

// ServeHTTP answers one request. A connection that is to be closed without an answer
// panics with [http.ErrAbortHandler], as net/http has it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.end()
	s.mux.ServeHTTP(w, r)
}
