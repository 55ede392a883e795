package parvis_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestAccountOwns(t *testing.T) {
	t.Parallel()
	acme := parvis.Account{Client: "acme", Network: "mastodon", Host: "m.example", ID: "1", Handle: "acme"}
	post := parvis.Ref{Client: "acme", Network: "mastodon", Host: "m.example", Kind: parvis.KindPost, ID: "7"}
	other := func(change func(*parvis.Ref)) parvis.Ref { r := post; change(&r); return r }
	for _, tt := range []struct {
		name string
		ref  parvis.Ref
		want error
	}{
		{"own", post, nil},
		{"zero", parvis.Ref{}, nil},
		{"without client", other(func(r *parvis.Ref) { r.Client = "" }), nil},
		{"without host", other(func(r *parvis.Ref) { r.Host = "" }), nil},
		{"other client", other(func(r *parvis.Ref) { r.Client = "rival" }), parvis.ErrForeignClient},
		{"other client and network", other(func(r *parvis.Ref) { r.Client, r.Network = "rival", "blog" }), parvis.ErrForeignClient},
		{"other network", other(func(r *parvis.Ref) { r.Network = "blog" }), parvis.ErrInvalid},
		{"other server", other(func(r *parvis.Ref) { r.Host = "n.example" }), parvis.ErrInvalid},
	} {
		err := acme.Owns(tt.ref)
		if tt.want == nil {
			require.NoError(t, err, tt.name)
			continue
		}
		require.ErrorIs(t, err, tt.want, tt.name)
		e := err.(*parvis.Error)
		assert.NotEmpty(t, e.Help, tt.name)
	}
	noClient := parvis.Account{Network: "mastodon", Host: "m.example"}
	require.ErrorIs(t, noClient.Owns(post), parvis.ErrForeignClient, "an account without a client is not everybody's")
}

func TestAccountString(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]parvis.Account{
		"mastodon:acme@m.example": {Network: "mastodon", Handle: "acme", Host: "m.example", ID: "1"},
		"blog:12":                 {Network: "blog", ID: "12"},
		"wordpress@b.example":     {Network: "wordpress", Host: "b.example"},
	} {
		assert.Equal(t, want, a.String())
	}
	a := parvis.Account{Client: "c", Network: "n", Host: "h", ID: "9"}
	assert.Equal(t, parvis.Ref{Client: "c", Network: "n", Host: "h", Kind: parvis.KindPerson, ID: "9"}, a.Ref())
}
