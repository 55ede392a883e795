package main

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// outcomeOf cuts how one target ended out of a page.
func outcomeOf(t *testing.T, page, network string) string {
	t.Helper()
	return verdictOf(t, page, network)
}

func TestPublishGivesOneOutcomeATarget(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	form := url.Values{"to": all3, "text": {"Le four est chaud."}, "title": {"Four"}, "key": {"k"}, "lang": {"fr"}}
	page := b.post("/acme/publish", form, http.StatusOK)
	assert.Equal(t, "/acme/sent/s1", b.last.Path)
	m := outcomeOf(t, page, "murmure")
	assert.Contains(t, m, ">not sent<")
	assert.Contains(t, m, "title: a short message has no such part")
	for _, network := range []string{"carnet", "agora"} {
		o := outcomeOf(t, page, network)
		assert.Contains(t, o, ">published<")
		assert.Regexp(t, `href="https://\S+acme\.example/`, o)
	}
	for network, n := range map[string]int{"murmure": 0, "carnet": 1, "agora": 1} {
		a, _ := b.client("acme").Account(network)
		assert.Equal(t, n, a.Net.Count("Le four est chaud."), network)
	}

	// What failed can be mended, and only that is chosen.
	page = b.get("/acme/compose?from=s1", http.StatusOK)
	assert.Contains(t, page, "Le four est chaud.</textarea>")
	assert.Contains(t, page, `value="murmure" checked`)
	assert.NotContains(t, page, `value="carnet" checked`)
	assert.NotContains(t, page, `name="key" value="k"`, "a mended draft is a new one")
}

func TestPublishedIsSeenInTheTimelineAndTheLog(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.post("/acme/who", url.Values{"who": {"Malik"}}, http.StatusOK)
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"Bonjour à tous"}, "key": {"k"}}, http.StatusOK)
	it := b.await("acme", saying("Bonjour à tous"))
	assert.True(t, it.Mine)
	assert.Contains(t, b.get("/acme/timeline", http.StatusOK), "Bonjour à tous")
	r := b.client("acme").Book.Records(1)[0]
	assert.Equal(t, "Malik", r.Actor)
	assert.Equal(t, "publish", r.Op)
	assert.Equal(t, "published", r.Outcome)
	assert.Equal(t, "acme", r.Client)
}

func TestPublishTwiceSendsOnce(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"once"}, "key": {"k"}}, http.StatusOK)
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"once"}, "key": {"k"}}, http.StatusOK)
	assert.Equal(t, "/acme/sent/s1", b.last.Path)
	assert.Equal(t, 1, b.account("acme", murmure).Net.Count("once"))
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"once"}}, http.StatusBadRequest)

	// Somebody goes back to the form, and changes it: that is meant to go out.
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"another thing"}, "key": {"k"}}, http.StatusOK)
	assert.Equal(t, "/acme/sent/s2", b.last.Path)
	assert.Equal(t, 1, b.account("acme", murmure).Net.Count("another thing"))
	page := b.post("/acme/publish", url.Values{"text": {"to nobody"}, "key": {"k2"}}, http.StatusOK)
	assert.Contains(t, page, "Choose at least one account.")
	assert.Contains(t, page, "to nobody</textarea>")
}

func TestLostAnswerIsReconciled(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	form := url.Values{"to": {"murmure", "agora"}, "text": {"did it arrive?"}, "key": {"k"}}
	page := b.post("/acme/publish", form, http.StatusOK)
	o := outcomeOf(t, page, "murmure")
	assert.Contains(t, o, ">unknown<")
	assert.Contains(t, o, ">Reconcile<")
	assert.NotContains(t, o, ">Send again<", "never send blindly")
	assert.Contains(t, outcomeOf(t, page, "agora"), ">published<", "one lost answer stops no other")
	b.post("/acme/sent/s1/again", url.Values{"account": {"murmure"}}, http.StatusConflict)

	page = b.post("/acme/sent/s1/reconcile", url.Values{"account": {"murmure"}}, http.StatusOK)
	o = outcomeOf(t, page, "murmure")
	assert.Contains(t, o, ">published<")
	assert.Contains(t, o, "Nothing needs to be sent again")
	assert.Equal(t, 1, b.account("acme", murmure).Net.Count("did it arrive?"))
	assert.Equal(t, "reconcile", b.client("acme").Book.Records(1)[0].Op)
	b.post("/acme/sent/s1/reconcile", url.Values{"account": {"murmure"}}, http.StatusConflict)
}

