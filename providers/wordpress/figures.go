package wordpress

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/parvis-go/parvis"
)

// classPrefix is how WordPress names the file of a picture in the picture's class.
const classPrefix = "wp-image-"

// mediaBlocks are the classes of the blocks that hold files.
//
// https://developer.wordpress.org/block-editor/reference-guides/core-blocks/
var mediaBlocks = []string{"wp-block-image", "wp-block-video", "wp-block-audio", "wp-block-file"}

// takeFigures returns an HTML text without its media blocks, and the files that these
// and pictures elsewhere in it show. It never fails; time is in proportion to length.
func (c *Client) takeFigures(markup string) (string, []parvis.Media) {
	if !strings.Contains(markup, "<img") && !strings.Contains(markup, "wp-block-") {
		return markup, nil
	}
	var rest strings.Builder
	var files []parvis.Media
	depth := 0 // of figures inside a media block; 0 is outside
	var inside string
	for z := html.NewTokenizer(strings.NewReader(markup)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := string(z.Raw())
		tok := z.Token()
		before := depth
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			if m, ok := c.fileOf(tok); ok {
				files = append(files, m)
			}
		}
		if depth == 0 && kind == html.StartTagToken && isMediaBlock(tok) {
			inside, depth = tok.Data, 1
		} else if depth > 0 && tok.Data == inside {
			switch kind {
			case html.StartTagToken:
				depth++
			case html.EndTagToken:
				depth--
			}
		}
		if before == 0 && depth == 0 {
			rest.WriteString(raw)
		}
	}
	if depth > 0 { // a block that nobody closed: it may hold the whole text
		return markup, files
	}
	return strings.TrimSpace(rest.String()), files
}

func isMediaBlock(tok html.Token) bool {
	return (tok.Data == "figure" || tok.Data == "div") && slices.ContainsFunc(strings.Fields(attr(tok, "class")), func(class string) bool {
		return slices.Contains(mediaBlocks, class)
	})
}

// fileOf returns the file that an element shows.
func (c *Client) fileOf(tok html.Token) (parvis.Media, bool) {
	src := attr(tok, "src")
	switch tok.Data {
	case "img", "video", "audio", "source":
	default:
		return parvis.Media{}, false
	}
	if src == "" {
		return parvis.Media{}, false
	}
	m := parvis.Media{URL: src, Name: path.Base(src), Alt: cmp.Or(attr(tok, "alt"), attr(tok, "aria-label"))}
	for class := range strings.FieldsSeq(attr(tok, "class")) {
		if n, ok := number(strings.TrimPrefix(class, classPrefix)); ok && strings.HasPrefix(class, classPrefix) {
			m.Ref = c.ref(parvis.KindMedia, itoa(n))
		}
	}
	return m, true
}

func attr(tok html.Token, name string) string {
	for _, a := range tok.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
