package public_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/internal/public"
)

func TestAddr(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"} {
		assert.True(t, public.Addr(netip.MustParseAddr(ip)), ip)
	}
	for _, ip := range []string{
		"127.0.0.1", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "198.18.0.1", "fec0::1", "ff02::1", "fe80::1%eth0", "fd00:ec2::254",
		"192.0.2.1", "2001:db8::1", "2001::1",
	} {
		assert.False(t, public.Addr(netip.MustParseAddr(ip)), ip)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"} {
		assert.True(t, public.Local(host), host)
	}
	for _, host := range []string{"localhost.example", "10.0.0.1", "example", ""} {
		assert.False(t, public.Local(host), host)
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(s.Close)
	get := func(loopback bool) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
		require.NoError(t, err)
		resp, err := public.Client(loopback).Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	require.NoError(t, get(true))
	require.ErrorIs(t, get(false), public.ErrPrivate)
}
