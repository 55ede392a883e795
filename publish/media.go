package publish

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif"  // so that the size of GIF pictures can be checked
	_ "image/jpeg" // so that the size of JPEG pictures can be checked
	_ "image/png"  // so that the size of PNG pictures can be checked
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
)

// MediaInfo is what a look at the beginning of a file tells.
type MediaInfo struct {
	// Type is the MIME type, without parameters.
	Type string
	// Width and Height are in pixels, for JPEG, PNG and GIF pictures; otherwise 0.
	Width, Height int
}

// sniffLen is enough for every signature and for the headers that hold a picture's size,
// but for pictures with very long metadata, whose size then stays unknown.
const sniffLen = 64 << 10

// Inspect finds out the type of m, and the size if it is a picture, from its first bytes.
// A type that m states is believed. Media that has only an address is judged by its name.
func Inspect(ctx context.Context, m parvis.Media) (MediaInfo, error) {
	if !m.CanOpen() {
		return MediaInfo{Type: typeOf(m, nil)}, nil
	}
	rc, err := m.Open(ctx)
	if err != nil {
		return MediaInfo{}, err
	}
	defer rc.Close()
	head, err := io.ReadAll(io.LimitReader(rc, sniffLen))
	if err != nil {
		return MediaInfo{}, &parvis.Error{Op: "read media", Code: parvis.ErrInvalid, Message: "media " + m.Name + " cannot be read", Err: err}
	}
	info := MediaInfo{Type: typeOf(m, head)}
	if cfg, _, err := image.DecodeConfig(bytes.NewReader(head)); err == nil {
		info.Width, info.Height = cfg.Width, cfg.Height
	}
	return info, nil
}

// typeOf returns the stated type, else the sniffed one, else that of the file name.
func typeOf(m parvis.Media, head []byte) string {
	if m.Type != "" {
		return bare(m.Type)
	}
	sniffed := "application/octet-stream"
	if len(head) > 0 {
		if sniffed = brand(head); sniffed == "" {
			sniffed = bare(http.DetectContentType(head))
		}
	}
	if sniffed == "application/octet-stream" || strings.HasPrefix(sniffed, "text/") {
		if t := bare(mime.TypeByExtension(strings.ToLower(path.Ext(m.Name)))); t != "" && len(head) == 0 {
			return t
		}
	}
	return sniffed
}

func bare(t string) string {
	if b, _, err := mime.ParseMediaType(t); err == nil {
		return b
	}
	return t
}

// brand knows the ISO base media files (ISO/IEC 14496-12, box "ftyp") that
// [http.DetectContentType] does not.
func brand(head []byte) string {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return ""
	}
	switch string(head[8:12]) {
	case "avif", "avis":
		return "image/avif"
	case "heic", "heix", "heim", "heis":
		return "image/heic"
	case "mif1", "msf1":
		return "image/heif"
	case "qt  ":
		return "video/quicktime"
	case "M4A ", "M4B ":
		return "audio/mp4"
	}
	return "video/mp4"
}

func (c *checker) media(ctx context.Context) {
	sup := c.sup.Media
	n := len(c.d.Media)
	if n > sup.Max {
		c.add("media", "count", "%d media, %d allowed", n, sup.Max).measured(int64(n), int64(sup.Max)).help("adapt with publish.DropMedia")
	}
	if n < sup.Min {
		c.add("media", "count", "%d media, at least %d wanted", n, sup.Min).measured(int64(n), int64(sup.Min))
	}
	var alone string
	for i, m := range c.d.Media {
		if class := c.file(ctx, mediaField(i), m); slices.Contains(sup.Alone, class) {
			alone = class
		}
	}
	if alone != "" && n > 1 {
		c.add("media", "count", "%s goes alone: one file and no other media", alone).measured(int64(n), 1)
	}
}

func mediaField(i int) string { return fmt.Sprintf("media[%d]", i) }

// file checks one file and returns its class: "image", "video".
func (c *checker) file(ctx context.Context, field string, m parvis.Media) string {
	sup := c.sup.Media
	if sup.Max == 0 {
		return ""
	}
	if !m.Ref.IsZero() {
		return "" // the network has it already, and has judged it
	}
	switch {
	case m.CanOpen() && !sup.Bytes:
		c.add(field, "unsupported", "%s: the network fetches media from a public address", field).help("use parvis.FromURL")
	case !m.CanOpen() && m.URL == "":
		c.add(field, "empty", "%s has no content", field).help("make it with parvis.FromBytes, FromFS, FromFile, FromReader or FromURL")
	case !m.CanOpen() && !sup.URL:
		c.add(field, "unsupported", "%s: the network wants the bytes, not an address", field).help("use parvis.FromFile or the like")
	}
	info, err := Inspect(ctx, m)
	if err != nil {
		c.add(field, "unreadable", "%s: %v", field, err)
		return ""
	}
	c.rule(field, m, info)
	class, _, _ := strings.Cut(info.Type, "/")
	if m.Alt != "" && sup.Alt.Max > 0 {
		c.length(field+".alt", m.Alt, parvis.TextLimits{sup.Alt}, "")
	}
	if m.Alt == "" && has(c.opts, RequireAlt) && (class == "image" || class == "video" || class == "audio") {
		c.add(field, "alt", "%s has no alternative text, which this client's policy asks for", field).help("use Media.WithAlt")
	}
	return class
}

// rule checks a file's type, bytes and pixels.
func (c *checker) rule(field string, m parvis.Media, info MediaInfo) {
	i := slices.IndexFunc(c.sup.Media.Rules, func(r MediaRule) bool { return r.matches(info.Type) })
	if i < 0 {
		why := ""
		for _, no := range c.sup.Media.Refused {
			if isType(info.Type, no.Type) {
				why = ": " + no.Why
			}
		}
		c.add(field, "type", "%s is %s, which the network does not take%s", field, info.Type, why)
		return
	}
	r := c.sup.Media.Rules[i]
	if r.MaxBytes > 0 && m.Size > r.MaxBytes {
		c.add(field, "size", "%s has %d bytes, %d allowed", field, m.Size, r.MaxBytes).measured(m.Size, r.MaxBytes)
	}
	if px := int64(info.Width) * int64(info.Height); r.MaxPixels > 0 && px > r.MaxPixels {
		c.add(field, "size", "%s has %d pixels, %d allowed", field, px, r.MaxPixels).measured(px, r.MaxPixels)
	}
}
