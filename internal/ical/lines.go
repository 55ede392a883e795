package ical

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
)

// lines reads content lines: unfolded, without their line breaks, which may be LF alone.
//
// https://www.rfc-editor.org/rfc/rfc5545#section-3.1
type lines struct {
	r    *bufio.Reader
	read int // octets
	line []byte
}

// next returns the next content line, which is good until the call after. Of a line longer
// than an event may be it returns a part that is longer, too. At the end the error is io.EOF.
func (l *lines) next() ([]byte, error) {
	first := l.read == 0
	l.line = l.line[:0]
	for {
		if err := l.physical(); err != nil {
			return nil, err
		}
		fold, err := l.r.Peek(1)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("reading a calendar: %w", err)
		}
		if len(fold) == 0 || fold[0] != ' ' && fold[0] != '\t' {
			break
		}
		_, _ = l.r.Discard(1) // it was there
		l.read++
	}
	if first {
		return bytes.TrimPrefix(l.line, []byte("\uFEFF")), nil
	}
	return l.line, nil
}

// physical appends one line of the file.
func (l *lines) physical() error {
	for begun := false; ; begun = true {
		part, err := l.r.ReadSlice('\n')
		if l.read += len(part); l.read > maxFile {
			return &parvis.Error{Code: parvis.ErrInvalid, Message: "the calendar is larger than 32 MiB", Help: "export a shorter time, or in several files"}
		}
		if len(l.line) <= maxEvent {
			l.line = append(l.line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(part) == 0 && !begun:
			return io.EOF
		case err != nil && err != io.EOF:
			return fmt.Errorf("reading a calendar: %w", err)
		}
		l.line = bytes.TrimRight(l.line, "\r\n")
		return nil
	}
}

// head matches the name and parameters of a content line up to its colon.
var head = regexp.MustCompile(`^[A-Za-z0-9-]+(;[A-Za-z0-9-]+=("[^"]*"|[^";:,]*)(,("[^"]*"|[^";:,]*))*)*:`)

// fault says what is wrong with the content line of a property, or nothing. go-ical reads
// lines without fault.
func fault(line []byte) string {
	control := bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	switch {
	case !head.Match(line[:min(len(line), maxHead)]):
		return fmt.Sprintf("the line %q is not one of a calendar", cut(string(line)))
	case !utf8.Valid(line):
		return fmt.Sprintf("the line %q is not in UTF-8", cut(string(line)))
	case control:
		return fmt.Sprintf("the line %q holds characters that are no text", cut(string(line)))
	}
	return ""
}

// cut shortens what a stranger wrote to what fits into a message.
func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
