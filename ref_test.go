package parvis_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis"
)

func TestRefRoundTrip(t *testing.T) {
	t.Parallel()
	for _, r := range []parvis.Ref{
		{},
		{Network: "fake", Kind: parvis.KindPost, ID: "1"},
		{Client: "acme", Network: "mastodon", Host: "mastodon.example:8443", Kind: parvis.KindPerson, ID: "109"},
		{Client: "Boulangerie & Fils", Network: "bluesky", Kind: parvis.KindPost, ID: "at://did:plc:x/app.bsky.feed.post/3k?a=b#c"},
		{Network: "blog", Host: "a@b", Kind: parvis.KindKeyword, ID: "mot clé 👋 /?host=x"},
	} {
		got, err := parvis.ParseRef(r.String())
		require.NoError(t, err, r.String())
		assert.Equal(t, r, got)

		b, err := json.Marshal(r)
		require.NoError(t, err)
		var back parvis.Ref
		require.NoError(t, json.Unmarshal(b, &back))
		assert.Equal(t, r, back)
	}
}

func TestRefsAreMapKeysInJSON(t *testing.T) {
	t.Parallel()
	r := parvis.Ref{Client: "acme", Network: "fake", Kind: parvis.KindPost, ID: "p/1"}
	b, err := json.Marshal(map[parvis.Ref]int{r: 7})
	require.NoError(t, err)
	assert.JSONEq(t, `{"parvis://acme@fake/post/p%2F1":7}`, string(b))
	var back map[parvis.Ref]int
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, 7, back[r])
}

func TestParseRefRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"x", "http://fake/post/1", "parvis://", "parvis://fake", "parvis://fake/post", "parvis://fake/post/",
		"parvis:///post/1", "parvis://fake//1", "parvis://fake/post/1/2", "parvis://@fake/post/1",
		"parvis://fake/post/1?host=", "parvis://fake/post/%zz",
	} {
		_, err := parvis.ParseRef(s)
		require.ErrorIs(t, err, parvis.ErrInvalid, s)
		assert.Contains(t, err.Error(), "references look like", s)
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("parvis://acme@fake/post/p%2F1?host=a.example")
	f.Add("parvis://fake/post/1")
	f.Add("parvis://%/post/1")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parvis.ParseRef(s)
		if err != nil {
			return
		}
		again, err := parvis.ParseRef(r.String())
		if err != nil || again != r {
			t.Fatalf("%q reads as %+v, which reads back as %+v, %v", s, r, again, err)
		}
	})
}
