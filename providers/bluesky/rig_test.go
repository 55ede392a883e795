package bluesky_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	blueskytest "github.com/parvis-go/parvis/internal/apitest/bluesky"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
)

// account opens a user of the server, with the session of its app password, and captures
// the log.
func account(t testing.TB, s *blueskytest.Server, u *blueskytest.User, change ...func(*bluesky.Config)) (*bluesky.Client, *capturedLog) {
	t.Helper()
	log := new(capturedLog)
	cfg := bluesky.Config{
		Tokens: held(grant(t, s, u)), Client: "acme", Server: s.URL, Video: s.URL,
		Every: 50 * time.Millisecond, Settle: 300 * time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := bluesky.New(cfg, &providers.Options{
		Timeout: 2 * time.Second, Retry: providers.Retry{MinWait: 10 * time.Millisecond}, MaxAnswer: 1 << 20,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, secret := range []string{"parvis-secret-", u.AppPassword} {
			if strings.Contains(log.String(), secret) {
				t.Error("the log holds a secret")
			}
		}
	})
	return c, log
}

// grant is the token that connecting the user with the app password gives.
func grant(t testing.TB, s *blueskytest.Server, u *blueskytest.User) parvis.Token {
	t.Helper()
	flow := bluesky.NewPasswordFlow(bluesky.PasswordConfig{Directory: bluesky.Directory{PLC: s.URL, Handles: s.URL, Loopback: true}}, nil)
	step, err := flow.Start(t.Context(), providers.Input{Values: map[string]string{"handle": u.Handle, "password": u.AppPassword, "server": s.URL}})
	require.NoError(t, err)
	require.Len(t, step.Grant.Choices, 1)
	return step.Grant.Choices[0].Token
}

// held is a source of one token that never changes.
func held(t parvis.Token) parvis.TokenSource { return holder{t} }

type holder struct{ t parvis.Token }

func (h holder) Token(context.Context) (parvis.Token, error) { return h.t, nil }

// square is a small PNG.
func square() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		return nil
	}
	return b.Bytes()
}

// capturedLog collects a log.
type capturedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *capturedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *capturedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
