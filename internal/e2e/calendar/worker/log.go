package main

import "log/slog"

// logger prints what goes wrong as lines that begin with LOG.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(lines{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// lines is a Writer of one line a call.
type lines struct{}

// Write implements [io.Writer].
func (lines) Write(p []byte) (int, error) {
	say("LOG %s", p[:max(0, len(p)-1)])
	return len(p), nil
}
