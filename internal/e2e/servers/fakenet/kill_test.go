package fakenet_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// An errand is what a worker, another process of this test's program, has to do.
type errand struct {
	URL     string
	Account parvis.Account
	Class   fakenet.Class
	Draft   publish.Draft
}

func TestMain(m *testing.M) {
	work := flag.String("worker", "", "an errand in JSON: publish its draft and end")
	flag.Parse()
	if *work == "" {
		os.Exit(m.Run())
	}
	var e errand
	if json.Unmarshal([]byte(*work), &e) != nil {
		os.Exit(2)
	}
	p, err := fakenet.Open(e.URL, e.Account, e.Class, nil)
	if err == nil {
		_, err = publish.To(context.Background(), p, e.Draft)
	}
	if err != nil {
		os.Exit(1)
	}
}

// send starts a worker.
func send(t *testing.T, e errand) *exec.Cmd {
	t.Helper()
	b, err := json.Marshal(e)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-worker", string(b))
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	return cmd
}

// TestAWorkerIsKilled kills a process when the network has received its post and when it
// has made it: the network goes on, and what can be known then depends on the class.
func TestAWorkerIsKilled(t *testing.T) {
	t.Parallel()
	for _, point := range []fakenet.Point{fakenet.Received, fakenet.Taken} {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			for _, c := range fakenet.Classes() {
				t.Run(string(c), func(t *testing.T) { killed(t, point, c) })
			}
		})
	}
}

func killed(t *testing.T, point fakenet.Point, c fakenet.Class) {
	reached, dead := make(chan bool), make(chan bool)
	town := fake.New(fake.Options{})
	s := fakenet.Start(t, town, &fakenet.Options{
		Settle: -1, Faults: fakenet.Faults{Slow: 1, SlowFor: 150 * time.Millisecond},
		At: func(p fakenet.Point, _ fakenet.Visit) {
			if p == point {
				reached <- true
				<-dead
			}
		},
	})
	e := errand{URL: s.URL, Account: s.Join(fake.Member{Handle: "acme", Client: "acme"}, c), Class: c, Draft: draft("k", "killed #n1")}
	worker := send(t, e)
	<-reached
	require.NoError(t, worker.Process.Kill())
	require.Error(t, worker.Wait())
	assert.Equal(t, point == fakenet.Taken, len(s.Deliveries()) == 1)
	close(dead)
	require.NoError(t, s.Drain(t.Context()))
	all := s.Delivered()[s.Deliveries()[0].Marker]
	if c != fakenet.Blind {
		all = s.Delivered()["k"]
	}
	require.Len(t, all, 1, "the network went on")
	assert.Equal(t, point == fakenet.Received, all[0].Orphan)

	p, err := fakenet.Open(s.URL, e.Account, c, quick())
	require.NoError(t, err)
	got, err := publish.Reconcile(t.Context(), p, attempt(p, e.Draft, time.Second))
	if c == fakenet.Blind {
		require.ErrorIs(t, err, parvis.ErrUnsupported)
		return
	}
	require.NoError(t, err)
	assert.Equal(t, all[0].ID, got.Ref.ID)
}

// TestDrain waits for clients to end, and says so if they do not.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	require.NoError(t, s.Drain(t.Context()), "there is nobody")
	p := join(t, s, fakenet.Keyed, quick())
	_, err := publish.To(t.Context(), p, draft("k", "x"))
	require.NoError(t, err)
	require.NoError(t, s.Drain(t.Context()))

	wire := &http.Transport{}
	p = join(t, s, fakenet.Keyed, &providers.Options{HTTPClient: &http.Client{Transport: wire}})
	_, err = publish.To(t.Context(), p, draft("k2", "x"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err = s.Drain(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "1 connections")
	wire.CloseIdleConnections()
	require.NoError(t, s.Drain(t.Context()))
	s.Close()
	require.Error(t, s.Drain(t.Context()))
}
