package outbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/moderate/audit"
	"github.com/parvis-go/parvis/publish"
	"github.com/parvis-go/parvis/publish/outbox"
)

func TestNothingGoesOutUnapproved(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	assert.Equal(t, outbox.Review, e.State)
	b.pass(61 * time.Minute)
	b.drain()
	assert.Empty(t, b.texts())

	e, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State, "one minute late is within the tolerance")
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
	assert.Equal(t, "boss rules, ana schedule, claire approve,  send,  publish", b.ops())
}

func TestFourEyes(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	_, err := b.as("ana").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.ErrorContains(t, err, "ana has written or last changed the post")
	_, err = b.as("").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrPermission)

	// Whoever changes what is sent is its author from then on.
	p := e.Plan
	p.Draft.Text = "Bonjour à tous"
	e, err = b.as("claire").Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	assert.Equal(t, "claire", e.Author)
	assert.Equal(t, "claire", b.get(e.ID).Author)
	_, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrPermission)
	e, err = b.as("ana").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)

	// A note is not sent: it makes nobody the author, and voids nothing.
	p = e.Plan
	p.Note = "pour Paul"
	e, err = b.as("paul").Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	assert.Equal(t, "claire", e.Author)
	assert.Equal(t, outbox.Scheduled, e.State)
}

// An approver who changes the text and back has changed it.
func TestChangingBackGivesNoApprovalBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	hash := e.Hash
	_, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	for _, text := range []string{"Bonsoir", "Bonjour"} {
		p := e.Plan
		p.Draft.Text = text
		e, err = b.as("claire").Edit(t.Context(), e.ID, p)
		require.NoError(t, err)
		assert.Equal(t, outbox.Review, e.State)
	}
	assert.Equal(t, hash, e.Hash)
	as, err := b.as("claire").Approvals(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, as, 1)
	assert.False(t, as[0].Current)
	b.pass(61 * time.Minute)
	b.drain()
	assert.Empty(t, b.texts())
}

func TestOlderHash(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	old := e.Hash
	p := e.Plan
	p.Draft.Text = "Bonsoir"
	e, err := b.as("ana").Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	for name, f := range map[string]func() error{
		"approve": func() error { _, err := b.as("claire").Approve(t.Context(), e.ID, old); return err },
		"changes": func() error {
			_, err := b.as("claire").RequestChanges(t.Context(), e.ID, old, "trop long")
			return err
		},
	} {
		err := f()
		require.ErrorIs(t, err, parvis.ErrConflict, name)
		require.ErrorContains(t, err, "about an older version", name)
	}
	_, err = b.as("claire").Approve(t.Context(), e.ID, "")
	require.ErrorIs(t, err, parvis.ErrInvalid)
	_, err = b.box.For("rival").As("claire").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrNotFound)
	as, err := b.as("claire").Approvals(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Empty(t, as)
}

