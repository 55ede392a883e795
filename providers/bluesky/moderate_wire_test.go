package bluesky_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky"
)

const (
	meDID   = "did:plc:meeeeeeeeeeeeeeeeeeeeeee"
	evaDID  = "did:plc:evaaaaaaaaaaaaaaaaaaaaaa"
	evaPost = "at://" + evaDID + "/app.bsky.feed.post/3jzfcijpj2z2a"
	opened  = "tools.ozone.moderation.defs#reviewOpen"
)

// wired is an account whose PDS gives the answers, by the method's name; a status may
// stand before an answer: "400 {…}". It keeps what it was sent, by the method's name.
type wired struct {
	*bluesky.Client
	mu   sync.Mutex
	sent map[string][]map[string]any
}

func wire(t testing.TB, answers map[string]func(r *http.Request) string) *wired {
	t.Helper()
	w := &wired{sent: map[string][]map[string]any{}}
	answers["getSession"] = says(`{"did":"` + meDID + `","handle":"me.test"}`)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '.')+1:]
		var in map[string]any
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.mu.Lock()
		w.sent[name] = append(w.sent[name], in)
		w.mu.Unlock()
		f := answers[name]
		if !assert.NotNil(t, f, "nobody expects %s", name) {
			return
		}
		status, body := http.StatusOK, f(r)
		if body[0] != '{' {
			_, _ = fmt.Sscan(body, &status)
			body = body[4:]
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c, err := bluesky.New(bluesky.Config{
		Server: s.URL, Client: "acme", Tokens: parvis.StaticToken("parvis-secret-wire"), Account: parvis.Account{ID: meDID, Handle: "me.test"},
		Ozone: "did:plc:labeler#atproto_labeler", Settle: time.Millisecond,
	}, &providers.Options{Retry: providers.Retry{Max: 1, MinWait: time.Millisecond}})
	require.NoError(t, err)
	w.Client = c
	return w
}

func says(s string) func(*http.Request) string { return func(*http.Request) string { return s } }

func about(kind parvis.Kind, id string) parvis.Ref {
	return parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: kind, ID: id}
}

const admin = `{"viewer":{"role":"tools.ozone.team.defs#roleAdmin"}}`

// A person whom a list mutes is not muted by the account itself, unless it is in its mutes.
func TestMutesOfListsAreNotOwn(t *testing.T) {
	t.Parallel()
	for want, second := range map[string]string{"not muted": `[]`, "muted": `[{"did":"` + evaDID + `","handle":"eva.test"}]`} {
		c := wire(t, map[string]func(*http.Request) string{
			"getConfig":  says(admin),
			"getProfile": says(`{"did":"` + evaDID + `","viewer":{"muted":true,"mutedByList":{"uri":"at://x"}}}`),
			"getMutes": func(r *http.Request) string {
				if r.URL.Query().Get("cursor") == "" {
					return `{"mutes":[{"did":"did:plc:other","handle":"o.test"}],"cursor":"2"}`
				}
				return `{"mutes":` + second + `}`
			},
			"muteActor": says(`{}`),
		})
		act, err := moderate.Mute(t.Context(), c, about(parvis.KindPerson, evaDID), sells)
		require.NoError(t, err)
		assert.Equal(t, want+" > muted", act.Before+" > "+act.After)
	}
}

// A mute that holds for a part only comes back as it was.
func TestMutesOfParts(t *testing.T) {
	t.Parallel()
	c := wire(t, map[string]func(*http.Request) string{
		"getConfig": says(admin), "muteActor": says(`{}`), "unmuteActor": says(`{}`),
		"getProfile": says(`{"did":"` + evaDID + `","viewer":{"muted":false,"mutedOnlyReposts":true,"mutedOnlyQuoteposts":true}}`),
	})
	for _, do := range []moderate.Do{moderate.DoMute, moderate.DoUnmute} {
		act, err := moderate.Apply(t.Context(), c, moderate.Action{Do: do, On: about(parvis.KindPerson, evaDID)})
		require.NoError(t, err)
		assert.Equal(t, "muted: reposts quotes", act.Before)
		require.NotNil(t, act.Inverse)
		assert.Equal(t, []string{"mute", "reposts quotes"}, []string{string(act.Inverse.Do), act.Inverse.Label})
		_, err = moderate.Undo(t.Context(), c, act)
		require.NoError(t, err)
		last := c.sent["muteActor"][len(c.sent["muteActor"])-1]
		assert.Equal(t, map[string]any{"actor": evaDID, "onlyReposts": true, "onlyQuoteposts": true}, last)
	}
}

func TestPersonsOutOfServiceAreGone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AccountTakedown", "AccountDeactivated", "AccountSuspended"} {
		c := wire(t, map[string]func(*http.Request) string{"getConfig": says(admin), "getProfile": says(`400 {"error":"` + name + `","message":"x"}`)})
		_, err := moderate.Block(t.Context(), c, about(parvis.KindPerson, evaDID), sells)
		require.ErrorIs(t, err, parvis.ErrNotFound, name)
	}
}

func statusOf(id int, subject string) string {
	return fmt.Sprintf(`{"id":%d,"reviewState":"%s","createdAt":"2026-11-22T00:00:00Z","subjectRepoHandle":"eva.test","subject":%s}`, id, opened, subject)
}

const (
	recordSubject  = `{"$type":"com.atproto.repo.strongRef","uri":"` + evaPost + `","cid":"bafy"}`
	accountSubject = `{"$type":"com.atproto.admin.defs#repoRef","did":"` + evaDID + `"}`
	chatSubject    = `{"$type":"chat.bsky.convo.defs#messageRef","did":"` + evaDID + `","convoId":"1","messageId":"2"}`
)

