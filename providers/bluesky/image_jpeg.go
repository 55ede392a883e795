package bluesky

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The markers of JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1.
const (
	soi  = 0xD8
	eoi  = 0xD9
	sos  = 0xDA
	app1 = 0xE1
	com  = 0xFE
)

// jpeg reads one segment.
func (c *cleaner) jpeg() error {
	b, err := c.next(2)
	if err != nil {
		return err
	}
	if !c.begun {
		if b[0] != 0xFF || b[1] != soi {
			return errImage
		}
		c.head, c.begun = b, true
		return nil
	}
	if b[0] != 0xFF {
		return errImage
	}
	for b[1] == 0xFF { // fill bytes
		if b[1], err = c.src.ReadByte(); err != nil {
			return whole(err)
		}
	}
	marker := b[1]
	if marker == eoi { // what comes behind, such as a film or another picture, is left out
		c.head, c.step = b, c.drain
		return nil
	}
	if marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 { // no length
		c.head = b
		return nil
	}
	length, err := c.src.Peek(2)
	if err != nil {
		return whole(err)
	}
	return c.segment(marker, int(binary.BigEndian.Uint16(length)))
}

// segment gives out the segment whose marker has been read, or leaves it out. Its size
// counts the two bytes that hold it.
func (c *cleaner) segment(marker byte, size int) error {
	if size < 2 {
		return errImage
	}
	c.head = []byte{0xFF, marker}
	switch {
	case marker == app1:
		c.head = nil
		return c.exif(size)
	case marker == com, marker > app1 && marker <= 0xEF && marker != 0xE2 && marker != 0xEE:
		c.head = nil
		return c.skip(int64(size))
	case marker == sos:
		c.step = c.scan
	case isFrame(marker):
		if b, err := c.src.Peek(7); err == nil {
			c.pic.height, c.pic.width = int(binary.BigEndian.Uint16(b[3:])), int(binary.BigEndian.Uint16(b[5:]))
		}
	}
	if marker == 0xE2 && !c.colour() {
		c.head = nil
		return c.skip(int64(size))
	}
	c.pass = int64(size)
	return nil
}

// colour reports whether the segment APP2 that follows is a colour profile; others tell
// of further pictures in the file.
func (c *cleaner) colour() bool {
	b, _ := c.src.Peek(14)
	return len(b) == 14 && string(b[2:]) == "ICC_PROFILE\x00"
}

// isFrame reports whether the marker begins a frame, which tells the size.
func isFrame(marker byte) bool {
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

// scan gives out what follows the header of a scan, up to the next marker.
func (c *cleaner) scan() error {
	if _, err := c.src.Peek(2); err != nil {
		return whole(err)
	}
	b, err := c.src.Peek(c.src.Buffered())
	if err != nil {
		return whole(err)
	}
	n := 0
	for n < len(b)-1 {
		i := bytes.IndexByte(b[n:len(b)-1], 0xFF)
		if i < 0 {
			n = len(b) - 1
			break
		}
		n += i
		if m := b[n+1]; m != 0 && m != 0xFF && (m < 0xD0 || m > 0xD7) {
			c.step = c.jpeg
			break
		}
		n++
	}
	c.head = slices.Clone(b[:n])
	_, err = c.src.Discard(n)
	return err
}

// exif reads a segment APP1 of that size, and keeps of it how the picture is to be turned.
func (c *cleaner) exif(size int) error {
	b, err := c.next(size)
	if err != nil {
		return err
	}
	tiff, ok := bytes.CutPrefix(b[2:], []byte("Exif\x00\x00"))
	if !ok || c.turn != 0 {
		return nil
	}
	if c.turn = orientation(tiff); c.turn > 1 {
		c.head = turned(c.turn)
	}
	return nil
}

// orientationTag is the tag Orientation of https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, 4.6.4.
const orientationTag = 0x0112

// orientation returns how a picture is to be turned, 1 to 8, or 0 if tiff does not say.
func orientation(tiff []byte) uint16 {
	if len(tiff) < 8 {
		return 0
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := int(order.Uint16(tiff[at:]))
	for i := range entries {
		from := at + 2 + int64(i)*12
		if from+12 > int64(len(tiff)) {
			return 0
		}
		if order.Uint16(tiff[from:]) != orientationTag {
			continue
		}
		if v := order.Uint16(tiff[from+8:]); v >= 1 && v <= 8 {
			return v
		}
		return 0
	}
	return 0
}

// turned is a segment APP1 that says how a picture is to be turned, and nothing else.
func turned(orientation uint16) []byte {
	b := []byte{0xFF, app1, 0, 34}
	b = append(b, "Exif\x00\x00MM\x00*\x00\x00\x00\x08"...)
	b = append(b, 0, 1, orientationTag>>8, orientationTag&0xFF, 0, 3, 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}
