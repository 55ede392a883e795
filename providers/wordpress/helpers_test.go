package wordpress_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/providers/wordpress"
	"github.com/parvis-go/parvis/publish"
)

// open opens an account of the test server; change may alter the configuration.
func open(t testing.TB, s *site.Server, login string, change ...func(*wordpress.Config)) *wordpress.Client {
	t.Helper()
	cfg := wordpress.Config{Site: s.URL, User: login, Password: s.User(login).Password, Settle: -1}
	for _, f := range change {
		f(&cfg)
	}
	c, err := wordpress.New(cfg, nil)
	require.NoError(t, err)
	return c
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rig opens an account for the conformance suite.
func rig(t testing.TB, login string, o site.Options) *providertest.Rig {
	t.Helper()
	s := site.New(t, o)
	password := s.User(login).Password
	var log buffer
	c, err := wordpress.New(wordpress.Config{Site: s.URL, User: login, Password: password, Settle: -1},
		&providers.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Timeout: 2 * time.Second, Retry: providers.Retry{MinWait: 10 * time.Millisecond}})
	require.NoError(t, err)
	r := &providertest.Rig{
		Account: c, Say: s.Say, Calls: s.Calls, Break: s.Break(t), Log: &log,
		Count:   func(_ context.Context, text string) (int, error) { return s.Count(text), nil },
		Secrets: []string{password, base64.StdEncoding.EncodeToString([]byte(login + ":" + password))},
	}
	if o.Moderated { // what is said is held already, so that holding it changes nothing
		r.Moderate = afterHold
	}
	return r
}

// afterHold are the actions that change something that is held.
func afterHold(on parvis.Ref) []moderate.Action {
	var dos []moderate.Do
	switch on.Kind {
	case parvis.KindPost:
		dos = []moderate.Do{moderate.DoLock, moderate.DoUnlock, moderate.DoPin, moderate.DoUnpin, moderate.DoRemove, moderate.DoRestore}
	case parvis.KindComment:
		dos = []moderate.Do{moderate.DoSpam, moderate.DoUnspam, moderate.DoApprove, moderate.DoReject, moderate.DoRemove, moderate.DoRestore, moderate.DoPurge}
	}
	var all []moderate.Action
	for _, do := range dos {
		all = append(all, moderate.Action{Do: do, On: on})
	}
	return all
}

// post publishes a draft that must go through.
func post(t testing.TB, c *wordpress.Client, d publish.Draft) publish.Post {
	t.Helper()
	p, err := publish.To(t.Context(), c, d)
	require.NoError(t, err)
	return p
}

// last is the newest exchange with that method and path.
func last(t testing.TB, s *site.Server, method, path string) apitest.Exchange {
	t.Helper()
	for _, x := range slices.Backward(s.Recorder.Exchanges()) {
		if x.Method == method && x.Path == path {
			return x
		}
	}
	require.FailNow(t, "no such call", "%s %s", method, path)
	return apitest.Exchange{}
}

// postsOrComments picks the calls that make something people see.
func postsOrComments(r *http.Request) bool {
	path := r.URL.Path
	return r.Method == http.MethodPost && (strings.HasSuffix(path, "/posts") || strings.HasSuffix(path, "/pages") || strings.HasSuffix(path, "/comments"))
}

// sayingOf is something that is said to nobody in particular.
func sayingOf(text string) providertest.Saying { return providertest.Saying{Text: text} }
