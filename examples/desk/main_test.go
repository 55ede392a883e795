package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, options{addr: usualAddr, speed: 1}, o)
	o, err = parse([]string{"-addr", "127.0.0.1:0", "-speed", "10", "-quiet"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, options{addr: "127.0.0.1:0", speed: 10, quiet: true}, o)
	for _, args := range [][]string{{"-speed", "0"}, {"-speed", "-1"}, {"-speed", "NaN"}, {"-speed", "1e9"}, {"-speed", "quick"}, {"stray"}, {"-no"}} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, "%v", args)
	}
	_, err = parse([]string{"-h"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestListenOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":8420", "0.0.0.0:0", "[::]:0", "192.168.1.2:8420", "example.com:80", "8420", "127.0.0.1", ""} {
		_, err := listenOn(t.Context(), addr)
		require.Error(t, err, addr)
		assert.Contains(t, err.Error(), usualAddr, "the message shows an address that works")
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		ln, err := listenOn(t.Context(), addr)
		require.NoError(t, err, addr)
		tcp, ok := ln.Addr().(*net.TCPAddr)
		require.True(t, ok)
		assert.True(t, tcp.IP.IsLoopback(), addr)
		require.NoError(t, ln.Close())
	}
}

func TestListenOnABusyPortTakesAFreeOne(t *testing.T) {
	t.Parallel()
	first, err := listenOn(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer first.Close()
	assert.False(t, first.busy)
	second, err := listenOn(t.Context(), first.Addr().String())
	require.NoError(t, err)
	defer second.Close()
	assert.True(t, second.busy)
	assert.NotEqual(t, first.Addr().String(), second.Addr().String())
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	taken, err := listenOn(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-addr", taken.Addr().String(), "-speed", "100"}, in) }()

	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	assert.Contains(t, lines.Text(), "is taken")
	require.True(t, lines.Scan())
	home := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(lines.Text())
	require.NotEmpty(t, home, lines.Text())
	go func() { _, _ = io.Copy(io.Discard, out) }()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, home, http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Contains(t, string(page), "Publish to")

	// A stream is open while the desk closes: it must not keep it.
	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, home+"acme/stream", http.NoBody)
	require.NoError(t, err)
	stream, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer stream.Body.Close()
	stop()
	require.NoError(t, <-ended)
	_, err = io.ReadAll(stream.Body)
	require.NoError(t, err, "the stream ends in good order")
}

func TestRunRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.Error(t, run(t.Context(), []string{"-addr", "0.0.0.0:8420"}, &out))
	require.Error(t, run(t.Context(), []string{"-speed", "0"}, &out))
	assert.NotContains(t, out.String(), "is open")
}
