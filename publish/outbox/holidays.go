package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/civil"
	"github.com/parvis-go/parvis/internal/ical"
	"github.com/parvis-go/parvis/internal/store"
)

// importYears is how far ahead the holidays of rules are imported, importMax how many days
// one rule makes at most.
const (
	importYears = 5
	importMax   = 1000
)

// ImportHolidays adds the all-day events of an iCalendar file as holidays in a scope, by
// the wall clock of a zone: each event once, and those that repeat up to five years ahead.
// Events with a time of the day, and cancelled ones, are passed over. It returns how many
// were new or different: the same file twice adds nothing. Events that cannot be read are
// told in the error, which matches [parvis.ErrInvalid]; the others are added nevertheless.
// Options.Roles are asked for "calendar".
//
// https://www.rfc-editor.org/rfc/rfc5545
func (c *Client) ImportHolidays(ctx context.Context, r io.Reader, s Scope, zone string) (int, error) {
	const op = "import holidays"
	if err := c.may(ctx, "calendar"); err != nil {
		return 0, err
	}
	loc, err := civil.LoadZone(zone)
	if err != nil {
		return 0, failed(op, err)
	}
	now, err := c.b.now(ctx, c.b.db)
	if err != nil {
		return 0, failed(op, err)
	}
	if s, _, err = c.scope(c.name, s); err != nil {
		return 0, failed(op, err)
	}
	var os []Blackout
	var faults []error
	for ev, err := range ical.Read(r) {
		if err == nil && ev.AllDay && ev.Status != "CANCELLED" {
			os = append(os, c.holidays(ev, s, loc, now)...)
		}
		if err != nil {
			faults = append(faults, failed(op, err))
		}
	}
	n, err := c.keepHolidays(ctx, os, s, now)
	return n, errors.Join(append(faults, err)...)
}

// keepHolidays stores holidays with one record.
func (c *Client) keepHolidays(ctx context.Context, os []Blackout, s Scope, now time.Time) (n int, err error) {
	const op = "import holidays"
	err = c.b.update(ctx, op, func(tx store.Tx) error {
		n = 0
		for _, o := range os {
			o, err := c.spanned(o, now)
			if err != nil {
				return err
			}
			changed, err := c.keepBlackout(ctx, tx, o)
			if err != nil {
				return err
			}
			if changed {
				n++
			}
		}
		if n == 0 {
			return nil
		}
		return c.record(ctx, tx, parvis.Record{
			Time: now, Account: s.String(), Op: op, Outcome: "done", Detail: counted(n, "holiday"),
		})
	})
	return n, err
}

// holidays are the days that an event makes. Their identifiers follow from the client, the
// scope and the event, so that a second import finds them.
func (c *Client) holidays(ev ical.Event, s Scope, loc *time.Location, now time.Time) []Blackout {
	starts := []civil.Time{ev.Start}
	if rule, err := civil.ParseRule(ev.Rule); ev.Rule != "" && err == nil {
		starts = nil
		for _, o := range rule.After(ev.Start, loc, now.AddDate(0, 0, -ev.Days-1), importMax) {
			if o.At.Before(now.AddDate(importYears, 0, 0)) && !slices.Contains(ev.ExDates, o.Wall) {
				starts = append(starts, o.Wall)
			}
		}
	}
	name := strings.TrimSpace(ev.Summary)
	if name == "" {
		name = "a holiday"
	}
	os := make([]Blackout, len(starts))
	for i, start := range starts {
		key := []string{c.name, string(s.Network), laneOf(s.Account), ev.UID}
		if ev.Rule != "" {
			key = append(key, start.String())
		}
		sum := sha256.Sum256([]byte(strings.Join(key, "\x00")))
		os[i] = Blackout{
			ID: hex.EncodeToString(sum[:16]), Name: name, Kind: Holiday, Scope: s,
			From: At(loc.String(), start.String()), To: At(loc.String(), start.AddDays(ev.Days).String()),
		}
	}
	return os
}

// counted is "1 holiday" or "3 holidays".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
