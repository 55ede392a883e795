package car_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parvis-go/parvis/providers/bluesky/internal/car"
	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
)

// section writes one part of a file.
func section(parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(binary.AppendUvarint(nil, uint64(len(body))), body...)
}

// header is that of a file with one root.
func header(root cbor.CID) []byte {
	b := []byte{0xa2, 0x65, 'r', 'o', 'o', 't', 's', 0x81, 0xd8, 0x2a, 0x58, 0x25, 0x00}
	b = append(b, root[:]...)
	return section(append(b, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x01))
}

func block(data []byte) []byte {
	id := cbor.Sum(data)
	return section(id[:], data)
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	one, two := []byte{0xa0}, []byte{0x81, 0x01}
	f, err := car.Read(bytes.Join([][]byte{header(cbor.Sum(one)), block(one), block(two)}, nil))
	require.NoError(t, err)
	assert.Equal(t, []cbor.CID{cbor.Sum(one)}, f.Roots())
	for _, want := range [][]byte{one, two} {
		got, err := f.Block(cbor.Sum(want))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err = f.Block(cbor.Sum([]byte{0x80}))
	assert.ErrorIs(t, err, car.ErrMissing)
}

func TestABlockThatIsNotWhatItsNameSays(t *testing.T) {
	t.Parallel()
	id := cbor.Sum([]byte{0xa0})
	f, err := car.Read(append(header(id), section(id[:], []byte{0xa1, 0x61, 'a', 0x01})...))
	require.NoError(t, err)
	_, err = f.Block(id)
	assert.ErrorIs(t, err, car.ErrHash)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	id := cbor.Sum([]byte{0xa0})
	good := header(id)
	for name, in := range map[string][]byte{
		"nothing":             nil,
		"an empty part":       {0},
		"a part too long":     {5, 1, 2},
		"an endless length":   bytes.Repeat([]byte{0xff}, 20),
		"a padded length":     {0x81, 0x00, 0xa0},
		"no map":              section([]byte{0x80}),
		"another version":     section([]byte{0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02}),
		"no version":          section([]byte{0xa0}),
		"more in the header":  section([]byte{0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x01, 0x00}),
		"a root that is none": section([]byte{0xa1, 0x65, 'r', 'o', 'o', 't', 's', 0x81, 0x01}),
		"a short block":       append(bytes.Clone(good), section([]byte{1, 0x71})...),
		"a foreign name":      append(bytes.Clone(good), section(bytes.Repeat([]byte{0x12}, 40))...),
		"a cut block":         append(bytes.Clone(good), block([]byte{0xa0})[:20]...),
		"too many blocks":     append(bytes.Clone(good), bytes.Repeat(block([]byte{0xa0}), car.MaxBlocks+1)...),
	} {
		_, err := car.Read(in)
		assert.Error(t, err, name)
	}
}

func FuzzRead(f *testing.F) {
	id := cbor.Sum([]byte{0xa0})
	f.Add(append(header(id), block([]byte{0xa0})...), []byte{0xa0})
	f.Add(header(id), []byte{})
	f.Add([]byte{0xff, 0xff}, []byte{1})
	f.Fuzz(func(t *testing.T, in, want []byte) {
		file, err := car.Read(in)
		if err != nil {
			return
		}
		got, err := file.Block(cbor.Sum(want))
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("a block of %x is handed out for %x", got, want)
		}
	})
}
