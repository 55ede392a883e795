package mastodon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	mastodontest "github.com/parvis-go/parvis/internal/apitest/mastodon"
	"github.com/parvis-go/parvis/listen"
	"github.com/parvis-go/parvis/providers/mastodon"
	"github.com/parvis-go/parvis/publish"
)

// streaming are the ways in which a rig can follow.
var streaming = map[string]struct {
	flavour mastodontest.Flavour
	way     mastodon.Streaming
}{
	"sse":        {mastodontest.Mastodon, mastodon.Auto},
	"websocket":  {mastodontest.Mastodon, mastodon.WebSocket},
	"gotosocial": {mastodontest.GoToSocial, mastodon.Auto},
	"pleroma":    {mastodontest.Pleroma, mastodon.Auto},
}

func TestKindsOfNotifications(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			post, err := publish.To(ctx, r.acme, draft(t, f, "Bonjour à tous"))
			require.NoError(t, err)
			r.server.Say(r.ana, "@acme bravo", post.Ref.ID)
			r.server.Say(r.ana, "J'aime @acme", "")
			r.server.SayTo(r.ana, "@acme entre nous", "", "direct")
			r.server.Favourite(r.ana, post.Ref.ID)
			r.server.Boost(r.ana, post.Ref.ID)
			r.ana.Follow(r.user)
			evs := collect(t, listen.To(ctx, r.acme, listen.Query{}))
			var got []string
			for _, ev := range evs {
				got = append(got, fmt.Sprint(ev.Kind, " ", ev.Author.Handle, " ", ev.Reaction))
				assert.NotEmpty(t, ev.ID)
				assert.NotEmpty(t, ev.Cursor)
				assert.True(t, json.Valid(ev.Raw))
				assert.Equal(t, "acme", ev.Ref.Client)
				assert.False(t, ev.Time.IsZero())
			}
			assert.Equal(t, []string{"reply ana ", "mention ana ", "message ana ", "reaction ana like", "reaction ana repost", "follow ana "}, got)
			assert.Equal(t, post.Ref, evs[0].Parent)
			assert.Equal(t, "direct", evs[2].Visibility)
			assert.Equal(t, post.Ref, evs[3].Ref)

			for i, ev := range evs { // from every cursor on, the rest and nothing else
				rest := collect(t, listen.To(ctx, r.acme, listen.Query{Since: ev.Cursor}))
				require.Len(t, rest, len(evs)-i-1)
				for j := range rest {
					assert.Equal(t, evs[i+1+j].ID, rest[j].ID)
				}
			}
			only := collect(t, listen.To(ctx, r.acme, listen.Query{Kinds: listen.Reply | listen.Follow}))
			require.Len(t, only, 2)
			assert.Empty(t, collect(t, listen.To(ctx, r.acme, listen.Query{After: time.Now().Add(time.Hour)})))
			past := collect(t, listen.Past(ctx, r.acme, listen.Query{}))
			require.Len(t, past, len(evs))
			assert.Equal(t, evs[0].ID, past[len(past)-1].ID)
			assert.Len(t, collect(t, listen.Past(ctx, r.acme, listen.Query{Since: evs[2].Cursor})), 3)
		})
	}
}

