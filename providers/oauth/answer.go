package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// maxLife is the longest life of a token that is believed.
const maxLife = 100 * 365 * 24 * time.Hour

// answer is what a token endpoint gave (RFC 6749, section 5.1), in any of the forms that
// networks make of it.
type answer struct {
	access, refresh, kind, user string
	life, refreshLife           time.Duration
	scopes                      []string // nil is: not told
}

var errNoToken = errors.New("there is no access token in the answer")

// parseAnswer reads the answer of a token endpoint: JSON, or the form encoding of old
// servers. Lives are numbers or numbers in quotes, scopes a list with spaces or commas, or
// an array; Instagram calls them permissions and may wrap all in {"data":[…]}.
func parseAnswer(body []byte) (answer, error) {
	fields := map[string]any{}
	if err := json.Unmarshal(body, &fields); err != nil {
		form, ferr := url.ParseQuery(string(body))
		if ferr != nil || form.Get("access_token") == "" {
			return answer{}, errNoToken
		}
		for name := range form {
			fields[name] = form.Get(name)
		}
	}
	if list, ok := fields["data"].([]any); ok && len(list) == 1 {
		if inner, ok := list[0].(map[string]any); ok {
			fields = inner
		}
	}
	a := answer{
		access: text(fields["access_token"]), refresh: text(fields["refresh_token"]), kind: text(fields["token_type"]),
		user: text(fields["user_id"]), life: seconds(fields["expires_in"]),
		refreshLife: seconds(fields["refresh_token_expires_in"]), scopes: scopesOf(fields["scope"]),
	}
	if a.scopes == nil {
		a.scopes = scopesOf(fields["permissions"])
	}
	if a.life == 0 {
		a.life = seconds(fields["expires"])
	}
	if strings.EqualFold(a.kind, "bearer") {
		a.kind = ""
	}
	if a.access == "" {
		return answer{}, errNoToken
	}
	return a, nil
}

// text is a JSON value as text: a string, or a number without a fraction as networks give IDs.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// seconds is a life; what is none, or absurd, is 0.
func seconds(v any) time.Duration {
	n, ok := v.(float64)
	if s, isText := v.(string); isText {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		n, ok = f, err == nil
	}
	if !ok || math.IsNaN(n) || n <= 0 || n > maxLife.Seconds() {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// scopesOf splits scopes as networks write them; nil if v does not tell.
func scopesOf(v any) []string {
	switch v := v.(type) {
	case string:
		return splitScopes(v)
	case []any:
		list := []string{}
		for _, x := range v {
			if s, ok := x.(string); ok && s != "" {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// splitScopes splits at spaces and commas. Text without any scope is no scopes, not nil.
func splitScopes(s string) []string {
	list := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })
	if list == nil {
		list = []string{}
	}
	return list
}

// token makes the token that a says. requested are the scopes that were asked for, which
// an answer without scope has granted (RFC 6749, section 5.1).
func (s Server) token(a answer, requested []string, now time.Time) parvis.Token {
	t := parvis.Token{Value: a.access, Refresh: a.refresh, Type: a.kind, Scopes: a.scopes}
	if t.Scopes == nil {
		t.Scopes = requested
	}
	life := a.life
	if life == 0 {
		life = s.TokenLife
	}
	if life > 0 {
		t.Expiry = now.Add(life)
	}
	t.Extra = map[string]string{ExtraIssued: stamp(now)}
	if a.refreshLife > 0 {
		t.Extra[ExtraRefreshExpiry] = stamp(now.Add(a.refreshLife))
	}
	t.Extra = with(t.Extra, ExtraUser, a.user)
	return t
}

// renewed is the token that takes the place of old. What next leaves out is kept.
func renewed(old, next parvis.Token, scopesTold bool) parvis.Token {
	extra := next.Extra
	next.Extra = old.Extra
	for key, value := range extra {
		next.Extra = with(next.Extra, key, value)
	}
	if next.Refresh == "" {
		next.Refresh = old.Refresh
	}
	if !scopesTold {
		next.Scopes = old.Scopes
	}
	if next.Type == "" {
		next.Type = old.Type
	}
	next.Version = old.Version
	return next
}
