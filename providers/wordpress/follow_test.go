package wordpress_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	site "github.com/parvis-go/parvis/internal/apitest/wordpress"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/wordpress"
)

func lists(r *http.Request) bool {
	return r.Method == http.MethodGet && (strings.HasSuffix(r.URL.Path, "/comments") || strings.HasSuffix(r.URL.Path, "/posts"))
}

// bubble opens an account inside a synctest bubble, without a network.
func bubble(t *testing.T, s *site.Server, login string) *wordpress.Client {
	t.Helper()
	c, err := wordpress.New(wordpress.Config{Site: s.URL, User: login, Password: s.User(login).Password},
		&providers.Options{HTTPClient: &http.Client{Transport: s.Transport()}})
	require.NoError(t, err)
	return c
}

func TestFollowing(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, s, "editor")
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan string, 10)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ev, err := range listen.To(ctx, c, listen.Query{Kinds: listen.Comment, Follow: true, Every: 5 * time.Minute}) {
				if err != nil {
					heard <- err.Error()
					continue
				}
				heard <- ev.Text.Plain
			}
		}()
		synctest.Wait()
		_, err := s.Say(ctx, sayingOf("one"))
		require.NoError(t, err)
		start := time.Now()
		assert.Equal(t, "one", <-heard)
		assert.Equal(t, 5*time.Minute, time.Since(start))
		s.Faults.Inject(apitest.Fault{Kind: apitest.ErrorBefore, Match: lists, Times: 3}) // one round that fails whatever is tried
		_, err = s.Say(ctx, sayingOf("two"))
		require.NoError(t, err)
		assert.Equal(t, "two", <-heard, "a failure that passes is waited out")
		s.Faults.Inject(apitest.Fault{Kind: apitest.RateLimited, RetryAfter: time.Hour, Match: lists})
		_, err = s.Say(ctx, sayingOf("three"))
		require.NoError(t, err)
		start = time.Now()
		assert.Equal(t, "three", <-heard)
		assert.GreaterOrEqual(t, time.Since(start), time.Hour, "the site is left alone as long as it asks")
		cancel()
		<-done
		assert.Empty(t, heard)
	})
}

func TestFollowingEndsWhenTheAccountIsGone(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	synctest.Test(t, func(t *testing.T) {
		c := bubble(t, s, "editor")
		var last error
		n := 0
		for _, err := range listen.To(t.Context(), c, listen.Query{Follow: true, Own: true}) {
			if n++; n == 1 {
				s.Revoke("editor")
			}
			last = err
		}
		require.ErrorIs(t, last, parvis.ErrAuth)
	})
}
