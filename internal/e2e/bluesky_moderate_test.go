package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/apitest"
	network "github.com/parvis-go/parvis/internal/e2e/servers/bluesky"
	"github.com/parvis-go/parvis/moderate"
	"github.com/parvis-go/parvis/providers/bluesky"
	"github.com/parvis-go/parvis/publish"
)

// bskyModerator opens the moderator of the network's Ozone, at the PDS or a proxy before it.
func bskyModerator(t testing.TB, n *network.Network, server string) *bluesky.Client {
	t.Helper()
	return bskyWriter(t, n, n.Moderator, server, withOzone(n))
}

func withOzone(n *network.Network) func(*bluesky.Config) {
	return func(c *bluesky.Config) { c.Ozone = n.OzoneDID + "#atproto_labeler" }
}

// rude is a post, and why it has to go.
func rude(t testing.TB, c *bluesky.Client, replyTo ...parvis.Ref) parvis.Ref {
	t.Helper()
	d := publish.Draft{Text: "Buy watches!"}
	if len(replyTo) > 0 {
		d.ReplyTo = replyTo[0]
	}
	post, err := publish.To(t.Context(), c, d)
	require.NoError(t, err)
	return post.Ref
}

var because = moderate.Reason{Rule: "advertising", Text: "sells watches", Category: "spam"}

// bskyShows reports whether the app view shows a post, past the provider.
func bskyShows(t testing.TB, n *network.Network, as network.Account, uri string) bool {
	t.Helper()
	var out struct{ Posts []map[string]any }
	require.NoError(t, n.As(as).Get(t.Context(), "app.bsky.feed.getPosts", url.Values{"uris": {uri}}, &out))
	return len(out.Posts) > 0
}

// bskyViewer is what the account has done to another, past the provider.
func bskyViewer(t testing.TB, n *network.Network, a, other network.Account) map[string]any {
	t.Helper()
	var out struct{ Viewer map[string]any }
	require.NoError(t, n.As(a).Get(t.Context(), "app.bsky.actor.getProfile", url.Values{"actor": {other.DID}}, &out))
	return out.Viewer
}

// records counts the account's records of a collection, past the provider.
func records(t testing.TB, n *network.Network, a network.Account, collection string) int {
	t.Helper()
	var out struct{ Records []any }
	require.NoError(t, n.As(a).Get(t.Context(), "com.atproto.repo.listRecords", url.Values{"repo": {a.DID}, "collection": {collection}}, &out))
	return len(out.Records)
}

// apply does an action that changes something, and checks what it says of the state.
func apply(t testing.TB, c *bluesky.Client, a moderate.Action, before, after string) moderate.Act {
	t.Helper()
	act, err := moderate.Apply(t.Context(), c, a)
	require.NoError(t, err, a.Do)
	require.Equal(t, before+" > "+after, act.Before+" > "+act.After, a.Do)
	return act
}

// back takes an act back, and checks that the state is the one before.
func back(t testing.TB, c *bluesky.Client, act moderate.Act) moderate.Act {
	t.Helper()
	undone, err := moderate.Undo(t.Context(), c, act)
	require.NoError(t, err, act.Action.Do)
	require.Equal(t, act.After+" > "+act.Before, undone.Before+" > "+undone.After, act.Action.Do)
	return undone
}

