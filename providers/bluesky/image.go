package bluesky

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// A picture is what one pass over an image file tells: its size without metadata, and its
// width and height as it is shown, 0 where they are not known.
type picture struct {
	size          int64
	width, height int
}

// errImage is the cause when a file is not of the type that it is said to be.
var errImage = errors.New("the file is broken, or not of the type that it says")

// A cleaner reads an image without its metadata: who made it, where, and with what. The
// pixels are not touched. How a JPEG is to be turned is kept.
//
// It holds a part of the file at a time. Metadata are those of
// https://www.w3.org/TR/png-3/ and https://developers.google.com/speed/webp/docs/riff_container,
// and the segments APP1 to APP15 (but for colour: APP2, APP14) and COM of ITU-T T.81.
type cleaner struct {
	src   *bufio.Reader
	head  []byte // to be given out first
	pass  int64  // then so many bytes as they are
	step  func() error
	riff  int64 // the size that the file will have; 0 on the first pass
	pic   picture
	turn  uint16 // orientation, as in Exif: 1 to 8, 0 unknown
	begun bool
	err   error
}

// newCleaner returns a reader of src, which is of the MIME type kind. A type without
// known metadata is passed on as it is. size is the result of a first pass, or 0 on it.
func newCleaner(src io.Reader, kind string, size int64) *cleaner {
	c := &cleaner{src: bufio.NewReaderSize(src, 64<<10), riff: size}
	switch kind {
	case "image/jpeg":
		c.step = c.jpeg
	case "image/png":
		c.step = c.png
	case "image/webp":
		c.step = c.webp
	case "image/gif":
		c.step = c.gif
	default:
		c.step = c.rest
	}
	return c
}

// measure reads src to its end and returns what there is to know.
func measure(src io.Reader, kind string) (picture, error) {
	c := newCleaner(src, kind, 0)
	n, err := io.Copy(io.Discard, c)
	c.pic.size = n
	if c.turn >= 5 {
		c.pic.width, c.pic.height = c.pic.height, c.pic.width
	}
	return c.pic, err
}

// Read gives out the file without its metadata.
func (c *cleaner) Read(p []byte) (int, error) {
	for len(c.head) == 0 && c.pass == 0 {
		if c.err != nil {
			return 0, c.err
		}
		if c.err = c.step(); c.err != nil && c.err != io.EOF {
			return 0, c.err
		}
	}
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.pass)])
	c.pass -= int64(n)
	if err == io.EOF && c.pass > 0 {
		err = errImage
		c.err = err
	}
	return n, err
}

// whole makes the end of the source inside a part a broken file.
func whole(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errImage
	}
	return err
}

// next reads exactly n bytes.
func (c *cleaner) next(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(c.src, b)
	return b, whole(err)
}

// skip leaves n bytes out.
func (c *cleaner) skip(n int64) error {
	m, err := io.CopyN(io.Discard, c.src, n)
	if m == n {
		return nil
	}
	return whole(err)
}

// drain reads what is behind the end of the picture and leaves it out.
func (c *cleaner) drain() error {
	if _, err := io.Copy(io.Discard, c.src); err != nil {
		return err
	}
	return io.EOF
}

// rest gives out everything.
func (c *cleaner) rest() error {
	b, err := c.src.Peek(1)
	if len(b) == 0 {
		return err
	}
	b, _ = c.src.Peek(c.src.Buffered())
	c.head = slices.Clone(b)
	_, err = c.src.Discard(len(b))
	return err
}

// gif reads the size from the header and gives out everything.
func (c *cleaner) gif() error {
	b, err := c.next(10)
	if err != nil {
		return err
	}
	if string(b[:4]) != "GIF8" {
		return errImage
	}
	c.pic.width, c.pic.height = int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	c.head, c.step = b, c.rest
	return nil
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// png reads one chunk.
func (c *cleaner) png() error {
	if !c.begun {
		b, err := c.next(len(pngSignature))
		if err == nil && string(b) != pngSignature {
			err = errImage
		}
		c.head, c.begun = b, true
		if err != nil {
			c.head = nil
		}
		return err
	}
	b, err := c.next(8)
	if err != nil {
		return err
	}
	size := int64(binary.BigEndian.Uint32(b))
	switch kind := string(b[4:]); kind {
	case "tEXt", "zTXt", "iTXt", "eXIf", "tIME":
		return c.skip(size + 4)
	case "IHDR":
		dims, err := c.src.Peek(8)
		if err != nil {
			return whole(err)
		}
		c.pic.width, c.pic.height = int(binary.BigEndian.Uint32(dims)), int(binary.BigEndian.Uint32(dims[4:]))
	case "IEND":
		c.step = c.drain
	}
	c.head, c.pass = b, size+4
	return nil
}

// webp reads one chunk.
func (c *cleaner) webp() error {
	if !c.begun {
		b, err := c.next(12)
		if err != nil {
			return err
		}
		if string(b[:4]) != "RIFF" || string(b[8:]) != "WEBP" {
			return errImage
		}
		if c.riff > 0 {
			binary.LittleEndian.PutUint32(b[4:], uint32(c.riff-8))
		}
		c.head, c.begun = b, true
		return nil
	}
	b, err := c.src.Peek(8)
	if len(b) == 0 && err == io.EOF {
		return io.EOF
	}
	if err != nil {
		return whole(err)
	}
	kind, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
	padded := 8 + size + size&1
	switch kind {
	case "EXIF", "XMP ":
		return c.skip(padded)
	case "VP8X":
		return c.canvas(padded)
	case "VP8 ", "VP8L":
		c.frame(kind)
	}
	c.pass = padded
	return nil
}

// canvas reads the chunk VP8X, and takes the flags of what is left out.
func (c *cleaner) canvas(padded int64) error {
	if padded < 18 || padded > 64 {
		return errImage
	}
	b, err := c.next(int(padded))
	if err != nil {
		return err
	}
	const exif, xmp = 1 << 3, 1 << 2
	b[8] &^= exif | xmp
	c.pic.width, c.pic.height = 1+uint24(b[12:]), 1+uint24(b[15:])
	c.head = b
	return nil
}

// frame looks at the size of a picture without a canvas.
func (c *cleaner) frame(kind string) {
	b, _ := c.src.Peek(18)
	switch {
	case c.pic.width > 0 || len(b) < 18:
	case kind == "VP8L" && b[8] == 0x2F:
		v := binary.LittleEndian.Uint32(b[9:])
		c.pic.width, c.pic.height = 1+int(v&0x3FFF), 1+int(v>>14&0x3FFF)
	case kind == "VP8 " && bytes.Equal(b[11:14], []byte{0x9D, 0x01, 0x2A}):
		c.pic.width = int(binary.LittleEndian.Uint16(b[14:]) & 0x3FFF)
		c.pic.height = int(binary.LittleEndian.Uint16(b[16:]) & 0x3FFF)
	}
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
