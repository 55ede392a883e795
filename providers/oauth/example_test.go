package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/oauth"
)

// A network of one's own is data, and a function that lists the accounts of a token.
func Example() {
	flow := &oauth.Code{
		Manifest: providers.Manifest{Network: "town", Title: "Town", Scopes: map[string][]string{"publish": {"posts.write"}}},
		App:      oauth.App{ID: "acme-desk", Secret: "parvis-secret-town"},
		Server: oauth.Server{
			Endpoint:  oauth2.Endpoint{AuthURL: "https://town.example/authorize", TokenURL: "https://town.example/token"},
			RevokeURL: "https://town.example/revoke",
		},
		List: func(context.Context, *providers.Options, parvis.Token) (providers.Grant, error) {
			return providers.Grant{Choices: []providers.Choice{{Account: parvis.Account{ID: "1", Handle: "acme"}}}}, nil
		},
	}
	step, err := flow.Start(context.Background(), providers.Input{
		Callback: "https://desk.acme.example/back", State: "parvis-secret-state", Powers: []string{"publish"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, _ := url.Parse(step.URL)
	fmt.Println(page.Host, page.Query().Get("scope"), page.Query().Get("code_challenge_method"))
	// Output: town.example posts.write S256
}

// show prints what the address of a network's page asks for.
func show(f providers.Flow) {
	step, err := f.Start(context.Background(), providers.Input{Callback: "https://desk.acme.example/back", State: "parvis-secret-state", Powers: []string{"publish"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, _ := url.Parse(step.URL)
	fmt.Println(page.Host+page.Path, page.Query().Get("scope"))
}

func ExampleX() {
	show(oauth.X(oauth.App{ID: "1", Secret: "parvis-secret-x"}, nil))
	// Output: x.com/i/oauth2/authorize tweet.read users.read offline.access tweet.write media.write
}

func ExampleXOne() {
	fmt.Println(oauth.XOne(oauth.App{ID: "1", Secret: "parvis-secret-x"}, nil).Form().Way)
	// Output: OAuth 1.0a
}

func ExampleLinkedIn() {
	show(oauth.LinkedIn(oauth.App{ID: "1", Secret: "parvis-secret-in"}, nil))
	// Output: www.linkedin.com/oauth/v2/authorization openid profile rw_organization_admin w_member_social w_organization_social
}

func ExampleGoogle() {
	show(oauth.Google(oauth.App{ID: "1", Secret: "parvis-secret-yt"}, nil))
	// Output: accounts.google.com/o/oauth2/v2/auth https://www.googleapis.com/auth/youtube.readonly https://www.googleapis.com/auth/youtube.upload
}

func ExampleFacebook() {
	show(oauth.Facebook(oauth.App{ID: "1", Secret: "parvis-secret-fb"}, nil))
	// Output: www.facebook.com/v26.0/dialog/oauth pages_show_list,business_management,pages_manage_posts,pages_read_engagement
}

func ExampleThreads() {
	show(oauth.Threads(oauth.App{ID: "1", Secret: "parvis-secret-th"}, nil))
	// Output: threads.net/oauth/authorize threads_basic,threads_content_publish
}

func ExampleInstagram() {
	show(oauth.Instagram(oauth.App{ID: "1", Secret: "parvis-secret-ig"}, nil))
	// Output: www.instagram.com/oauth/authorize instagram_business_basic,instagram_business_content_publish
}

func ExampleSecret() {
	flow := &oauth.Secret{
		Manifest: providers.Manifest{Network: "chat", Title: "Chat"}, Way: "bot token",
		Check: func(context.Context, *providers.Options, parvis.Token) (providers.Choice, error) {
			return providers.Choice{Account: parvis.Account{ID: "5", Handle: "acmebot"}, Type: "bot"}, nil
		},
	}
	step, err := flow.Start(context.Background(), providers.Input{Values: map[string]string{"secret": "parvis-secret-bot"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(step.Grant.Choices[0].Account, step.Grant.Choices[0].Token)
	// Output: chat:acmebot token [redacted]
}

func ExampleParseAddress() {
	for _, typed := range []string{"@acme@mastodon.example", "http://mastodon.example"} {
		u, err := oauth.ParseAddress(typed, false)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(u)
	}
	// Output:
	// https://mastodon.example
	// connect: only https is safe; write the address with https
}

func ExamplePublicOnly() {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://127.0.0.1:1/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = oauth.PublicOnly().Do(req)
	fmt.Println(parvis.CodeOf(err))
	// Output: invalid
}

func ExampleMustAct() {
	end := time.Date(2027, 1, 20, 0, 0, 0, 0, time.UTC)
	fmt.Println(oauth.MustAct(parvis.Token{Expiry: end}).Format(time.DateOnly))
	fmt.Println(oauth.MustAct(parvis.Token{Expiry: end, Refresh: "parvis-secret-r"}).IsZero())
	// Output:
	// 2027-01-20
	// true
}

func ExampleSkew() {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	skew, wrong := oauth.Skew(http.Header{"Date": {"Sun, 22 Nov 2026 11:00:02 GMT"}}, now)
	fmt.Println(wrong, oauth.ClockHelp(skew))
	// Output: true the clock of this machine is wrong by about 1 h; set it
}

func ExampleClockHelp() {
	fmt.Println(oauth.ClockHelp(-20 * time.Minute))
	// Output: the clock of this machine is wrong by about 20 min; set it
}

func ExampleExplainClock() {
	refused := &parvis.Error{Op: "publish", Code: parvis.ErrAuth, Message: "the signature is not valid"}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	fmt.Println(oauth.ExplainClock(refused, http.Header{"Date": {"Sun, 22 Nov 2026 13:00:00 GMT"}}, now))
	// Output: publish: the signature is not valid; the clock of this machine is wrong by about 1 h; set it
}

func ExampleDiagnose() {
	h := oauth.Diagnose(providers.Health{Condition: providers.Healthy}, &parvis.Error{Code: parvis.ErrAuth, Message: "the token was revoked"})
	fmt.Println(h.Condition, h.Why, h.Help)
	// Output: lost the token was revoked connect the account again
}

func ExampleExpiring() {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	h := oauth.Expiring(providers.Health{Condition: providers.Healthy, Time: now, Expiry: now.Add(48 * time.Hour)})
	fmt.Println(h.Condition, h.Help)
	// Output: expiring connect the account again by then
}

func ExampleGraphError() {
	body := `{"error":{"message":"Error validating access token","type":"OAuthException","code":190,"error_subcode":458}}`
	fmt.Println(oauth.GraphError(400, http.Header{}, []byte(body)))
	// Output: the person removed the application [190/458: Error validating access token]; connect the account again
}

func ExampleProof() {
	fmt.Println(oauth.Proof("token", "secret"))
	// Output: e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a
}

func ExampleBaseString() {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://api.example/1/x?b=2&a=%20", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	base, err := oauth.BaseString(r, url.Values{"oauth_nonce": {"n"}})
	fmt.Println(base, err)
	// Output: GET&https%3A%2F%2Fapi.example%2F1%2Fx&a%3D%2520%26b%3D2%26oauth_nonce%3Dn <nil>
}

func ExampleSignedBy() {
	token := source{token: parvis.Token{Value: "parvis-secret-token", Extra: map[string]string{oauth.ExtraSecret: "parvis-secret-key"}}}
	sign := oauth.SignedBy(oauth.App{ID: "1", Secret: "parvis-secret-app"}, token)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://api.example/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sign(context.Background(), r), strings.HasPrefix(r.Header.Get("Authorization"), "OAuth oauth_consumer_key"))
	// Output: <nil> true
}

func ExampleHS256() {
	s, err := oauth.HS256("key-1", []byte("parvis-secret-of-thirty-two-bytes"))
	fmt.Println(s, err)
	// Output: HS256 key key-1 <nil>
}

func ExampleRS256() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := oauth.RS256("key-1", key)
	fmt.Println(s, err)
	// Output: RS256 key key-1 <nil>
}

func ExampleES256() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := oauth.ES256("key-1", key)
	fmt.Println(s, err)
	// Output: ES256 key key-1 <nil>
}

func ExampleParseKey() {
	_, err := oauth.ParseKey("key-1", "not a key")
	fmt.Println(err)
	// Output: read key: the key is not in PEM; make a new key at the network
}

func ExampleHexKey() {
	s, err := oauth.HexKey("63f1:" + strings.Repeat("5e", 32))
	fmt.Println(s, err)
	// Output: HS256 key 63f1 <nil>
}