// TestBlueskyModeratePersons mutes and blocks a person, and takes it all back.
func TestBlueskyModeratePersons(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	c := bskyWriter(t, n, ana, n.PDS)
	bskySettled(t, n)
	person := parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: parvis.KindPerson, ID: ben.DID}

	part := apply(t, c, moderate.Action{Do: moderate.DoMute, On: person, Label: "reposts"}, "not muted", "muted: reposts")
	assert.Equal(t, true, bskyViewer(t, n, ana, ben)["mutedOnlyReposts"])
	whole := apply(t, c, moderate.Action{Do: moderate.DoMute, On: person}, "muted: reposts", "muted")
	assert.Equal(t, true, bskyViewer(t, n, ana, ben)["muted"])
	back(t, c, whole)
	back(t, c, part)
	viewer := bskyViewer(t, n, ana, ben)
	assert.Equal(t, []any{false, false}, []any{viewer["muted"], viewer["mutedOnlyReposts"]})

	block := apply(t, c, moderate.Action{Do: moderate.DoBlock, On: person}, "not blocked", "blocked")
	again, err := moderate.Block(t.Context(), c, person, because)
	require.NoError(t, err, "the app view need not know it yet")
	assert.Nil(t, again.Inverse)
	assert.Equal(t, 1, records(t, n, ana, "app.bsky.graph.block"))
	back(t, c, block)
	assert.Zero(t, records(t, n, ana, "app.bsky.graph.block"))

	require.NoError(t, n.As(ana).Post(t.Context(), "com.atproto.repo.createRecord", map[string]any{
		"repo": ana.DID, "collection": "app.bsky.graph.block",
		"record": map[string]any{"subject": ben.DID, "createdAt": "2026-01-01T00:00:00Z"},
	}, nil))
	bskySettled(t, n)
	unblock := apply(t, c, moderate.Action{Do: moderate.DoUnblock, On: person}, "blocked", "not blocked")
	assert.Zero(t, records(t, n, ana, "app.bsky.graph.block"), "a block that another app has made is found")
	back(t, c, back(t, c, unblock))
	assert.Zero(t, records(t, n, ana, "app.bsky.graph.block"))
}

// TestBlueskyModerateThreads mutes, hides and locks, and takes it all back.
func TestBlueskyModerateThreads(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	c, other := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ben, n.PDS)
	post := rude(t, c)
	answer := rude(t, other, post)
	bskySettled(t, n)
	back(t, c, apply(t, c, moderate.Action{Do: moderate.DoMute, On: answer}, "not muted", "muted"))
	gate := strings.Replace(post.ID, "app.bsky.feed.post", "app.bsky.feed.threadgate", 1)
	hide := apply(t, c, moderate.Action{Do: moderate.DoHide, On: answer}, "visible", "hidden")
	assert.Equal(t, []any{answer.ID}, bskyRecord(t, n, ana, gate)["hiddenReplies"])
	lock := apply(t, c, moderate.Action{Do: moderate.DoLock, On: post}, "open", "locked")
	bskySettled(t, n)
	_, err := publish.To(t.Context(), other, publish.Draft{Text: "too late", ReplyTo: post})
	require.ErrorIs(t, err, parvis.ErrPermission)
	back(t, c, lock)
	assert.Contains(t, bskyRecord(t, n, ana, gate), "hiddenReplies", "what is hidden stays so")
	back(t, c, hide)
	assert.Zero(t, records(t, n, ana, "app.bsky.feed.threadgate"), "a gate that says nothing is gone")
	_, err = c.Gate(t.Context(), post, bluesky.Gate{Closed: true, Followers: true})
	require.NoError(t, err)
	rules := bskyRecord(t, n, ana, gate)["allow"]
	lock, err = moderate.Lock(t.Context(), c, post, because)
	require.NoError(t, err)
	assert.Empty(t, bskyRecord(t, n, ana, gate)["allow"])
	back(t, c, lock)
	assert.Equal(t, rules, bskyRecord(t, n, ana, gate)["allow"], "the rules are those of before")
}

// TestBlueskyModeratePins: the one post that is pinned comes back.
func TestBlueskyModeratePins(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	c, other := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ben, n.PDS)
	post := rude(t, c)
	bskySettled(t, n)
	first := apply(t, c, moderate.Action{Do: moderate.DoPin, On: post}, "not pinned", "pinned")
	second := rude(t, c)
	moved := apply(t, c, moderate.Action{Do: moderate.DoPin, On: second}, "not pinned", "pinned")
	_, err := moderate.Undo(t.Context(), c, moved)
	require.NoError(t, err)
	profile := "at://" + ana.DID + "/app.bsky.actor.profile/self"
	assert.Equal(t, post.ID, bskyRecord(t, n, ana, profile)["pinnedPost"].(map[string]any)["uri"], "the post before is back")
	back(t, c, first)
	assert.NotContains(t, bskyRecord(t, n, ana, profile), "pinnedPost")
	for _, do := range []moderate.Do{moderate.DoHide, moderate.DoLock, moderate.DoPin} {
		_, err := moderate.Apply(t.Context(), other, moderate.Action{Do: do, On: post})
		require.ErrorIs(t, err, parvis.ErrPermission, do)
	}
}

