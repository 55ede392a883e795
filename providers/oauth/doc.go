// Package oauth holds the ways in which networks let an application act for somebody, as
// [providers.Flow] values that are made of data:
//
//   - [Code]: the authorization code of OAuth 2 (RFC 6749), with PKCE (RFC 7636), refresh
//     and revocation (RFC 7009), and Meta's long-lived tokens for Threads and Instagram;
//   - [Meta]: Facebook Login, from the short token of a person to the tokens of pages;
//   - [One]: OAuth 1.0a (RFC 5849) with HMAC-SHA1;
//   - [Secret]: app passwords, bot tokens and API keys;
//   - [JWT]: keys that sign a short-lived token for every while (RFC 7515), and
//     [Assertion], which exchanges such tokens for access tokens (RFC 7523).
//
// [X], [LinkedIn], [Google], [Facebook], [Threads] and [Instagram] fill in what these
// networks document. A network of one's own needs a [Server], which is data, and a
// function that lists the accounts of a token.
//
// Authorization addresses and PKCE are those of golang.org/x/oauth2. The token endpoint is
// called by this package: whoever keeps single-use refresh tokens must know whether a
// request that failed may have been taken, and that package cannot tell.
//
// Flows log through the Logger of their [providers.Options]. No token, secret, code or
// verifier is in what they log or return as an error.
package oauth
