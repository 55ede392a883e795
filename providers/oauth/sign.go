package oauth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 5849 signs with HMAC-SHA1, and the networks that speak it know no other
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
)

// oneVersion is the value of oauth_version.
const oneVersion = "1.0"

// maxForm bounds the form of a request that is signed, in bytes.
const maxForm = 1 << 20

// A Signature signs requests by OAuth 1.0a with HMAC-SHA1 (RFC 5849, section 3.4.2).
type Signature struct {
	// App is the consumer key and its secret.
	App App
	// Token and TokenSecret are those of the person; empty before there are any.
	Token, TokenSecret string
	// Callback and Verifier are the parameters of the steps of connecting.
	Callback, Verifier string
	// Version is sent as oauth_version, unless it is empty. The RFC lets it be left out; X
	// wants "1.0".
	Version string
}

// Sign sets the header Authorization of r. The parameters of the query are signed, and
// those of the body if that is a form. Nonce and timestamp are new each time.
func (s Signature) Sign(r *http.Request) error {
	return s.SignAt(r, rand.Text(), time.Now())
}

// SignAt is [Signature.Sign] with a given nonce and time, as test vectors want them.
func (s Signature) SignAt(r *http.Request, nonce string, at time.Time) error {
	own := url.Values{
		"oauth_consumer_key": {s.App.ID}, "oauth_nonce": {nonce}, "oauth_signature_method": {"HMAC-SHA1"},
		"oauth_timestamp": {strconv.FormatInt(at.Unix(), 10)},
	}
	for name, value := range map[string]string{"oauth_token": s.Token, "oauth_callback": s.Callback, "oauth_verifier": s.Verifier, "oauth_version": s.Version} {
		if value != "" {
			own.Set(name, value)
		}
	}
	base, err := BaseString(r, own)
	if err != nil {
		return err
	}
	mac := hmac.New(sha1.New, []byte(percent(s.App.Secret)+"&"+percent(s.TokenSecret)))
	mac.Write([]byte(base))
	own.Set("oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	var pairs []string
	for name := range own {
		pairs = append(pairs, percent(name)+`="`+percent(own.Get(name))+`"`)
	}
	slices.Sort(pairs)
	r.Header.Set("Authorization", "OAuth "+strings.Join(pairs, ", "))
	return nil
}

// BaseString returns the text that is signed: method, address and parameters (RFC 5849,
// section 3.4.1). own are the parameters of the header. A form in the body is read and put
// back; one that cannot be read, or is larger than 1 MiB, is an error.
func BaseString(r *http.Request, own url.Values) (string, error) {
	form, err := formOf(r)
	if err != nil {
		return "", err
	}
	var pairs [][2]string
	for _, values := range []url.Values{r.URL.Query(), form, own} {
		for name, all := range values {
			for _, v := range all {
				pairs = append(pairs, [2]string{percent(name), percent(v)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var params []string
	for _, p := range pairs {
		params = append(params, p[0]+"="+p[1])
	}
	return strings.ToUpper(r.Method) + "&" + percent(baseAddress(r.URL)) + "&" + percent(strings.Join(params, "&")), nil
}

// baseAddress is the address without query, and without the port that its scheme implies
// (RFC 5849, section 3.4.1.2).
func baseAddress(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}

// formOf reads the form of a request and puts its body back.
func formOf(r *http.Request) (url.Values, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Body == nil || r.Body == http.NoBody || !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if closed := r.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	if len(body) > maxForm {
		return nil, errors.New("the form is too large to be signed")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return url.ParseQuery(string(body))
}

// percent encodes as RFC 5849, section 3.6 wants it: everything but A-Z a-z 0-9 - . _ ~.
func percent(s string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(hexadecimal[c>>4]) + string(hexadecimal[c&15]))
	}
	return b.String()
}

// SignedBy returns a function that signs requests with the token that tokens gives, as the
// clients of providers want it for their credentials: Value is the token, and
// Extra[[ExtraSecret]] its secret.
func SignedBy(app App, tokens parvis.TokenSource) func(context.Context, *http.Request) error {
	return func(ctx context.Context, r *http.Request) error {
		t, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		if t.Extra[ExtraSecret] == "" {
			return &parvis.Error{Op: "sign", Code: parvis.ErrAuth, Message: "the token has no secret to sign with", Help: "connect the account again"}
		}
		return Signature{App: app, Token: t.Value, TokenSecret: t.Extra[ExtraSecret], Version: oneVersion}.Sign(r)
	}
}
