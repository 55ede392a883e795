package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	gomastodon "github.com/mattn/go-mastodon"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/publish"
)

// BenchmarkPublish sends the same status to the same loopback server: with raw net/http
// and encoding/json into a small struct, with go-mastodon, and with publish.To, which
// also checks, limits, keys and normalises.
func BenchmarkPublish(b *testing.B) {
	var n int64
	srv := httptest.NewServer(uploadServer(&n))
	defer srv.Close()
	client := srv.Client()

	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := rawPublish(b.Context(), client, srv.URL); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-mastodon", func(b *testing.B) {
		c := gomastodon.NewClient(&gomastodon.Config{Server: srv.URL, AccessToken: "t"})
		c.Client = *client
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.PostStatus(b.Context(), &gomastodon.Toot{Status: "Bonjour"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parvis", func(b *testing.B) {
		masto, err := mastodon.New(mastodon.Config{Server: srv.URL, Tokens: parvis.StaticToken("t")},
			&providers.Options{HTTPClient: client, Limiter: unlimited{}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := publish.To(b.Context(), masto, publish.Draft{Text: "Bonjour"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// unlimited lets everything through: the server here keeps no rule.
type unlimited struct{}

func (unlimited) Wait(context.Context, parvis.Call) error { return nil }
func (unlimited) Learn(parvis.Call, parvis.Limit)         {}

func rawPublish(ctx context.Context, client *http.Client, server string) error {
	body, err := json.Marshal(map[string]string{"status": "Bonjour"})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/api/v1/statuses", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer t")
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var status struct {
		ID, URL, Content string
	}
	return json.Unmarshal(b, &status)
}

// BenchmarkFanOut publishes one draft to 20 accounts whose network takes 100 ms to answer.
func BenchmarkFanOut(b *testing.B) {
	var ps []publish.Publisher
	for range 20 {
		town := fake.New(fake.Options{Latency: 100 * time.Millisecond})
		ps = append(ps, town.Join("acme"))
	}
	for b.Loop() {
		for _, out := range publish.ToAll(b.Context(), publish.Draft{Text: "Bonjour"}, ps...) {
			if out.Err != nil {
				b.Fatal(out.Err)
			}
		}
	}
}