// TestManyPages: more than pages hold, and each once, in order.
func TestManyPages(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			want := []string{}
			for i := range 130 {
				text := fmt.Sprintf("@acme numéro %d", i)
				r.server.Say(r.ana, text, "")
				want = append(want, text)
			}
			assert.Equal(t, want, texts(collect(t, listen.To(r.ctx(), r.acme, listen.Query{}))))
			n := 0
			for ev, err := range listen.To(r.ctx(), r.acme, listen.Query{After: time.Now().Add(-time.Hour)}) {
				require.NoError(t, err)
				require.Equal(t, want[n], ev.Text.Plain)
				if n++; n == 60 {
					break
				}
			}
			var back []string
			for ev, err := range listen.Past(r.ctx(), r.acme, listen.Query{}) {
				require.NoError(t, err)
				back = append(back, ev.Text.Plain)
			}
			require.Len(t, back, 130)
			assert.Equal(t, want[0], back[129])
		})
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	r.user.Follow(r.ana)
	r.server.Say(r.ana, "Le #four est chaud", "")
	r.server.Say(r.ana, "@acme et toi ?", "")
	remote := r.server.AddUser("carla@elsewhere.example")
	r.server.Say(remote, "De loin, un #Four", "")
	for place, want := range map[string][]string{
		"home":         {"Le #four est chaud", "@acme et toi ?"},
		"public:local": {"Le #four est chaud", "@acme et toi ?"},
		"public":       {"Le #four est chaud", "@acme et toi ?", "De loin, un #Four"},
		"tag/four":     {"Le #four est chaud", "De loin, un #Four"},
	} {
		evs := collect(t, listen.To(ctx, r.acme, listen.Query{Place: r.place(place)}))
		assert.Equal(t, want, texts(evs), place)
		rest := collect(t, listen.To(ctx, r.acme, listen.Query{Place: r.place(place), Since: evs[0].Cursor}))
		assert.Equal(t, want[1:], texts(rest), place)
	}
	tagged := collect(t, listen.To(ctx, r.acme, listen.Query{Tag: "#four"}))
	require.Len(t, tagged, 2)
	assert.Equal(t, listen.Post, tagged[0].Kind)
	require.NotEmpty(t, tagged[0].Text.Entities)
	assert.Equal(t, "four", tagged[0].Text.Entities[0].Value)

	for _, place := range []string{"nowhere", "tag/", "list/"} {
		for _, err := range listen.To(ctx, r.acme, listen.Query{Place: r.place(place)}) {
			require.ErrorIs(t, err, parvis.ErrInvalid)
		}
	}
	for _, err := range listen.To(ctx, r.acme, listen.Query{Since: tagged[0].Cursor}) {
		require.ErrorIs(t, err, parvis.ErrInvalid, "the cursor is of another query")
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	root, err := publish.To(ctx, r.acme, publish.Draft{Text: "Une question"})
	require.NoError(t, err)
	one := r.server.Say(r.ana, "@acme un", root.Ref.ID)
	r.server.Say(r.ana, "@ana deux", one)
	r.server.Say(r.ana, "ailleurs", "")
	evs := collect(t, listen.To(ctx, r.acme, listen.Query{Thread: root.Ref}))
	require.Equal(t, []string{"@acme un", "@ana deux"}, texts(evs))
	assert.Equal(t, root.Ref, evs[1].Root)
	assert.Equal(t, listen.Reply, evs[0].Kind)
	assert.Equal(t, []string{"@ana deux"}, texts(collect(t, listen.To(ctx, r.acme, listen.Query{Thread: root.Ref, Since: evs[0].Cursor}))))
	assert.Len(t, collect(t, listen.Past(ctx, r.acme, listen.Query{Thread: root.Ref})), 2)
	for _, err := range listen.To(ctx, r.acme, listen.Query{Thread: r.ref(parvis.KindPost, "999")}) {
		require.ErrorIs(t, err, parvis.ErrNotFound)
	}
}

func TestSearchAndFollowers(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	ctx := r.ctx()
	for i := range 45 {
		r.server.Say(r.ana, fmt.Sprintf("Le parvis numéro %d #parvis", i), "")
	}
	r.server.Say(r.ana, "Rien à voir", "")
	found := collect(t, listen.Search(ctx, r.acme, listen.Query{Text: "parvis"}))
	assert.Len(t, found, 45)
	assert.Equal(t, "search", found[0].Source)
	assert.Len(t, collect(t, listen.Search(ctx, r.acme, listen.Query{Tag: "parvis"})), 45)

	for i := range 90 {
		r.server.AddUser(fmt.Sprintf("f%d", i)).Follow(r.user)
	}
	people := collect(t, listen.MembersOf(ctx, r.acme, parvis.Place{}))
	assert.Len(t, people, 90)
	for _, err := range listen.MembersOf(ctx, r.acme, r.place("home")) {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
}

// follow reads a stream in the background and hands its events over one by one.
func follow(t *testing.T, r *rig, q listen.Query) (next func() listen.Event, stop func()) {
	t.Helper()
	q.Follow = true
	ctx, cancel := context.WithCancel(r.ctx())
	events, ended := make(chan listen.Event), make(chan struct{})
	go func() {
		defer close(ended)
		for ev, err := range listen.To(ctx, r.acme, q) {
			if err != nil {
				assert.ErrorIs(t, err, context.Canceled)
				return
			}
			select {
			case events <- ev:
			case <-ctx.Done():
			}
		}
	}()
	next = func() listen.Event {
		t.Helper()
		select {
		case ev := <-events:
			return ev
		case <-ended:
			require.Fail(t, "the stream ended")
		case <-ctx.Done():
			require.Fail(t, "nothing came")
		}
		return listen.Event{}
	}
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return next, stop
}

func TestFollow(t *testing.T) {
	t.Parallel()
	for name, way := range streaming {
		for _, cut := range []int{0, 1, 7} {
			t.Run(fmt.Sprintf("%s/%d", name, cut), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, mastodontest.Options{Flavour: way.flavour, Thump: 5 * time.Millisecond}, func(c *mastodon.Config) { c.Streaming = way.way })
				r.server.Fragment(cut)
				r.user.Follow(r.ana)
				r.server.Say(r.ana, "@acme avant", "")
				next, stop := follow(t, r, listen.Query{})
				assert.Equal(t, "@acme avant", next().Text.Plain)
				require.NoError(t, r.server.WaitStreams(r.ctx(), 1))
				id := r.server.Say(r.ana, "@acme pendant é", "")
				ev := next()
				assert.Equal(t, "@acme pendant é", ev.Text.Plain)
				assert.Equal(t, listen.Mention, ev.Kind)
				require.True(t, r.server.Edit(id, "@acme changé"))
				ev = next()
				assert.Equal(t, listen.Edit, ev.Kind, ev.Text)
				assert.Equal(t, "@acme changé", ev.Text.Plain)
				require.True(t, r.server.Remove(id))
				ev = next()
				assert.Equal(t, listen.Delete, ev.Kind)
				assert.Equal(t, id, ev.Ref.ID)
				stop()
			})
		}
	}
}

