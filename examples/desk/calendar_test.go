package main

import (
	"bufio"
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// ahead is a day that is surely to come, on the wall of the desk.
func ahead(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }

// put puts a post on the calendar of a client by the form, and returns its entry.
func (b *browser) put(slug, at, text string, networks ...parvis.Network) outbox.Entry {
	b.t.Helper()
	form := url.Values{"text": {text}, "at": {at}, "do": {"add"}, "lang": {"fr"}}
	for _, n := range networks {
		form.Add("to", string(n))
	}
	b.post("/"+slug+"/calendar/add", form, http.StatusOK)
	require.Regexp(b.t, `^/`+slug+`/calendar/[0-9a-z]{20,}$`, b.last.Path)
	return b.entry(slug, b.last.Path[strings.LastIndex(b.last.Path, "/")+1:])
}

func (b *browser) entry(slug, id string) outbox.Entry {
	b.t.Helper()
	e, err := b.desk.planner.box.For(slug).Get(b.t.Context(), id)
	require.NoError(b.t, err)
	return e
}

// act presses a button of an entry's page.
func (b *browser) act(e outbox.Entry, do string, more url.Values) string {
	b.t.Helper()
	form := url.Values{"do": {do}, "hash": {e.Hash}}
	maps.Copy(form, more)
	return b.post("/"+e.Client+"/calendar/"+e.ID+"/act", form, http.StatusOK)
}

func (b *browser) be(who string) {
	b.t.Helper()
	b.post("/acme/who", url.Values{"who": {who}, "tab": {"calendar"}}, http.StatusOK)
}

// drain does what is due.
func (b *browser) drain() {
	b.t.Helper()
	_, err := b.desk.planner.box.Drain(b.t.Context())
	require.NoError(b.t, err)
}

// move asks as the page's script does.
func (b *browser) move(e outbox.Entry, at string, status int) string {
	b.t.Helper()
	form := url.Values{"csrf": {b.csrf}, "at": {at}}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/"+e.Client+"/calendar/"+e.ID+"/move", strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Fragment", "chip")
	return b.do(req, status)
}

