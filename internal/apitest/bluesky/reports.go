package blueskytest

func reportMethods() []method {
	return []method{{nsid: "com.atproto.moderation.createReport", needs: session, do: createReport, input: object{
		[]string{"reasonType", "subject"},
		map[string]node{"reasonType": str{}, "reason": str{max: 20000, graphemes: 2000}, "subject": anything{}, "modTool": anything{}},
	}}}
}

// createReport takes reports of accounts and records.
func createReport(c *call) (any, error) {
	subject := sub(c.in, "subject")
	switch kindOf(subject) {
	case "com.atproto.admin.defs#repoRef":
		if !isDID.ok(text(subject, "did")) {
			return nil, invalid("Invalid subject")
		}
	case "com.atproto.repo.strongRef":
		if !isATURI.ok(text(subject, "uri")) || !isCID.ok(text(subject, "cid")) {
			return nil, invalid("Invalid subject")
		}
	default:
		return nil, invalid("Invalid subject")
	}
	r := obj{
		"id": len(c.s.db.reports) + 1, "createdAt": c.s.now().Format(timeForm), "reasonType": c.str("reasonType"),
		"reportedBy": c.me.did, "subject": subject,
	}
	copyFields(r, c.in, "reason")
	c.s.db.reports = append(c.s.db.reports, r)
	what := obj{"$type": moderation + "modEventReport", "reportType": c.str("reasonType")}
	if why := c.str("reason"); why != "" {
		what["comment"] = why
	}
	c.s.happen(&event{what: what, subject: subject, by: c.me.did})
	return r, nil
}

func bookmarkMethods() []method {
	return []method{
		{nsid: "app.bsky.bookmark.createBookmark", needs: session, do: createBookmark, input: object{
			[]string{"uri", "cid"}, map[string]node{"uri": str{format: isATURI}, "cid": str{format: isCID}},
		}},
		{nsid: "app.bsky.bookmark.deleteBookmark", needs: session, do: deleteBookmark, input: object{
			[]string{"uri"}, map[string]node{"uri": str{format: isATURI}},
		}},
	}
}

func createBookmark(c *call) (any, error) {
	c.s.db.marks[[2]string{c.me.did, c.str("uri")}] = c.s.now().Format(timeForm)
	return nothing{}, nil
}

func deleteBookmark(c *call) (any, error) {
	delete(c.s.db.marks, [2]string{c.me.did, c.str("uri")})
	return nothing{}, nil
}
