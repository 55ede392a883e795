package bluesky

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// written returns a record as it reads once it is there.
func written(rec api.Post, at api.URI) (api.PostView, error) {
	raw, err := json.Marshal(rec)
	if err != nil {
		return api.PostView{}, &parvis.Error{Code: parvis.ErrInvalid, Message: "the post cannot be encoded", Err: err}
	}
	return api.DecodeRecord(api.Record{Strong: api.Strong{URI: at.String()}, Value: raw})
}

// content is what makes two posts under one key the same: all that somebody means to say.
// The time differs between two attempts, and cards change with their pages.
type content struct {
	text, parent, quote, link string
	files                     []string
}

// contentOf returns that of a post.
func contentOf(v api.PostView) content {
	k := content{text: v.Text.Plain, parent: v.Parent.URI, quote: v.Quote.URI}
	if v.Card != nil {
		k.link = v.Card.URI
	}
	for _, f := range v.Files {
		k.files = append(k.files, f.Blob.Ref.CID+" "+f.Alt)
	}
	return k
}

func (k content) is(o content) bool {
	return k.text == o.text && k.parent == o.parent && k.quote == o.quote && k.link == o.link && slices.Equal(k.files, o.files)
}

// meant reports whether v is what the draft d became, as far as d tells: its files are not
// read again.
func meant(v api.PostView, d publish.Draft) bool {
	s, _, err := body(d)
	if err != nil {
		return false
	}
	k := contentOf(v)
	k.files = nil
	for _, f := range v.Files {
		k.files = append(k.files, f.Alt)
	}
	want := content{text: s, parent: d.ReplyTo.ID, quote: d.Quote.ID}
	if u := webAddress(d.Link); u != nil {
		want.link = u.String()
	}
	for _, m := range d.Media {
		want.files = append(want.files, m.Alt)
	}
	return k.is(want)
}

// taken is the error of a key under which there is another post.
func taken() error {
	return &parvis.Error{
		Code: parvis.ErrConflict, Message: "another post is there under this key",
		Help: "use a Draft.Key that stands for this post alone",
	}
}

// postAt returns the address of the post that ref names.
func postAt(ref parvis.Ref) (api.URI, error) {
	at, err := recordOf(ref)
	if err == nil && at.Collection != api.Posts {
		err = &parvis.Error{
			Code: parvis.ErrInvalid, Message: "the reference is not to a post",
			Help: "pass a reference that this account gave out; it looks like at://did/" + api.Posts + "/rkey",
		}
	}
	return at, err
}

// own reports whether the record is in the account's own repository.
func (c *Client) own(at api.URI) bool {
	a := c.Account()
	return a.ID != "" && at.Authority == a.ID || a.Handle != "" && strings.EqualFold(at.Authority, a.Handle)
}