// TestBlueskyModerateLists mutes and blocks the people on a list.
func TestBlueskyModerateLists(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben, eve := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben"), bskyAccount(t, n, "eve")
	c, other := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, eve, n.PDS)
	ctx := t.Context()
	person := parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: parvis.KindPerson, ID: ben.DID}
	list, err := c.CreateModList(ctx, "Watches", "They sell watches")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.AddToList(ctx, list.Ref, person))
	}
	assert.Equal(t, 1, records(t, n, ana, "app.bsky.graph.listitem"))
	require.ErrorIs(t, other.AddToList(ctx, list.Ref, person), parvis.ErrPermission)
	bskySettled(t, n)
	mute := apply(t, other, moderate.Action{Do: moderate.DoMute, On: list.Ref}, "not muted", "muted")
	assert.Contains(t, bskyViewer(t, n, eve, ben), "mutedByList")
	self := apply(t, other, moderate.Action{Do: moderate.DoMute, On: person}, "not muted", "muted")
	back(t, other, self)
	back(t, other, mute)
	block := apply(t, other, moderate.Action{Do: moderate.DoBlock, On: list.Ref}, "not blocked", "blocked")
	bskySettled(t, n)
	assert.Contains(t, bskyViewer(t, n, eve, ben), "blockingByList")
	personal := apply(t, other, moderate.Action{Do: moderate.DoBlock, On: person}, "not blocked", "blocked")
	back(t, other, personal)
	back(t, other, block)
	for range 2 {
		require.NoError(t, c.RemoveFromList(ctx, list.Ref, person))
	}
	assert.Zero(t, records(t, n, ana, "app.bsky.graph.listitem"))
	require.NoError(t, c.AddToList(ctx, list.Ref, person))
	bskySettled(t, n)
	require.NoError(t, c.DeleteList(ctx, list.Ref))
	assert.Zero(t, records(t, n, ana, "app.bsky.graph.listitem")+records(t, n, ana, "app.bsky.graph.list"))
	bskySettled(t, n)
	_, err = moderate.Mute(ctx, other, list.Ref, because)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}

// pendingOn returns the cases of Ozone about something.
func pendingOn(t testing.TB, c *bluesky.Client, on parvis.Ref) []moderate.Case {
	t.Helper()
	var found []moderate.Case
	for k, err := range moderate.PendingIn(t.Context(), c, parvis.Place{}) {
		require.NoError(t, err)
		if k.On == on {
			found = append(found, k)
		}
	}
	return found
}

