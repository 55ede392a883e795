package text

import "strconv"

// openBlock lays out the start of a block element; other elements leave the layout alone.
func (f *flow) openBlock(t *tag) {
	switch t.name {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "dl", "figure", "hr":
		f.block(f.gap(t.name))
	case "br":
		f.lineBreak()
	case "ul", "ol":
		f.openList(t)
	case "li":
		f.openItem()
	case "blockquote":
		f.block(2)
		f.push(level{name: t.name, first: "> ", rest: "> "})
	case "pre":
		f.block(2)
		f.pre++
	default:
		if isPlainBlock(t.name) {
			f.block(1)
		}
	}
}

// gap returns the line breaks around a block: a blank line, but none between the mark of a list
// item and its text.
func (f *flow) gap(name string) int {
	if n := len(f.nest); name == "p" && n > 0 && f.nest[n-1].name == "li" && !f.nest[n-1].used {
		return 1
	}
	return 2
}

func (f *flow) openList(t *tag) {
	if f.inList() {
		f.block(1)
	} else {
		f.block(2)
	}
	l := level{name: t.name}
	if n, err := strconv.Atoi(t.number); err == nil && n > 0 && n < 1e9 {
		l.count = n - 1
	}
	f.push(l)
}

func (f *flow) openItem() {
	if n := len(f.nest); n > 0 && f.nest[n-1].name == "li" {
		f.nest = f.nest[:n-1] // an item that was not closed
	}
	f.block(1)
	l := level{name: "li", first: "- ", rest: "  "}
	if n := len(f.nest); n > 0 && f.nest[n-1].name == "ol" {
		f.nest[n-1].count++
		l.first, l.rest = strconv.Itoa(f.nest[n-1].count)+". ", "   "
	}
	f.push(l)
}

// closeBlock lays out the end of a block element; other elements leave the layout alone.
func (f *flow) closeBlock(name string) {
	switch name {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "dl", "figure":
		f.block(2)
	case "ul", "ol":
		f.pop(name)
		if f.inList() {
			f.block(1)
		} else {
			f.block(2)
		}
	case "li":
		f.pop(name)
		f.block(1)
	case "blockquote":
		f.pop(name)
		f.block(2)
	case "pre":
		f.pre = max(f.pre-1, 0)
		f.block(2)
	default:
		if isPlainBlock(name) {
			f.block(1)
		}
	}
}

// isPlainBlock reports whether the element is a block without space around it.
func isPlainBlock(name string) bool {
	switch name {
	case "div", "section", "article", "header", "footer", "main", "nav", "aside", "address", "form", "fieldset",
		"tr", "caption", "thead", "tbody", "tfoot", "dt", "dd", "figcaption", "details", "summary", "body", "html", "head":
		return true
	}
	return false
}
