package wordpress

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// page cuts the page that a list's parameters ask for out of items, and sets the headers.
//
// https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/
func page[T any](q *request, items []T) ([]T, *fault) {
	per, e := q.number("per_page", 10)
	if e != nil {
		return nil, e
	}
	if per < 1 || per > 100 {
		return nil, badParam("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)", "rest_out_of_bounds", 0)
	}
	n, e := q.number("page", 1)
	if e != nil {
		return nil, e
	}
	if n < 1 {
		return nil, badParam("page", "page must be greater than or equal to 1", "rest_out_of_bounds", 0)
	}
	pages := (len(items) + per - 1) / per
	isPosts := strings.HasSuffix(q.route, "posts") || strings.HasSuffix(q.route, "pages")
	if isPosts && n > pages && len(items) > 0 {
		return nil, &fault{
			code: "rest_post_invalid_page_number", status: http.StatusBadRequest,
			message: "The page number requested is larger than the number of pages available.",
		}
	}
	q.header.Set("X-WP-Total", strconv.Itoa(len(items)))
	q.header.Set("X-WP-TotalPages", strconv.Itoa(pages))
	return items[min((n-1)*per, len(items)):min(n*per, len(items))], nil
}

// order sorts items by key, and by ID where the keys are the same.
func order[T any](q *request, items []T, byDefault string, key func(T) (string, int)) *fault {
	dir, e := q.choice("order", byDefault, "asc", "desc")
	if e != nil {
		return e
	}
	slices.SortStableFunc(items, func(a, b T) int {
		ka, ia := key(a)
		kb, ib := key(b)
		c := strings.Compare(ka, kb)
		if c == 0 {
			c = ia - ib
		}
		if dir == "desc" {
			return -c
		}
		return c
	})
	return nil
}

// context is the parameter that asks for the form in which things are stored.
func (q *request) context() (string, *fault) {
	return q.choice("context", "view", "view", "embed", "edit")
}

// padded makes numbers sort as texts.
func padded(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 12-len(s))) + s
}

// matches reports whether all words of a search are in one of the texts.
func matches(search string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}