func TestEveryPartOfWhatIsSentIsInTheHash(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	base := func() outbox.Plan {
		p := b.plan("Bonjour https://acme.example/")
		p.Draft.Media = []parvis.Media{{Name: "a.png", Alt: "a", SHA256: "1"}}
		p.Thread = []publish.Draft{{Text: "suite"}}
		p.Comment = &publish.Draft{Text: "lien"}
		p.Langs = map[string]publish.Override{"de": {Text: "Guten Tag"}}
		return p
	}
	hash := func(p outbox.Plan) string { return outbox.HashOf("acme", p) }
	seen := map[string]string{hash(base()): "base"}
	for name, change := range map[string]func(*outbox.Plan){
		"text":     func(p *outbox.Plan) { p.Draft.Text += "." },
		"override": func(p *outbox.Plan) { p.Draft.On = map[parvis.Network]publish.Override{"fake": {Text: "x"}} },
		"thread":   func(p *outbox.Plan) { p.Thread[0].Text = "fin" },
		"comment":  func(p *outbox.Plan) { p.Comment = nil },
		"media":    func(p *outbox.Plan) { p.Draft.Media[0].SHA256 = "2" },
		"alt":      func(p *outbox.Plan) { p.Draft.Media[0].Alt = "b" },
		"account":  func(p *outbox.Plan) { p.Targets[0].Account.ID += "x" },
		"more": func(p *outbox.Plan) {
			p.Targets = append(p.Targets, outbox.To(parvis.Account{Network: "fake", ID: "2"}))
		},
		"language":   func(p *outbox.Plan) { p.Targets[0].Lang = "de" },
		"options":    func(p *outbox.Plan) { p.Options = []publish.Option{publish.Shorten} },
		"native":     func(p *outbox.Plan) { p.Native = true },
		"expiry":     func(p *outbox.Plan) { p.Expire = time.Hour },
		"tagging":    func(p *outbox.Plan) { p.Tagging = outbox.Tagging{Source: "parvis"} },
		"legal":      func(p *outbox.Plan) { p.Legal = []outbox.Mention{{Kind: outbox.Custom, Text: "Publicité"}} },
		"visibility": func(p *outbox.Plan) { p.Draft.Visibility = publish.Unlisted },
	} {
		p := base()
		change(&p)
		h := hash(p)
		assert.Empty(t, seen[h], "%s is not in the hash", name)
		seen[h] = name
	}
	for name, change := range map[string]func(*outbox.Plan){
		"time":          func(p *outbox.Plan) { p.When = outbox.Now() },
		"labels":        func(p *outbox.Plan) { p.Labels = []string{"x"} },
		"note":          func(p *outbox.Plan) { p.Note = "x" },
		"source":        func(p *outbox.Plan) { p.Draft.Media[0].Source = "assets:b.png" },
		"other network": func(p *outbox.Plan) { p.Draft.On = map[parvis.Network]publish.Override{"x": {Text: "x"}} },
		"other variant": func(p *outbox.Plan) { p.Langs["it"] = publish.Override{Text: "x"} },
		"no options":    func(p *outbox.Plan) { p.Options = []publish.Option{} },
	} {
		p := base()
		change(&p)
		assert.Equal(t, "base", seen[hash(p)], name)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, r := range map[string]outbox.Rule{
		"more than there are": {Approvers: []string{"claire"}, Need: 2},
		"one person twice":    {Approvers: []string{"claire", "link:claire"}, Need: 2},
		"less than none":      {Need: -1},
		"nobody":              {Approvers: []string{""}},
		"no reviewer":         {Approvers: []string{"link:"}},
		"no network":          {Networks: []parvis.Network{""}},
	} {
		require.ErrorIs(t, b.as("boss").RequireApproval(t.Context(), r), parvis.ErrInvalid, name)
	}
	rules := []outbox.Rule{
		{Approvers: []string{"claire", "paul", "marie"}, Need: 2},
		{Networks: []parvis.Network{"elsewhere"}, Approvers: []string{"nobody"}},
	}
	b.require(rules...)
	got, err := b.as("").Rules(t.Context())
	require.NoError(t, err)
	assert.Equal(t, rules, got)
	other, err := b.box.For("rival").Rules(t.Context())
	require.NoError(t, err)
	assert.Empty(t, other)

	e := b.add("ana", b.plan("Bonjour"))
	missing, err := b.as("").Missing(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Equal(t, rules[:1], missing, "the rule of another network does not apply")
	_, err = b.as("zoe").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrPermission)
	require.ErrorContains(t, err, "no rule")
	for range 2 { // the same person twice counts once
		e, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
		require.NoError(t, err)
		assert.Equal(t, outbox.Review, e.State)
	}
	e, err = b.as("paul").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)
	missing, err = b.as("").Missing(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Empty(t, missing)
	as, err := b.as("").Approvals(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, as, 2)
	assert.Equal(t, "claire", as[0].Person)
	assert.True(t, as[0].Current && as[1].Current)
	assert.Equal(t, e.Hash, as[1].Hash)
}

func TestRolesAreAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *outbox.Options) {
		o.Roles = roles{"boss": "rules", "ana": "schedule draft comment", "claire": "approve"}
	})
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	for name, err := range map[string]error{
		"rules":   b.as("ana").RequireApproval(t.Context()),
		"approve": second(b.as("boss").Approve(t.Context(), e.ID, e.Hash)),
		"changes": second(b.as("boss").RequestChanges(t.Context(), e.ID, e.Hash, "non")),
		"comment": second(b.as("claire").Comment(t.Context(), e.ID, "oui")),
		"link":    second(b.as("boss").Link(t.Context(), e.ID, "marie", time.Hour)),
	} {
		require.ErrorIs(t, err, parvis.ErrPermission, name)
	}
	_, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
}

