package api

import "encoding/json"

// DecodeStatus reads one status. Answers come from strangers: wrong types are passed
// over, and what is not JSON gives an error. The status shares memory with one copy of b,
// and its Raw with b itself.
func DecodeStatus(b []byte) (Status, error) {
	d := newScanner(b)
	var st Status
	d.status(&st)
	return st, d.end()
}

// DecodeStatuses reads a list of statuses, as [DecodeStatus] does.
func DecodeStatuses(b []byte) ([]Status, error) {
	d := newScanner(b)
	sts := d.statuses()
	return sts, d.end()
}

// DecodeNotification reads one notification, as [DecodeStatus] does.
func DecodeNotification(b []byte) (Notification, error) {
	d := newScanner(b)
	var n Notification
	d.notification(&n)
	return n, d.end()
}

// DecodeNotifications reads a list of notifications, as [DecodeStatus] does.
func DecodeNotifications(b []byte) ([]Notification, error) {
	d := newScanner(b)
	var ns []Notification
	d.array(func(d *scanner) {
		ns = append(ns, Notification{})
		d.notification(&ns[len(ns)-1])
	})
	return ns, d.end()
}

// DecodeContext reads a context, as [DecodeStatus] does.
func DecodeContext(b []byte) (Context, error) {
	d := newScanner(b)
	var c Context
	d.object(func(d *scanner, key string) {
		switch key {
		case "ancestors":
			c.Ancestors = d.statuses()
		case "descendants":
			c.Descendants = d.statuses()
		default:
			d.skip()
		}
	})
	return c, d.end()
}

// DecodeFound reads the statuses of a search; see https://docs.joinmastodon.org/entities/Search/.
func DecodeFound(b []byte) ([]Status, error) {
	d := newScanner(b)
	var found []Status
	d.object(func(d *scanner, key string) {
		if key == "statuses" {
			found = d.statuses()
			return
		}
		d.skip()
	})
	return found, d.end()
}

func (d *scanner) statuses() []Status {
	var sts []Status
	d.array(func(d *scanner) {
		sts = append(sts, Status{})
		d.status(&sts[len(sts)-1])
	})
	return sts
}

// status takes a status into st, which must be empty.
func (d *scanner) status(st *Status) {
	d.peek()
	start := d.i
	if d.object(func(d *scanner, key string) { d.statusField(st, key) }) {
		st.Raw = d.b[start:d.i:d.i]
	}
}

func (d *scanner) statusField(st *Status, key string) {
	if p := st.textField(key); p != nil {
		*p = d.text()
		return
	}
	switch key {
	case "account":
		st.Account = Account{}
		d.account(&st.Account)
	case "media_attachments":
		st.Media = d.media()
	case "mentions":
		st.Mentions = d.mentions()
	case "reblog":
		st.Reblog = d.inner()
	case "quote":
		st.Quote = d.quote()
	case "poll":
		st.Poll = rare[Poll](d)
	default:
		d.statusFigure(st, key)
	}
}

// textField returns the field of st that is called key, if it is a text.
func (st *Status) textField(key string) *string {
	switch key {
	case "id":
		return &st.ID
	case "uri":
		return &st.URI
	case "url":
		return &st.URL
	case "created_at":
		return &st.CreatedAt
	case "edited_at":
		return &st.EditedAt
	case "in_reply_to_id":
		return &st.InReplyToID
	case "in_reply_to_account_id":
		return &st.InReplyToAccountID
	case "content":
		return &st.Content
	case "spoiler_text":
		return &st.SpoilerText
	case "visibility":
		return &st.Visibility
	case "language":
		return &st.Language
	}
	return nil
}

func (d *scanner) statusFigure(st *Status, key string) {
	switch key {
	case "replies_count":
		st.RepliesCount = d.integer()
	case "reblogs_count":
		st.ReblogsCount = d.integer()
	case "favourites_count":
		st.FavouritesCount = d.integer()
	case "quotes_count":
		st.QuotesKnown = d.peek() != 'n'
		st.QuotesCount = d.integer()
	case "sensitive":
		st.Sensitive = d.boolean()
	case "favourited":
		st.Favourited = d.boolean()
	case "reblogged":
		st.Reblogged = d.boolean()
	case "bookmarked":
		st.Bookmarked = d.boolean()
	case "muted":
		st.Muted = d.boolean()
	case "pinned":
		st.Pinned = d.boolean()
	default:
		d.skip()
	}
}

// inner takes a status that stands inside another, or nil.
func (d *scanner) inner() *Status {
	if d.peek() != '{' {
		d.skip()
		return nil
	}
	st := new(Status)
	d.status(st)
	return st
}

func (d *scanner) account(a *Account) {
	d.object(func(d *scanner, key string) {
		switch key {
		case "id":
			a.ID = d.text()
		case "username":
			a.Username = d.text()
		case "acct":
			a.Acct = d.text()
		case "display_name":
			a.DisplayName = d.text()
		case "url":
			a.URL = d.text()
		case "avatar":
			a.Avatar = d.text()
		case "created_at":
			a.CreatedAt = d.text()
		case "followers_count":
			a.FollowersCount = d.integer()
		case "bot":
			a.Bot = d.boolean()
		default:
			d.skip()
		}
	})
}

// rare takes a value that few answers have, by way of [encoding/json]. What does not fit
// T is left out of it.
func rare[T any](d *scanner) *T {
	c := d.peek()
	start := d.i
	d.skip()
	if d.err != nil || c != '{' {
		return nil
	}
	v := new(T)
	_ = json.Unmarshal(d.b[start:d.i], v) // it is JSON; fields of other types stay empty
	return v
}
