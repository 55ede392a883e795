package text

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// maxOpen is how many elements Sanitize leaves open inside one another.
const maxOpen = 64

// Sanitize returns HTML from strangers as HTML that is safe to put into a page. It keeps the
// elements p, br, a, em, strong, b, i, u, del (and s, strike as del), code, pre, blockquote,
// ul, ol, li, h1 to h6, and img; of their attributes href with an http, https or mailto address, src with
// an http or https address, and alt. Anchors get rel="nofollow noopener". The text of other
// elements stays, but for scripts, styles and the like. Elements are closed in the right order, and
// no more than 64 are nested.
func Sanitize(markup string) string {
	c := cleaner{rel: true}
	return c.clean(markup)
}

// A cleaner is the sink that writes safe HTML.
type cleaner struct {
	b     strings.Builder
	stack []string // the elements that are open
	rel   bool     // anchors get rel="nofollow noopener"
	wide  bool     // tables, rules and start numbers are kept too
}

func (c *cleaner) clean(markup string) string {
	c.b.Grow(len(markup) + len(markup)/8)
	walk(validUTF8(markup), c)
	c.popTo(0)
	return c.b.String()
}

func (c *cleaner) text(s string) {
	if strings.ContainsFunc(s, isUnwanted) {
		s = strings.Map(func(r rune) rune {
			if isUnwanted(r) {
				return -1
			}
			return r
		}, s)
	}
	c.b.WriteString(html.EscapeString(s))
}

// isUnwanted reports whether r is a control character other than a tab or line feed.
func isUnwanted(r rune) bool { return isControl(r) && r != '\n' && r != '\t' }

func (c *cleaner) open(t *tag) {
	name := cleanName(t.name)
	switch {
	case name == "br":
		c.b.WriteString("<br>")
	case name == "img":
		c.image(t)
	case name == "hr" && c.wide:
		c.closeAround(name)
		c.b.WriteString("<hr>")
	case c.allows(name):
		c.element(name, t)
	}
}

// element opens an element that has an end.
func (c *cleaner) element(name string, t *tag) {
	var attrs string
	switch name {
	case "a":
		c.close("a")
		href, ok := safeURL(t.href, false)
		if !ok {
			return
		}
		attrs = ` href="` + html.EscapeString(href) + `"`
		if c.rel {
			attrs += ` rel="nofollow noopener"`
		}
	case "ol":
		if n, err := strconv.Atoi(t.number); c.wide && err == nil && n >= 0 {
			attrs = ` start="` + strconv.Itoa(n) + `"`
		}
	}
	c.closeAround(name)
	if len(c.stack) >= maxOpen {
		return
	}
	c.stack = append(c.stack, name)
	c.b.WriteString("<" + name + attrs + ">")
}

func (c *cleaner) image(t *tag) {
	src, ok := safeURL(t.src, false)
	if !ok || schemeLen(src) == 0 {
		c.text(t.alt)
		return
	}
	c.b.WriteString(`<img src="` + html.EscapeString(src) + `" alt="`)
	c.text(t.alt)
	c.b.WriteString(`">`)
}

func (c *cleaner) close(name string) {
	name = cleanName(name)
	for i, v := range slices.Backward(c.stack) {
		if v == name {
			c.popTo(i)
			return
		}
	}
}

// popTo closes the elements until only n are open.
func (c *cleaner) popTo(n int) {
	for i := len(c.stack) - 1; i >= n; i-- {
		c.b.WriteString("</" + c.stack[i] + ">")
	}
	c.stack = c.stack[:n]
}

// closeAround closes what cannot hold the element name, as a browser would.
func (c *cleaner) closeAround(name string) {
	switch {
	case name == "li":
		for i := len(c.stack) - 1; i >= 0 && c.stack[i] != "ul" && c.stack[i] != "ol"; i-- {
			if c.stack[i] == "li" {
				c.popTo(i)
				break
			}
		}
		c.close("p")
	case isHeading(name) && len(c.stack) > 0 && isHeading(c.stack[len(c.stack)-1]):
		c.popTo(len(c.stack) - 1)
		c.close("p")
	case isHeading(name), name == "p", name == "ul", name == "ol", name == "pre", name == "blockquote", name == "table", name == "hr":
		c.close("p")
	case name == "tr", name == "td", name == "th":
		c.closeCell(name)
	}
}

// closeCell closes the open cell, and row if name is one, of the innermost table.
func (c *cleaner) closeCell(name string) {
	for i := len(c.stack) - 1; i >= 0 && c.stack[i] != "table"; i-- {
		if s := c.stack[i]; s == "td" || s == "th" || s == "tr" && name == "tr" {
			c.popTo(i)
		}
	}
}

func isHeading(name string) bool {
	return len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6'
}

// allows reports whether the element name is kept.
func (c *cleaner) allows(name string) bool {
	switch name {
	case "p", "a", "em", "strong", "b", "i", "u", "del", "code", "pre", "blockquote", "ul", "ol", "li":
		return true
	case "table", "thead", "tbody", "tr", "th", "td", "sub", "sup":
		return c.wide
	}
	return isHeading(name)
}

// cleanName returns the element that is written for name.
func cleanName(name string) string {
	if name == "s" || name == "strike" {
		return "del"
	}
	return name
}
