package contract

// The description of the Mastodon API is generated from the official documentation, and
// has gaps. What is added and changed here is read off the same documentation.

type object = map[string]any

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func text() object    { return object{"type": "string"} }
func truth() object   { return object{"type": "boolean"} }
func integer() object { return object{"type": "integer"} }
func list(of object) object {
	return object{"type": "array", "items": of}
}

// mend corrects what the description says otherwise than the documentation.
func mend(doc object) {
	at := func(path ...string) object {
		v := any(doc)
		for _, p := range path {
			v = v.(object)[p]
		}
		return v.(object)
	}
	// An array of objects, https://docs.joinmastodon.org/methods/statuses/#edit.
	edit := at("paths", "/api/v1/statuses/{id}", "put", "requestBody", "content", "application/json", "schema", "properties")
	delete(edit, "media_attributes[]")
	edit["media_attributes"] = list(object{"type": "object", "properties": object{
		"id": text(), "description": text(), "focus": text(), "thumbnail": text(),
	}})
	// A body comes with 206 too, https://docs.joinmastodon.org/methods/media/#get.
	at("paths", "/api/v1/media/{id}", "get", "responses", "206")["content"] = jsonOf(ref("MediaAttachment"))
	// Client credentials come without a code, https://docs.joinmastodon.org/methods/oauth/#token.
	at("paths", "/oauth/token", "post", "requestBody", "content", "application/json", "schema")["required"] = []any{"client_id", "client_secret", "grant_type"}
	// A text since 4.0, an object in the examples of https://docs.joinmastodon.org/methods/admin/accounts/.
	at("components", "schemas", "AdminAccount", "properties")["ip"] = object{}
}

func jsonOf(schema object) object { return object{"application/json": object{"schema": schema}} }

// supplement adds the operations that the description leaves out: those for staff, the
// WebSocket, and nodeinfo.
func supplement(doc object) {
	paths := doc["paths"].(object)
	add := func(method, path string, answer object, params object) {
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[method] = operationOf(method, answer, params)
	}
	accounts, reports := "/api/v1/admin/accounts", "/api/v1/admin/reports"
	// https://docs.joinmastodon.org/methods/admin/accounts/
	add("get", accounts, list(ref("AdminAccount")), pages(object{
		"local": truth(), "remote": truth(), "active": truth(), "pending": truth(),
		"disabled": truth(), "silenced": truth(), "suspended": truth(), "sensitized": truth(), "username": text(), "display_name": text(),
		"by_domain": text(), "email": text(), "ip": text(), "staff": truth(),
	}))
	add("get", "/api/v2/admin/accounts", list(ref("AdminAccount")), pages(object{
		"origin": text(), "status": text(), "permissions": text(),
		"role_ids": list(text()), "invited_by": text(), "username": text(), "display_name": text(), "by_domain": text(), "email": text(), "ip": text(),
	}))
	add("get", accounts+"/{id}", ref("AdminAccount"), nil)
	add("delete", accounts+"/{id}", ref("AdminAccount"), nil)
	add("post", accounts+"/{id}/action", object{"type": "object"}, object{
		"type": object{
			"type": "string",
			"enum": []any{"none", "sensitive", "disable", "silence", "suspend"},
		}, "report_id": text(), "warning_preset_id": text(), "text": text(),
		"send_email_notification": truth(),
	})
	for _, verb := range []string{"approve", "reject", "enable", "unsilence", "unsuspend", "unsensitive"} {
		add("post", accounts+"/{id}/"+verb, ref("AdminAccount"), nil)
	}
	// https://docs.joinmastodon.org/methods/admin/reports/
	add("get", reports, list(ref("AdminReport")), pages(object{"resolved": truth(), "account_id": text(), "target_account_id": text()}))
	add("get", reports+"/{id}", ref("AdminReport"), nil)
	add("put", reports+"/{id}", ref("AdminReport"), object{"category": ref("ReportCategoryEnum"), "rule_ids": list(object{})})
	for _, verb := range []string{"assign_to_self", "unassign", "resolve", "reopen"} {
		add("post", reports+"/{id}/"+verb, ref("AdminReport"), nil)
	}
	// https://docs.joinmastodon.org/methods/streaming/#websocket
	add("get", "/api/v1/streaming", nil, object{"stream": text(), "tag": text(), "list": text()})
	// https://nodeinfo.diaspora.software/protocol.html
	add("get", "/.well-known/nodeinfo", required(object{"links": list(required(object{"rel": text(), "href": text()}))}), nil)
	add("get", "/nodeinfo/2.0", required(object{"version": text(), "software": required(object{"name": text(), "version": text()})}), nil)
}

func required(properties object) object {
	names := []any{}
	for name := range properties {
		names = append(names, name)
	}
	return object{"type": "object", "properties": properties, "required": names}
}

func pages(more object) object {
	for _, name := range []string{"max_id", "since_id", "min_id"} {
		more[name] = text()
	}
	more["limit"] = integer()
	return more
}

// operationOf is an operation with the documented refusals.
func operationOf(method string, answer, params object) object {
	good := object{"description": "OK"}
	status := "200"
	if answer == nil {
		status = "101"
	} else {
		good["content"] = jsonOf(answer)
	}
	op := object{"responses": object{status: good}}
	for _, bad := range []string{"401", "403", "404", "422", "429"} {
		op["responses"].(object)[bad] = object{"description": "refused", "content": jsonOf(ref("Error"))}
	}
	if method == "get" {
		query := []any{}
		for name, schema := range params {
			query = append(query, object{"name": name, "in": "query", "schema": schema})
		}
		op["parameters"] = query
		return op
	}
	if params != nil {
		op["requestBody"] = object{"content": jsonOf(object{"type": "object", "properties": params})}
	}
	return op
}