// TestFollowThroughCuts: whatever is said while the stream is down comes, once, in
// order, and the hole in what cannot be asked for is marked.
func TestFollowThroughCuts(t *testing.T) {
	t.Parallel()
	for name, way := range streaming {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: way.flavour}, func(c *mastodon.Config) { c.Streaming = way.way })
			next, _ := follow(t, r, listen.Query{})
			require.NoError(t, r.server.WaitStreams(r.ctx(), 1))
			gaps, said, heard := 0, 0, 0
			say := func() { r.server.Say(r.ana, fmt.Sprintf("@acme %d", said), ""); said++ }
			hear := func() (source string) {
				for heard < said {
					ev := next()
					if ev.Kind == listen.Gap {
						assert.NotEmpty(t, ev.Gap.Why)
						gaps++
						continue
					}
					require.Equal(t, fmt.Sprintf("@acme %d", heard), ev.Text.Plain)
					heard++
					source = ev.Source
				}
				return source
			}
			for range 2 {
				for source := ""; source != "stream"; { // until the connection surely stands
					say()
					source = hear()
				}
				say()
				r.server.CutStreams()
				say()
				hear()
			}
			say()
			hear()
			assert.Positive(t, gaps)
		})
	}
}

func TestFollowWithoutStreaming(t *testing.T) {
	t.Parallel()
	for _, f := range []mastodontest.Flavour{mastodontest.Mastodon, mastodontest.Pixelfed, mastodontest.Friendica} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f}, func(c *mastodon.Config) { c.Streaming = mastodon.Off })
			sup, err := listen.SupportOf(r.ctx(), r.acme, parvis.Place{})
			require.NoError(t, err)
			assert.Equal(t, listen.Poll, sup.Delivery)
			assert.False(t, sup.Kinds.Has(listen.Delete))
			next, _ := follow(t, r, listen.Query{Every: time.Millisecond})
			for i := range 3 {
				r.server.Say(r.ana, fmt.Sprintf("@acme %d", i), "")
				assert.Equal(t, fmt.Sprintf("@acme %d", i), next().Text.Plain)
			}
		})
	}
}

func TestFollowPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	next, _ := follow(t, r, listen.Query{Place: r.place("public:local")})
	require.NoError(t, r.server.WaitStreams(r.ctx(), 1))
	id := r.server.Say(r.ana, "Sur la place", "")
	assert.Equal(t, "Sur la place", next().Text.Plain)
	require.True(t, r.server.Remove(id))
	assert.Equal(t, listen.Delete, next().Kind)
	tag, _ := follow(t, r, listen.Query{Tag: "four"})
	require.NoError(t, r.server.WaitStreams(r.ctx(), 2))
	r.server.Say(r.ana, "Le #four", "")
	assert.Equal(t, "Le #four", tag().Text.Plain)
}

func TestOwnPostsBesideNotifications(t *testing.T) {
	t.Parallel()
	for _, f := range flavours {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, mastodontest.Options{Flavour: f})
			ctx := r.ctx()
			var want []string
			for i := range 50 {
				text := fmt.Sprintf("@acme question %d", i)
				id := r.server.Say(r.ana, text, "")
				r.server.Advance(time.Second)
				answer := fmt.Sprintf("@ana réponse %d", i)
				r.server.Say(r.user, answer, id)
				r.server.Advance(time.Second)
				want = append(want, text, answer)
			}
			evs := collect(t, listen.To(ctx, r.acme, listen.Query{Own: true}))
			require.Equal(t, want, texts(evs), "both, in the order of their times")
			for _, i := range []int{0, 1, 50, 98} {
				assert.Equal(t, want[i+1:], texts(collect(t, listen.To(ctx, r.acme, listen.Query{Own: true, Since: evs[i].Cursor}))))
			}
		})
	}
}

func TestReportsAreHeardByStaff(t *testing.T) {
	t.Parallel()
	r := newStaffRig(t, mastodontest.Options{}, mastodontest.RoleModerator)
	sup, err := listen.SupportOf(r.ctx(), r.acme, parvis.Place{})
	require.NoError(t, err)
	assert.True(t, sup.Kinds.Has(listen.Report))
	plain := newRig(t, mastodontest.Options{})
	sup, err = listen.SupportOf(plain.ctx(), plain.acme, parvis.Place{})
	require.NoError(t, err)
	assert.False(t, sup.Kinds.Has(listen.Report))
}

func TestRevokedToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, mastodontest.Options{})
	r.server.Revoke(r.user.Token)
	for _, err := range listen.To(r.ctx(), r.acme, listen.Query{}) {
		require.ErrorIs(t, err, parvis.ErrAuth)
		assert.NotContains(t, err.Error(), r.user.Token)
	}
	_, err := publish.To(r.ctx(), r.acme, publish.Draft{Text: "x"})
	require.ErrorIs(t, err, parvis.ErrAuth)
}
