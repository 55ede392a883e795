package bluesky

import (
	"context"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/listen"
)

// Search finds q.Text, words as the network's search takes them, and q.Tag among all
// posts, the newest first, as far as the search reaches. In the place author/DID only that
// person's posts are searched, word by word.
//
// https://docs.bsky.app/docs/api/app-bsky-feed-search-posts
func (c *Client) Search(ctx context.Context, q listen.Query) iter.Seq2[listen.Event, error] {
	q.Since, q.Thread = "", parvis.Ref{}
	return c.run(ctx, "search", q, func(h *hearing) error {
		if h.feed.wire != nil {
			return parvis.Unsupported(c.Account(), h.op, "streams cannot be searched")
		}
		h.source = "search"
		return h.past(ctx)
	})
}

// matches reports whether a text has all of the words, whatever their case, and the
// hashtag. Empty words and an empty hashtag are in every text.
func matches(t *parvis.Text, words, tag string) bool {
	if tag = strings.TrimPrefix(tag, "#"); tag != "" && !tagged(t, tag) {
		return false
	}
	if words == "" {
		return true
	}
	text := strings.ToLower(t.Plain)
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		if !holds(text, word) {
			return false
		}
	}
	return true
}

func tagged(t *parvis.Text, tag string) bool {
	for _, e := range t.Entities {
		if e.Kind == parvis.EntityHashtag && strings.EqualFold(e.Value, tag) {
			return true
		}
	}
	return false
}

// holds reports whether text has the word as a word: where it begins and ends, no letter
// or digit goes on.
func holds(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		first, size := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		if !joined(before, first) && !joined(last, after) {
			return true
		}
		from = i + size
	}
}

// joined reports whether two letters that follow one another are of one word. Scripts that
// are written without spaces have no words to see.
func joined(a, b rune) bool {
	return inWord(a) && inWord(b) && !unicode.In(a, spaceless...) && !unicode.In(b, spaceless...)
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}