// dayOf cuts one day out of the calendar.
func dayOf(t *testing.T, page, day string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<td data-day="` + day + `".*?</td>`).FindString(page)
	require.NotEmpty(t, m, page)
	return m
}

func TestMonth(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	page := b.get("/acme/calendar?month=2027-02", http.StatusOK)
	assert.Contains(t, page, "<h1>February 2027</h1>")
	assert.Regexp(t, `(?s)<th scope="col">Monday</th>.*<th scope="col">Sunday</th></tr>`, page)
	assert.Equal(t, 28, strings.Count(page, "<td data-day="), "it begins on a Monday and has four weeks")
	page = b.get("/acme/calendar?month=2027-08", http.StatusOK)
	assert.Equal(t, 42, strings.Count(page, "<td data-day="), "it begins on a Sunday")
	assert.Contains(t, dayOf(t, page, "2027-07-26"), "outside")
	assert.Contains(t, dayOf(t, page, "2027-09-05"), `href="/acme/calendar/new?day=2027-09-05"`)
	assert.Contains(t, b.get("/acme/calendar?month=2027-10", http.StatusOK), `data-day="2027-10-31"`, "a day of 25 hours is one day")
	assert.Contains(t, b.get("/acme/calendar", http.StatusOK), `aria-current="date"`)
	for _, month := range []string{"2027-13", "never", "9999-01", "2027-02-30"} {
		b.get("/acme/calendar?month="+month, http.StatusNotFound)
	}
	assert.Contains(t, b.get("/acme/calendar", http.StatusOK), "Une idée : montrer le four la nuit ?", "what has no time stands beside")
}

func TestComposeFromADay(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	day := ahead(40)
	page := b.get("/acme/calendar/new?day="+day, http.StatusOK)
	assert.Contains(t, page, `name="at" type="datetime-local" value="`+day+`T10:00"`)
	assert.Equal(t, 3, strings.Count(page, `name="to"`))
	e := b.put("acme", day+"T10:00", "Bonjour <b>vous</b>", murmure)
	assert.Equal(t, outbox.Review, e.State, "acme wants two pairs of eyes")
	assert.Equal(t, "Claire", e.Author)
	page = dayOf(t, b.get("/acme/calendar?month="+day[:7], http.StatusOK), day)
	assert.Contains(t, page, `data-state="review"`)
	assert.Contains(t, page, "Bonjour &lt;b&gt;vous&lt;/b&gt;")
	assert.Contains(t, page, "10:00")
	assert.Equal(t, outbox.Scheduled, b.put("boulangerie-martin", day+"T10:00", "Bonjour", murmure).State)

	page = b.post("/acme/calendar/add", url.Values{"text": {strings.Repeat("x", 301)}, "to": {"murmure"}, "at": {day + "T10:00"}, "do": {"add"}}, http.StatusOK)
	assert.Contains(t, page, "301 graphemes, 300 allowed")
	assert.Contains(t, page, "xxxxx</textarea>", "nothing that was written is lost")
	assert.Contains(t, page, `value="`+day+`T10:00"`)
	page = b.post("/acme/calendar/add", url.Values{"text": {"hello"}, "to": {"murmure"}, "at": {"2020-01-01T10:00"}, "do": {"add"}}, http.StatusOK)
	assert.Contains(t, page, "is in the past")
	assert.Contains(t, b.post("/acme/calendar/add", url.Values{"text": {"hello"}, "at": {day + "T10:00"}}, http.StatusOK), "no target")
	b.post("/acme/calendar/add", url.Values{"text": {"hello"}, "to": {"murmure"}, "at": {"soon"}}, http.StatusBadRequest)

	page = b.post("/acme/calendar/add", url.Values{"text": {"one day"}, "to": {"murmure", "carnet"}, "title": {"A title"}, "do": {"save"}}, http.StatusOK)
	assert.Contains(t, page, "kept as a draft")
	assert.Contains(t, page, "A title")
}

func TestPictureGoesWithThePost(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	form := url.Values{"text": {"look"}, "to": {"murmure"}, "at": {ahead(40) + "T10:00"}, "alt": {"Two people at a kiln"}, "do": {"add"}}
	page := b.upload("/boulangerie-martin/calendar/add", form, "four.gif", []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	assert.Contains(t, page, "Picture four.gif: Two people at a kiln")
	e := b.entry("boulangerie-martin", b.last.Path[strings.LastIndex(b.last.Path, "/")+1:])
	b.post("/boulangerie-martin/calendar/"+e.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK)
	b.drain()
	assert.Equal(t, outbox.Published, b.entry("boulangerie-martin", e.ID).State)
	posts := b.account("boulangerie-martin", murmure).Net.Posts()
	require.Len(t, posts[len(posts)-1].Media, 1)
	assert.Equal(t, "Two people at a kiln", posts[len(posts)-1].Media[0].Alt)
}

func TestMoveEntry(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	chip := b.move(e, ahead(41)+"T09:00", http.StatusOK)
	assert.Contains(t, chip, `data-day="`+ahead(41)+`" data-clock="09:00"`)
	assert.NotContains(t, chip, "<html")
	assert.Equal(t, ahead(41)+" 09:00", b.entry("acme", e.ID).When.Wall)
	assert.Contains(t, b.move(e, "2020-01-01T09:00", http.StatusUnprocessableEntity), "in the past")
	assert.Equal(t, ahead(41)+" 09:00", b.entry("acme", e.ID).When.Wall)
	b.move(e, "soon", http.StatusBadRequest)
	b.move(e, "", http.StatusBadRequest)

	page := b.post("/acme/calendar/"+e.ID+"/move", url.Values{"at": {ahead(42) + "T18:30"}}, http.StatusOK)
	assert.Contains(t, page, "Moved to "+ahead(42)+" 18:30 Europe/Paris.", "the form needs no script")
	b.act(e, "cancel", nil)
	assert.NotContains(t, b.get("/acme/calendar?month="+ahead(42)[:7], http.StatusOK), e.ID, "what was called off is off the page")

	e = b.put("boulangerie-martin", ahead(40)+"T10:00", "Parti", murmure)
	assert.Contains(t, b.post("/boulangerie-martin/calendar/"+e.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK), "It goes out now.")
	b.drain()
	assert.Contains(t, b.move(e, ahead(43)+"T10:00", http.StatusConflict), "published", "what is out can no more be moved")
}

func TestFourEyes(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	page := b.act(e, "approve", nil)
	assert.Contains(t, page, "Claire has written or last changed the post")
	b.be("Jo")
	assert.Contains(t, b.act(e, "approve", nil), "Jo is new at the desk and may not approve")
	assert.Equal(t, outbox.Review, b.entry("acme", e.ID).State)

	b.be("Malik")
	page = b.act(e, "approve", nil)
	assert.Contains(t, page, "Approved.")
	assert.Regexp(t, `(?s)class="approvals">.*✓</span> Malik`, page)
	assert.Equal(t, outbox.Scheduled, b.entry("acme", e.ID).State)

	// An edit voids it, and the old text can no more be approved.
	page = b.post("/acme/calendar/"+e.ID+"/edit", url.Values{"text": {"Bonsoir"}, "lang": {"fr"}}, http.StatusOK)
	assert.Contains(t, page, "Changed.")
	assert.Contains(t, page, "something else than it says now")
	assert.Equal(t, outbox.Review, b.entry("acme", e.ID).State)
	b.be("Claire")
	assert.Contains(t, b.act(e, "approve", nil), "That was not done.")
	e = b.entry("acme", e.ID)
	assert.Equal(t, "Bonsoir", e.Draft.Text)
	b.act(e, "approve", nil)
	assert.Equal(t, outbox.Scheduled, b.entry("acme", e.ID).State, "now Malik has changed it, and Claire may approve")
}

func TestChangesAreRequestedWithAComment(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	b.act(e, "comment", url.Values{"text": {"Trop court ?"}})
	b.be("Malik")
	assert.Contains(t, b.act(e, "changes", url.Values{"text": {" "}}), "That was not done.", "say what should change")
	page := b.act(e, "changes", url.Values{"text": {"Ajoute <i>le lieu</i>"}})
	assert.Equal(t, outbox.Draft, b.entry("acme", e.ID).State)
	assert.Contains(t, page, "Trop court ?")
	assert.Contains(t, page, "Ajoute &lt;i&gt;le lieu&lt;/i&gt;")
	assert.Contains(t, page, "asks for changes")
	b.act(e, "submit", nil)
	assert.Equal(t, outbox.Review, b.entry("acme", e.ID).State)
	b.post("/acme/calendar/"+e.ID+"/act", url.Values{"do": {"nonsense"}}, http.StatusBadRequest)
}

func TestReviewerNeedsNoAccount(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	link := func() string {
		page := b.post("/acme/calendar/"+e.ID+"/link", url.Values{"reviewer": {"Mme Verrier"}, "days": {"7"}}, http.StatusOK)
		m := regexp.MustCompile(`href="http://[^/"]+(/review/[^"]+)"`).FindStringSubmatch(page)
		require.NotNil(t, m, page)
		return m[1]
	}
	assert.NotContains(t, b.post("/acme/calendar/"+e.ID+"/link", url.Values{"reviewer": {"Mme Verrier"}, "days": {"7"}}, http.StatusOK), "/review/", "an author vouches for nobody")
	b.be("Malik")
	assert.Contains(t, b.post("/acme/calendar/"+e.ID+"/link", url.Values{"days": {"400"}}, http.StatusOK), "for whom the link is")
	path := link()

	b.fresh()
	page := b.get(path, http.StatusOK)
	assert.Contains(t, page, "Bonjour")
	assert.NotContains(t, page, `href="/acme`, "there is no way into the desk")
	u, _ := url.Parse(b.url)
	assert.Empty(t, b.http.Jar.Cookies(u), "a reviewer gets no session")
	page = b.post(path, url.Values{"do": {"comment"}, "text": {"Très bien"}}, http.StatusOK)
	assert.Contains(t, page, "Très bien")
	assert.Contains(t, b.post(path, url.Values{"do": {"approve"}}, http.StatusOK), "the post is approved")
	assert.Equal(t, outbox.Scheduled, b.entry("acme", e.ID).State)
	for _, wrong := range []string{"/review/x", path + "x", strings.Replace(path, ".", "x.", 1)} {
		page = b.get(wrong, http.StatusForbidden)
		assert.NotContains(t, page, "Bonjour")
	}

	b.get("/acme/calendar", http.StatusOK)
	b.post("/acme/calendar/"+e.ID+"/edit", url.Values{"text": {"Bonsoir"}, "lang": {"fr"}}, http.StatusOK)
	page = b.get(path, http.StatusGone)
	assert.NotContains(t, page, "Bonsoir", "the link was for what it said before")
	b.be("Malik")
	path = link()
	assert.Contains(t, b.post(path, url.Values{"do": {"changes"}, "text": {"Plutôt bonjour"}}, http.StatusOK), "what you want changed")
	assert.Equal(t, outbox.Draft, b.entry("acme", e.ID).State)
}

func TestPause(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	martin := "boulangerie-martin"
	b.post("/"+martin+"/calendar/pause", url.Values{"scope": {""}, "reason": {" "}}, http.StatusOK)
	b.post("/"+martin+"/calendar/pause", url.Values{"scope": {"account:nobody"}, "reason": {"why"}}, http.StatusNotFound)
	page := b.post("/"+martin+"/calendar/pause", url.Values{"scope": {"network:murmure"}, "reason": {"rappel"}}, http.StatusOK)
	assert.Contains(t, page, "murmure is paused")
	assert.Contains(t, page, "rappel")
	e := b.put(martin, ahead(40)+"T10:00", "Bonjour", murmure)
	b.post("/"+martin+"/calendar/"+e.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK)
	b.drain()
	assert.Zero(t, b.account(martin, murmure).Net.Count("Bonjour"))
	assert.Contains(t, b.get("/"+martin+"/calendar/"+e.ID, http.StatusOK), "paused: rappel")
	assert.NotContains(t, b.get("/acme/calendar", http.StatusOK), "rappel", "another client’s pause")

	b.post("/"+martin+"/calendar/resume", url.Values{"scope": {"everything"}}, http.StatusOK)
	b.drain()
	assert.Zero(t, b.account(martin, murmure).Net.Count("Bonjour"), "that was not what is paused")
	b.post("/"+martin+"/calendar/resume", url.Values{"scope": {"murmure"}}, http.StatusOK)
	b.drain()
	assert.Equal(t, outbox.Published, b.entry(martin, e.ID).State)
	b.be("Jo")
	assert.Contains(t, b.post("/"+martin+"/calendar/pause", url.Values{"scope": {""}, "reason": {"x"}}, http.StatusOK), "may not pause")
}

func TestAttention(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	martin := "boulangerie-martin"
	refused := b.put(martin, ahead(40)+"T10:00", "Refusé", murmure)
	b.trouble(martin, murmure, fake.Fault{Kind: fake.RejectedPost, Op: "publish"})
	b.post("/"+martin+"/calendar/"+refused.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK)
	b.drain()
	require.Equal(t, outbox.Failed, b.entry(martin, refused.ID).State)
	page := b.get("/"+martin+"/calendar", http.StatusOK)
	side := page[strings.Index(page, `id="attention"`):]
	assert.Contains(t, side, "Refusé")
	assert.Contains(t, side, ">Retry</button>")
	assert.NotContains(t, b.get("/acme/calendar", http.StatusOK), "Refusé")
	retry := url.Values{"target": {b.entry(martin, refused.ID).Targets[0].ID}, "from": {"calendar"}}
	page = b.act(refused, "retry", retry)
	assert.Contains(t, page, "It is tried again.")
	assert.Equal(t, "/"+martin+"/calendar", b.last.Path)
	b.drain()
	assert.Equal(t, outbox.Published, b.entry(martin, refused.ID).State)
}

// lose makes a post whose answer was lost, on a network that does not say what became of it.
func (b *browser) lose(slug, text string, kind fake.FaultKind) (outbox.Entry, outbox.Target) {
	b.t.Helper()
	e := b.put(slug, ahead(40)+"T10:00", text, murmure)
	b.trouble(slug, murmure, fake.Fault{Kind: kind, Op: "publish"})
	b.trouble(slug, murmure, fake.Fault{Kind: fake.Outage, Op: "reconcile", Times: -1})
	b.post("/"+slug+"/calendar/"+e.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK)
	b.drain()
	e = b.entry(slug, e.ID)
	require.Equal(b.t, outbox.Unknown, e.State)
	return e, e.Targets[0]
}

func TestResolve(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	martin := "boulangerie-martin"
	e, target := b.lose(martin, "Parti ?", fake.CutAfter)
	page := b.get("/"+martin+"/calendar/"+e.ID, http.StatusOK)
	m := regexp.MustCompile(`<option value="([^"]+)">Parti \?</option>`).FindStringSubmatch(page)
	require.NotNil(t, m, page)
	assert.Contains(t, b.act(e, "found", url.Values{"target": {target.ID}}), "choose one of the list")
	b.act(e, "found", url.Values{"target": {target.ID}, "ref": {strings.ReplaceAll(m[1], "&amp;", "&")}})
	b.drain()
	assert.Equal(t, outbox.Published, b.entry(martin, e.ID).State)
	assert.Equal(t, 1, b.account(martin, murmure).Net.Count("Parti ?"))

	b.account(martin, murmure).Net.Clear()
	e, target = b.lose(martin, "Reparti", fake.ErrorAfter)
	b.act(e, "resend", url.Values{"target": {target.ID}})
	b.drain()
	assert.Equal(t, outbox.Published, b.entry(martin, e.ID).State)
	page = b.act(e, "withdraw", url.Values{"text": {"finalement non"}})
	assert.Contains(t, page, "being taken back")
	b.drain()
	assert.Equal(t, outbox.Withdrawn, b.entry(martin, e.ID).State)
}

// following opens a stream, and returns its lines.
func (b *browser) following(path string) (next func(want string)) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	b.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	res, err := b.http.Do(req)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(b.t, "text/event-stream", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return func(want string) {
		b.t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		require.FailNow(b.t, "it never came: "+want)
	}
}

func TestProgressIsLive(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	martin := "boulangerie-martin"
	e := b.put(martin, ahead(40)+"T10:00", "Bonjour", murmure)
	page := b.get("/"+martin+"/calendar", http.StatusOK)
	m := regexp.MustCompile(`data-live="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, m)
	calendar := b.following(strings.ReplaceAll(m[1], "&amp;", "&"))
	m = regexp.MustCompile(`data-progress="([^"]+)"`).FindStringSubmatch(b.get("/"+martin+"/calendar/"+e.ID, http.StatusOK))
	require.NotNil(t, m)
	entry := b.following(strings.ReplaceAll(m[1], "&amp;", "&"))
	b.move(e, ahead(41)+"T10:00", http.StatusOK)
	calendar(`data-day="` + ahead(41) + `"`)
	calendar("event: side")
	b.post("/"+martin+"/calendar/"+e.ID+"/move", url.Values{"now": {"1"}}, http.StatusOK)
	b.drain()
	calendar(`data-state="published"`)
	entry("event: progress")
	entry(`data-state="published"`)

	b.client("acme").Live.Touch(e.ID)
	assert.Equal(t, "retry: 1000\n\n", b.get("/acme/calendar/stream?since=0&entry="+e.ID, http.StatusOK), "another client’s stream says nothing of it")
}

