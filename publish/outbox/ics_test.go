package outbox_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// icalFile is an iCalendar file of events, which are given by their own lines.
func icalFile(events ...string) string {
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//elsewhere//EN"}
	for _, ev := range events {
		lines = append(lines, "BEGIN:VEVENT", "DTSTAMP:20261122T090000Z", ev, "END:VEVENT")
	}
	return strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")
}

func TestReadICalOfAnotherProgram(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	ps, err := x.acme.ReadICal(t.Context(), strings.NewReader(icalFile(
		"UID:1\r\nSUMMARY:Noël\r\nDESCRIPTION:Bonjour\\, vous\\nà samedi\r\nDTSTART;TZID=America/Sao_Paulo:20261224T180000\r\nDTEND;TZID=America/Sao_Paulo:20261224T190000\r\nURL:https://acme.example/a\r\nCATEGORIES:fêtes,verre",
		"UID:2\r\nSUMMARY:Only a summary\r\nDTSTART:20261224T180000",
		"UID:3\r\nSUMMARY:In UTC\r\nDTSTART:20261224T180000Z",
		"UID:4\r\nSUMMARY:Called off\r\nSTATUS:CANCELLED\r\nDTSTART:20261224T180000Z",
	)), x.as)
	require.NoError(t, err)
	require.Len(t, ps, 3)
	assert.Equal(t, publish.Draft{Title: "Noël", Text: "Bonjour, vous\nà samedi", Link: "https://acme.example/a"}, ps[0].Draft)
	assert.Equal(t, outbox.At("America/Sao_Paulo", "2026-12-24 18:00"), ps[0].When)
	assert.Equal(t, []string{"fêtes", "verre"}, ps[0].Labels)
	assert.Equal(t, x.as.Targets, ps[0].Targets)
	assert.Equal(t, publish.Draft{Text: "Only a summary"}, ps[1].Draft)
	assert.Equal(t, outbox.At("Europe/Paris", "2026-12-24 18:00"), ps[1].When, "a floating time is in the usual zone")
	assert.Equal(t, outbox.At("UTC", "2026-12-24 18:00"), ps[2].When)
}

func TestReadICalTellsOfEveryBadEvent(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	x.as.Targets = nil
	ps, err := x.acme.ReadICal(t.Context(), strings.NewReader(icalFile(
		"UID:1\r\nSUMMARY:All day\r\nDTSTART;VALUE=DATE:20261224",
		"UID:2\r\nSUMMARY:Again and again\r\nX-PARVIS-ACCOUNTS:ana\r\nDTSTART:20261224T180000\r\nRRULE:FREQ=DAILY",
		"SUMMARY:No identifier\r\nDTSTART:20261224T180000",
		"UID:4\r\nDTSTART:20261224T180000\r\nX-PARVIS-ACCOUNTS:nobody",
		"UID:5\r\nSUMMARY:Good\r\nX-PARVIS-ACCOUNTS:ana\r\nDTSTART:20261224T180000",
	)), x.as)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	assert.Empty(t, ps)
	rows, ok := errors.AsType[outbox.BadRows](err)
	require.True(t, ok)
	require.Len(t, rows, 4)
	assert.Equal(t, `event "1" (All day)`, rows[0].Event)
	assert.Contains(t, rows[0].Text, "it names no account; it lasts all day")
	assert.Equal(t, "it repeats; add its rule with Repeat, and export it without", rows[1].Text)
	assert.Contains(t, rows[2].Text, "No identifier")
	assert.Contains(t, rows[2].Text, "it has no UID")
	assert.Equal(t, `there is no account "nobody"; it says nothing`, rows[3].Text)
	assert.Zero(t, rows[0].Line)

	_, err = x.acme.ReadICal(t.Context(), strings.NewReader("no calendar"), x.as)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	broken := errors.New("the line is gone")
	_, err = x.acme.ReadICal(t.Context(), iotest.ErrReader(broken), x.as)
	require.ErrorIs(t, err, broken)
}

