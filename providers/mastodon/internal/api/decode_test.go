package api

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reference decodes raw into v with [encoding/json], field by field, so that names are
// exact and the last of several equal names counts.
func reference(raw []byte, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if string(raw) == "null" {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return reference(raw, v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			break
		}
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := reference(item, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		return referenceStruct(raw, v)
	}
	return json.Unmarshal(raw, v.Addr().Interface())
}

func referenceStruct(raw []byte, v reflect.Value) error {
	switch v.Interface().(type) {
	case Poll, Report, Warning:
		return json.Unmarshal(raw, v.Addr().Interface())
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if value, ok := fields[name]; ok && name != "-" {
			if err := reference(value, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// bare takes away what only the decoder sets, and makes empty lists equal.
func bare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			bare(v.Elem())
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
			return
		}
		for i := range v.Len() {
			bare(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch v.Type().Field(i).Name {
			case "Raw", "QuotesKnown":
				v.Field(i).SetZero()
			default:
				bare(v.Field(i))
			}
		}
	}
}

func sameAsReference[T any](t *testing.T, b []byte, decode func([]byte) (T, error)) {
	t.Helper()
	var want T
	if reference(b, reflect.ValueOf(&want).Elem()) != nil {
		return
	}
	got, err := decode(b)
	if err == errDepth {
		return
	}
	require.NoError(t, err, "%s", b)
	bare(reflect.ValueOf(&got).Elem())
	bare(reflect.ValueOf(&want).Elem())
	require.Equal(t, want, got, "%s", b)
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

func TestDecodeStatus(t *testing.T) {
	t.Parallel()
	b := fixture(t, "status.json")
	st, err := DecodeStatus(b)
	require.NoError(t, err)
	assert.Equal(t, "115586204417731023", st.ID)
	assert.Equal(t, "108241500917436001", st.InReplyToAccountID)
	assert.Equal(t, "ana@atelier.example", st.Account.Acct)
	assert.Equal(t, "Ana du four 🔥", st.Account.DisplayName)
	assert.Equal(t, 1284, st.Account.FollowersCount)
	assert.True(t, strings.HasPrefix(st.Content, `<p><span class="h-card"`))
	require.Len(t, st.Media, 1)
	assert.Equal(t, &Focus{-0.25, 0.4}, st.Media[0].Meta.Focus)
	require.Len(t, st.Mentions, 1)
	assert.True(t, st.QuotesKnown)
	assert.Equal(t, 1, st.QuotesCount)
	assert.JSONEq(t, string(b), string(st.Raw))
	assert.Same(t, &b[0], &st.Raw[0], "Raw is a part of the body")
	sameAsReference(t, b, DecodeStatus)
}

func TestDecodeNotifications(t *testing.T) {
	t.Parallel()
	b := fixture(t, "notifications.json")
	ns, err := DecodeNotifications(b)
	require.NoError(t, err)
	require.Len(t, ns, 2)
	assert.Equal(t, "mention", ns[0].Type)
	assert.Equal(t, "115586204417731023", ns[0].Status.ID)
	assert.NotEmpty(t, ns[0].Status.Raw)
	assert.Equal(t, "48914", ns[1].Report.ID)
	assert.True(t, json.Valid(ns[0].Raw))
	sameAsReference(t, b, DecodeNotifications)
}

func TestDecodeLeniently(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     Status
	}{
		{"numbers as names", `{"id":103,"account":{"id":7}}`, Status{ID: "103", Account: Account{ID: "7"}}},
		{"figures as text", `{"replies_count":"4","reblogs_count":2.0}`, Status{RepliesCount: 4, ReblogsCount: 2}},
		{"null everywhere", `{"id":null,"sensitive":null,"account":null,"media_attachments":null,"reblog":null,"quotes_count":null}`, Status{}},
		{"other types", `{"id":{},"sensitive":"yes","account":[1],"media_attachments":{"a":[]},"reblog":3,"poll":[],"replies_count":[]}`, Status{}},
		{"escaped key", `{"\u0069d":"1"}`, Status{ID: "1"}},
		{"last name counts", `{"account":{"id":"1","acct":"a"},"account":{"id":"2"}}`, Status{Account: Account{ID: "2"}}},
		{"surrogates", `{"id":"\ud83d\ude00 \ud83d \ude00\ud83d\u0041"}`, Status{ID: "😀 \uFFFD \uFFFD\uFFFDA"}},
		{"not UTF-8", "{\"id\":\"a\xff\xc3(é\"}", Status{ID: "a\uFFFD\uFFFD(é"}},
		{"all escapes", `{"id":"\"\\\/\b\f\n\r\t"}`, Status{ID: "\"\\/\b\f\n\r\t"}},
		{"quote", `{"quote":{"state":"accepted","quoted_status":{"id":"5"}}}`, Status{Quote: &Quote{State: "accepted", QuotedStatus: &Status{ID: "5"}}}},
		{"shallow quote", `{"quote":{"state":"pending","quoted_status_id":"5"}}`, Status{Quote: &Quote{State: "pending", QuotedStatusID: "5"}}},
		{"poll", `{"poll":{"id":"9","options":[{"title":"a"},{"title":"b"}]}}`, Status{Poll: &Poll{ID: "9", Options: []PollOption{{"a"}, {"b"}}}}},
		{"not an object", ` 12 `, Status{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodeStatus([]byte(c.in))
			require.NoError(t, err)
			bare(reflect.ValueOf(&got).Elem())
			assert.Equal(t, c.want, got)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "{", "[", `{"id"`, `{"id":`, `{"id":"1"`, `{"id":"1",}`, `{"id" "1"}`, `{id:"1"}`, `{"id":"1"} x`, `{"id":"1"}{}`,
		`{"id":"a` + "\n" + `b"}`, `{"id":"\x"}`, `{"id":"\u12g4"}`, `{"id":"\u12"}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`,
		`{"a":tru}`, `{"a":nul}`, `{"a":+1}`, `[1 2]`, `{"a":[1,]}`, "{}\x00", `{"sensitive":truth}`, `"abc`, `{"a":"\`,
	} {
		_, err := DecodeStatus([]byte(in))
		require.Error(t, err, "%q", in)
		assert.False(t, json.Valid([]byte(in)), "%q", in)
	}
	_, err := DecodeStatus([]byte(strings.Repeat(`{"reblog":`, 1000) + "1" + strings.Repeat("}", 1000)))
	require.ErrorIs(t, err, errDepth)
}

func TestDecodeLists(t *testing.T) {
	t.Parallel()
	c, err := DecodeContext([]byte(`{"ancestors":[{"id":"1"}],"x":0,"descendants":[{"id":"3"},{"id":"4"}]}`))
	require.NoError(t, err)
	require.Len(t, c.Ancestors, 1)
	require.Len(t, c.Descendants, 2)
	found, err := DecodeFound([]byte(`{"accounts":[{}],"statuses":[{"id":"8"}],"hashtags":[]}`))
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.JSONEq(t, `{"id":"8"}`, string(found[0].Raw))
	none, err := DecodeStatuses([]byte(`[]`))
	require.NoError(t, err)
	assert.Empty(t, none)
}

func FuzzDecode(f *testing.F) {
	f.Add(fixture(f, "status.json"))
	f.Add(fixture(f, "notifications.json"))
	for _, s := range []string{
		`{"id":"\ud83d\ude00\ud83d"}`, `[{"reblog":{"reblog":{}}},null]`, "{\"id\":\"\xff\"}", `{"poll":{"options":[{}]}}`,
		`{"account":{"followers_count":-12,"bot":true}}`, `{"media_attachments":[{"meta":{"focus":{"x":1e-3}}}]}`, `[1,2`, `{"a":"01234567\u00e9"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sameAsReference(t, b, DecodeStatus)
		sameAsReference(t, b, DecodeStatuses)
		sameAsReference(t, b, DecodeNotification)
		sameAsReference(t, b, DecodeNotifications)
		st, err := DecodeStatus(b)
		if err == nil {
			require.True(t, json.Valid(b), "what is taken is JSON")
			require.True(t, st.Raw == nil || json.Valid(st.Raw))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	in := fixture(b, "status.json")
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeStatus(in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			var st Status
			if err := json.Unmarshal(in, &st); err != nil {
				b.Fatal(err)
			}
		}
	})
}
