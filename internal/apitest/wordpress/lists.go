package wordpress

import "slices"

// wantedStatuses are the statuses of a list. Others than publish are for writers.
func (q *request) wantedStatuses(kind string) ([]string, *fault) {
	all := q.list("status")
	if len(all) == 0 {
		return []string{"publish"}, nil
	}
	for _, st := range all {
		if st == "publish" {
			continue
		}
		if !q.user.can("edit_"+kind+"s") && (st != "private" || !q.user.can("read_private_"+kind+"s")) {
			return nil, badParam("status", "Status is forbidden.", "rest_forbidden_status", q.denied("", "").status)
		}
		if !slices.Contains(append([]string{"trash", "any"}, postStatuses...), st) {
			return nil, badParam("status", "status[0] is not one of publish, future, draft, pending, private, trash, and any.", "rest_not_in_enum", 0)
		}
	}
	if slices.Contains(all, "any") {
		return postStatuses, nil
	}
	return all, nil
}

// bounds are the dates between which a list lies, as texts; empty is none.
type bounds struct{ after, before, modifiedAfter, modifiedBefore string }

func (q *request) bounds() (b bounds, e *fault) {
	for name, to := range map[string]*string{"after": &b.after, "before": &b.before, "modified_after": &b.modifiedAfter, "modified_before": &b.modifiedBefore} {
		if *to, e = q.date(name); e != nil {
			return b, e
		}
	}
	return b, nil
}

func between(at, after, before string) bool {
	return (after == "" || at > after) && (before == "" || at < before)
}

func (q *request) listPosts(kind string) (any, *fault) {
	ctx, e := q.context()
	if e != nil {
		return nil, e
	}
	if ctx == "edit" && !q.user.can("edit_"+kind+"s") {
		return nil, q.denied("rest_forbidden_context", "Sorry, you are not allowed to edit posts in this post type.")
	}
	by, e := q.choice("orderby", "date", "author", "date", "id", "include", "modified", "parent", "relevance", "slug", "include_slugs", "title")
	if e != nil {
		return nil, e
	}
	found, e := q.findPosts(kind)
	if e != nil {
		return nil, e
	}
	e = order(q, found, "desc", func(p *post) (string, int) {
		switch by {
		case "id":
			return "", p.id
		case "modified":
			return q.s.local(p.modified), p.id
		}
		return q.s.local(p.date), p.id
	})
	if e != nil {
		return nil, e
	}
	found, e = page(q, found)
	if e != nil {
		return nil, e
	}
	out := []any{}
	for _, p := range found { // what the user may not see is left out after the page was cut
		if ctx == "edit" && q.user.mayEdit(p) || ctx != "edit" && q.user.mayRead(p) {
			out = append(out, q.showPost(p, ctx == "edit"))
		}
	}
	return out, nil
}

// findPosts returns the posts that a list's parameters pick.
func (q *request) findPosts(kind string) ([]*post, *fault) {
	statuses, e := q.wantedStatuses(kind)
	if e != nil {
		return nil, e
	}
	b, e := q.bounds()
	if e != nil {
		return nil, e
	}
	lists := make(map[string][]int)
	for _, name := range []string{"author", "include", "exclude", "categories", "tags"} {
		if lists[name], e = q.numbers(name); e != nil {
			return nil, e
		}
	}
	var out []*post
	for _, p := range q.s.posts {
		if p.kind == kind && slices.Contains(statuses, p.status) &&
			between(q.s.local(p.date), b.after, b.before) && between(q.s.local(p.modified), b.modifiedAfter, b.modifiedBefore) &&
			(len(lists["author"]) == 0 || slices.Contains(lists["author"], p.author)) &&
			picked(lists["include"], lists["exclude"], p.id) &&
			share(lists["categories"], p.categories) && share(lists["tags"], p.tags) &&
			matches(q.text("search"), p.title, p.content, p.excerpt) {
			out = append(out, p)
		}
	}
	return out, nil
}

// picked reports whether a post is in a list: what is included by name cannot be excluded.
func picked(include, exclude []int, id int) bool {
	if len(include) > 0 {
		return slices.Contains(include, id)
	}
	return !slices.Contains(exclude, id)
}

// share reports whether two lists have something in common; an empty wish is met by all.
func share(wish, have []int) bool {
	return len(wish) == 0 || slices.ContainsFunc(wish, func(n int) bool { return slices.Contains(have, n) })
}
