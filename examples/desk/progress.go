package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/parvis-go/parvis"
)

// stream is the address of what changes after seq on a calendar page, or on the page of one
// entry.
func (v visit) stream(seq int, entry string) string {
	return "/" + v.client.Slug + "/calendar/stream?since=" + strconv.Itoa(seq) + "&entry=" + url.QueryEscape(entry)
}

// calendarStream sends what changes on the calendar, as Server-Sent Events whose data is
// HTML: each chip, then what stands beside the month; or how one entry stands.
func (s *server) calendarStream(v visit) error {
	seq, _ := strconv.Atoi(v.r.URL.Query().Get("since"))
	if last, err := strconv.Atoi(v.r.Header.Get("Last-Event-ID")); err == nil {
		seq = last
	}
	only := v.r.URL.Query().Get("entry")
	out := http.NewResponseController(v.w)
	if err := out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(v.w, "retry: 1000\n\n")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		entries, now, changed := v.client.Live.Since(seq)
		var err error
		if only != "" {
			err = s.pushProgress(v, entries, only, now)
		} else if len(entries) > 0 {
			err = s.pushCalendar(v, entries, now)
		}
		if err != nil {
			return nil // the browser is gone, or the desk closes
		}
		seq = now
		if out.Flush() != nil {
			return nil
		}
		select {
		case <-changed:
		case <-beat.C:
			fmt.Fprint(v.w, ": still here\n\n")
		case <-v.r.Context().Done():
			return nil
		}
	}
}

// pushCalendar sends the chips of entries, and what stands beside the month.
func (s *server) pushCalendar(v visit, entries []string, seq int) error {
	for _, id := range entries {
		e, err := s.calendar(v).Get(v.r.Context(), id)
		if errors.Is(err, parvis.ErrNotFound) {
			continue // the calendar as a whole
		}
		if err != nil {
			return err
		}
		if err := s.event(v, "entry", seq, func() ([]byte, error) { return s.fragment("calendar", "chip", s.chip(v.client, e)) }); err != nil {
			return err
		}
	}
	beside, err := s.side(v)
	if err != nil {
		return err
	}
	return s.event(v, "side", seq, func() ([]byte, error) { return s.fragment("calendar", "side", beside) })
}

// pushProgress sends how an entry stands, if it is among those that have changed.
func (s *server) pushProgress(v visit, entries []string, id string, seq int) error {
	for _, changed := range entries {
		if changed != id {
			continue
		}
		p, err := s.progress(v, id)
		if err != nil {
			return err
		}
		return s.event(v, "progress", seq, func() ([]byte, error) { return s.fragment("entry", "progress", p) })
	}
	return nil
}

// event writes one event whose data is a fragment.
func (s *server) event(v visit, name string, seq int, fragment func() ([]byte, error)) error {
	b, err := fragment()
	if err != nil {
		return err
	}
	// A carriage return ends a line of a stream too, so a stranger's must not get there.
	b = bytes.ReplaceAll(bytes.TrimSpace(b), []byte("\r"), []byte("&#13;"))
	var ev bytes.Buffer
	fmt.Fprintf(&ev, "id: %d\nevent: %s\n", seq, name)
	for line := range bytes.Lines(b) {
		fmt.Fprintf(&ev, "data: %s\n", bytes.TrimRight(line, "\n"))
	}
	ev.WriteByte('\n')
	_, err = ev.WriteTo(v.w)
	return err
}
