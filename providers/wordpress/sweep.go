package wordpress

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/fnv"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
)

// An item is one comment or post of a strand.
type item struct {
	strand int
	id     int
	version
	raw json.RawMessage

	comment api.Comment // of strandComments
	post    api.Post    // of the others
}

// maxExclude bounds how many IDs a request names, so that its address stays short.
const maxExclude = 300

// foldSeconds is how far back a list must reach on a site whose clock changes twice a
// year: WordPress compares dates by the site's own clock, which goes through one hour
// twice in autumn.
//
// https://developer.wordpress.org/reference/classes/wp_date_query/
const foldSeconds = 2 * 3600

// A sweep reads one strand from a position on, forwards or backwards in time. It reads
// by time and not by page number, so that what comes meanwhile moves nothing, and names
// what it has to be left out, so that any number of items may have the same time.
type sweep struct {
	c       *Client
	call    api.Call
	strand  int
	desc    bool
	bound   int64 // the oldest time to ask for, or the newest if desc; 0 is none
	overlap int64 // seconds
	fold    int64 // seconds
	seen    map[int]int64
}

// run gives the items in order, each once.
func (s *sweep) run(ctx context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		s.seen = make(map[int]int64)
		for page := 1; ; {
			list, err := s.c.api.List(ctx, s.ask(page))
			if err != nil {
				yield(item{}, err)
				return
			}
			fresh, batch, err := s.take(list.Items)
			if err != nil {
				yield(item{}, err)
				return
			}
			for _, it := range batch {
				if !yield(it, nil) {
					return
				}
			}
			switch {
			case fresh && list.Pages > 1:
				page = 1
			case page >= list.Pages:
				return
			default:
				page++
			}
		}
	}
}

// take reads a page and tells whether it holds anything that this sweep had not seen.
func (s *sweep) take(raws []json.RawMessage) (fresh bool, batch []item, err error) {
	for _, raw := range raws {
		it, err := s.read(raw)
		if err != nil {
			return false, nil, err
		}
		if t, ok := s.seen[it.id]; ok && t == it.at {
			continue
		}
		fresh = true
		s.seen[it.id] = it.at
		batch = append(batch, it)
	}
	slices.SortStableFunc(batch, func(a, b item) int {
		if s.desc {
			return cmp.Compare(b.at, a.at)
		}
		return cmp.Compare(a.at, b.at)
	})
	s.advance()
	return fresh, batch, nil
}

// advance moves the bound to what was read last, and forgets what lies behind it.
func (s *sweep) advance() {
	if len(s.seen) == 0 {
		return
	}
	times := slices.Collect(maps.Values(s.seen))
	if s.desc {
		s.bound = slices.Min(times)
		maps.DeleteFunc(s.seen, func(_ int, t int64) bool { return t > s.bound+s.fold })
		return
	}
	s.bound = max(s.bound, slices.Max(times)-s.overlap)
	maps.DeleteFunc(s.seen, func(_ int, t int64) bool { return t < s.bound-s.fold })
}

func (s *sweep) read(raw json.RawMessage) (item, error) {
	it := item{strand: s.strand, raw: raw}
	if s.strand == strandComments {
		err := decode(s.call.Op, raw, &it.comment)
		it.id, it.at = it.comment.ID, seconds(it.comment.Date.Time)
		return it, err
	}
	err := decode(s.call.Op, raw, &it.post)
	it.id, it.at = it.post.ID, seconds(it.post.Date.Time)
	if s.strand == strandEdits {
		it.version = changeOf(it.post)
	}
	return it, err
}

// changeOf is the version that a post's last change made. WordPress dates changes to the
// second, so that what was changed tells apart two in one.
func changeOf(p api.Post) version {
	h := fnv.New32a()
	for _, part := range [...]string{p.Status, p.Slug, p.Title.Rendered, p.Content.Rendered, p.Excerpt.Rendered, p.CommentStatus} {
		_, _ = io.WriteString(h, part+"\x00")
	}
	return version{seconds(p.Modified.Time), 1 + int(h.Sum32()%maxVersion)}
}

// seconds is t as strands count it; a missing time is the beginning.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// params are the names of the order and of the bounds, by strand.
//
// https://developer.wordpress.org/rest-api/reference/comments/#list-comments
// https://developer.wordpress.org/rest-api/reference/posts/#list-posts
var params = [strandCount]struct{ order, after, before string }{
	strandComments: {"date_gmt", "after", "before"},
	strandPosts:    {"date", "after", "before"},
	strandEdits:    {"modified", "modified_after", "modified_before"},
}

// ask returns the request for one page.
func (s *sweep) ask(page int) api.Call {
	k := s.call
	k.Query = maps.Clone(k.Query)
	p := params[s.strand]
	k.Query.Set("orderby", p.order)
	k.Query.Set("order", "asc")
	k.Query.Set("per_page", itoa(api.PerPage))
	if page > 1 {
		k.Query.Set("page", itoa(page))
	}
	switch {
	case s.desc:
		k.Query.Set("order", "desc")
		if s.bound > 0 {
			k.Query.Set(p.before, stamp(s.bound+s.fold+1))
		}
	case s.bound > s.fold:
		k.Query.Set(p.after, stamp(s.bound-s.fold-1))
	}
	if ids := s.exclude(); ids != "" {
		k.Query.Set("exclude", ids)
	}
	return k
}

func stamp(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.RFC3339) }

// exclude names the items that would come again, the last ones first.
func (s *sweep) exclude() string {
	ids := slices.Collect(maps.Keys(s.seen))
	slices.SortFunc(ids, func(a, b int) int {
		if s.desc {
			return cmp.Or(cmp.Compare(s.seen[a], s.seen[b]), cmp.Compare(a, b))
		}
		return cmp.Or(cmp.Compare(s.seen[b], s.seen[a]), cmp.Compare(a, b))
	})
	words := make([]string, 0, maxExclude)
	for _, id := range ids[:min(len(ids), maxExclude)] {
		words = append(words, itoa(id))
	}
	return strings.Join(words, ",")
}
