package main

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/publish"
)

// checkDraft asks as the page does while somebody types, and returns what it shows.
func (b *browser) checkDraft(form url.Values) string {
	b.t.Helper()
	form.Set("csrf", b.csrf)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/acme/check", strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Fragment", "verdicts")
	page := b.do(req, http.StatusOK)
	assert.NotContains(b.t, page, "<html")
	return page
}

// verdictOf cuts what one network says out of a page.
func verdictOf(t *testing.T, page, network string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)data-network="` + network + `">.*?</section>`).FindString(page)
	require.NotEmpty(t, m, page)
	return m
}

var all3 = []string{"murmure", "carnet", "agora"}

func TestCheckCountsAsEachNetworkCounts(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	// One family is one grapheme, seven code points and 25 bytes; a link counts 23 at murmure.
	page := b.checkDraft(url.Values{"to": all3, "text": {"👨‍👩‍👧‍👦"}, "title": {"Été"}})
	assert.Regexp(t, `<b>1</b> / 300 <small>graphemes`, verdictOf(t, page, "murmure"))
	assert.Regexp(t, `<b>25</b> / 60000 <small>bytes`, verdictOf(t, page, "carnet"))
	assert.Regexp(t, `<b>3</b> / 80 <small>code points`, verdictOf(t, page, "carnet"))
	assert.Regexp(t, `<b>7</b> / 10000 <small>code points`, verdictOf(t, page, "agora"))
	assert.Regexp(t, `<b>3</b> / 120 <small>code points`, verdictOf(t, page, "agora"))
	page = b.checkDraft(url.Values{"to": {"murmure"}, "text": {"https://acme.example/a/very/long/address/indeed/of/one/page"}})
	assert.Regexp(t, `<b>23</b> / 300`, page)
	page = b.checkDraft(url.Values{"to": {"murmure"}, "text": {"a\r\nb"}})
	assert.Regexp(t, `<b>3</b> / 300`, page, "forms end lines with two characters; the draft has one")
	page = b.checkDraft(url.Values{"to": {"murmure"}})
	assert.Regexp(t, `<b>0</b> / 300`, page)
	assert.Contains(t, page, "empty so far")
}

func TestCheckListsEveryProblem(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	form := url.Values{"to": all3, "text": {strings.Repeat("x", 301)}, "title": {"A title"}, "warning": {"heat"}, "link": {"nonsense"}}
	page := b.checkDraft(form)
	m := verdictOf(t, page, "murmure")
	assert.Contains(t, m, "text has 301 graphemes, 300 allowed")
	assert.Contains(t, m, "title: a short message has no such part")
	assert.Contains(t, m, "link is not an http or https address")
	assert.Contains(t, m, "3 problems")
	assert.Contains(t, m, "count over")
	assert.Contains(t, verdictOf(t, page, "carnet"), "a blog has no content warnings")
	assert.Contains(t, verdictOf(t, page, "agora"), "1 problem<")

	form.Set("link", "")
	form["opt"] = []string{string(publish.Shorten), string(publish.DropExtras)}
	page = b.checkDraft(form)
	assert.Equal(t, 3, strings.Count(page, ">fits<"))
	assert.Regexp(t, `<b>301</b> / 300`, page, "the counter shows what was written")
	form["opt"] = []string{string(publish.RequireLang)}
	assert.Contains(t, b.checkDraft(form), "the language is missing")
	assert.Contains(t, b.checkDraft(url.Values{"text": {"hello"}}), "Choose at least one account")
}

func TestCheckAppliesWhatIsForOneNetwork(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	tomorrow := time.Now().Add(24 * time.Hour).Format(localTime)
	form := url.Values{"to": all3, "text": {strings.Repeat("x", 400)}, "text_murmure": {"short"}, "at_carnet": {tomorrow}, "categories_carnet": {"news, shop"}}
	page := b.checkDraft(form)
	assert.Equal(t, 3, strings.Count(page, ">fits<"), page)
	assert.Contains(t, verdictOf(t, page, "murmure"), "<b>5</b>")
	form.Set("at_carnet", time.Now().Add(-time.Hour).Format(localTime))
	assert.Contains(t, verdictOf(t, b.checkDraft(form), "carnet"), "is past")
	form.Set("at_murmure", tomorrow)
	assert.Contains(t, verdictOf(t, b.checkDraft(form), "murmure"), "go out at once")
	b.post("/acme/check", url.Values{"at_carnet": {"never"}}, http.StatusBadRequest)
	b.post("/acme/check", url.Values{"place_agora": {"nowhere"}}, http.StatusBadRequest)
}

func TestCheckRefusesAnotherClientsPlace(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	place := parvis.Ref{Client: "boulangerie-martin", Network: agora, Host: "forum.boulangerie-martin.example", Kind: parvis.KindPlace, ID: "c1"}
	page := b.checkDraft(url.Values{"to": {"agora"}, "text": {"hello"}, "place_agora": {place.String()}})
	assert.Contains(t, page, string(parvis.ErrForeignClient))
	assert.NotContains(t, page, ">fits<")
}

func TestCheckWithoutJavaScriptKeepsTheForm(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	assert.Contains(t, b.get("/acme/compose", http.StatusOK), `formaction="/acme/check"`)
	form := url.Values{
		"to": {"murmure"}, "text": {"<b>bold</b> & proud"}, "title": {`quote"d`}, "tags": {"a, b"}, "key": {"k1"},
		"text_agora": {"other"}, "opt": {string(publish.Shorten)}, "lang": {"en"},
	}
	page := b.post("/acme/check", form, http.StatusOK)
	for _, want := range []string{
		"&lt;b&gt;bold&lt;/b&gt; &amp; proud</textarea>", `value="quote&#34;d"`, `value="a, b"`, `name="key" value="k1"`,
		">other</textarea>", `value="shorten" checked`, "<option selected>en", `value="murmure" checked`, "title: a short message",
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, `value="agora" checked`)
}

