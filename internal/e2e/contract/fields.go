package contract

import (
	"slices"
	"strings"
)

// The fields that the provider reads, by entity. A dot goes into an object, and "?" marks
// one that may be null but must be there.
func statusFields() []string {
	return []string{
		"id", "created_at", "content", "visibility", "account.id", "account.acct", "account.url", "url", "uri", "in_reply_to_id?",
		"in_reply_to_account_id?", "spoiler_text", "sensitive", "language?", "media_attachments", "mentions", "tags", "reblog?", "poll?",
		"replies_count", "reblogs_count", "favourites_count", "edited_at?", "emojis",
	}
}

func accountFields() []string {
	return []string{"id", "username", "acct", "display_name", "url", "avatar", "bot", "followers_count", "created_at", "locked"}
}

func scheduledFields() []string {
	return []string{"id", "scheduled_at", "params.text", "media_attachments"}
}

func mediaFields() []string { return []string{"id", "type", "url?", "preview_url", "description?"} }

func notificationFields() []string {
	return append(accountIn("account"), "id", "type", "created_at")
}

func accountIn(name string) []string {
	var out []string
	for _, f := range accountFields() {
		out = append(out, name+"."+f)
	}
	return out
}

func relationFields() []string {
	return []string{"id", "following", "followed_by", "blocking", "muting", "domain_blocking"}
}

func instanceFields() []string {
	return []string{
		"version", "domain", "configuration.statuses.max_characters", "configuration.statuses.max_media_attachments",
		"configuration.statuses.characters_reserved_per_url", "configuration.media_attachments.supported_mime_types",
		"configuration.media_attachments.image_size_limit", "configuration.media_attachments.video_size_limit",
		"configuration.media_attachments.description_limit", "configuration.polls.max_options", "configuration.polls.max_characters_per_option",
		"configuration.polls.min_expiration", "configuration.polls.max_expiration", "configuration.urls.streaming", "api_versions", "rules",
	}
}

func adminReportFields() []string {
	return []string{
		"id", "action_taken", "category", "comment", "created_at", "updated_at", "account.id", "account.account.acct", "target_account.id",
		"target_account.account.acct", "assigned_account?", "action_taken_by_account?", "statuses", "rules",
	}
}

func adminAccountFields() []string {
	return []string{"id", "username", "domain?", "approved", "disabled", "silenced", "suspended", "sensitized", "account.id", "account.acct"}
}

// relies are the fields that must be in the good answers of an operation.
func relies() map[string][]string {
	out := map[string][]string{
		"GET /api/v1/accounts/verify_credentials": append(accountFields(), "source.privacy"),
		"GET /api/v1/accounts/{id}":               accountFields(), "GET /api/v1/accounts/lookup": accountFields(),
		"GET /api/v1/accounts/{id}/followers": accountFields(), "GET /api/v1/accounts/{id}/following": accountFields(),
		"GET /api/v1/accounts/relationships": relationFields(), "GET /api/v1/notifications": notificationFields(),
		"GET /api/v1/apps/verify_credentials": {"name"}, "GET /api/v2/instance": instanceFields(), "GET /api/v1/instance": {"version", "uri"},
		"POST /api/v2/media": mediaFields(), "GET /api/v1/media/{id}": mediaFields(),
		"GET /api/v1/scheduled_statuses": scheduledFields(), "GET /api/v1/scheduled_statuses/{id}": scheduledFields(),
		"PUT /api/v1/scheduled_statuses/{id}": scheduledFields(), "GET /api/v1/statuses/{id}/context": {"ancestors", "descendants"},
		"GET /api/v1/statuses/{id}/source": {"id", "text", "spoiler_text"}, "GET /api/v2/search": {"accounts", "statuses", "hashtags"},
		"GET /api/v1/conversations": {"id", "unread", "accounts", "last_status?"}, "POST /api/v1/reports": {"id", "action_taken", "category"},
		"GET /api/v1/admin/reports": adminReportFields(), "GET /api/v1/admin/reports/{id}": adminReportFields(),
		"GET /api/v1/admin/accounts": adminAccountFields(), "GET /api/v1/admin/accounts/{id}": adminAccountFields(),
		"GET /nodeinfo/2.0": {"software.name", "software.version"},
	}
	for _, name := range []string{
		"GET /api/v1/statuses/{id}", "PUT /api/v1/statuses/{id}", "GET /api/v1/accounts/{id}/statuses", "GET /api/v1/timelines/home",
		"GET /api/v1/timelines/public", "GET /api/v1/timelines/tag/{hashtag}", "GET /api/v1/timelines/list/{list_id}", "POST /api/v1/statuses/{id}/favourite",
		"POST /api/v1/statuses/{id}/reblog", "POST /api/v1/statuses/{id}/bookmark", "POST /api/v1/statuses/{id}/pin",
	} {
		out[name] = statusFields()
	}
	out["DELETE /api/v1/statuses/{id}"] = append(statusFields(), "text")
	for _, verb := range []string{"block", "unblock", "mute", "unmute", "follow", "unfollow"} {
		out["POST /api/v1/accounts/{id}/"+verb] = relationFields()
	}
	for _, verb := range []string{"resolve", "reopen", "assign_to_self", "unassign"} {
		out["POST /api/v1/admin/reports/{id}/"+verb] = adminReportFields()
	}
	for _, verb := range []string{"approve", "enable", "unsilence", "unsuspend", "unsensitive"} {
		out["POST /api/v1/admin/accounts/{id}/"+verb] = adminAccountFields()
	}
	return out
}

// reliedFields are those of an operation, given the answer: a status that is posted can
// be a scheduled one.
func reliedFields(name string, v any) []string {
	if name != "POST /api/v1/statuses" {
		return relies()[name]
	}
	if o, ok := v.(map[string]any); ok && o["params"] != nil {
		return scheduledFields()
	}
	return statusFields()
}

// relied asserts the fields in an object, or in each of an array.
func (k *check) relied(v any) {
	each := []any{v}
	if many, ok := v.([]any); ok {
		each = many
	}
	for _, e := range each {
		for _, f := range reliedFields(k.o.name(), v) {
			if !hasField(e, f) {
				k.problem("the field %q, which is relied on, is missing", strings.TrimSuffix(f, "?"))
			}
		}
	}
}

// hasField reports whether an object has a field, and a value in it unless the field's
// name ends in "?".
func hasField(v any, field string) bool {
	path, mayBeNull := strings.CutSuffix(field, "?")
	parts := strings.Split(path, ".")
	for i, p := range parts {
		o, ok := v.(map[string]any)
		if !ok {
			return false
		}
		inner, there := o[p]
		if !there || inner == nil && (!mayBeNull || i != len(parts)-1) {
			return false
		}
		v = inner
	}
	return true
}

// fieldsIn are the fields of an operation's list that an answer has.
func fieldsIn(name string, v any) []string {
	sample := v
	if many, ok := v.([]any); ok {
		if len(many) == 0 {
			return nil
		}
		sample = many[0]
	}
	return slices.DeleteFunc(slices.Clone(reliedFields(name, v)), func(f string) bool { return !hasField(sample, f) })
}
