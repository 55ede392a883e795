package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/fake"
)

// cardOf cuts the card of an item out of a page.
func cardOf(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<article[^>]* id="` + id + `".*?</article>`).FindString(page)
	require.NotEmpty(t, m)
	return m
}

// acting is the form of one act on an item.
func acting(it Item, do string) url.Values {
	return url.Values{
		"account": {it.Account.Key()}, "do": {do}, "on": {it.Event.Ref.String()},
		"person": {it.Event.Author.Ref.String()}, "why": {"advertising"},
	}
}

func TestButtonsAreWhatTheNetworkCan(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	for _, network := range []parvis.Network{murmure, agora} {
		a := b.account("acme", network)
		b.answer("acme", network, "judge me")
		it := b.await("acme", func(i Item) bool { return i.Account == a && saying("judge me")(i) })
		card := cardOf(t, b.get("/acme/moderation", http.StatusOK), it.ID)
		sup, err := moderate.SupportOf(t.Context(), a, parvis.Place{})
		require.NoError(t, err)
		check := func(field string, kind parvis.Kind, dos []moderate.Do) {
			for _, do := range dos {
				m := regexp.MustCompile(`<button name="do" value="` + field + ":" + string(do) + `" title="([^"]*)"( disabled)?`).FindStringSubmatch(card)
				require.NotNil(t, m, "%s %s", field, do)
				can := sup.Can(do, kind)
				assert.Equal(t, can.OK(), m[2] == "", "%s on %s: %s", do, network, can)
				if !can.OK() {
					assert.Equal(t, "Not possible here: "+can.Why, html.UnescapeString(m[1]))
				}
			}
		}
		check("on", it.Event.Ref.Kind, oftenDos)
		check("on", it.Event.Ref.Kind, rareDos)
		check("person", parvis.KindPerson, personDos)
	}
}

func TestHintsSayWhatToExpect(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]button{
		"Can be undone":    {Can: parvis.Full(), Undo: true},
		"Cannot be undone": {Can: parvis.Full()},
		"Can be undone; only answers below your own posts": {Can: parvis.Partly("answers below your own posts"), Undo: true},
		"Not possible here: only moderators may ban":       {Can: parvis.Never("only moderators may ban"), Undo: true},
	} {
		assert.Equal(t, want, b.Hint())
		assert.Equal(t, want == "Cannot be undone", b.Grave())
	}
}

func TestHideAndUndo(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "buy watches")
	it := b.await("acme", saying("buy watches"))
	net := it.Account.Net
	visible := func() (n int) {
		for _, p := range net.Posts() {
			if strings.Contains(p.Text.Plain, "buy watches") {
				n++
			}
		}
		return n
	}
	before := visible()
	page := b.post("/acme/act", acting(it, "on:hide"), http.StatusOK)
	assert.Contains(t, page, "Done: hide.")
	card := cardOf(t, page, it.ID)
	assert.Contains(t, card, "<b>hide</b> by Claire")
	id := regexp.MustCompile(`name="act" value="(a\d+)"`).FindStringSubmatch(card)
	require.NotNil(t, id)

	r := b.client("acme").Book.Records(1)[0]
	assert.Equal(t, parvis.Record{
		Time: r.Time, Client: "acme", Account: it.Account.Account().String(), Actor: "Claire", Op: "hide",
		Ref: it.Event.Ref, Outcome: "done", Reason: "advertising", Detail: r.Detail,
	}, r)
	assert.Contains(t, page, "because: advertising")

	b.post("/acme/who", url.Values{"who": {"Jo"}}, http.StatusOK)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.Outage, Op: "moderate"})
	page = b.post("/acme/undo", url.Values{"act": {id[1]}}, http.StatusOK)
	assert.Contains(t, page, "It was not undone.")
	page = b.post("/acme/undo", url.Values{"act": {id[1]}}, http.StatusOK)
	assert.Contains(t, page, "Undone: hide.")
	assert.NotContains(t, cardOf(t, page, it.ID), "<b>hide</b>")
	r = b.client("acme").Book.Records(1)[0]
	assert.Equal(t, "unhide", r.Op)
	assert.Equal(t, "Jo", r.Actor, "the log says who undid it")
	assert.Equal(t, before, visible())
	b.post("/acme/undo", url.Values{"act": {id[1]}}, http.StatusNotFound)
}

