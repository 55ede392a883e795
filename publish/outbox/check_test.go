package outbox_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

// found are problems as "account field/rule", with ! where they block.
func found(ps outbox.Problems) []string {
	out := []string{}
	for _, p := range ps {
		s := p.Field + "/" + p.Rule
		if p.Account != (parvis.Account{}) {
			s = string(p.Account.Network) + " " + s
		}
		if p.Blocks {
			s += "!"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func (r *rig) check(t *testing.T, p outbox.Plan) outbox.Problems {
	t.Helper()
	ps, err := r.cal.Check(t.Context(), p)
	require.NoError(t, err)
	return ps
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	long := strings.Repeat("la ", 300)
	_, err := r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Inventaire", Scope: outbox.OnNetwork("other"), From: outbox.At(paris, "2026-12-01")})
	require.NoError(t, err)
	_, err = r.cal.AddBlackout(t.Context(), outbox.Blackout{Name: "Noël", Kind: outbox.Holiday, From: outbox.At(paris, "2026-12-25")})
	require.NoError(t, err)
	r.add(t, "déjà dit", 24*time.Hour) // 2026-11-24 10:00
	one, two := outbox.To(r.acme.Account()), outbox.To(other.Account())
	stranger := outbox.To(parvis.Account{Network: "fake", Handle: "nobody"})
	for name, tt := range map[string]struct {
		p    outbox.Plan
		want []string
	}{
		"nothing": {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-12-03 18:00"), Targets: []outbox.Target{one, two}}, []string{}},
		"no time": {outbox.Plan{Draft: publish.Draft{Text: "x"}, Targets: []outbox.Target{one}}, []string{}},
		"now":     {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.Now(), Targets: []outbox.Target{one}}, []string{}},
		"too long anywhere": {
			outbox.Plan{Draft: publish.Draft{Text: long}, Thread: []publish.Draft{{Text: "b"}, {Text: long}}, Comment: &publish.Draft{Text: long}, Targets: []outbox.Target{one, two}},
			[]string{
				"fake comment.text/length!", "fake text/length!", "fake thread[1].text/length!",
				"other comment.text/length!", "other text/length!", "other thread[1].text/length!",
			},
		},
		"overrides": {outbox.Plan{
			Draft:   publish.Draft{Text: long, On: map[parvis.Network]publish.Override{"other": {Text: "court"}}},
			Targets: []outbox.Target{one, two},
		}, []string{"fake text/length!"}},
		"options": {outbox.Plan{Draft: publish.Draft{Text: long}, Options: []publish.Option{publish.Shorten}, Targets: []outbox.Target{one}}, []string{}},
		"past":    {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-11-23 09:59"), Targets: []outbox.Target{one}}, []string{"when/past!"}},
		"no zone": {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At("Europe/Atlantis", "2026-11-23 09:59"), Targets: []outbox.Target{one}}, []string{"when/time!"}},
		"no slot": {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.NextSlot(), Targets: []outbox.Target{one}}, []string{"when/time!"}},
		"closed":  {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-12-01 23:59"), Targets: []outbox.Target{one, two}}, []string{"other when/blackout!"}},
		"holiday": {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-12-25 10:00"), Targets: []outbox.Target{one}}, []string{"fake when/blackout"}},
		"same hour": {
			outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-11-24 11:00"), Targets: []outbox.Target{one, two}}, []string{"fake when/same hour"},
		},
		"an hour and a minute": {outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.At(paris, "2026-11-24 11:01"), Targets: []outbox.Target{one}}, []string{}},
		"same text": {
			outbox.Plan{Draft: publish.Draft{Text: "déjà dit"}, When: outbox.At(paris, "2026-12-24 10:00"), Targets: []outbox.Target{one, two}}, []string{"fake text/same text"},
		},
		"31 days later":           {outbox.Plan{Draft: publish.Draft{Text: "déjà dit"}, When: outbox.At(paris, "2026-12-24 10:01"), Targets: []outbox.Target{one}}, []string{}},
		"same text, no time":      {outbox.Plan{Draft: publish.Draft{Text: "déjà dit"}, Targets: []outbox.Target{one}}, []string{"fake text/same text"}},
		"an account nobody knows": {outbox.Plan{Draft: publish.Draft{Text: "x"}, Targets: []outbox.Target{stranger}}, []string{"fake account/account"}},
	} {
		ps := r.check(t, tt.p)
		assert.Equal(t, tt.want, found(ps), "%s: %v", name, ps)
		for _, p := range ps {
			assert.NotEmpty(t, p.Text, name)
			assert.Equal(t, p.Account.Network, p.Network, name)
		}
	}
	assert.Empty(t, r.town.Posts(), "nothing was sent")
}

func TestCheckOfAnEntryLeavesItOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.add(t, "une fois", time.Hour)
	assert.Empty(t, found(r.check(t, e.Plan)))
	twin := r.add(t, "une fois", 90*time.Minute)
	assert.Equal(t, []string{"fake text/same text", "fake when/same hour"}, found(r.check(t, e.Plan)))
	ps := r.check(t, e.Plan)
	assert.Contains(t, ps.Error(), twin.ID, "it says which entry")
	_, err := r.cal.Cancel(t.Context(), twin.ID)
	require.NoError(t, err)
	assert.Empty(t, found(r.check(t, e.Plan)), "what is cancelled does not count")
}

func TestCheckTellsOfPauses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := outbox.Plan{Draft: publish.Draft{Text: "x"}, Targets: []outbox.Target{outbox.To(r.acme.Account())}}
	require.NoError(t, r.box.Pause(t.Context(), outbox.OnNetwork("fake"), "rappel", "claire"))
	ps := r.check(t, p)
	require.Equal(t, []string{"fake when/paused"}, found(ps))
	assert.Contains(t, ps[0].String(), "fake:acme: paused: rappel")
}

func TestCheckOfForeignAccounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	foreign := r.acme.Account()
	foreign.Client = "rival"
	p := outbox.Plan{Draft: publish.Draft{Text: "x"}, Targets: []outbox.Target{outbox.To(foreign)}}
	_, err := r.cal.Check(t.Context(), p)
	assert.ErrorIs(t, err, parvis.ErrForeignClient)

	rivals := fake.New(fake.Options{}).Add(fake.Member{Handle: "acme", Client: "rival"})
	mixed := newRig(t, func(o *outbox.Options) {
		o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) { return rivals, nil }
	})
	p.Targets = []outbox.Target{outbox.To(parvis.Account{Network: "fake", Handle: "acme"})}
	_, err = mixed.cal.Check(t.Context(), p)
	assert.ErrorIs(t, err, parvis.ErrForeignClient, "Options.Accounts opened the wrong one")
	p.When = outbox.Now()
	_, err = mixed.cal.Add(t.Context(), p)
	assert.ErrorIs(t, err, parvis.ErrForeignClient)
	_, err = r.cal.Check(t.Context(), outbox.Plan{Draft: publish.Draft{Text: "x"}})
	assert.ErrorIs(t, err, parvis.ErrInvalid, "no target")
}