func TestICalRoundTrip(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	var want []outbox.Plan
	for i, s := range hostileTexts {
		p := outbox.Plan{
			Draft: publish.Draft{
				Text: s, Title: s, Lang: "fr", Link: "https://acme.example/?a=1,2",
				Media: []parvis.Media{parvis.FromURL("https://acme.example/x.png").WithAlt("un four")},
			},
			Labels: []string{"fêtes", "b, c"}, When: outbox.At([]string{"Europe/Paris", "America/Sao_Paulo", "UTC"}[i%3], "2026-12-24 18:00"),
		}
		p.Tagging = outbox.Tagging{Source: "{network}", Campaign: "hiver"}
		want = append(want, p)
		x.add(t, p)
	}
	x.add(t, outbox.Plan{Draft: publish.Draft{Text: "without a time"}})
	var file bytes.Buffer
	require.NoError(t, x.acme.WriteICal(t.Context(), &file, outbox.Query{}))
	assert.NotContains(t, file.String(), "without a time", "an event has a time")

	got, err := x.box.For("other").ReadICal(t.Context(), bytes.NewReader(file.Bytes()), x.as)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for _, p := range want {
		at := 0
		for k := range got {
			if got[k].Draft.Text == p.Draft.Text {
				at = k
			}
		}
		assert.Equal(t, p.Draft, got[at].Draft)
		assert.Equal(t, p.When, got[at].When)
		assert.Equal(t, p.Labels, got[at].Labels)
		assert.Equal(t, p.Tagging, got[at].Tagging)
		assert.Equal(t, []string{"carnet:acme@blog.example"}, accountsIn(got[at]))
	}

	again, err := x.acme.ReadICal(t.Context(), bytes.NewReader(file.Bytes()), x.as)
	require.NoError(t, err)
	assert.Empty(t, again, "what the calendar has is not added twice")
	moved := strings.Replace(file.String(), ":20261224T180000", ":20261225T180000", 1)
	require.NotEqual(t, moved, file.String())
	_, err = x.acme.ReadICal(t.Context(), strings.NewReader(moved), x.as)
	require.ErrorContains(t, err, "change that with Edit or Move")
}

func TestWriteICalTellsWhatBecameOfPosts(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	to := []outbox.Target{outbox.To(x.ana)}
	out, err := x.acme.Add(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "Bonjour\nà tous"}, When: outbox.Now(), Targets: to})
	require.NoError(t, err)
	_, err = x.box.Drain(t.Context())
	require.NoError(t, err)
	out, err = x.acme.Get(t.Context(), out.ID)
	require.NoError(t, err)
	x.add(t, outbox.Plan{Draft: publish.Draft{Text: strings.Repeat("long ", 40)}, When: outbox.At("Europe/Paris", "2026-12-24 18:00")})
	off, err := x.acme.Add(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "Not after all"}, When: outbox.At("Europe/Paris", "2026-12-25 18:00"), Targets: to})
	require.NoError(t, err)
	_, err = x.acme.Cancel(t.Context(), off.ID)
	require.NoError(t, err)

	var file bytes.Buffer
	require.NoError(t, x.acme.WriteICal(t.Context(), &file, outbox.Query{}))
	unfolded := strings.ReplaceAll(file.String(), "\r\n ", "")
	events := strings.Split(unfolded, "BEGIN:VEVENT")
	require.Len(t, events, 4)
	assert.Contains(t, events[0], "X-WR-CALNAME:acme")
	assert.Contains(t, unfolded, "TZID:Europe/Paris")
	for _, want := range []string{"UID:" + out.ID + "@parvis-outbox", "SUMMARY:Bonjour\r\n", `DESCRIPTION:Bonjour\nà tous`, "STATUS:CONFIRMED", "X-PARVIS-STATE:published", "URL:" + out.Targets[0].URL(), "DTSTART:20261122T090000Z", "DURATION:PT15M"} {
		assert.Contains(t, events[1], want)
	}
	assert.Contains(t, events[2], "STATUS:TENTATIVE")
	assert.Regexp(t, `SUMMARY:.{70,81}…\r\n`, events[2])
	assert.Contains(t, events[3], "STATUS:CANCELLED")

	ps, err := x.box.For("other").ReadICal(t.Context(), bytes.NewReader(file.Bytes()), x.as)
	require.NoError(t, err)
	require.Len(t, ps, 2, "what was called off is passed over")
	assert.Empty(t, ps[0].Draft.Title, "a summary that was made of the text is no title")
	require.Error(t, x.acme.WriteICal(t.Context(), brokenWriter{}, outbox.Query{}))
}
