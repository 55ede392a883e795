package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/e2e/calendar"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/internal/e2e/servers/fakenet"
	wordpressserver "github.com/parvis-go/parvis/internal/e2e/servers/wordpress"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// realKills and realPosts are the size of a run on a real server, which the flags of the
// kill test enlarge as well.
func realKills() int { return max(15, *outboxKills/6) }
func realPosts() int { return max(60, *outboxPosts/8) }

// realRun fills a calendar for accounts of real servers: every third post has a picture,
// and where threads are wanted every fifth is one.
func realRun(t *testing.T, set calendar.Setup, threads bool, accounts ...parvis.Account) *calendarRun {
	set.Workers, set.Settle, set.Timeout = 3, 5*time.Second, 20*time.Second
	set.Media = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(set.Media, "four.png"), picture(t, "png"), 0o600))
	r := &calendarRun{set: set, kills: realKills()}
	r.open(t)
	start, n := time.Now().UTC().Add(3*time.Second), 0
	say := func() publish.Draft {
		n++
		return publish.Draft{Text: fmt.Sprintf("#n%d Bonjour à toutes et à tous", n)}
	}
	for i := 0; n < realPosts(); i++ {
		at := start.Add(time.Duration(r.kills) * time.Second / 2 * time.Duration(n) / time.Duration(realPosts()))
		p := outbox.Plan{Draft: say(), Targets: []outbox.Target{outbox.To(accounts[i%len(accounts)])}, When: outbox.On(at)}
		if i%3 == 1 {
			p.Draft.Media = []parvis.Media{outbox.File(calendar.Assets, "four.png").WithAlt("un four")}
		}
		if threads && i%5 == 2 {
			p.Thread = []publish.Draft{say(), say()}
		}
		r.plans = append(r.plans, p)
	}
	return r
}

// killedOn lets the run go to its end, and judges it by what the network itself counts.
func (r *calendarRun) killedOn(t *testing.T, count func() posted) {
	t.Helper()
	began := time.Now()
	r.schedule(t)
	last := r.torture(t)
	r.complete(t, last, 5*time.Minute)
	sum := r.judge(t, count(), func(string) bool { return false })
	records := r.trail(t)
	r.audited(t, records)
	cut := interrupted(records)
	assert.Positive(t, cut, "no attempt was cut short")
	t.Logf("%d kills cut %d attempts short, %d deliveries of %d, %d lost, %d doubles; %v; kills: %v; warnings: %q",
		r.dead(), cut, sum.deliveries, r.markers(), sum.lost, sum.doubles, time.Since(began).Round(time.Second), r.killed, r.warned())
}

func TestOutboxKillOnWordPress(t *testing.T) {
	t.Parallel()
	b := wordpressSite(t, "calendar", wordpressserver.Settings{Permalinks: wordpressserver.Pretty})
	set := places[0].setup(t)
	var accounts []parvis.Account
	for _, login := range []string{"admin", "editor", "author"} {
		x := calendar.Site{URL: b.URL, User: login, Password: b.Users[login].Password}
		c, err := x.Open(nil)
		require.NoError(t, err)
		set.Sites = append(set.Sites, x)
		accounts = append(accounts, c.Account())
	}
	r := realRun(t, set, false, accounts...)
	r.procs = 1
	r.killedOn(t, func() posted { return wordpressPosted(t, b) })
}

// wordpressPosted counts what the site has, whatever its state.
func wordpressPosted(t *testing.T, b blog) posted {
	t.Helper()
	logins := map[int]string{}
	for login, u := range b.Users {
		logins[u.ID] = login
	}
	on := posted{}
	for page := 1; ; page++ {
		var items []struct {
			Author  int `json:"author"`
			Content struct {
				Raw string `json:"raw"`
			} `json:"content"`
		}
		h, err := b.admin(t.Context(), "GET", "posts&context=edit&per_page=100&status=any&orderby=id&order=asc&page="+strconv.Itoa(page), nil, &items)
		require.NoError(t, err)
		for _, p := range items {
			if m := fakenet.Marker(p.Content.Raw); m != "" {
				on[[2]string{logins[p.Author], m}]++
			}
		}
		pages, err := strconv.Atoi(h.Get("X-WP-TotalPages"))
		require.NoError(t, err)
		if page >= pages {
			return on
		}
	}
}

func TestOutboxKillOnBluesky(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	set := places[2].setup(t)
	var people []network.Account
	var accounts []parvis.Account
	for range 4 {
		who := bskyAccount(t, n, "cal")
		a := parvis.Account{Client: calendar.Client, Network: bluesky.Network, ID: who.DID, Handle: who.Handle}
		people, accounts = append(people, who), append(accounts, a)
		set.Homes = append(set.Homes, calendar.Home{Account: a, Server: n.PDS, Token: who.Access})
	}
	r := realRun(t, set, true, accounts...)
	r.procs = 2
	r.killedOn(t, func() posted {
		on := posted{}
		for _, who := range people {
			bskyPosted(t, n, who, on)
		}
		return on
	})
}

// bskyPosted counts what the account's repository has.
func bskyPosted(t *testing.T, n *network.Network, who network.Account, on posted) {
	t.Helper()
	for cursor, more := "", true; more; more = cursor != "" {
		var page struct {
			Cursor  string
			Records []struct{ Value struct{ Text string } }
		}
		require.NoError(t, n.Anyone().Get(t.Context(), "com.atproto.repo.listRecords", url.Values{
			"repo": {who.DID}, "collection": {"app.bsky.feed.post"}, "limit": {"100"}, "cursor": {cursor},
		}, &page))
		for _, r := range page.Records {
			on[[2]string{who.DID, fakenet.Marker(r.Value.Text)}]++
		}
		cursor = page.Cursor
	}
}
