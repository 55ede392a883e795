package fakenet_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	"github.com/parvis-go/parvis/internal/sending"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// stages keeps stages in memory.
type stages struct {
	mu sync.Mutex
	m  map[string]json.RawMessage
}

func (s *stages) Load(_ context.Context, name string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[name], nil
}

func (s *stages) Save(_ context.Context, name string, v json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]json.RawMessage{}
	}
	s.m[name] = v
	return nil
}

// TestUploadFirst breaks a post off after its files: the next attempt does not send them
// again, unless the network has forgotten them.
func TestUploadFirst(t *testing.T) {
	t.Parallel()
	each(t, fakenet.Options{Settle: -1}, func(t *testing.T, s *fakenet.Server, c fakenet.Class) {
		p := join(t, s, c, quick()).UploadFirst()
		ctx := publish.WithStages(t.Context(), &stages{})
		one, two := picture(t, 1), picture(t, 2)
		d := draft("k", "pictures #n1")
		d.Media = []parvis.Media{parvis.FromBytes("1.png", one).WithAlt("dot"), parvis.FromBytes("2.png", two)}
		s.Inject("", "", "", fakenet.Dropped)
		_, err := publish.To(ctx, p, d)
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		assert.Equal(t, 2, s.Tally().Uploads)
		assert.Empty(t, s.Deliveries())
		s.Inject("", fakenet.Unavailable)
		_, err = publish.To(ctx, p, d)
		require.ErrorIs(t, err, parvis.ErrUnknownOutcome)
		s.ForgetUploads()
		post, err := publish.To(ctx, p, d)
		require.NoError(t, err)
		assert.Equal(t, 4, s.Tally().Uploads, "once more, when they were forgotten")
		assert.Equal(t, []string{sum(one), sum(two)}, s.Deliveries()[0].Media)
		assert.Equal(t, "dot", post.Media[0].Alt)

		_, err = publish.Edit(ctx, p, post.Ref, d)
		require.NoError(t, err)
		assert.Equal(t, 4, s.Tally().Uploads)
	})
}

// TestALostUpload is no unknown outcome: nobody can see a file alone.
func TestALostUpload(t *testing.T) {
	t.Parallel()
	s := start(t, fakenet.Options{})
	p := join(t, s, fakenet.Blind, quick()).UploadFirst()
	d := draft("k", "x")
	d.Media = []parvis.Media{parvis.FromBytes("1.png", picture(t, 1))}
	s.Inject("", fakenet.Lost)
	_, err := publish.To(t.Context(), p, d)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	_, err = publish.To(t.Context(), p, d)
	require.NoError(t, err)
	assert.Equal(t, 2, s.Tally().Uploads)
}

// TestTheFence is asked by the client for each request that changes something, and by the
// client alone: the network is another process, also where there is no socket between them.
func TestTheFence(t *testing.T) {
	t.Parallel()
	for _, c := range fakenet.Classes() {
		s := fakenet.Serve(fake.New(fake.Options{}), nil)
		opts := quick()
		opts.HTTPClient = inProcess(s)
		p, err := fakenet.Open("http://town.example", s.Join(fake.Member{Handle: "acme"}, c), c, opts)
		require.NoError(t, err)
		asked := 0
		var say error
		kept := &stages{}
		ctx := sending.WithFence(publish.WithStages(t.Context(), kept), func(context.Context) error { asked++; return say })
		d := draft("k", "fenced #n1")
		d.Media = []parvis.Media{parvis.FromBytes("1.png", picture(t, 1))}
		post, err := publish.To(ctx, p, d)
		require.NoError(t, err)
		require.NoError(t, publish.Delete(ctx, p, post.Ref))
		assert.Equal(t, 2, asked)
		assert.Empty(t, kept.m, "the network's own stages are none of the client's")
		say = &parvis.Error{Code: parvis.ErrConflict, Message: "paused"}
		_, err = publish.To(ctx, p, draft("k2", "kept back #n2"))
		require.ErrorIs(t, err, parvis.ErrConflict)
		assert.Len(t, s.Deliveries(), 1)
	}
}
