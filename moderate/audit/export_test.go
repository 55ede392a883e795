package audit

// Statement is the first page's query, to see how a database goes about it.
func (c *Client) Statement(q Query) (string, []any) {
	query, args := c.selection(q, begin(q), 1<<40)
	return query, append(args, page)
}

// Page is how many entries are held at a time.
const Page = page