// The queue is read page by page; chat messages, of which references cannot be made, and
// what comes twice are left out.
func TestQueueInPages(t *testing.T) {
	t.Parallel()
	c := wire(t, map[string]func(*http.Request) string{
		"getConfig": says(admin),
		"queryStatuses": func(r *http.Request) string {
			switch q := r.URL.Query(); {
			case !strings.HasSuffix(q.Get("reviewState"), "reviewOpen"):
				return `{"subjectStatuses":[]}`
			case q.Get("cursor") == "":
				return `{"cursor":"2","subjectStatuses":[` + statusOf(1, recordSubject) + `,` + statusOf(2, chatSubject) + `]}`
			}
			return `{"subjectStatuses":[` + statusOf(1, recordSubject) + `,` + statusOf(3, accountSubject) + `,7]}`
		},
		"getSubjects": says(`{"subjects":[]}`),
		"queryEvents": says(`{"events":[]}`),
	})
	var got []string
	for k, err := range moderate.PendingIn(t.Context(), c, parvis.Place{}) {
		require.NoError(t, err)
		got = append(got, k.Why+" "+k.On.ID+" "+k.Author.Handle)
	}
	assert.Equal(t, []string{"flagged " + evaPost + " eva.test", "flagged " + evaDID + " eva.test"}, got)
	for range moderate.PendingIn(t.Context(), c, parvis.Place{}) {
		break
	}
	assert.Len(t, c.sent["queryStatuses"], 3+2, "who leaves early asks for no more pages")
}

func TestLogOfEverything(t *testing.T) {
	t.Parallel()
	event := func(id int, kind, more, subject string) string {
		return fmt.Sprintf(`{"id":%d,"event":{"$type":"tools.ozone.moderation.defs#%s"%s},"subject":%s,"createdBy":"%s","creatorHandle":"me.test","createdAt":"2026-11-22T00:00:00Z"}`,
			id, kind, more, subject, meDID)
	}
	c := wire(t, map[string]func(*http.Request) string{
		"getConfig": says(admin),
		"queryEvents": says(`{"events":[` + strings.Join([]string{
			event(9, "modEventTakedown", `,"comment":"why"`, recordSubject), event(8, "modEventTakedown", ``, accountSubject),
			event(7, "modEventReverseTakedown", ``, recordSubject), event(6, "modEventReverseTakedown", ``, accountSubject),
			event(5, "modEventLabel", `,"createLabelVals":["x"],"negateLabelVals":[]`, recordSubject),
			event(4, "modEventLabel", `,"createLabelVals":[],"negateLabelVals":["x"]`, recordSubject),
			event(3, "modEventAcknowledge", ``, recordSubject), event(2, "modEventReport", ``, recordSubject),
			event(1, "modEventTag", ``, recordSubject), event(0, "modEventTakedown", ``, chatSubject),
		}, ",") + `]}`),
	})
	var got []string
	for e, err := range moderate.LogOf(t.Context(), c, parvis.Place{}) {
		require.NoError(t, err)
		assert.Equal(t, "me.test", e.By.Handle)
		got = append(got, e.ID+" "+string(e.Do)+" "+string(e.On.Kind)+" "+e.Note)
	}
	assert.Equal(t, []string{
		"9 remove post why", "8 ban person ", "7 restore post ", "6 unban person ", "5 label post ", "4 unlabel post ", "3 resolve post ", "2 report post ", "1  post ",
	}, got)
}

func TestReportsByTheirNumbers(t *testing.T) {
	t.Parallel()
	for want, kind := range map[parvis.Code]string{"": "modEventReport", parvis.ErrNotFound: "modEventTag"} {
		c := wire(t, map[string]func(*http.Request) string{
			"getConfig":     says(admin),
			"getEvent":      says(`{"id":7,"event":{"$type":"tools.ozone.moderation.defs#` + kind + `"},"subject":{"$type":"tools.ozone.moderation.defs#recordView","uri":"` + evaPost + `"}}`),
			"queryStatuses": says(`{"subjectStatuses":[` + statusOf(1, recordSubject) + `]}`),
			"emitEvent":     says(`{"id":8}`),
		})
		_, err := moderate.Resolve(t.Context(), c, about(parvis.KindReport, "7"), sells)
		assert.Equal(t, want, parvis.CodeOf(err))
		if err == nil {
			in := c.sent["emitEvent"][0]
			assert.Equal(t, []any{meDID, map[string]any{"name": "parvis"}}, []any{in["createdBy"], in["modTool"]})
			assert.Equal(t, evaPost, in["subject"].(map[string]any)["uri"])
			assert.Contains(t, in["externalId"], "parvis:")
		}
	}
}

// What somebody else does at the same moment is done.
func TestTakenDownMeanwhile(t *testing.T) {
	t.Parallel()
	down := func(is string) string {
		return `{"uri":"` + evaPost + `","cid":"bafy","moderation":{"subjectStatus":{"takendown":` + is + `,"reviewState":"x","subject":` + recordSubject + `}}}`
	}
	for after, want := range map[string]error{"true": nil, "false": parvis.ErrInvalid} {
		looks := 0
		c := wire(t, map[string]func(*http.Request) string{
			"getConfig": says(admin),
			"getRecord": func(*http.Request) string {
				if looks++; looks > 1 {
					return down(after)
				}
				return down("false")
			},
			"emitEvent": says(`400 {"error":"InvalidRequest","message":"Subject is already taken down"}`),
		})
		_, err := moderate.Remove(t.Context(), c, about(parvis.KindPost, evaPost), sells)
		require.ErrorIs(t, err, want)
		assert.Equal(t, 2, looks)
	}
}
