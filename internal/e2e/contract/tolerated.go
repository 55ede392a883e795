package contract

import (
	"net/http"
	"strings"
)

// Tolerated gives the reason why an answer's status is fine although the operation does
// not list it, and "" if it is not fine.
func (c *Contract) Tolerated(name string, status int) string {
	switch status {
	case http.StatusForbidden:
		return "every operation that needs a scope or a role answers 403 without it, https://docs.joinmastodon.org/api/oauth-scopes/"
	case http.StatusBadRequest:
		return "what cannot be read or lacks a parameter is a 400, https://github.com/mastodon/mastodon/blob/main/app/controllers/concerns/api/error_handling.rb"
	case http.StatusUnauthorized:
		return "every operation that needs a token answers 401 without one, https://docs.joinmastodon.org/api/oauth-tokens/"
	case http.StatusTooManyRequests:
		return "every operation is limited, https://docs.joinmastodon.org/api/rate-limits/"
	case http.StatusSwitchingProtocols:
		if strings.HasPrefix(name, "GET /api/v1/streaming") {
			return "a stream can be a WebSocket, https://docs.joinmastodon.org/methods/streaming/#websocket"
		}
	}
	return ""
}