// TestClientsAreKeptApart asks for the entry of one client on the pages of another.
func TestClientsAreKeptApart(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("boulangerie-martin", ahead(40)+"T10:00", "Secret de fabrication", murmure)
	month := "?month=" + ahead(40)[:7]
	assert.Contains(t, b.get("/boulangerie-martin/calendar"+month, http.StatusOK), "Secret de fabrication")
	assert.NotContains(t, b.get("/acme/calendar"+month, http.StatusOK), "Secret de fabrication")
	b.get("/acme/calendar/"+e.ID, http.StatusNotFound)
	foreign := e
	foreign.Client = "acme"
	b.move(foreign, ahead(41)+"T10:00", http.StatusNotFound)
	for _, do := range []string{"submit", "approve", "changes", "comment", "cancel", "withdraw", "retry", "resend"} {
		page := b.post("/acme/calendar/"+e.ID+"/act", url.Values{"do": {do}, "hash": {e.Hash}, "text": {"x"}, "from": {"calendar"}, "target": {e.Targets[0].ID}}, http.StatusOK)
		assert.Contains(t, page, "That was not done.", do)
	}
	assert.NotContains(t, b.post("/acme/calendar/"+e.ID+"/link", url.Values{"reviewer": {"x"}, "days": {"1"}}, http.StatusNotFound), "Secret")
	after := b.entry("boulangerie-martin", e.ID)
	assert.Equal(t, e.Version, after.Version, "nothing was done to it")
	said, err := b.desk.planner.box.For("boulangerie-martin").Comments(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Empty(t, said)
	// An account of the other client cannot be a target.
	page := b.post("/acme/calendar/add", url.Values{"text": {"x"}, "to": {"murmure-boulangerie-martin"}, "at": {ahead(40) + "T10:00"}}, http.StatusOK)
	assert.Contains(t, page, "no target")
}

func TestCalendarFormsNeedTheSessionsToken(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	own := b.csrf
	for _, path := range []string{"add", "pause", "resume", e.ID + "/move", e.ID + "/edit", e.ID + "/act", e.ID + "/link"} {
		for _, token := range []string{"", "wrong", own + "x"} {
			b.csrf = token
			b.post("/acme/calendar/"+path, url.Values{"text": {"x"}, "do": {"cancel"}, "at": {ahead(41) + "T10:00"}, "reason": {"x"}}, http.StatusForbidden)
		}
		b.csrf = own
	}
	assert.Equal(t, e.Version, b.entry("acme", e.ID).Version)
	pauses, err := b.desk.planner.box.For("acme").Pauses(t.Context())
	require.NoError(t, err)
	assert.Empty(t, pauses)
}

func TestEveryActOnTheCalendarIsRecorded(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	e := b.put("acme", ahead(40)+"T10:00", "Bonjour", murmure)
	b.be("Malik")
	b.act(e, "approve", nil)
	var acts []string
	for r, err := range b.desk.planner.trail.For("acme").Records(t.Context(), audit.Query{Newest: true, Limit: 2}) {
		require.NoError(t, err)
		acts = append(acts, r.Actor+" "+r.Op)
	}
	assert.Equal(t, []string{"Malik approve", "Claire schedule"}, acts)
	assert.Regexp(t, `<b>Malik</b>: approve <span class="state">scheduled</span>`, b.get("/acme/calendar", http.StatusOK))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"draft", "schedule", "comment", "approve", "pause", "decide", "rules"} {
		require.NoError(t, roles{}.May(t.Context(), "Malik", act, "acme"))
		err := roles{}.May(t.Context(), "Jo", act, "acme")
		if act == "draft" || act == "schedule" || act == "comment" {
			require.NoError(t, err, act)
		} else {
			require.ErrorIs(t, err, parvis.ErrPermission, act)
		}
	}
}