func TestReconcileThatFindsNothingAllowsSendingAgain(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.ErrorBefore, Op: "publish"})
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"not there"}, "key": {"k"}}, http.StatusOK)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.Outage, Op: "reconcile"})
	page := b.post("/acme/sent/s1/reconcile", url.Values{"account": {"murmure"}}, http.StatusOK)
	assert.Contains(t, page, "Still unknown")
	page = b.post("/acme/sent/s1/reconcile", url.Values{"account": {"murmure"}}, http.StatusOK)
	assert.Contains(t, page, "surely does not have it")

	var all sync.WaitGroup
	statuses := make(chan int, 6)
	for range cap(statuses) {
		all.Go(func() {
			form := url.Values{"account": {"murmure"}, "csrf": {b.csrf}}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/acme/sent/s1/again", strings.NewReader(form.Encode()))
			if !assert.NoError(t, err) {
				return
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := b.http.Do(req)
			if assert.NoError(t, err) {
				statuses <- res.StatusCode
				assert.NoError(t, res.Body.Close())
			}
		})
	}
	all.Wait()
	close(statuses)
	ok := 0
	for s := range statuses {
		if s == http.StatusOK {
			ok++
		}
	}
	assert.Equal(t, 1, ok, "of many clicks one sends")
	assert.Equal(t, 1, b.account("acme", murmure).Net.Count("not there"))
	assert.Contains(t, b.get("/acme/sent/s1", http.StatusOK), ">published<")
}

func TestOutcomesSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault fake.Fault
		want  []string
	}{
		"rate limited": {fake.Fault{Kind: fake.RateLimited, RetryAfter: 20 * time.Second}, []string{">not sent<", "rate limited", "Wait 20s", ">Send again<"}},
		"refused":      {fake.Fault{Kind: fake.CutBefore}, []string{">not sent<", "unavailable", ">Send again<"}},
		"rejected":     {fake.Fault{Kind: fake.RejectedPost}, []string{">rejected<", "Mend and publish"}},
		"held":         {fake.Fault{Kind: fake.HeldPost}, []string{">held<", ">Ask the network again<"}},
		"pending":      {fake.Fault{Kind: fake.StillProcessing, Delay: time.Hour}, []string{">pending<", ">Ask the network again<"}},
		"expired":      {fake.Fault{Kind: fake.ExpiredToken}, []string{">not sent<", "authentication"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := visitDesk(t)
			c.fault.Op = "publish"
			b.trouble("acme", murmure, c.fault)
			page := b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"hello"}, "key": {"k"}}, http.StatusOK)
			for _, want := range c.want {
				assert.Contains(t, page, want)
			}
		})
	}
}

func TestAskReadsThePostBack(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.StillProcessing, Op: "publish", Delay: time.Nanosecond})
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"big file"}, "key": {"k"}}, http.StatusOK)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.Outage, Op: "get"})
	assert.Contains(t, b.post("/acme/sent/s1/ask", url.Values{"account": {"murmure"}}, http.StatusOK), "did not say")
	page := b.post("/acme/sent/s1/ask", url.Values{"account": {"murmure"}}, http.StatusOK)
	assert.Contains(t, page, ">published<")
	b.post("/acme/sent/s1/ask", url.Values{"account": {"murmure"}}, http.StatusConflict)
	b.post("/acme/sent/s1/ask", url.Values{"account": {"agora"}}, http.StatusNotFound)
}

func TestScheduledAtTheNetwork(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	at := time.Now().Add(48 * time.Hour).Truncate(time.Minute)
	page := b.post("/acme/publish", url.Values{"to": {"carnet"}, "text": {"later"}, "key": {"k"}, "at_carnet": {at.Format(localTime)}}, http.StatusOK)
	assert.Contains(t, page, ">scheduled<")
	assert.Contains(t, page, stamp(at))
	sent, ok := b.client("acme").Book.Sent("s1")
	require.True(t, ok)
	assert.Equal(t, publish.Scheduled, sent.Targets[0].Outcome.State)
}

func TestPublicationsOfAnotherClientAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := visitDesk(t)
	b.trouble("acme", murmure, fake.Fault{Kind: fake.CutAfter, Op: "publish"})
	b.post("/acme/publish", url.Values{"to": {"murmure"}, "text": {"for acme only"}, "key": {"k"}}, http.StatusOK)
	b.get("/boulangerie-martin/sent/s1", http.StatusNotFound)
	b.post("/boulangerie-martin/sent/s1/reconcile", url.Values{"account": {"murmure"}}, http.StatusNotFound)
	assert.NotContains(t, b.get("/boulangerie-martin/compose?from=s1", http.StatusOK), "for acme only")
	b.await("acme", saying("for acme only"))
	for _, tab := range []string{"timeline", "moderation"} {
		assert.NotContains(t, b.get("/boulangerie-martin/"+tab, http.StatusOK), "for acme only")
	}
}