// TestAddRefusesWhatBlocks: with all problems of all targets, before anything is stored.
func TestAddRefusesWhatBlocks(t *testing.T) {
	t.Parallel()
	r, other := twoNetworks(t)
	p := outbox.Plan{
		Draft: publish.Draft{Text: strings.Repeat("la ", 300), Title: "Trop"}, When: outbox.At(paris, "2026-12-24 18:00"),
		Targets: []outbox.Target{outbox.To(r.acme.Account()), outbox.To(other.Account())},
	}
	_, err := r.cal.Add(t.Context(), p)
	require.ErrorIs(t, err, parvis.ErrInvalid)
	ps, ok := errors.AsType[outbox.Problems](err)
	require.True(t, ok)
	assert.Equal(t, []string{"fake text/length!", "fake title/unsupported!", "other text/length!", "other title/unsupported!"}, found(ps))
	assert.Empty(t, r.entries(t, outbox.Query{}))
	e, err := r.cal.Save(t.Context(), p)
	require.NoError(t, err, "a draft may be too long yet")
	_, err = r.cal.Submit(t.Context(), e.ID)
	assert.ErrorIs(t, err, parvis.ErrInvalid)
}

// TestNetworksThatCannotBeAsked are no reason to refuse.
func TestNetworksThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	for code, want := range map[parvis.Code][]string{
		parvis.ErrUnavailable: {}, parvis.ErrRateLimited: {}, parvis.ErrBadAnswer: {},
		parvis.ErrAuth: {"fake account/account"}, parvis.ErrPermission: {"fake account/account"},
	} {
		r := newRig(t, func(o *outbox.Options) {
			o.Accounts = func(context.Context, parvis.Account) (publish.Publisher, error) {
				return nil, &parvis.Error{Code: code, Message: "away"}
			}
		})
		p := outbox.Plan{Draft: publish.Draft{Text: "x"}, When: outbox.On(morning.Add(time.Hour)), Targets: []outbox.Target{outbox.To(r.acme.Account())}}
		assert.Equal(t, want, found(r.check(t, p)), code)
		_, err := r.cal.Add(t.Context(), p)
		assert.NoError(t, err, code)
	}
}