func TestPictureIsKeptUntilItIsPublished(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	var pic bytes.Buffer
	require.NoError(t, png.Encode(&pic, image.NewGray(image.Rect(0, 0, 2, 2))))
	form := url.Values{"to": {"murmure"}, "text": {"look"}, "key": {"k2"}, "opt": {string(publish.RequireAlt)}}
	page := b.upload("/acme/check", form, "four.png", pic.Bytes())
	assert.Contains(t, page, "<b>four.png</b>")
	assert.Contains(t, verdictOf(t, page, "murmure"), "alt")

	form.Set("alt", "Two people at a kiln")
	assert.Contains(t, b.checkDraft(form), ">fits<", "the picture is still there")
	page = b.post("/acme/publish", form, http.StatusOK)
	assert.Contains(t, page, ">published<")
	posts := b.account("acme", murmure).Net.Posts()
	last := posts[len(posts)-1]
	require.Len(t, last.Media, 1)
	assert.Equal(t, "Two people at a kiln", last.Media[0].Alt)
	assert.NotContains(t, b.get("/acme/compose", http.StatusOK), "four.png", "it went out")

	b.upload("/acme/check", form, "other.png", pic.Bytes())
	form.Set("forget", "1")
	assert.NotContains(t, b.post("/acme/check", form, http.StatusOK), "other.png")
	form.Del("forget")
	assert.Contains(t, b.upload("/acme/check", form, "notes.txt", []byte("plain text")), "1 problem")
}

// FuzzComposeForm: whatever a form holds, it becomes a draft or a refusal, and the same
// form is the same intention.
func FuzzComposeForm(f *testing.F) {
	f.Add("text=hello&to=murmure&key=k")
	f.Add("text=a%0D%0Ab&tags=%23x,,y&at_carnet=2026-02-30T25:00&place_agora=parvis://a@agora/place/c1&opt=shorten")
	f.Add("text_murmure=%ff%fe&link=javascript:alert(1)&categories_carnet=,&forget=1&lang=%00")
	d, err := openDesk(f)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		form, _ := url.ParseQuery(raw)
		r := &http.Request{Method: http.MethodPost, Header: http.Header{}, PostForm: form, Form: form}
		v := visit{r: r, client: d.Clients[0], sess: &session{}}
		c, err := composeOf(v)
		require.NoError(t, err)
		assert.NotContains(t, c.Text, "\r")
		assert.Len(t, c.On, 3)
		again, err := composeOf(v)
		require.NoError(t, err)
		assert.Equal(t, c.Intention(), again.Intention())
		again.Text += "x"
		assert.NotEqual(t, c.Intention(), again.Intention())
		draft, err := c.Draft()
		if err != nil {
			var r refusal
			require.ErrorAs(t, err, &r)
			return
		}
		for _, tag := range draft.Tags {
			assert.NotEmpty(t, strings.TrimSpace(tag))
		}
		_, err = verdicts(t.Context(), v.client, c)
		require.NoError(t, err)
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	assert.Nil(t, list(" , ,"))
	assert.Equal(t, []string{"verre", "atelier ouvert"}, list("#verre, atelier ouvert ,"))
}
