package httpx

import (
	"log/slog"
	"net/http"
	"time"
)

// log writes the line of one try: Warn if the call is repeated, else Debug. It is the
// outermost layer: it sees what the retries see, after the call has been judged.
func (k *call) log(again bool) {
	level := slog.LevelDebug
	if again {
		level = slog.LevelWarn
	}
	if !k.c.cfg.Logger.Enabled(k, level) {
		return
	}
	secrets := k.secrets()
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("account", k.account.text), slog.String("method", k.req.Method),
		slog.String("host", k.c.base.Host))
	if u := k.lastURL(); u != nil {
		path := u.EscapedPath()
		if u.RawQuery != "" {
			path += "?" + redactQuery(u.RawQuery)
		}
		attrs = append(attrs, slog.String("path", clean(path, secrets)))
	}
	attrs = append(attrs, slog.Int("try", k.try+1))
	if !k.began.IsZero() {
		attrs = append(attrs, slog.Duration("duration", time.Since(k.began)))
	}
	attrs = append(attrs, k.result(secrets)...)
	message := "call"
	if again {
		message = "call failed, trying again"
	} else if k.err != nil {
		message = "call failed"
	}
	k.c.cfg.Logger.LogAttrs(k, level, message, attrs...)
}

// result says how the try ended.
func (k *call) result(secrets []string) []slog.Attr {
	var attrs []slog.Attr
	var h http.Header
	switch {
	case k.open != nil:
		attrs, h = append(attrs, slog.Int("status", k.open.StatusCode)), k.open.Header
	case k.answer != nil:
		attrs, h = append(attrs, slog.Int("status", k.answer.Status)), k.answer.Header
	}
	for _, name := range [...]string{"X-Request-Id", "X-Amzn-Requestid", "X-Fb-Trace-Id", "Cf-Ray"} {
		if id := first(h, name); id != "" {
			attrs = append(attrs, slog.String("request_id", clean(id, secrets)))
			break
		}
	}
	if k.err != nil {
		attrs = append(attrs, slog.String("code", string(k.err.Code)), slog.String("error", clean(k.err.Message, secrets)))
		if k.err.Err != nil {
			attrs = append(attrs, slog.String("cause", clean(k.err.Err.Error(), secrets)))
		}
	}
	return attrs
}
