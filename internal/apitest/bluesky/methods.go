package blueskytest

import (
	"maps"
	"slices"
	"strconv"
	"sync"
)

// methods are all that the server has.
var methods = sync.OnceValue(func() []method {
	return slices.Concat(identityMethods(), sessionMethods(), repoMethods(), feedMethods(), searchMethods(), actorMethods(),
		notificationMethods(), graphMethods(), bookmarkMethods(), reportMethods(), videoMethods(), ozoneMethods())
})

// limit is the page size that was asked for.
func (c *call) limit() int {
	n, err := strconv.Atoi(c.q.Get("limit"))
	if err != nil {
		return 50
	}
	return n
}

// pages are the parameters of every list.
func pages(limit int, more params) params {
	out := params{"limit": {min: 1, max: 100, otherwise: limit}, "cursor": {}}
	maps.Copy(out, more)
	return out
}
