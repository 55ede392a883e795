package fake_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/publish"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	town := fake.New(fake.Options{})
	acme, ana, mod := town.Join("acme"), town.Join("ana"), town.Add(fake.Member{Handle: "mod", Moderator: true})
	town.AddPlace("agora", "channel")
	blog, err := publish.CreatePlace(ctx, acme, parvis.Place{Name: "Blog", Type: "category", About: "news"})
	require.NoError(t, err)
	assert.Equal(t, parvis.Place{
		Ref: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c2"}, Name: "Blog", Type: "category",
		About: "news", URL: "https://fake.example/c2",
	}, blog)
	sub, err := publish.CreatePlace(ctx, acme, parvis.Place{Name: "Sub", Parent: blog.Ref})
	require.NoError(t, err)
	deep, err := publish.CreatePlace(ctx, acme, parvis.Place{Name: "Deep", Parent: sub.Ref})
	require.NoError(t, err)
	assert.Len(t, all(t, publish.PlacesOf(ctx, ana)), 4)

	_, err = publish.CreatePlace(ctx, ana, parvis.Place{Name: "BLOG"})
	wantErr(t, err, parvis.ErrDuplicate, "name_taken")
	_, err = publish.CreatePlace(ctx, ana, parvis.Place{Name: "blog", Parent: blog.Ref})
	require.NoError(t, err, "below another parent the name is free")
	_, err = publish.CreatePlace(ctx, ana, parvis.Place{Name: " "})
	wantErr(t, err, parvis.ErrInvalid, "name_missing")
	_, err = publish.CreatePlace(ctx, ana, parvis.Place{Name: "x", Parent: parvis.Ref{Network: "fake", Kind: parvis.KindPlace, ID: "c99"}})
	wantErr(t, err, parvis.ErrNotFound, "not_found")

	blog.Name, blog.About = "Journal", "old news"
	_, err = publish.UpdatePlace(ctx, ana, blog)
	wantErr(t, err, parvis.ErrPermission, "not_yours")
	now, err := publish.UpdatePlace(ctx, acme, blog)
	require.NoError(t, err)
	assert.Equal(t, blog, now)
	blog.Parent = deep.Ref
	_, err = publish.UpdatePlace(ctx, acme, blog)
	wantErr(t, err, parvis.ErrInvalid, "parent_loop")

	p := post(t, acme, publish.Draft{Text: "in sub", Place: sub})
	require.NoError(t, publish.DeletePlace(ctx, mod, sub.Ref))
	p, err = publish.Get(ctx, acme, p.Ref)
	require.NoError(t, err)
	assert.True(t, p.Place.IsZero())
	for _, pl := range all(t, publish.PlacesOf(ctx, acme)) {
		if pl.Ref == deep.Ref {
			assert.Equal(t, blog.Ref, pl.Parent, "it moved up")
		}
	}
	err = publish.DeletePlace(ctx, acme, sub.Ref)
	wantErr(t, err, parvis.ErrNotFound, "not_found")
	_, err = publish.SupportOf(ctx, acme, sub)
	require.ErrorIs(t, err, parvis.ErrNotFound)
}
