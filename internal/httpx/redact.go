package httpx

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	redacted  = "[redacted]"
	maxVendor = 300 // characters of a foreign text
	minSecret = 4   // bytes; what is shorter would blot out ordinary text
)

// The places where a credential stands in a text.
var (
	byAssignment = regexp.MustCompile(`(?i)([\w.-]*(?:token|key|secret|signature|sig|password|passwd|jwt|assertion|verifier|credential)|\bcode)=[^\s"'&,;<>]+`)
	byMember     = regexp.MustCompile(`(?i)("[\w.-]*(?:token|secret|password|passwd|api_?key|private_?key|jwt|assertion|verifier)\\?"\s*:\s*\\?")(?:[^"\\]|\\[^"])+`)
	byHeader     = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|cookie|x-[\w-]*(?:token|key|secret))(\s*[:=]\s*)[^\r\n,;]+`)
	byScheme     = regexp.MustCompile(`(?i)\b((?:bearer|basic|dpop|oauth)\s+)[A-Za-z0-9._~+/=:-]{8,}`)
	byUserinfo   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#"'@]+@`)
	byBotPath    = regexp.MustCompile(`\b(bot)\d{4,}:[\w-]{16,}`)
)

// Redact returns s without secrets: every given one of 4 bytes or more, as it is and as
// URLs and JSON escape it, and whatever stands in the place of a credential: after
// access_token=, token:, password= and the like, after Bearer, before the @ of a URL.
func Redact(s string, secrets ...string) string {
	if s == "" {
		return s
	}
	for _, secret := range forms(secrets) {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	s = byUserinfo.ReplaceAllString(s, "${1}"+redacted+"@")
	s = byMember.ReplaceAllString(s, "${1}"+redacted)
	s = byHeader.ReplaceAllString(s, "${1}${2}"+redacted)
	s = byScheme.ReplaceAllString(s, "${1}"+redacted)
	s = byBotPath.ReplaceAllString(s, "${1}"+redacted)
	return byAssignment.ReplaceAllStringFunc(s, func(m string) string {
		name, value, _ := strings.Cut(m, "=")
		if strings.EqualFold(name, "code") && len(value) < 5 {
			return m // a status
		}
		return name + "=" + redacted
	})
}

// forms returns the secrets in all the ways in which they may be written, longest first
// so that none leaves a rest of another.
func forms(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		all = append(all, s, url.QueryEscape(s), url.PathEscape(s))
		if q, err := json.Marshal(s); err == nil {
			all = append(all, string(q[1:len(q)-1]))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// clean makes a text from outside fit for an error: without control characters and
// secrets, and cut to a sane length.
func clean(s string, secrets []string) string {
	if s == "" {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s)
	s = Redact(s, secrets...)
	n := 0
	for i := range s {
		if n == maxVendor {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// isControl reports whether r is a control or an invisible formatting character.
func isControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// secrets returns all that must not be told of this call.
func (k *call) secrets() []string {
	var all []string
	if k.c.cfg.Secrets != nil {
		all = append(all, k.c.cfg.Secrets()...)
	}
	all = append(all, k.c.password)
	header, query := k.req.Header, k.req.Query
	if k.sent != nil { // with what Auth has set
		header, query = k.sent.Header, k.sent.URL.Query()
	}
	all = valueSecrets(headerSecrets(all, header), query)
	if k.body != nil {
		all = valueSecrets(all, k.body.form)
		all = jsonSecrets(all, k.body.data)
	}
	return all
}

func headerSecrets(all []string, h http.Header) []string {
	for name, values := range h {
		if !secretHeader(name) {
			continue
		}
		for _, v := range values {
			all = append(all, v)
			_, credential, ok := strings.Cut(v, " ")
			if !ok {
				continue
			}
			all = append(all, credential)
			if b, err := base64.StdEncoding.DecodeString(credential); err == nil {
				_, password, _ := strings.Cut(string(b), ":")
				all = append(all, string(b), password)
			}
		}
	}
	return all
}

// secretHeader reports whether a header of that name may carry a credential.
func secretHeader(name string) bool {
	switch name = strings.ToLower(name); name {
	case "authorization", "proxy-authorization", "cookie", "dpop":
		return true
	case "idempotency-key", "x-idempotency-key":
		return false
	}
	return secretKey(name) || strings.Contains(name, "auth")
}

// secretKey reports whether the value that goes by this name is a credential.
func secretKey(name string) bool {
	name = strings.ToLower(name)
	if name == "i" || name == "sid" { // Misskey's token; a session
		return true
	}
	for word := range strings.FieldsFuncSeq(name, notWord) {
		switch word {
		case "key", "code", "sig", "hmac", "pwd", "pass", "auth", "session", "proof":
			return true
		}
		for _, end := range secretEnds {
			if strings.HasSuffix(word, end) {
				return true
			}
		}
	}
	return false
}

// secretEnds are the words that credentials go by, also at the end of another: "apikey".
var secretEnds = [...]string{
	"token", "secret", "signature", "password", "passwd", "passphrase", "apikey",
	"privatekey", "accesskey", "jwt", "assertion", "credential", "credentials", "verifier", "authorization",
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func valueSecrets(all []string, values url.Values) []string {
	for name, vs := range values {
		if secretKey(name) {
			all = append(all, vs...)
		}
	}
	return all
}

// jsonSecrets finds the credentials in a JSON object that is sent.
func jsonSecrets(all []string, data []byte) []string {
	if len(data) == 0 || data[0] != '{' {
		return all
	}
	var tree map[string]any
	if json.Unmarshal(data, &tree) != nil {
		return all
	}
	return treeSecrets(all, tree)
}

func treeSecrets(all []string, node any) []string {
	switch v := node.(type) {
	case []any:
		for _, x := range v {
			all = treeSecrets(all, x)
		}
	case map[string]any:
		for name, x := range v {
			if s, ok := x.(string); ok && secretKey(name) {
				all = append(all, s)
			} else {
				all = treeSecrets(all, x)
			}
		}
	}
	return all
}

// redactQuery returns a query without the values of secret keys.
func redactQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var b strings.Builder
	for pair := range strings.SplitSeq(raw, "&") {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if ok && value != "" && (err != nil || secretKey(plain)) {
			value = redacted
		}
		b.WriteString(name)
		if ok {
			b.WriteString("=" + value)
		}
	}
	return b.String()
}
