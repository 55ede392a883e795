package outbox

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	markdown "github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/text"
)

// Tagging marks links so that the client's web analytics tell which post a visitor came
// by. The zero Tagging marks none.
//
// It marks the http and https links of the text, whatever its format, and Draft.Link;
// not Canonical, the addresses of media, bare domains, or examples in code. Parameters that
// a link has already are kept, its own tags too. Marked links are longer: publish.Check
// measures the text as it is sent.
//
// https://support.google.com/analytics/answer/10917952
type Tagging struct {
	// Source is utm_source, and so on; empty ones are left out, but for Source, which any
	// tagging needs. In them {network}, {account} and {lang} stand for the target's network,
	// handle and language.
	Source   string `json:"source,omitempty"`
	Medium   string `json:"medium,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Term     string `json:"term,omitempty"`
	Content  string `json:"content,omitempty"`
	// Hosts are whose links are marked, with all their subdomains: "acme.example". None
	// means all links, other people's sites included.
	Hosts []string `json:"hosts,omitempty"`
}

// IsZero reports whether no link is marked.
func (g Tagging) IsZero() bool {
	return g.Source == "" && g.Medium == "" && g.Campaign == "" && g.Term == "" && g.Content == "" && len(g.Hosts) == 0
}

// A parameter is one that links get.
type parameter struct{ name, value string }

// parameters are those of a tagging, in a fixed order.
func (g Tagging) parameters() []parameter {
	ps := []parameter{
		{"utm_source", g.Source},
		{"utm_medium", g.Medium},
		{"utm_campaign", g.Campaign},
		{"utm_term", g.Term},
		{"utm_content", g.Content},
	}
	return slices.DeleteFunc(ps, func(p parameter) bool { return p.value == "" })
}

// placeholders are what may stand in values.
var placeholders = []string{"{network}", "{account}", "{lang}"}

func (g Tagging) valid() error {
	if g.IsZero() {
		return nil
	}
	if g.Source == "" {
		return invalid("the tagging has no source", `set Tagging.Source, for instance to "{network}"`)
	}
	for _, p := range g.parameters() {
		rest := p.value
		for _, h := range placeholders {
			rest = strings.ReplaceAll(rest, h, "")
		}
		if strings.ContainsAny(rest, "{}") {
			return invalid("the tagging has an unknown placeholder in "+p.value, "use {network}, {account} and {lang}")
		}
	}
	for _, h := range g.Hosts {
		if h == "" || strings.ContainsAny(h, "/:*@ ") {
			return invalid(`"`+h+`" is no host`, `write Tagging.Hosts as "acme.example", without a scheme, port or path`)
		}
	}
	return nil
}

// A tagger marks the links of one draft for one target.
type tagger struct {
	add   []parameter // values are escaped
	hosts []string
}

// in makes the tagger for a target and language.
func (g Tagging) in(t Target, lang string) tagger {
	account := t.Account.Handle
	if account == "" {
		account = t.Account.ID
	}
	fill := strings.NewReplacer("{network}", string(t.Account.Network), "{account}", account, "{lang}", lang)
	tag := tagger{hosts: g.Hosts}
	for _, p := range g.parameters() {
		tag.add = append(tag.add, parameter{p.name, escaped(fill.Replace(p.value))})
	}
	return tag
}

// escaped is a value as it stands in a query. Networks take punctuation at the end of a
// link for that of the sentence, so there is none.
func escaped(v string) string {
	s := url.QueryEscape(strings.ToValidUTF8(v, "\uFFFD"))
	if n := len(s) - 1; n >= 0 && strings.IndexByte("._~-+", s[n]) >= 0 {
		const hex = "0123456789ABCDEF"
		c := s[n]
		if c == '+' {
			c = ' '
		}
		s = s[:n] + "%" + string(hex[c>>4]) + string(hex[c&15])
	}
	return s
}

// url marks one address. What is no http or https address of the hosts, what would change
// its meaning, and what has all the parameters, comes back as it is.
func (g tagger) url(link string) string {
	u, err := url.Parse(link)
	if err != nil || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") || u.Host == "" || u.User != nil || !g.takes(u.Hostname()) {
		return link
	}
	before, fragment, hashed := strings.Cut(link, "#")
	path, query, asked := strings.Cut(before, "?")
	var add []string
	for _, p := range g.add {
		if p.value != "" && !hasParameter(query, p.name) {
			add = append(add, p.name+"="+p.value)
		}
	}
	if len(add) == 0 {
		return link
	}
	switch {
	case !asked && u.Path == "":
		path += "/?"
	case !asked:
		path += "?"
	case query == "" || strings.HasSuffix(query, "&"):
		path += "?" + query
	default:
		path += "?" + query + "&"
	}
	path += strings.Join(add, "&")
	if hashed {
		path += "#" + fragment
	}
	return path
}

// takes reports whether links to a host are marked.
func (g tagger) takes(host string) bool {
	return len(g.hosts) == 0 || slices.ContainsFunc(g.hosts, func(h string) bool {
		n := len(host) - len(h)
		return n == 0 && strings.EqualFold(host, h) || n > 0 && host[n-1] == '.' && strings.EqualFold(host[n:], h)
	})
}

// hasParameter reports whether a query has a parameter, in whatever case.
func hasParameter(query, name string) bool {
	for p := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(p, "=")
		if k, err := url.QueryUnescape(key); err == nil {
			key = k
		}
		key = strings.ReplaceAll(strings.TrimPrefix(key, "amp;"), `\`, "") // as Markdown and HTML write it
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// text marks the links of a text.
func (g tagger) text(s string, f parvis.Format) string {
	if !strings.Contains(s, "://") {
		return s
	}
	switch f {
	case parvis.Markdown:
		return g.markdown(s)
	case parvis.HTML:
		return g.html(s)
	}
	return g.plain(s)
}

// plain marks the links of a plain text.
func (g tagger) plain(s string) string {
	var b strings.Builder
	done := 0
	for _, e := range text.Entities(s) {
		if e.Kind != parvis.EntityLink {
			continue
		}
		link := s[e.Start:e.End]
		tagged := g.url(link)
		if tagged == link || !whole(tagged, s[e.End:]) {
			continue
		}
		b.WriteString(s[done:e.Start])
		b.WriteString(tagged)
		done = e.End
	}
	b.WriteString(s[done:])
	return b.String()
}

// lookahead is how much of the text behind a link is looked at; words are shorter.
const lookahead = 4096

// whole reports whether a link before the text behind is still read as exactly that link.
func whole(link, behind string) bool {
	behind = behind[:min(len(behind), lookahead)]
	if i := strings.IndexAny(behind, " \n"); i >= 0 {
		behind = behind[:i]
	}
	es := text.Entities(link + behind)
	return len(es) > 0 && es[0].Kind == parvis.EntityLink && es[0].Start == 0 && es[0].End == len(link)
}

// html marks the links of anchors. Everything else stays as it was written, byte for byte.
func (g tagger) html(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			b.Write(z.Raw()) // a tag that was cut off
			return b.String()
		}
		raw := string(z.Raw())
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			if t := z.Token(); t.Data == "a" && g.anchor(&t) {
				raw = t.String()
			}
		}
		b.WriteString(raw)
	}
}

// anchor marks the address of an anchor, and reports whether it changed.
func (g tagger) anchor(t *html.Token) bool {
	i := slices.IndexFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "href" }) // of several, browsers take the first
	if i < 0 {
		return false
	}
	link := t.Attr[i].Val
	t.Attr[i].Val = g.url(strings.TrimSpace(link))
	return t.Attr[i].Val != strings.TrimSpace(link)
}

// markdown marks the addresses that Markdown reads as links, where they are written out
// as they are. If the result does not read as the same text with marked links, s stays.
func (g tagger) markdown(s string) string {
	was := readLinks(s)
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		link := was.at(s, i)
		if link == "" {
			continue
		}
		b.WriteString(s[done:i])
		b.WriteString(g.url(link))
		done = i + len(link)
		i = done - 1
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	out := b.String()
	is := readLinks(out)
	same := len(is.links) == len(was.links) && slices.Equal(is.pictures, was.pictures) && len(is.quiet) == len(was.quiet)
	for i := 0; same && i < len(was.links); i++ {
		same = is.links[i] == was.links[i] || is.links[i] == g.url(was.links[i])
	}
	if !same {
		return s
	}
	return out
}

// mdLinks are what stands in a Markdown text.
type mdLinks struct {
	links, pictures []string // in the order of the text
	longest         []string // the links that are no pictures, the longest first
	quiet           [][2]int // where code, HTML and the labels of links begin and end
}

// at returns the link that is written out at i, if there is one.
func (m *mdLinks) at(s string, i int) string {
	if s[i] != 'h' && s[i] != 'H' || i > 0 && isWordByte(s[i-1]) {
		return ""
	}
	for _, link := range m.longest {
		if !strings.HasPrefix(s[i:], link) {
			continue
		}
		end := i + len(link)
		inside := slices.ContainsFunc(m.quiet, func(c [2]int) bool { return c[0] <= i && i < c[1] })
		if inside || end < len(s) && strings.IndexByte(" \t\r\n()[]<>\"'.,:;!?*_~|", s[end]) < 0 {
			return ""
		}
		return link
	}
	return ""
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// reader reads Markdown as package internal/text does.
var reader = sync.OnceValue(func() parser.Parser {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify)).Parser()
})

// readLinks finds the links of a Markdown text, and where none are to be marked.
func readLinks(s string) mdLinks {
	source := []byte(s)
	var m mdLinks
	_ = ast.Walk(reader().Parse(markdown.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			m.links = append(m.links, string(n.Destination))
		case *ast.AutoLink:
			m.links = append(m.links, string(n.URL(source)))
		case *ast.Image:
			m.pictures = append(m.pictures, string(n.Destination))
		case *ast.Text:
			if shown(n) {
				m.quiet = append(m.quiet, [2]int{n.Segment.Start, n.Segment.Stop})
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			for _, l := range n.Lines().Sliced(0, n.Lines().Len()) {
				m.quiet = append(m.quiet, [2]int{l.Start, l.Stop})
			}
		case *ast.HTMLBlock, *ast.RawHTML:
			m.quiet = append(m.quiet, htmlSpan(n)...)
		}
		return ast.WalkContinue, nil
	})
	m.longest = slices.DeleteFunc(slices.Clone(m.links), func(l string) bool { return l == "" || slices.Contains(m.pictures, l) })
	slices.SortFunc(m.longest, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	m.longest = slices.Compact(m.longest)
	return m
}

// shown reports whether a text is code or the label of a link.
func shown(n ast.Node) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		switch p.(type) {
		case *ast.Link, *ast.Image, *ast.CodeSpan:
			return true
		}
	}
	return false
}

// htmlSpan is where HTML in Markdown stands, which is not looked into.
func htmlSpan(n ast.Node) (spans [][2]int) {
	segments := func(l *markdown.Segments) {
		for _, s := range l.Sliced(0, l.Len()) {
			spans = append(spans, [2]int{s.Start, s.Stop})
		}
	}
	switch n := n.(type) {
	case *ast.RawHTML:
		segments(n.Segments)
	case *ast.HTMLBlock:
		segments(n.Lines())
		if n.HasClosure() {
			spans = append(spans, [2]int{n.ClosureLine.Start, n.ClosureLine.Stop})
		}
	}
	return spans
}
