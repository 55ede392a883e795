package outbox_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish/outbox"
)

// linked is an entry of ana's that waits for approval, and a link to it from claire for marie.
func linked(t testing.TB, b *bench) (outbox.Entry, string) {
	t.Helper()
	b.require(outbox.Rule{Approvers: []string{"claire", "link:marie"}, Need: 2})
	p := b.plan("Bonjour")
	p.Note = "le client est pressé"
	e := b.add("ana", p)
	token, err := b.as("claire").Link(t.Context(), e.ID, "marie", 48*time.Hour)
	require.NoError(t, err)
	return e, token
}

func TestApprovalByLink(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e, token := linked(t, b)
	r, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, "marie", r.Name())
	assert.Equal(t, e.ID, r.Entry().ID)
	assert.Empty(t, r.Entry().Note, "notes are for colleagues")
	items, err := r.Items(t.Context(), e.Targets[0].ID)
	require.NoError(t, err)
	assert.Equal(t, "Bonjour", items[0].Text)
	_, err = r.Items(t.Context(), "another")
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = r.Comment(t.Context(), "Très bien.")
	require.NoError(t, err)
	ms, err := r.Comments(t.Context())
	require.NoError(t, err)
	require.Len(t, ms, 1)
	assert.Equal(t, "marie", ms[0].Person)
	assert.Equal(t, "link", ms[0].Via)

	got, err := r.Approve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, got.State)
	assert.Empty(t, got.Note)
	got, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, got.State)
	as, err := b.as("").Approvals(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, as, 2)
	assert.Equal(t, "marie", as[1].Person)
	assert.Equal(t, "link", as[1].Via)
	assert.Equal(t, "claire", as[1].Maker)
	assert.Equal(t, "boss rules, ana schedule, claire link, marie comment, marie approve, claire approve", b.ops())
}

func TestChangesByLink(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e, token := linked(t, b)
	r, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
	got, err := r.RequestChanges(t.Context(), "Le logo est vieux.")
	require.NoError(t, err)
	assert.Equal(t, outbox.Draft, got.State)
	ms, err := b.as("").Comments(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, ms, 1)
	assert.Equal(t, "link", ms[0].Via)
	assert.True(t, ms[0].Asks)
}

func TestLinksEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(t *testing.T, b *bench, e outbox.Entry)
		want error
	}{
		"time": {func(_ *testing.T, b *bench, _ outbox.Entry) { b.pass(48 * time.Hour) }, parvis.ErrPermission},
		"edit": {func(t *testing.T, b *bench, e outbox.Entry) {
			p := e.Plan
			p.Draft.Text = "Bonsoir"
			_, err := b.as("ana").Edit(t.Context(), e.ID, p)
			require.NoError(t, err)
		}, parvis.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			e, token := linked(t, b)
			r, err := b.box.OpenLink(t.Context(), token)
			require.NoError(t, err)
			tt.do(t, b, e)
			_, err = b.box.OpenLink(t.Context(), token)
			require.ErrorIs(t, err, tt.want)
			// Who has opened it before has no more than who opens it now.
			for _, err := range []error{
				second(r.Approve(t.Context())), second(r.RequestChanges(t.Context(), "non")), second(r.Comment(t.Context(), "oui")),
				second(r.Comments(t.Context())), second(r.Items(t.Context(), e.Targets[0].ID)),
			} {
				require.ErrorIs(t, err, tt.want)
			}
			as, err := b.as("").Approvals(t.Context(), e.ID)
			require.NoError(t, err)
			assert.Empty(t, as)
		})
	}
}

func TestLinkServesToItsLastSecond(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, token := linked(t, b)
	b.pass(48*time.Hour - time.Second)
	_, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
}

func TestLinkOfAMakerWhoMayNoMore(t *testing.T) {
	t.Parallel()
	who := roles{"boss": "rules", "ana": "schedule", "claire": "approve"}
	b := newBench(t, func(o *outbox.Options) { o.Roles = who })
	_, token := linked(t, b)
	_, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
	who["claire"] = ""
	_, err = b.box.OpenLink(t.Context(), token)
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.NotContains(t, err.Error(), "claire")
}

// An author who could make links, or be their reviewer, would approve his own words.
func TestLinkNeedsTwoPeople(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	for name, err := range map[string]error{
		"by the author":  second(b.as("ana").Link(t.Context(), e.ID, "marie", time.Hour)),
		"for the author": second(b.as("claire").Link(t.Context(), e.ID, "ana", time.Hour)),
		"by nobody":      second(b.as("").Link(t.Context(), e.ID, "marie", time.Hour)),
	} {
		require.ErrorIs(t, err, parvis.ErrPermission, name)
	}
}

// Whoever makes links for as many reviewers as it takes is still one.
func TestLinksOfOneMakerCountOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{Need: 2})
	e := b.add("ana", b.plan("Bonjour"))
	for _, reviewer := range []string{"marie", "jean"} {
		token, err := b.as("claire").Link(t.Context(), e.ID, reviewer, time.Hour)
		require.NoError(t, err)
		r, err := b.box.OpenLink(t.Context(), token)
		require.NoError(t, err)
		_, err = r.Approve(t.Context())
		require.NoError(t, err)
	}
	_, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, b.get(e.ID).State)
	e, err = b.as("paul").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)
}

// A reviewer by a link is not the colleague of the same name.
func TestReviewerIsNoColleague(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{Approvers: []string{"paul"}})
	e := b.add("ana", b.plan("Bonjour"))
	token, err := b.as("claire").Link(t.Context(), e.ID, "paul", time.Hour)
	require.NoError(t, err)
	r, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
	_, err = r.Approve(t.Context())
	require.ErrorIs(t, err, parvis.ErrPermission)
	assert.Equal(t, outbox.Review, b.get(e.ID).State)
}

func TestLinkIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	for name, err := range map[string]error{
		"no time":      second(b.as("claire").Link(t.Context(), e.ID, "marie", 0)),
		"too long":     second(b.as("claire").Link(t.Context(), e.ID, "marie", 90*24*time.Hour+1)),
		"no reviewer":  second(b.as("claire").Link(t.Context(), e.ID, " ", time.Hour)),
		"long name":    second(b.as("claire").Link(t.Context(), e.ID, strings.Repeat("x", 201), time.Hour)),
		"no UTF-8":     second(b.as("claire").Link(t.Context(), e.ID, "\xff", time.Hour)),
		"without keys": second(newBench(t, func(o *outbox.Options) { o.LinkKey = nil }).as("claire").Link(t.Context(), e.ID, "marie", time.Hour)),
	} {
		require.ErrorIs(t, err, parvis.ErrInvalid, name)
	}
	_, err := b.box.For("rival").As("claire").Link(t.Context(), e.ID, "marie", time.Hour)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	_, err = b.as("claire").Link(t.Context(), e.ID, "marie", 90*24*time.Hour)
	require.NoError(t, err)
}

// forgeries are tokens that are not the genuine one.
func forgeries(t testing.TB, token string) map[string]string {
	t.Helper()
	payload, mac, ok := strings.Cut(token, ".")
	require.True(t, ok, "a token has two parts")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	require.NoError(t, err)
	alter := func(old, fresh string) string {
		require.True(t, bytes.Contains(raw, []byte(old)), "the part is in the token")
		return base64.RawURLEncoding.EncodeToString(bytes.Replace(raw, []byte(old), []byte(fresh), 1)) + "." + mac
	}
	return map[string]string{
		"empty": "", "a dot": ".", "unsigned": payload, "empty signature": payload + ".", "empty payload": "." + mac,
		"another reviewer": alter(`"marie"`, `"jean"`), "another client": alter(`"acme"`, `"rival"`), "longer": alter(`"x":1`, `"x":9`),
		"another maker": alter(`"claire"`, `"boss"`), "twice": token + "." + token, "padded": token + "=", "a space": token + " ", "a line": token + "\n",
		"long": token + strings.Repeat("A", 5000), "half a signature": token[:len(token)-20],
	}
}

func TestForgedLinks(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, token := linked(t, b)
	for name, forged := range forgeries(t, token) {
		_, err := b.box.OpenLink(t.Context(), forged)
		require.ErrorIs(t, err, parvis.ErrPermission, name)
		require.EqualError(t, err, "open link: the link is not valid, or no longer; ask for a new one", name)
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(token) {
		if token[i] == '.' {
			continue
		}
		at := strings.IndexByte(digits, token[i])
		for _, d := range []int{1, 2, 33} { // the last digit of each part has bits that mean nothing
			forged := token[:i] + string(digits[(at+d)%64]) + token[i+1:]
			_, err := b.box.OpenLink(t.Context(), forged)
			require.ErrorIs(t, err, parvis.ErrPermission, "digit %d", i)
		}
	}
	for _, key := range [][]byte{nil, []byte("parvis-secret-another-key-of-32-bytes-at-least")} {
		other := newBench(t, func(o *outbox.Options) { o.LinkKey = key })
		_, err := other.box.OpenLink(t.Context(), token)
		require.ErrorIs(t, err, parvis.ErrPermission)
	}
}

// A link to an entry that is not there tells no more than a forged one.
func TestLinkToNothing(t *testing.T) {
	t.Parallel()
	b, empty := newBench(t, nil), newBench(t, nil)
	_, token := linked(t, b)
	_, err := empty.box.OpenLink(t.Context(), token)
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.NotContains(t, err.Error(), "acme")
}

func TestTokensAreNowhere(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, func(o *outbox.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	e, token := linked(t, b)
	r, err := b.box.OpenLink(t.Context(), token)
	require.NoError(t, err)
	_, err = r.Approve(t.Context())
	require.NoError(t, err)
	seen := log.String()
	for _, forged := range forgeries(t, token) {
		_, err := b.box.OpenLink(t.Context(), forged)
		seen += err.Error()
	}
	b.pass(100 * 24 * time.Hour)
	_, err = b.box.OpenLink(t.Context(), token)
	require.Error(t, err)
	seen += err.Error()
	for r, err := range b.trail.For("acme").Records(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		seen += r.Detail + r.Reason
	}
	payload, mac, _ := strings.Cut(token, ".")
	shown := strings.Contains(seen, payload) || strings.Contains(seen, mac) || strings.Contains(seen, "parvis-"+"secret")
	require.False(t, shown, "a token or the key was shown")
	said := strings.Contains(seen, e.Hash)
	require.True(t, said, "the trail says what was approved")
}

func FuzzOpenLink(f *testing.F) {
	b := newBench(f, nil)
	_, token := linked(f, b)
	f.Add("")
	f.Add("a.b")
	f.Add(strings.Repeat("A", 200) + "." + strings.Repeat("B", 43))
	f.Add("eyJjIjoiYWNtZSJ9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("eyJjIjoiYWNtZSIsImUiOiIxIiwiaCI6IiIsInIiOiJhIiwibSI6ImIiLCJ4Ijo5OTk5OTk5OTk5fQ.")
	f.Fuzz(func(t *testing.T, s string) {
		for _, forged := range []string{s, s + token, token + s, token[:len(token)/2] + s + token[len(token)/2:]} {
			if forged == token {
				continue
			}
			r, err := b.box.OpenLink(t.Context(), forged)
			require.ErrorIs(t, err, parvis.ErrPermission)
			require.Nil(t, r)
		}
	})
}
