// Package authserver is a family of authorization servers, for tests. Each enforces what
// its network documents: redirect addresses that match exactly, PKCE, codes that serve
// once and for a short while, refresh tokens that rotate, ways of showing who the client
// is, Meta's exchanges and appsecret_proof, versions of an API that end, signatures of
// OAuth 1.0a with nonces and timestamps.
//
// It is written from RFC 6749, 7636, 7009, 7523, 9207 and 5849 and the networks' pages, not
// from any client. Nothing listens on a socket: [Server.Client] answers in the process, so
// that a test can have its own time. [Server.Visit] is the person in front of the browser.
//
// Every secret that it makes contains the text parvis-secret-.
package authserver