func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	s := newShelf()
	require.NoError(t, s.Put(t.Context(), "a", strings.NewReader("one")))
	require.NoError(t, s.Put(t.Context(), "a", strings.NewReader("one")))
	assert.Equal(t, 3, s.size, "the same picture is kept once")
	r, err := s.Open(t.Context(), "a")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = s.Open(t.Context(), "b")
	require.ErrorIs(t, err, parvis.ErrNotFound)
	s.size = shelfSize
	require.ErrorIs(t, s.Put(t.Context(), "b", strings.NewReader("two")), parvis.ErrInvalid)
}

func TestLive(t *testing.T) {
	t.Parallel()
	l := newLive()
	_, seq, changed := l.Since(0)
	l.Touch("a")
	<-changed
	l.Touch("b")
	l.Touch("a")
	entries, seq, _ := l.Since(seq)
	assert.ElementsMatch(t, []string{"a", "b"}, entries)
	entries, _, changed = l.Since(seq)
	assert.Empty(t, entries)
	for range 3 * liveLen {
		l.Touch(time.Now().String())
	}
	<-changed
	assert.LessOrEqual(t, len(l.entries), liveLen)
	assert.Equal(t, 3+3*liveLen, l.Seq())
}

func TestTitled(t *testing.T) {
	t.Parallel()
	d := publish.Draft{Title: "t", Text: "x", On: map[parvis.Network]publish.Override{murmure: {Text: "short"}, carnet: {Slug: "s"}}}
	got := titled(d)
	assert.Empty(t, got.For(murmure).Title)
	assert.Equal(t, "short", got.For(murmure).Text)
	assert.Equal(t, "t", got.For(carnet).Title)
	assert.Empty(t, d.On[murmure].Drop, "the draft itself stays as it was")
}
