package mastodon

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readAll(r io.Reader, limit int) ([]frame, error) {
	in := newSSEReader(r, limit)
	var all []frame
	for {
		f, err := in.next()
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
}

func f(event, data string) frame { return frame{event: event, data: []byte(data)} }

func TestSSE(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []frame
	}{
		{"one", "event: update\ndata: {\"id\":\"1\"}\n\n", []frame{f("update", `{"id":"1"}`)}},
		{"heartbeats", ":thump\n\n:thump\nevent: delete\n:thump\ndata: 5\n\n:thump\n\n", []frame{f("delete", "5")}},
		{"several lines", "event: a\ndata: x\ndata:  y\ndata\ndata:z\n\n", []frame{f("a", "x\n y\n\nz")}},
		{"CR", "event: a\rdata: x\r\revent: b\rdata: y\r\r", []frame{f("a", "x"), f("b", "y")}},
		{"CR LF", "event: a\r\ndata: x\r\n\r\nevent: b\r\ndata: y\r\n\r\n", []frame{f("a", "x"), f("b", "y")}},
		{"byte order mark", "\xEF\xBB\xBFevent: a\ndata: x\n\n", []frame{f("a", "x")}},
		{"no data is no event", "event: a\n\ndata: x\n\n", []frame{f("", "x")}},
		{"empty data is one", "event: a\ndata:\n\n", []frame{f("a", "")}},
		{"unknown fields", "id: 7\nretry: 100\nfoo\nevent: a\ndata: x\n\n", []frame{f("a", "x")}},
		{"the last name counts", "event: a\nevent: b\ndata: x\n\n", []frame{f("b", "x")}},
		{"broken off", "event: a\ndata: x\n\nevent: b\ndata: y\n", []frame{f("a", "x")}},
		{"colon in data", "data: a:b\n\n", []frame{f("", "a:b")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{
				"whole": strings.NewReader(c.in), "bytes": iotest.OneByteReader(strings.NewReader(c.in)),
				"data with the end": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := readAll(r, 100)
				require.ErrorIs(t, err, io.EOF)
				assert.Equal(t, c.want, got, name)
			}
		})
	}
}

func TestSSERefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for _, in := range []string{
		"event: update\ndata: " + long + "\n\nevent: a\ndata: y\n\n",
		"event: update\n" + strings.Repeat("data: 1234567890\n", 100) + "\nevent: a\ndata: y\n\n",
		"event: update\ndata: ok\ndata: " + long + "\n\nevent: a\ndata: y\n\n",
	} {
		got, err := readAll(strings.NewReader(in), 200)
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, []frame{{event: "update", refused: true}, f("a", "y")}, got)
	}
	got, err := readAll(strings.NewReader(":"+long+"\nevent: a\ndata: y\n\n"), 200)
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, []frame{f("a", "y")}, got, "a long comment is only a comment")
}

func TestSSEGivesTheReadersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	got, err := readAll(io.MultiReader(strings.NewReader("data: x\n\ndata"), iotest.ErrReader(broken)), 100)
	require.ErrorIs(t, err, broken)
	assert.Equal(t, []frame{f("", "x")}, got)
}

func FuzzSSE(f *testing.F) {
	for _, s := range []string{"event: update\ndata: {}\n\n", ":thump\r\n\r\ndata: a\rdata: b\r\r", "\xEF\xBB\xBFdata\n\n", "data: " + strings.Repeat("x", 300) + "\n\n"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		const limit = 128
		whole, err := readAll(bytes.NewReader(in), limit)
		require.ErrorIs(t, err, io.EOF)
		cut = min(max(cut, 0), len(in))
		pieces, err := readAll(io.MultiReader(bytes.NewReader(in[:cut]), iotest.OneByteReader(bytes.NewReader(in[cut:]))), limit)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, whole, pieces, "packets make no difference")
		for _, f := range whole {
			require.LessOrEqual(t, len(f.data), limit+1+len(in)/6, "held within the limit")
			require.False(t, f.refused && f.data != nil)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte(`{"stream":["user"],"event":"update","payload":"{\"id\":\"1\"}"}`))
	f.Add([]byte(`{"stream":["user"],"event":"delete","payload":"106692867363994015"}`))
	f.Add([]byte(`{"error":"Unknown stream type","status":400}`))
	f.Add([]byte(`{"event":"filters_changed"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseFrame(b)
		if err == nil {
			require.False(t, got.refused)
			require.LessOrEqual(t, len(got.event), len(b)*3)
		}
	})
}

func TestParseFrame(t *testing.T) {
	t.Parallel()
	got, err := parseFrame([]byte(`{"stream":["user"],"event":"update","payload":"{\"id\":\"1\"}"}`))
	require.NoError(t, err)
	assert.Equal(t, f("update", `{"id":"1"}`), got)
	got, err = parseFrame([]byte(`{"event":"update","payload":{"id":"1"}}`))
	require.NoError(t, err)
	assert.Equal(t, f("update", `{"id":"1"}`), got)
	_, err = parseFrame([]byte(`{"error":"Unknown stream type","status":400}`))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = parseFrame([]byte(`nonsense`))
	require.Error(t, err)
}