func second[T any](_ T, err error) error { return err }

func TestStricterRulesHoldWhatIsScheduled(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	require.Equal(t, outbox.Scheduled, e.State)
	b.require(outbox.Rule{Approvers: []string{"claire", "paul"}, Need: 2})
	b.pass(time.Hour)
	b.drain()
	e = b.get(e.ID)
	assert.Equal(t, outbox.Held, e.State)
	assert.Contains(t, e.Targets[0].Reason, "approval is missing: 2 of claire, paul, given are 0")
	assert.Equal(t, parvis.ErrPermission, e.Targets[0].Code)
	e, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Held, e.State)
	e, err = b.as("paul").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
	_, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrTooLate)
}

func TestApprovalAfterItsTime(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	b.pass(3 * time.Hour)
	e, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Held, e.State)
	assert.Contains(t, e.Targets[0].Reason, "its time passed before it was approved")
	assert.Equal(t, parvis.ErrTooLate, e.Targets[0].Code)
	b.drain()
	assert.Empty(t, b.texts())
	_, err = b.as("ana").Retry(t.Context(), e.ID, e.Targets[0].ID)
	require.NoError(t, err)
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
}

func TestApprovedWithoutATime(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	p := b.plan("Bonjour")
	p.When = outbox.When{}
	e, err := b.as("ana").Save(t.Context(), p)
	require.NoError(t, err)
	_, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrConflict, "a draft is not up for approval")
	_, err = b.as("ana").Submit(t.Context(), e.ID)
	require.NoError(t, err)
	e, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Approved, e.State)
	e, err = b.as("ana").Move(t.Context(), e.ID, outbox.Now())
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
}

func TestNewTimeNewApproval(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, strict := range []bool{false, true} {
		b.require(outbox.Rule{Time: strict})
		e := b.add("ana", b.plan("Bonjour"))
		_, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
		require.NoError(t, err)
		e, err = b.as("ana").Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-11-23 12:00"))
		require.NoError(t, err)
		if !strict {
			assert.Equal(t, outbox.Scheduled, e.State)
			continue
		}
		assert.Equal(t, outbox.Review, e.State)
		e, err = b.as("ana").Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-11-23 11:00"))
		require.NoError(t, err)
		assert.Equal(t, outbox.Scheduled, e.State, "that time was approved")
		e, err = b.as("ana").Move(t.Context(), e.ID, outbox.At("Europe/Paris", "2026-11-23 12:00"))
		require.NoError(t, err)
		e, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
		require.NoError(t, err)
		assert.Equal(t, outbox.Scheduled, e.State)
	}
}

func TestRequestChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	e, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	_, err = b.as("paul").RequestChanges(t.Context(), e.ID, e.Hash, " ")
	require.ErrorIs(t, err, parvis.ErrInvalid)
	e, err = b.as("paul").RequestChanges(t.Context(), e.ID, e.Hash, "Le prix manque.")
	require.NoError(t, err)
	assert.Equal(t, outbox.Draft, e.State)
	ms, err := b.as("ana").Comments(t.Context(), e.ID)
	require.NoError(t, err)
	require.Len(t, ms, 1)
	assert.Equal(t, "paul", ms[0].Person)
	assert.Equal(t, "Le prix manque.", ms[0].Text)
	assert.True(t, ms[0].Asks)
	e, err = b.as("ana").Submit(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, e.State, "what was sent back is approved anew")
	var why string
	for r, err := range b.trail.For("acme").Records(t.Context(), audit.Query{}) {
		require.NoError(t, err)
		if r.Op == "request changes" {
			why = r.Reason
		}
	}
	assert.Equal(t, "Le prix manque.", why)
}

