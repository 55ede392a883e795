package bluesky

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hidden is what no picture may keep: where it was taken, and by whom.
const hidden = "48.8566N 2.3522E, camera of Ana"

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return b.Bytes()
}

func segment(marker byte, content string) []byte {
	b := []byte{0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(content)+2))
	return append(b, content...)
}

// exifOf is a segment with a place, and with an orientation in the given byte order.
func exifOf(orientation uint16, order binary.AppendByteOrder) []byte {
	head := "II*\x00\x08\x00\x00\x00"
	if order.String() == "BigEndian" {
		head = "MM\x00*\x00\x00\x00\x08"
	}
	b := order.AppendUint16([]byte("Exif\x00\x00"+head), 2)
	entry := func(tag, kind uint16, value uint32, short bool) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = order.AppendUint32(b, 1)
		if short {
			b = order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	entry(0x010F, 2, 38, false)
	entry(0x0112, 3, uint32(orientation), true)
	b = order.AppendUint32(b, 0)
	return segment(0xE1, string(b)+hidden)
}

// with puts parts behind the first n bytes of a file.
func with(file []byte, n int, parts ...[]byte) []byte {
	out := bytes.Clone(file[:n])
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, file[n:]...)
}

func chunk(kind, content string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	b = append(b, kind+content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func riff(chunks ...[]byte) []byte {
	b := []byte("WEBP")
	for _, c := range chunks {
		b = append(b, c...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(b))), b...)
}

func riffChunk(kind, content string) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content))), content...)
	if len(content)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// clean reads a file as it is sent: once to measure it, and once more.
func clean(t *testing.T, kind string, file []byte) ([]byte, picture) {
	t.Helper()
	pic, err := measure(iotest.OneByteReader(bytes.NewReader(file)), kind)
	require.NoError(t, err)
	out, err := io.ReadAll(iotest.HalfReader(newCleaner(bytes.NewReader(file), kind, pic.size)))
	require.NoError(t, err)
	require.Len(t, out, int(pic.size), "what is sent is as long as it was measured")
	require.NotContains(t, string(out), hidden)
	return out, pic
}

func TestCleanJPEG(t *testing.T) {
	t.Parallel()
	plain := jpegOf(t, 30, 20)
	icc := segment(0xE2, "ICC_PROFILE\x00\x01\x01colours")
	for name, c := range map[string]struct {
		file          []byte
		turn          uint16
		width, height int
		keeps         string
	}{
		"without metadata": {plain, 0, 30, 20, ""},
		"everything": {with(plain, 2, segment(0xE0, "JFIF\x00\x01\x01"), exifOf(1, binary.LittleEndian), segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00"+hidden),
			segment(0xED, hidden), segment(0xFE, hidden), icc, segment(0xE2, "MPF\x00"+hidden), segment(0xEE, "Adobe")), 1, 30, 20, "colours"},
		"turned by a quarter":       {with(plain, 2, exifOf(6, binary.BigEndian)), 6, 20, 30, ""},
		"upside down":               {with(plain, 2, exifOf(3, binary.LittleEndian)), 3, 30, 20, ""},
		"another picture behind it": {append(append(bytes.Clone(plain), exifOf(6, binary.BigEndian)...), hidden...), 0, 30, 20, ""},
		"fill bytes":                {with(plain, 2, []byte{0xFF, 0xFF}, segment(0xFE, hidden)), 0, 30, 20, ""},
		"broken directory":          {with(plain, 2, segment(0xE1, "Exif\x00\x00MM\x00*\xFF\xFF\xFF\xF0"+hidden)), 0, 30, 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, pic := clean(t, "image/jpeg", c.file)
			assert.Equal(t, c.width, pic.width)
			assert.Equal(t, c.height, pic.height)
			img, err := jpeg.Decode(bytes.NewReader(out))
			require.NoError(t, err)
			assert.Equal(t, image.Rect(0, 0, 30, 20), img.Bounds())
			assert.Contains(t, string(out), c.keeps)
			i := bytes.Index(out, []byte("Exif\x00\x00"))
			assert.Equal(t, c.turn > 1, i > 0, "how to turn it is kept, if it has to be")
			if i > 0 {
				assert.Equal(t, c.turn, orientation(out[i+6:]))
			}
		})
	}
}

