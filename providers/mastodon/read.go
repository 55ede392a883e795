package mastodon

import (
	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/mastodon/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// Read normalises a status as the API delivers it, for payloads that were stored or that
// came another way than through this client. The result keeps raw as its Raw; raw must
// not be changed afterwards. What is not a status gives [parvis.ErrBadAnswer].
//
// The entity is that of https://docs.joinmastodon.org/entities/Status/.
func (c *Client) Read(raw []byte) (publish.Post, error) {
	st, err := api.DecodeStatus(raw)
	if err != nil {
		return publish.Post{}, parvis.In(err, c.Account(), "read status", parvis.ErrBadAnswer)
	}
	if st.ID == "" {
		return publish.Post{}, &parvis.Error{
			Op: "read status", Network: Network, Account: c.Account().String(), Code: parvis.ErrBadAnswer,
			Message: "it is not a status: it has no id", Help: "pass the JSON of one status",
		}
	}
	return c.post(&st), nil
}
