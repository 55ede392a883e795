package mastodontest

import "strings"

func instanceRoutes() []route {
	return []route{
		{at: "GET /api/v1/instance", app: true, do: instanceV1},
		{at: "GET /api/v2/instance", app: true, do: instanceV2},
		{at: "GET /api/v1/instance/rules", app: true, do: func(c *call) (any, error) { return c.s.rules(), nil }},
		{at: "GET /api/v1/custom_emojis", app: true, do: func(*call) (any, error) { return []any{}, nil }},
		{at: "GET /.well-known/nodeinfo", app: true, do: nodeinfoLinks},
		{at: "GET /nodeinfo/2.0", app: true, do: nodeinfo},
		{at: "GET /health", app: true, do: func(*call) (any, error) { return obj{"status": "OK"}, nil }},
		{at: "GET /api/v1/streaming/health", app: true, do: func(*call) (any, error) { return plainAnswer("OK"), nil }},
	}
}

// rules are the server's rules of conduct, which reports name.
func (s *Server) rules() []any {
	return []any{
		obj{"id": "1", "text": "Be kind", "hint": "", "translations": obj{}},
		obj{"id": "2", "text": "No advertising", "hint": "Nor spam of other kinds.", "translations": obj{}},
	}
}

// configuration is what both versions of the instance share.
// See https://docs.joinmastodon.org/entities/Instance/#configuration.
func (s *Server) configuration() obj {
	l := s.t.limits
	statuses := obj{"max_characters": l.Characters, "max_media_attachments": l.Media, "characters_reserved_per_url": s.t.url}
	if s.t.url == 0 {
		statuses["characters_reserved_per_url"] = 25
	}
	if s.o.Flavour == GoToSocial {
		statuses["supported_mime_types"] = []any{"text/plain", "text/markdown"}
	}
	return obj{
		"accounts": obj{
			"max_featured_tags": 10, "max_pinned_statuses": l.Pins, "max_display_name_length": 30, "max_note_length": 500,
			"max_profile_fields": 4, "profile_field_name_limit": 255, "profile_field_value_limit": 255,
		},
		"statuses": statuses,
		"media_attachments": obj{
			"supported_mime_types": s.mimeTypes(), "description_limit": l.Description, "image_size_limit": l.ImageBytes,
			"image_matrix_limit": 33177600, "video_size_limit": l.VideoBytes, "video_frame_rate_limit": 120, "video_matrix_limit": 8294400,
		},
		"polls": obj{
			"max_options": l.PollOptions, "max_characters_per_option": l.PollCharacters,
			"min_expiration": int(l.PollMin.Seconds()), "max_expiration": int(l.PollMax.Seconds()),
		},
	}
}

func (s *Server) streaming() string { return "ws" + strings.TrimPrefix(s.URL, "http") }

// instanceV1 is https://docs.joinmastodon.org/entities/V1_Instance/.
func instanceV1(c *call) (any, error) {
	s := c.s
	return obj{
		"uri": s.Host(), "title": "Test server", "short_description": "A server for tests", "description": "A server for tests",
		"email": "staff@mail.example", "version": s.t.version, "urls": obj{"streaming_api": s.streaming()},
		"stats":     obj{"user_count": len(s.db.accounts), "status_count": len(s.db.statuses), "domain_count": 1},
		"thumbnail": s.URL + "/packs/media/images/preview.png", "languages": []any{"en"}, "registrations": true, "approval_required": false,
		"invites_enabled": false, "configuration": s.configuration(), "contact_account": s.contact(), "rules": s.rules(),
		"max_toot_chars": s.t.limits.Characters,
	}, nil
}

// instanceV2 is https://docs.joinmastodon.org/entities/Instance/.
func instanceV2(c *call) (any, error) {
	s := c.s
	conf := s.configuration()
	conf["urls"] = obj{"streaming": s.streaming(), "status": nil, "about": s.URL + "/about", "privacy_policy": s.URL + "/privacy-policy", "terms_of_service": nil}
	conf["vapid"] = obj{"public_key": "BCk-QqERU0q-CfYZjcuB6lnyyOYfJ2AifKqfeGIm7Z-HiTU5T9eTG5GxVA0_OH5mMlI4UkkDTpaZwozy0TzdZ2M="}
	conf["translation"] = obj{"enabled": false}
	conf["limited_federation"] = s.o.Private
	versions := obj{}
	if s.t.api > 0 {
		versions["mastodon"] = s.t.api
	}
	return obj{
		"domain": s.Host(), "title": "Test server", "version": s.t.version, "source_url": "https://source.example/" + s.t.software,
		"description": "A server for tests", "usage": obj{"users": obj{"active_month": len(s.db.accounts)}},
		"thumbnail": obj{"url": s.URL + "/packs/media/images/preview.png", "description": "", "blurhash": nil}, "icon": []any{},
		"languages": []any{"en"}, "configuration": conf, "api_versions": versions, "rules": s.rules(),
		"registrations": obj{"enabled": true, "approval_required": false, "reason_required": false, "message": nil, "min_age": nil, "url": nil},
		"contact":       obj{"email": "staff@mail.example", "account": s.contact()},
	}, nil
}

// contact is the first of the staff; nil if there is none.
func (s *Server) contact() any {
	for _, a := range s.db.accounts {
		if a.role != RoleUser {
			return s.accountJSON(a)
		}
	}
	return nil
}

// nodeinfoLinks is https://nodeinfo.diaspora.software/protocol.html.
func nodeinfoLinks(c *call) (any, error) {
	return obj{"links": []any{obj{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": c.s.URL + "/nodeinfo/2.0"}}}, nil
}

func nodeinfo(c *call) (any, error) {
	version, _, _ := strings.Cut(c.s.t.version, " ")
	if _, rest, found := strings.Cut(c.s.t.version, "(compatible; "); found {
		_, version, _ = strings.Cut(strings.TrimSuffix(rest, ")"), " ")
	}
	return obj{
		"version": "2.0", "software": obj{"name": c.s.t.software, "version": version}, "protocols": []any{"activitypub"},
		"services":          obj{"outbound": []any{}, "inbound": []any{}},
		"usage":             obj{"users": obj{"total": len(c.s.db.accounts), "activeMonth": len(c.s.db.accounts), "activeHalfyear": len(c.s.db.accounts)}, "localPosts": len(c.s.db.statuses)},
		"openRegistrations": true, "metadata": obj{"nodeName": "Test server", "nodeDescription": "A server for tests"},
	}, nil
}
