package authserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Window is how far the timestamp of a signature may be from the server's time, as X has it.
const Window = 5 * time.Minute

// temp is a request token of OAuth 1.0a.
type temp struct {
	secret, callback, verifier string
	client                     *Client
	person                     *Person
	used                       bool
}

func (s *Server) oneRoutes() {
	s.on("POST /oauth/request_token", s.requestToken)
	s.on("POST /oauth/access_token", s.accessToken)
}

// signed is a request whose signature was verified.
type signed struct {
	own    url.Values
	client *Client
	params url.Values
}

// tokenSecret finds the secret that belongs to an oauth_token.
type tokenSecret func(token string) (secret string, ok bool)

// verify checks a signature (RFC 5849, section 3.2): consumer, token, method, timestamp,
// nonce, signature, in this order. A refusal is written.
func (s *Server) verify(w http.ResponseWriter, r *http.Request, find tokenSecret) (signed, bool) {
	own, ok := ownParams(r.Header.Get("Authorization"))
	fail := func(code int, text string) (signed, bool) {
		write(w, http.StatusUnauthorized, object{"errors": []object{{"code": code, "message": text}}})
		return signed{}, false
	}
	c := s.clients[own.Get("oauth_consumer_key")]
	if !ok || c == nil || own.Get("oauth_signature_method") != "HMAC-SHA1" {
		return fail(32, "Could not authenticate you.")
	}
	key, ok := find(own.Get("oauth_token"))
	if !ok {
		return fail(89, "Invalid or expired token.")
	}
	at, err := strconv.ParseInt(own.Get("oauth_timestamp"), 10, 64)
	if err != nil || s.now().Sub(time.Unix(at, 0)).Abs() > Window {
		return fail(135, "Timestamp out of bounds.")
	}
	nonce := own.Get("oauth_timestamp") + "&" + own.Get("oauth_nonce") + "&" + own.Get("oauth_token")
	if own.Get("oauth_nonce") == "" || s.nonces[nonce] {
		return fail(32, "Could not authenticate you.")
	}
	base, params := signatureBase(r, own)
	mac := hmac.New(sha1.New, []byte(escape(c.Secret)+"&"+escape(key)))
	_, _ = io.WriteString(mac, base)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(own.Get("oauth_signature"))) {
		return fail(32, "Could not authenticate you.")
	}
	s.nonces[nonce] = true
	return signed{own, c, params}, true
}

// ownParams reads the header (RFC 5849, section 3.5.1).
func ownParams(header string) (url.Values, bool) {
	rest, ok := strings.CutPrefix(header, "OAuth ")
	own := url.Values{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, eq := strings.Cut(strings.TrimSpace(part), "=")
		if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || !eq {
			return own, false
		}
		plain, err := url.PathUnescape(value[1 : len(value)-1])
		if err != nil {
			return own, false
		}
		if name != "realm" {
			own.Set(name, plain)
		}
	}
	return own, ok
}

// signatureBase is RFC 5849, section 3.4.1.
func signatureBase(r *http.Request, own url.Values) (string, url.Values) {
	params := url.Values{}
	add := func(v url.Values) {
		for name, all := range v {
			params[name] = append(params[name], all...)
		}
	}
	add(r.URL.Query())
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		f, _ := url.ParseQuery(string(body))
		add(f)
	}
	var lines []string
	for _, v := range []url.Values{params, own} {
		for name, all := range v {
			for _, value := range all {
				if name != "oauth_signature" {
					lines = append(lines, escape(name)+"\x00"+escape(value))
				}
			}
		}
	}
	sort.Strings(lines) // \x00 sorts before everything, so that names are compared first
	for i := range lines {
		lines[i] = strings.Replace(lines[i], "\x00", "=", 1)
	}
	host := strings.TrimSuffix(strings.ToLower(r.Host), ":443")
	return r.Method + "&" + escape("https://"+host+r.URL.EscapedPath()) + "&" + escape(strings.Join(lines, "&")), params
}

// escape is RFC 5849, section 3.6.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func reply(w http.ResponseWriter, v url.Values) {
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
	_, _ = io.WriteString(w, v.Encode())
}

// requestToken is RFC 5849, section 2.1. The callback must be one that is registered; what
// is in its query is not compared.
func (s *Server) requestToken(w http.ResponseWriter, r *http.Request) {
	q, ok := s.verify(w, r, func(t string) (string, bool) { return "", t == "" })
	if !ok {
		return
	}
	callback := q.own.Get("oauth_callback")
	plain, _, _ := strings.Cut(callback, "?")
	if !slices.Contains(q.client.Redirects, plain) {
		write(w, http.StatusForbidden, object{"errors": []object{{"code": 415, "message": "Callback URL not approved for this client application."}}})
		return
	}
	text := secret("request")
	s.temps[text] = &temp{secret: secret("request-secret"), callback: callback, client: q.client}
	reply(w, url.Values{"oauth_token": {text}, "oauth_token_secret": {s.temps[text].secret}, "oauth_callback_confirmed": {"true"}})
}

// visitOne is RFC 5849, section 2.2.
func (s *Server) visitOne(p *Person, q url.Values, a Answer) (url.Values, error) {
	t := s.temps[q.Get("oauth_token")]
	if t == nil || t.used {
		return nil, pageError{"this page is no longer valid"}
	}
	u, err := url.Parse(t.callback)
	if err != nil {
		return nil, err
	}
	back := u.Query()
	if a.Decline {
		t.used = true
		back.Set("denied", q.Get("oauth_token"))
		return back, nil
	}
	t.person, t.verifier = p, secret("verifier")
	back.Set("oauth_token", q.Get("oauth_token"))
	back.Set("oauth_verifier", t.verifier)
	return back, nil
}

// accessToken is RFC 5849, section 2.3. A request token serves once.
//
// Threads has an endpoint of the same path, whose calls are not signed.
func (s *Server) accessToken(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		s.shortToken(w, r)
		return
	}
	q, ok := s.verify(w, r, func(text string) (string, bool) {
		t := s.temps[text]
		if t == nil || t.used || t.person == nil {
			return "", false
		}
		return t.secret, true
	})
	if !ok {
		return
	}
	t := s.temps[q.own.Get("oauth_token")]
	t.used = true
	if t.client != q.client || q.own.Get("oauth_verifier") != t.verifier {
		write(w, http.StatusUnauthorized, object{"errors": []object{{"code": 89, "message": "Invalid or expired token."}}})
		return
	}
	one := s.newToken("one", token{client: q.client, person: t.person, scopes: nil, family: &family{since: s.now()}}, 0)
	one.secret = secret("token-secret")
	reply(w, url.Values{
		"oauth_token": {one.text}, "oauth_token_secret": {one.secret}, "user_id": {t.person.ID}, "screen_name": {t.person.Handle},
	})
}

// signedToken finds the token of a signed call.
func (s *Server) signedToken(w http.ResponseWriter, r *http.Request) *token {
	q, ok := s.verify(w, r, func(text string) (string, bool) {
		t := s.tokens[text]
		if t == nil || t.kind != "one" || !s.lives(t) {
			return "", false
		}
		return t.secret, true
	})
	if !ok {
		return nil
	}
	return s.tokens[q.own.Get("oauth_token")]
}