func TestActOnThePerson(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", agora, "rude words")
	it := b.await("acme", saying("rude words"))
	for _, do := range []string{"time out", "ban", "mute"} {
		assert.Contains(t, b.post("/acme/act", acting(it, "person:"+do), http.StatusOK), "Done: "+do)
	}
	assert.Equal(t, it.Event.Author.Ref, b.client("acme").Book.Records(1)[0].Ref)
	assert.Len(t, b.client("acme").Book.Acts(), 3)
}

func TestPendingIsDecided(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", carnet, "please let me in")
	page := b.get("/acme/moderation", http.StatusOK)
	assert.Contains(t, page, "please let me in")
	ref := regexp.MustCompile(`(?s)please let me in.*?name="on" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, ref)
	on, err := parvis.ParseRef(html.UnescapeString(ref[1]))
	require.NoError(t, err)
	seen := func() bool {
		for _, p := range b.account("acme", carnet).Net.Posts() {
			if p.Text.Plain == "please let me in" {
				return true
			}
		}
		return false
	}
	require.False(t, seen(), "it is held")
	b.post("/acme/act", url.Values{"account": {"carnet"}, "do": {"on:approve"}, "on": {on.String()}}, http.StatusOK)
	assert.True(t, seen())
}

func TestReportsAreResolved(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", agora, "report me")
	it := b.await("acme", saying("report me"))
	it.Account.Net.Report(it.Account.Net.Join("yann"), it.Event.Ref, "not nice at all")
	page := b.get("/acme/moderation", http.StatusOK)
	assert.Contains(t, page, "not nice at all")
	ref := regexp.MustCompile(`(?s)not nice at all.*?name="report" value="([^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, ref)
	page = b.post("/acme/act", url.Values{"account": {"agora"}, "do": {"report:resolve"}, "report": {html.UnescapeString(ref[1])}}, http.StatusOK)
	assert.Contains(t, page, "Done: resolve.")
	assert.NotContains(t, page, "not nice at all")
}

func TestActRefusesWhatItMustNot(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("boulangerie-martin", murmure, "about bread")
	theirs := b.await("boulangerie-martin", saying("about bread"))
	page := b.post("/acme/act", acting(theirs, "on:hide"), http.StatusOK)
	assert.Contains(t, page, "was not done")
	assert.Contains(t, page, string(parvis.ErrForeignClient))
	assert.Empty(t, b.client("acme").Book.Acts())
	r := b.client("acme").Book.Records(1)[0]
	assert.Equal(t, string(parvis.ErrForeignClient), r.Outcome, "the attempt is on record")
	assert.NotContains(t, page, "about bread")

	b.answer("acme", murmure, "this is for acme")
	ours := b.await("acme", saying("this is for acme"))
	for _, do := range []string{"on:dance", "on:", "hide", "csrf:hide", "on:purge"} {
		form := acting(ours, do)
		w := b.post("/acme/act", form, map[bool]int{true: http.StatusBadRequest, false: http.StatusOK}[strings.HasPrefix(do, "csrf")])
		assert.NotContains(t, w, "Done:", do)
	}
	form := acting(ours, "on:hide")
	form.Set("account", "elsewhere")
	b.post("/acme/act", form, http.StatusNotFound)
	assert.Empty(t, b.client("acme").Book.Acts())
}

func TestActOfAnotherClientCannotBeUndone(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.answer("acme", murmure, "hide this one")
	it := b.await("acme", saying("hide this one"))
	b.post("/acme/act", acting(it, "on:hide"), http.StatusOK)
	id := b.client("acme").Book.Acts()[0].ID
	b.post("/boulangerie-martin/undo", url.Values{"act": {id}}, http.StatusNotFound)
	assert.Len(t, b.client("acme").Book.Acts(), 1)
}

func TestModerationSaysWhichNetworkDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.trouble("acme", agora, fake.Fault{Kind: fake.Outage, Op: "pending", Times: -1})
	page := b.get("/acme/moderation", http.StatusOK)
	assert.Contains(t, page, "<b>agora</b> did not say what is pending.")
	assert.Contains(t, page, "unavailable")
}
