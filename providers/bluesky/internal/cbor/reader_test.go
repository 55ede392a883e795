package cbor_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
)

// link is a content identifier as DAG-CBOR has it, of the empty map.
var link = "d82a582500" + hex.EncodeToString(cidOf([]byte{0xa0}))

func cidOf(block []byte) []byte {
	id := cbor.Sum(block)
	return id[:]
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"00": "0", "17": "23", "1818": "24", "1903e8": "1000", "1bffffffffffffffff": "18446744073709551615",
		"20": "-1", "3863": "-100", "f4": "false", "f5": "true", "f6": "null",
		"40": `{"$bytes":""}`, "43010203": `{"$bytes":"AQID"}`,
		"60": `""`, "6161": `"a"`, "62c3bc": `"ü"`, "6522225c0a01": `"\"\"\\\n\u0001"`, "63090d7f": `"\t\r` + "\x7f" + `"`,
		"80": "[]", "83010203": "[1,2,3]", "a0": "{}", "a2616101616202": `{"a":1,"b":2}`, "a2617a0162616102": `{"z":1,"aa":2}`,
		link: `{"$link":"` + cbor.Sum([]byte{0xa0}).String() + `"}`,
	} {
		got, err := cbor.AppendJSON(nil, unhex(t, in))
		require.NoError(t, err, in)
		assert.Equal(t, want, string(got), in)
		assert.True(t, json.Valid(got), in)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"": cbor.ErrShort, "18": cbor.ErrShort, "6261": cbor.ErrShort, "4201": cbor.ErrShort, "8201": cbor.ErrShort, "a16161": cbor.ErrShort,
		"9bffffffffffffffff": cbor.ErrShort, "bb7fffffffffffffff": cbor.ErrShort, "5bffffffffffffffff00": cbor.ErrShort,
		"0000": cbor.ErrForm, "1817": cbor.ErrForm, "1900ff": cbor.ErrForm, "1a0000ffff": cbor.ErrForm, "1b00000000ffffffff": cbor.ErrForm,
		"f7": cbor.ErrForm, "e0": cbor.ErrForm, "f97e00": cbor.ErrForm, "fb3ff0000000000000": cbor.ErrForm, "f820": cbor.ErrForm,
		"5f4101ff": cbor.ErrForm, "9f01ff": cbor.ErrForm, "bfff": cbor.ErrForm, "1c": cbor.ErrForm,
		"61ff": cbor.ErrForm, "3bffffffffffffffff": cbor.ErrForm,
		"a2616201616102": cbor.ErrForm, "a2616101616102": cbor.ErrForm, "a2626161016162 02": nil,
		"c100": cbor.ErrForm, "d82a4101": cbor.ErrForm, "d82a40": cbor.ErrForm, "d82a4100": cbor.ErrShort,
		"a10102": cbor.ErrType, "d82a6161": cbor.ErrType, link + "00": cbor.ErrForm,
		strings.Repeat("81", cbor.MaxDepth+1) + "00": cbor.ErrDeep, strings.Repeat("a16161", cbor.MaxDepth+1) + "00": cbor.ErrDeep,
	} {
		if want == nil {
			want, in = cbor.ErrForm, strings.ReplaceAll(in, " ", "")
		}
		_, err := cbor.AppendJSON(nil, unhex(t, in))
		assert.ErrorIs(t, err, want, in)
	}
	deep := strings.Repeat("81", cbor.MaxDepth) + "00"
	_, err := cbor.AppendJSON(nil, unhex(t, deep))
	assert.NoError(t, err)
}

func TestSkip(t *testing.T) {
	t.Parallel()
	all := "00" + "20" + "420102" + "6161" + "820102" + "a16161f6" + link + "f5"
	r := cbor.NewReader(unhex(t, all+"07"))
	for range 8 {
		require.NoError(t, r.Skip())
	}
	n, err := r.Int()
	require.NoError(t, err)
	assert.EqualValues(t, 7, n)
	assert.Empty(t, r.Rest())
	for in, want := range map[string]error{
		"f7": cbor.ErrForm, "c100": cbor.ErrForm, "82": cbor.ErrShort, "": cbor.ErrShort,
		strings.Repeat("81", cbor.MaxDepth+1) + "00": cbor.ErrDeep,
	} {
		assert.ErrorIs(t, cbor.NewReader(unhex(t, in)).Skip(), want, in)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	read := func(in string) *cbor.Reader { return cbor.NewReader(unhex(t, in)) }
	n, err := read("3863").Int()
	require.NoError(t, err)
	assert.EqualValues(t, -100, n)
	_, err = read("1bffffffffffffffff").Int()
	require.ErrorIs(t, err, cbor.ErrForm)
	_, err = read("6161").Int()
	require.ErrorIs(t, err, cbor.ErrType)
	yes, err := read("f5").Bool()
	require.NoError(t, err)
	assert.True(t, yes)
	_, err = read("f6").Bool()
	require.ErrorIs(t, err, cbor.ErrType)
	assert.True(t, read("f6").Null())
	assert.False(t, read("f5").Null())
	id, err := read(link).Link()
	require.NoError(t, err)
	assert.True(t, id.Names([]byte{0xa0}))
	assert.False(t, id.Names([]byte{0xa1}))
	_, err = read("c16161").Link()
	require.ErrorIs(t, err, cbor.ErrForm)
	b, err := read("420102").Bytes()
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, b)
	s, err := read("6161").Text()
	require.NoError(t, err)
	assert.Equal(t, "a", string(s))
}

func TestCIDs(t *testing.T) {
	t.Parallel()
	// The CID of the empty map is known to everybody who speaks DAG-CBOR.
	assert.Equal(t, "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua", cbor.Sum([]byte{0xa0}).String())
	good := cidOf([]byte{0xa0})
	for i := range 4 {
		bad := append([]byte(nil), good...)
		bad[i] ^= 0x80
		_, _, err := cbor.ReadCID(bad)
		assert.ErrorIs(t, err, cbor.ErrCID)
	}
	_, _, err := cbor.ReadCID(good[:35])
	require.ErrorIs(t, err, cbor.ErrShort)
	_, rest, err := cbor.ReadCID(append(good, 1, 2))
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, rest)
}

func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{"a2616101616202", link, "83010203", "6522225c0a01", "9bffffffffffffffff", "bfff", strings.Repeat("81", 40)} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := cbor.AppendJSON(nil, in)
		skipped := cbor.NewReader(in)
		skipErr := skipped.Skip()
		if err != nil {
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%x becomes %q", in, out)
		}
		if skipErr != nil || len(skipped.Rest()) > 0 {
			t.Fatalf("%x is JSON and cannot be skipped: %v", in, skipErr)
		}
		if len(out) > 16*len(in)+16 {
			t.Fatalf("%d bytes become %d", len(in), len(out))
		}
	})
}
