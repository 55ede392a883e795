package text

import (
	"slices"
	"strings"
)

// markdownFromHTML returns the HTML markup as Markdown.
func markdownFromHTML(markup string) string {
	var m markdown
	m.hard = "  "
	walk(validUTF8(markup), &m)
	if m.captures != "" {
		m.endCapture()
	}
	m.breakInline()
	return string(m.b)
}

// markdown is the sink that writes Markdown.
type markdown struct {
	flow
	inline   []inline // emphasis that is open, outermost first
	href     string   // of the open anchor; empty if none is open
	captures string   // the element whose text is taken as it is: pre or code
	captured strings.Builder
	cells    int // in the open table row
	row      int // of the open table, from 1
	inCell   bool
}

// An inline is an open element of emphasis and its mark.
type inline struct{ name, mark string }

func inlineMark(name string) string {
	switch name {
	case "strong", "b":
		return "**"
	case "em", "i":
		return "*"
	case "del", "s", "strike":
		return "~~"
	}
	return ""
}

func (m *markdown) text(s string) {
	switch {
	case m.captures != "":
		m.captured.WriteString(s)
	default:
		m.words(escapeMarkdown(strings.ReplaceAll(s, "\n", " "), m.atLineStart(), false))
	}
}

func (m *markdown) open(t *tag) {
	switch {
	case m.captures != "":
		if t.name == "br" {
			m.captured.WriteByte('\n')
		}
	case t.name == "pre" && !m.inCell, t.name == "code":
		if t.name == "pre" {
			m.breakInline()
			m.block(2)
		}
		m.captures = t.name
	case inlineMark(t.name) != "":
		m.openInline(t.name)
	case t.name == "a":
		m.endAnchor()
		m.openAnchor(t)
	case t.name == "img":
		m.image(t)
	case t.name == "td" || t.name == "th":
		m.openCell()
	case m.inCell && t.name != "tr" && t.name != "table":
		m.space = m.space || t.name == "br" || t.name == "p" || t.name == "li" || isPlainBlock(t.name)
	default:
		m.openOther(t)
	}
}

// openOther opens a block.
func (m *markdown) openOther(t *tag) {
	if t.name == "br" {
		m.lineBreak()
		return
	}
	if t.name == "tr" || t.name == "table" {
		m.endRow()
	}
	if t.name == "table" {
		m.row = 0
	}
	if !isBlock(t.name) {
		return
	}
	m.breakInline()
	m.openBlock(t)
	if isHeading(t.name) {
		m.before = strings.Repeat("#", int(t.name[1]-'0')) + " "
	}
	if t.name == "hr" {
		m.write("---")
		m.block(2)
	}
}

func (m *markdown) close(name string) {
	switch {
	case m.captures == name:
		m.endCapture()
	case m.captures != "":
	case inlineMark(name) != "":
		m.closeInline(name)
	case name == "a":
		m.endAnchor()
	case name == "td" || name == "th":
		m.breakInline()
	case name == "tr" || name == "table" || name == "thead" || name == "tbody":
		m.endRow()
		m.closeBlock(name)
	case m.inCell:
		m.space = m.space || isBlock(name)
	case isBlock(name):
		m.breakInline()
		m.before = ""
		m.closeBlock(name)
	}
}

// isBlock reports whether the layout knows the element as a block.
func isBlock(name string) bool {
	switch name {
	case "p", "ul", "ol", "li", "blockquote", "pre", "table", "dl", "figure", "hr", "h1", "h2", "h3", "h4", "h5", "h6":
		return true
	}
	return isPlainBlock(name)
}

func (m *markdown) openInline(name string) {
	if len(m.inline) >= maxNesting {
		return
	}
	mark := inlineMark(name)
	for _, in := range m.inline {
		if in.mark == mark {
			mark = ""
		}
	}
	m.inline = append(m.inline, inline{name: name, mark: mark})
	m.before += mark
}

func (m *markdown) closeInline(name string) {
	for i, v := range slices.Backward(m.inline) {
		if v.name == name {
			for j := len(m.inline) - 1; j >= i; j-- {
				m.endMark(m.inline[j].mark)
			}
			m.inline = m.inline[:i]
			return
		}
	}
}

// endMark closes emphasis; emphasis of nothing leaves no trace.
func (m *markdown) endMark(mark string) {
	if rest, ok := strings.CutSuffix(m.before, mark); ok {
		m.before = rest
		return
	}
	m.b = append(m.b, mark...)
}

// breakInline closes all emphasis and the anchor, which cannot reach over blocks.
func (m *markdown) breakInline() {
	m.endAnchor()
	for _, v := range slices.Backward(m.inline) {
		m.endMark(v.mark)
	}
	m.inline = m.inline[:0]
}

func (m *markdown) openAnchor(t *tag) {
	if href, ok := safeURL(t.href, true); ok {
		m.href, m.waits, m.outside = href, true, len(m.before)
	}
}

func (m *markdown) endAnchor() {
	if m.href == "" {
		return
	}
	href := m.href
	m.href = ""
	if m.waits {
		m.waits = false
		return
	}
	label := string(m.b[m.start:])
	m.b = append(m.b[:m.start], anchor(label, href)...)
}

// anchor returns a link with a label that is Markdown already.
func anchor(label, href string) string {
	if bare := strings.Trim(strings.ReplaceAll(label, "\\", ""), "<>"); schemeless(bare) == schemeless(href) && !isRelative(href) {
		if strings.ContainsAny(href, "<> ") {
			return label
		}
		return "<" + href + ">"
	}
	label = strings.NewReplacer("<http", "http", ">", "").Replace(label)
	return "[" + label + "](" + target(href) + ")"
}

// target returns an address as Markdown wants it inside round brackets.
func target(href string) string {
	return strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\\", "%5C").Replace(href)
}

func (m *markdown) image(t *tag) {
	src, ok := safeURL(t.src, false)
	alt := escapeMarkdown(strings.Join(strings.Fields(t.alt), " "), false, false)
	switch {
	case ok && schemeLen(src) > 0:
		m.write("![" + alt + "](" + target(src) + ")")
	case alt != "":
		m.words(alt)
	}
}

// endCapture writes the code that was captured.
func (m *markdown) endCapture() {
	s, block := m.captured.String(), m.captures == "pre"
	m.captured.Reset()
	m.captures = ""
	if !block {
		m.code(strings.Join(strings.Fields(s), " "))
		return
	}
	fence := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	m.write(fence)
	m.hard = ""
	m.lineBreak()
	m.lines(strings.TrimRight(strings.TrimPrefix(s, "\n"), "\n"))
	m.breaks, m.forced = 1, 0
	m.write(fence)
	m.hard = "  "
	m.block(2)
}

// code writes inline code.
func (m *markdown) code(s string) {
	if s == "" {
		return
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	m.write(fence + s + fence)
}

// longestRun returns the length of the longest run of c in s.
func longestRun(s string, c byte) int {
	longest, n := 0, 0
	for i := range len(s) {
		if n++; s[i] != c {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

func (m *markdown) openCell() {
	m.breakInline()
	if m.cells++; m.cells == 1 {
		m.row++
	}
	m.space = m.cells > 1
	m.write("|")
	m.space, m.inCell = true, true
}

// endRow closes the row of a table; the first is its head.
func (m *markdown) endRow() {
	if !m.inCell {
		return
	}
	m.breakInline()
	m.b = append(m.b, " |"...)
	if m.row == 1 {
		m.block(1)
		m.write(strings.Repeat("| --- ", m.cells) + "|")
	}
	m.cells, m.inCell = 0, false
	m.block(1)
}
