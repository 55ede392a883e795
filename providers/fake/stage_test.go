package fake_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

// shelf keeps stages in memory.
type shelf map[string]json.RawMessage

func (s shelf) Load(_ context.Context, name string) (json.RawMessage, error) { return s[name], nil }

func (s shelf) Save(_ context.Context, name string, value json.RawMessage) error {
	if s[name] = value; value == nil {
		delete(s, name)
	}
	return nil
}

// interrupted makes an attempt that uploads two files and fails before the post.
func interrupted(t *testing.T, town *fake.Network, acme *fake.Account) (context.Context, shelf, publish.Draft) {
	t.Helper()
	kept := shelf{}
	ctx := publish.WithStages(t.Context(), kept)
	d := publish.Draft{Text: "Le four", Key: "four", Media: []parvis.Media{pixel(t), pixel(t).WithAlt("un four")}}
	town.Inject(fake.Fault{Kind: fake.CutBefore, Op: "publish"})
	_, err := publish.To(ctx, acme, d)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.Equal(t, 2, town.Uploads())
	require.Len(t, kept, 2)
	return ctx, kept, d
}

func TestAnAttemptGoesOnFromItsUploads(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	ctx, _, d := interrupted(t, town, acme)
	p, err := publish.To(ctx, acme, d)
	require.NoError(t, err)
	assert.Equal(t, 2, town.Uploads(), "nothing is uploaded twice")
	require.Len(t, p.Media, 2)
	assert.Equal(t, "f1", p.Media[0].Ref.ID)
	assert.Equal(t, "un four", p.Media[1].Alt)

	_, err = publish.To(t.Context(), acme, d)
	require.NoError(t, err)
	assert.Equal(t, 4, town.Uploads(), "without stages everything is")
}

func TestForgottenUploadsAreMadeAnew(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	before := post(t, acme, publish.Draft{Media: []parvis.Media{pixel(t)}})
	kept := shelf{}
	ctx := publish.WithStages(t.Context(), kept)
	d := publish.Draft{Text: "Le four", Key: "four", Media: []parvis.Media{pixel(t)}}
	town.Inject(fake.Fault{Kind: fake.CutBefore, Op: "publish"})
	_, err := publish.To(ctx, acme, d)
	require.Error(t, err)
	town.ForgetUploads()
	p, err := publish.To(ctx, acme, d)
	require.NoError(t, err)
	assert.Equal(t, 3, town.Uploads())
	assert.Equal(t, "f3", p.Media[0].Ref.ID)
	for _, value := range kept {
		assert.JSONEq(t, `"f3"`, string(value), "the new one is kept")
	}
	again, err := publish.To(t.Context(), acme, publish.Draft{Text: "Encore", Media: before.Media})
	require.NoError(t, err, "what was posted is not forgotten")
	assert.Equal(t, before.Media[0].Ref, again.Media[0].Ref)
}

func TestAFailedUploadIsNotKept(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	kept := shelf{}
	town.Inject(fake.Fault{Kind: fake.MediaFailed})
	_, err := publish.To(publish.WithStages(t.Context(), kept), acme, publish.Draft{Key: "k", Media: []parvis.Media{pixel(t)}})
	require.ErrorIs(t, err, parvis.ErrRejected)
	assert.Empty(t, kept)
}

func TestAStageThatIsNotKept(t *testing.T) {
	t.Parallel()
	town := fake.New(fake.Options{})
	acme := town.Join("acme")
	d := publish.Draft{Text: "Le four", Key: "k", Media: []parvis.Media{pixel(t)}}
	_, err := publish.To(publish.WithStages(t.Context(), full{}), acme, d)
	require.ErrorIs(t, err, parvis.ErrUnavailable)
	require.NotErrorIs(t, err, parvis.ErrUnknownOutcome)
	assert.Zero(t, town.Count("Le four"))
}

// full is a shelf without room.
type full struct{}

func (full) Load(context.Context, string) (json.RawMessage, error) { return nil, nil }
func (full) Save(context.Context, string, json.RawMessage) error   { return errors.New("disk full") }