func TestSentBackNoMoreWhenOut(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	b.pass(time.Hour)
	b.drain()
	_, err := b.as("paul").RequestChanges(t.Context(), e.ID, e.Hash, "Non")
	require.ErrorIs(t, err, parvis.ErrTooLate)
	_, err = b.as("paul").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, parvis.ErrTooLate)
}

// An edit of what is out is sent too.
func TestEditOfAPublishedPostIsApproved(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	b.pass(time.Hour)
	b.drain()
	b.require(outbox.Rule{})
	p := e.Plan
	p.Draft.Text = "Bonsoir"
	e, err := b.as("ana").Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, e.State)
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
	e, err = b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	b.drain()
	assert.Equal(t, []string{"Bonsoir"}, b.texts())
	assert.Equal(t, outbox.Published, b.get(e.ID).State)
}

func TestApproveAndItsRecordAreOne(t *testing.T) {
	t.Parallel()
	broken := &failing{}
	b := newBench(t, func(o *outbox.Options) { broken.next, o.Audit = o.Audit, broken })
	b.require(outbox.Rule{})
	e := b.add("ana", b.plan("Bonjour"))
	broken.err = errors.New("the trail is full")
	_, err := b.as("claire").Approve(t.Context(), e.ID, e.Hash)
	require.ErrorIs(t, err, broken.err)
	_, err = b.as("claire").Comment(t.Context(), e.ID, "oui")
	require.ErrorIs(t, err, broken.err)
	_, err = b.as("claire").Link(t.Context(), e.ID, "marie", time.Hour)
	require.ErrorIs(t, err, broken.err)
	require.ErrorIs(t, b.as("boss").RequireApproval(t.Context()), broken.err)
	broken.err = nil
	as, err := b.as("").Approvals(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Empty(t, as)
	assert.Equal(t, outbox.Review, b.get(e.ID).State)
	rules, err := b.as("").Rules(t.Context())
	require.NoError(t, err)
	assert.Len(t, rules, 1)
}

// Rules that come while a post waits for its approval count at once.
func TestRulesWithdrawn(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{Approvers: []string{"claire"}})
	e := b.add("claire", b.plan("Bonjour"))
	b.require()
	e, err := b.as("paul").Approve(t.Context(), e.ID, e.Hash)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, e.State)
}

func TestStricterRulesKeepBackAnEdit(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	e := b.add("ana", b.plan("Bonjour"))
	b.pass(time.Hour)
	b.drain()
	p := e.Plan
	p.Draft.Text = "Bonsoir"
	_, err := b.as("ana").Edit(t.Context(), e.ID, p)
	require.NoError(t, err)
	b.require(outbox.Rule{})
	b.drain()
	assert.Equal(t, []string{"Bonjour"}, b.texts())
	e = b.get(e.ID)
	assert.Equal(t, outbox.Published, e.State)
	assert.Contains(t, e.Targets[0].Reason, "approval is missing")
}

// Occurrences of a series say the same, and are approved together, each for its own time.
func TestApprovalsAreInherited(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.require(outbox.Rule{Need: 2, Time: true})
	first := b.add("ana", b.plan("Bonjour"))
	for _, person := range []string{"claire", "paul"} {
		_, err := b.as(person).Approve(t.Context(), first.ID, first.Hash)
		require.NoError(t, err)
	}
	p := b.plan("Bonjour")
	p.When = outbox.At("Europe/Paris", "2026-11-30 11:00")
	second, other := b.add("ana", p), b.add("ana", b.plan("Bonsoir"))
	s, err := b.as("").Inherit(t.Context(), first.ID, second)
	require.NoError(t, err)
	assert.Equal(t, outbox.Scheduled, s)
	s, err = b.as("").Inherit(t.Context(), first.ID, other)
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, s, "what says something else inherits nothing")
	_, err = b.as("ana").RequestChanges(t.Context(), first.ID, first.Hash, "non")
	require.NoError(t, err)
	third := b.add("ana", p)
	s, err = b.as("").Inherit(t.Context(), first.ID, third)
	require.NoError(t, err)
	assert.Equal(t, outbox.Review, s, "void approvals are not inherited")
}
