package api

import "encoding/json"

// A Status is a post, with the fields that are needed here; see
// https://docs.joinmastodon.org/entities/Status/. Times stay as the server wrote them.
type Status struct {
	ID                 string  `json:"id"`
	URI                string  `json:"uri"`
	URL                string  `json:"url"`
	CreatedAt          string  `json:"created_at"`
	EditedAt           string  `json:"edited_at"`
	InReplyToID        string  `json:"in_reply_to_id"`
	InReplyToAccountID string  `json:"in_reply_to_account_id"`
	Content            string  `json:"content"`
	SpoilerText        string  `json:"spoiler_text"`
	Visibility         string  `json:"visibility"`
	Language           string  `json:"language"`
	Account            Account `json:"account"`
	// Media, Mentions, Reblog, Quote and Poll are empty where the status has none.
	Media    []Media   `json:"media_attachments"`
	Mentions []Mention `json:"mentions"`
	Reblog   *Status   `json:"reblog"`
	Quote    *Quote    `json:"quote"`
	Poll     *Poll     `json:"poll"`
	// The counts are 0 where the server does not give them; QuotesKnown tells of the one
	// that old servers leave out.
	RepliesCount    int  `json:"replies_count"`
	ReblogsCount    int  `json:"reblogs_count"`
	FavouritesCount int  `json:"favourites_count"`
	QuotesCount     int  `json:"quotes_count"`
	QuotesKnown     bool `json:"-"`
	Sensitive       bool `json:"sensitive"`
	// What the account that asks has done to it.
	Favourited bool `json:"favourited"`
	Reblogged  bool `json:"reblogged"`
	Bookmarked bool `json:"bookmarked"`
	Muted      bool `json:"muted"`
	Pinned     bool `json:"pinned"`
	// Raw is the status as it came, a part of the answer's body.
	Raw json.RawMessage `json:"-"`
}

// An Account is a person; see https://docs.joinmastodon.org/entities/Account/.
type Account struct {
	ID             string `json:"id"`
	Username       string `json:"username"`
	Acct           string `json:"acct"`
	DisplayName    string `json:"display_name"`
	URL            string `json:"url"`
	Avatar         string `json:"avatar"`
	CreatedAt      string `json:"created_at"`
	FollowersCount int    `json:"followers_count"`
	Bot            bool   `json:"bot"`
}

// Media is an attached file; see https://docs.joinmastodon.org/entities/MediaAttachment/.
type Media struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	URL         string `json:"url"`
	PreviewURL  string `json:"preview_url"`
	RemoteURL   string `json:"remote_url"`
	Description string `json:"description"`
	Meta        Meta   `json:"meta"`
}

// Meta is what the server knows of a file's content.
type Meta struct {
	// Focus is the point that stays visible, if one is set.
	Focus *Focus `json:"focus"`
}

// Focus is a point from -1 to 1 on both axes; see
// https://docs.joinmastodon.org/api/guidelines/#focal-points.
type Focus struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// A Mention is somebody whom a status names.
type Mention struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Acct     string `json:"acct"`
	URL      string `json:"url"`
}

// A Quote is what a status quotes; see https://docs.joinmastodon.org/entities/Quote/ and
// https://docs.joinmastodon.org/entities/ShallowQuote/.
type Quote struct {
	State          string  `json:"state"`
	QuotedStatusID string  `json:"quoted_status_id"`
	QuotedStatus   *Status `json:"quoted_status"`
}

// A Poll is the poll of a status; see https://docs.joinmastodon.org/entities/Poll/.
type Poll struct {
	ID       string       `json:"id"`
	Multiple bool         `json:"multiple"`
	Options  []PollOption `json:"options"`
}

// A PollOption is one choice.
type PollOption struct {
	Title string `json:"title"`
}

// A Notification is something that concerns the account; see
// https://docs.joinmastodon.org/entities/Notification/.
type Notification struct {
	ID        string  `json:"id"`
	Type      string  `json:"type"`
	CreatedAt string  `json:"created_at"`
	Account   Account `json:"account"`
	Status    *Status `json:"status"`
	// Emoji is the reaction of Pleroma's type pleroma:emoji_reaction.
	Emoji string `json:"emoji"`
	// Report and Warning are set on admin.report and moderation_warning.
	Report  *Report  `json:"report"`
	Warning *Warning `json:"moderation_warning"`
	// Raw is the notification as it came, a part of the answer's body.
	Raw json.RawMessage `json:"-"`
}

// A Report is a report that somebody filed; see https://docs.joinmastodon.org/entities/Report/.
type Report struct {
	ID          string   `json:"id"`
	ActionTaken bool     `json:"action_taken"`
	Category    string   `json:"category"`
	Comment     string   `json:"comment"`
	CreatedAt   string   `json:"created_at"`
	StatusIDs   []string `json:"status_ids"`
	Target      Account  `json:"target_account"`
}

// A Warning is what the server's moderators told or did to the account; see
// https://docs.joinmastodon.org/entities/AccountWarning/.
type Warning struct {
	ID     string `json:"id"`
	Action string `json:"action"`
	Text   string `json:"text"`
}

// A Context is what stands above and below a status; see
// https://docs.joinmastodon.org/entities/Context/.
type Context struct {
	Ancestors   []Status `json:"ancestors"`
	Descendants []Status `json:"descendants"`
}