// TestBlueskyModerateOzone follows a post from its report to its takedown, and back.
func TestBlueskyModerateOzone(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana, ben := bskyAccount(t, n, "ana"), bskyAccount(t, n, "ben")
	c, reporter, mod := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ben, n.PDS, withOzone(n)), bskyModerator(t, n, n.PDS)
	ctx := t.Context()
	post := rude(t, c)
	person := parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: parvis.KindPerson, ID: ana.DID}
	bskySettled(t, n)
	filed, err := moderate.Report(ctx, reporter, post, because)
	require.NoError(t, err)
	_, err = moderate.Report(ctx, c, post, moderate.Reason{Text: "my own", Category: "rude"})
	require.NoError(t, err, "the PDS chooses the moderators of an account without a labeler")

	found := pendingOn(t, mod, post)
	require.Len(t, found, 1)
	k := found[0]
	assert.Equal(t, []string{"reported", "open, 2 reports", "Buy watches!", "my own", "rude"}, []string{k.Why, k.State, k.Text.Plain, k.Note, k.Category})
	assert.Equal(t, []string{ana.DID, ana.Handle, ana.DID}, []string{k.Author.Ref.ID, k.Author.Handle, k.Reporter.Ref.ID})

	label := apply(t, mod, moderate.Action{Do: moderate.DoLabel, On: post, Label: "spam", Reason: because}, "not labelled spam", "labelled spam")
	bskySettled(t, n)
	require.Eventually(t, func() bool { return labelled(t, n, ben, post.ID) == "spam" }, waitFor, tick)
	back(t, mod, label)
	require.Eventually(t, func() bool { return labelled(t, n, ben, post.ID) == "" }, waitFor, tick)

	down := apply(t, mod, moderate.Action{Do: moderate.DoRemove, On: post, Reason: because}, "visible", "taken down")
	require.Eventually(t, func() bool { return !bskyShows(t, n, ben, post.ID) }, waitFor, tick)
	assert.Empty(t, pendingOn(t, mod, post), "a takedown closes the case")
	again, err := moderate.Remove(ctx, mod, post, because)
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	back(t, mod, down)
	require.Eventually(t, func() bool { return bskyShows(t, n, ben, post.ID) }, waitFor, tick)
	require.Len(t, pendingOn(t, mod, post), 1, "taking it back opens the case again")

	closed := apply(t, mod, moderate.Action{Do: moderate.DoResolve, On: filed.Made, Reason: because}, "open", "closed")
	assert.Empty(t, pendingOn(t, mod, post))
	back(t, mod, closed)
	escalated := apply(t, mod, moderate.Action{Do: moderate.DoReopen, On: k.Ref, Label: "escalated"}, "open", "escalated")
	assert.Nil(t, escalated.Inverse)
	back(t, mod, apply(t, mod, moderate.Action{Do: moderate.DoResolve, On: k.Ref}, "escalated", "closed"))

	ban := apply(t, mod, moderate.Action{Do: moderate.DoBan, On: person, Reason: because}, "visible", "taken down")
	require.Eventually(t, func() bool {
		_, err := moderate.Mute(ctx, reporter, person, because)
		return parvis.CodeOf(err) == parvis.ErrNotFound
	}, waitFor, tick, "an account that is out of service is gone")
	back(t, mod, ban)

	var did []moderate.Do
	for e, err := range moderate.LogOf(ctx, mod, parvis.Place{}) {
		require.NoError(t, err)
		if (e.On == post || e.On == person) && e.Do != "" {
			did = append(did, e.Do)
		}
	}
	assert.Equal(t, []moderate.Do{
		moderate.DoUnban, moderate.DoBan, moderate.DoResolve, moderate.DoReport, moderate.DoResolve,
		moderate.DoReport, moderate.DoRestore, moderate.DoRemove, moderate.DoUnlabel, moderate.DoLabel, moderate.DoReport, moderate.DoReport,
	}, did)
}

// TestBlueskyModerateUntil: bans and labels end by themselves.
func TestBlueskyModerateUntil(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana := bskyAccount(t, n, "ana")
	c, mod := bskyWriter(t, n, ana, n.PDS), bskyModerator(t, n, n.PDS)
	post := rude(t, c)
	bskySettled(t, n)
	person := parvis.Ref{Client: "acme", Network: bluesky.Network, Kind: parvis.KindPerson, ID: ana.DID}
	end := time.Now().Add(36 * time.Hour)
	label := apply(t, mod, moderate.Action{Do: moderate.DoLabel, On: post, Label: "spam", Until: end}, "not labelled spam", "labelled spam")
	again, err := moderate.Apply(t.Context(), mod, moderate.Action{Do: moderate.DoLabel, On: post, Label: "spam", Until: end})
	require.NoError(t, err)
	assert.Nil(t, again.Inverse)
	unlabel := back(t, mod, label)
	require.NotNil(t, unlabel.Inverse)
	assert.WithinDuration(t, end, unlabel.Inverse.Until, time.Hour)
	ban := apply(t, mod, moderate.Action{Do: moderate.DoBan, On: person, Until: end}, "visible", "taken down")
	require.Eventually(t, func() bool {
		_, err := publish.To(t.Context(), c, publish.Draft{Text: "still here", Key: "still"})
		return parvis.CodeOf(err) == parvis.ErrPermission
	}, waitFor, tick, "the labeler tells the PDS a moment later")
	unban := back(t, mod, ban)
	require.NotNil(t, unban.Inverse)
	assert.WithinDuration(t, end, unban.Inverse.Until, time.Hour)
	require.Eventually(t, func() bool {
		_, err := publish.To(t.Context(), c, publish.Draft{Text: "back again", Key: "back"})
		return err == nil
	}, waitFor, tick, "the labeler tells the PDS a moment later")
}