func TestCleanPNG(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))))
	plain := b.Bytes()
	file := append(with(plain, 33, chunk("tEXt", "Author\x00"+hidden), chunk("eXIf", hidden), chunk("iTXt", hidden), chunk("zTXt", hidden),
		chunk("tIME", "1234567"), chunk("gAMA", "\x00\x00\xb1\x8f")), hidden...)
	out, pic := clean(t, "image/png", file)
	assert.Equal(t, picture{size: pic.size, width: 30, height: 20}, pic)
	assert.Contains(t, string(out), "gAMA")
	_, err := png.Decode(bytes.NewReader(out))
	require.NoError(t, err)
	same, _ := clean(t, "image/png", plain)
	assert.Equal(t, plain, same)
}

func TestCleanWebP(t *testing.T) {
	t.Parallel()
	lossy := "\x00\x00\x00\x9D\x01\x2A\x1E\x00\x14\x40rest"
	lossless := "\x2F\x1D\xC0\x04\x00rest of it all"
	canvas := "\x1C\x00\x00\x00\x1D\x00\x00\x13\x00\x00"
	for name, chunks := range map[string][][]byte{
		"lossy":    {riffChunk("VP8 ", lossy)},
		"lossless": {riffChunk("VP8L", lossless)},
		"canvas":   {riffChunk("VP8X", canvas), riffChunk("VP8L", lossless), riffChunk("EXIF", hidden), riffChunk("XMP ", hidden+"!")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, pic := clean(t, "image/webp", riff(chunks...))
			assert.Equal(t, 30, pic.width)
			assert.Equal(t, 20, pic.height)
			assert.Equal(t, len(out)-8, int(binary.LittleEndian.Uint32(out[4:])))
			if name == "canvas" {
				assert.Equal(t, byte(0x10), out[20], "the flags of what is left out are taken, that of transparency stays")
			}
		})
	}
}

func TestCleanGIF(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, gif.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20)), nil))
	out, pic := clean(t, "image/gif", b.Bytes())
	assert.Equal(t, b.Bytes(), out)
	assert.Equal(t, picture{size: int64(b.Len()), width: 30, height: 20}, pic)
}

func TestCleanRefusesWhatIsBroken(t *testing.T) {
	t.Parallel()
	whole := jpegOf(t, 30, 20)
	for name, c := range map[string]struct{ kind, file string }{
		"no picture at all":   {"image/jpeg", "hello"},
		"empty":               {"image/png", ""},
		"cut in the scan":     {"image/jpeg", string(whole[:len(whole)-2])},
		"cut in a segment":    {"image/jpeg", string(whole[:10])},
		"segment of no size":  {"image/jpeg", "\xFF\xD8\xFF\xE0\x00\x01"},
		"cut chunk":           {"image/png", pngSignature + "\x00\x00\x00\x0DIHDR\x00\x00"},
		"another RIFF":        {"image/webp", "RIFF\x04\x00\x00\x00WAVE"},
		"canvas of no size":   {"image/webp", string(riff(riffChunk("VP8X", "x")))},
		"cut chunk of a WebP": {"image/webp", "RIFF\x10\x00\x00\x00WEBPVP8 \x20\x00\x00\x00x"},
		"no GIF":              {"image/gif", "0123456789"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := measure(bytes.NewReader([]byte(c.file)), c.kind)
			assert.ErrorIs(t, err, errImage)
		})
	}
	mine := errors.New("disk on fire")
	_, err := measure(io.MultiReader(bytes.NewReader(whole[:40]), iotest.ErrReader(mine)), "image/jpeg")
	assert.ErrorIs(t, err, mine)
}

func FuzzCleaner(f *testing.F) {
	f.Add(jpegOf(f, 3, 2), byte(0))
	f.Add(with(jpegOf(f, 3, 2), 2, exifOf(6, binary.LittleEndian), segment(0xFE, hidden)), byte(0))
	f.Add([]byte(pngSignature+"\x00\x00\x00\x00IEND1234"), byte(1))
	f.Add(riff(riffChunk("VP8X", "\x1C\x00\x00\x00\x1D\x00\x00\x13\x00\x00"), riffChunk("EXIF", hidden)), byte(2))
	f.Fuzz(func(t *testing.T, file []byte, kind byte) {
		k := imageTypes[int(kind)%len(imageTypes)]
		pic, err := measure(bytes.NewReader(file), k)
		if err != nil {
			return
		}
		out, err := io.ReadAll(newCleaner(bytes.NewReader(file), k, pic.size))
		require.NoError(t, err)
		require.Len(t, out, int(pic.size))
		again, err := measure(bytes.NewReader(out), k)
		require.NoError(t, err, "what was cleaned is a picture still")
		require.Equal(t, pic, again)
	})
}