// still is a publisher that cannot answer anybody.
type still struct{ mute }

func (s still) PublishSupport(ctx context.Context, place parvis.Place) (publish.Support, error) {
	sup, err := s.mute.PublishSupport(ctx, place)
	sup.Reply = parvis.Never("no answers here")
	return sup, err
}

func TestThreadsNeedAnswers(t *testing.T) {
	t.Parallel()
	acme := fake.New(fake.Options{}).Join("acme")
	r := newRig(t, func(o *outbox.Options) { o.Accounts = outbox.Publishers(still{mute{acme}}) })
	p := outbox.Plan{Draft: publish.Draft{Text: "x"}, Comment: &publish.Draft{Text: "y"}, Targets: []outbox.Target{outbox.To(acme.Account())}}
	assert.Equal(t, []string{"fake comment.reply/unsupported!"}, found(r.check(t, p)))
}

// TestCheckReadsFiles: of a plan as it is written, and of an entry as it is stored.
func TestCheckReadsFiles(t *testing.T) {
	t.Parallel()
	assets := fstest.MapFS{"four.png": {Data: []byte("\x89PNG\r\n\x1a\n")}, "malware.exe": {Data: []byte("MZ\x90\x00")}}
	r := newRig(t, func(o *outbox.Options) { o.Media = map[string]fs.FS{"assets": assets} })
	plan := func(name string) outbox.Plan {
		return outbox.Plan{
			Draft: publish.Draft{Text: "x", Media: []parvis.Media{outbox.File("assets", name)}}, When: outbox.On(morning.Add(time.Hour)),
			Targets: []outbox.Target{outbox.To(r.acme.Account())},
		}
	}
	assert.Empty(t, found(r.check(t, plan("four.png"))))
	assert.Equal(t, []string{"fake media[0]/type!"}, found(r.check(t, plan("malware.exe"))))
	gone := r.check(t, plan("parti.png"))
	require.Len(t, gone, 1)
	assert.True(t, gone[0].Blocks)
	e, err := r.cal.Add(t.Context(), plan("four.png"))
	require.NoError(t, err)
	assert.Empty(t, found(r.check(t, r.get(t, e).Plan)))
	assets["four.png"] = &fstest.MapFile{Data: []byte("\x89PNG\r\n\x1a\nanother")}
	assert.Equal(t, []string{"fake media/unreadable!"}, found(r.check(t, r.get(t, e).Plan)))
}