// labelled is what the labeler of the network says of a post, as the app view shows it.
func labelled(t testing.TB, n *network.Network, as network.Account, uri string) string {
	t.Helper()
	var out struct {
		Posts []struct {
			Labels []struct{ Src, Val string }
		}
	}
	require.NoError(t, n.As(as).Get(t.Context(), "app.bsky.feed.getPosts", url.Values{"uris": {uri}}, &out))
	for _, p := range out.Posts {
		for _, l := range p.Labels {
			if l.Src == n.OzoneDID {
				return l.Val
			}
		}
	}
	return ""
}

// TestBlueskyModerateRefused: who is not in the team does not do its work.
func TestBlueskyModerateRefused(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana := bskyAccount(t, n, "ana")
	plain, outsider := bskyWriter(t, n, ana, n.PDS), bskyWriter(t, n, ana, n.PDS, withOzone(n))
	nowhere := bskyWriter(t, n, ana, n.PDS, func(c *bluesky.Config) { c.Ozone = ana.DID + "#atproto_labeler" })
	ctx := t.Context()
	post := rude(t, plain)
	for name, tt := range map[string]struct {
		c    *bluesky.Client
		want error
	}{"no labeler": {plain, parvis.ErrUnsupported}, "not in the team": {outsider, parvis.ErrPermission}, "no such labeler": {nowhere, parvis.ErrPermission}} {
		_, err := moderate.Remove(ctx, tt.c, post, because)
		require.ErrorIs(t, err, tt.want, name)
		_, err = tt.c.Moderate(ctx, moderate.Action{Do: moderate.DoRemove, On: post})
		require.ErrorIs(t, err, tt.want, name)
		for _, err := range moderate.PendingIn(ctx, tt.c, parvis.Place{}) {
			require.ErrorIs(t, err, tt.want, name)
		}
		for _, err := range moderate.LogOf(ctx, tt.c, parvis.Place{}) {
			require.ErrorIs(t, err, tt.want, name)
		}
		sup, err := moderate.SupportOf(ctx, tt.c, parvis.Place{})
		require.NoError(t, err, name)
		assert.True(t, sup.Can(moderate.DoMute, parvis.KindPerson).OK(), "what every account can do does not depend on a labeler")
	}
	bskySettled(t, n)
	assert.True(t, bskyShows(t, n, ana, post.ID))
}

// TestBlueskyModerateLostAnswers: what Ozone has done without an answer is not done twice.
func TestBlueskyModerateLostAnswers(t *testing.T) {
	t.Parallel()
	n := bskyNetwork(t)
	ana := bskyAccount(t, n, "ana")
	var faults apitest.Faults
	c, mod := bskyWriter(t, n, ana, n.PDS), bskyModerator(t, n, bskyFront(t, n, &faults))
	for _, kind := range []apitest.Kind{apitest.ErrorAfter, apitest.CutAfter, apitest.Truncated, apitest.ErrorBefore} {
		post := rude(t, c)
		bskySettled(t, n)
		for _, a := range []moderate.Action{
			{Do: moderate.DoLabel, On: post, Label: "spam", Reason: because},
			{Do: moderate.DoRemove, On: post, Reason: because},
			{Do: moderate.DoRestore, On: post, Reason: because},
		} {
			faults.Inject(apitest.Fault{Kind: kind, Times: 1, Match: emits})
			act, err := moderate.Apply(t.Context(), mod, a)
			require.NoError(t, err, "%s %s", kind, a.Do)
			assert.NotNil(t, act.Inverse, "%s %s", kind, a.Do)
		}
		var did []moderate.Do
		for e, err := range moderate.LogOf(t.Context(), mod, parvis.Place{}) {
			require.NoError(t, err)
			if e.On == post && e.Do != "" {
				did = append(did, e.Do)
			}
		}
		assert.Equal(t, []moderate.Do{moderate.DoRestore, moderate.DoRemove, moderate.DoLabel}, did, kind)
	}
}

func emits(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "emitEvent") }

// How long labels take to reach the app view at most, and how often to look.
const (
	waitFor = 20 * time.Second
	tick    = 100 * time.Millisecond
)
