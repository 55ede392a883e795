// Package bluesky publishes, listens and moderates on the network of the AT Protocol
// (https://atproto.com) that people know as Bluesky, whichever server an account lives on.
//
// # Connecting
//
// [Flow] is the protocol's OAuth, and the way to prefer: the person allows access on a page of
// their own server, and the token is bound to a key. [PasswordFlow] takes an app password. Both find
// the server by the handle, and check that handle, identity and server agree.
//
// What a flow obtained belongs into a store, since both ways punish those who begin anew:
// servers admit 30 logins in five minutes and 300 a day, and a refresh token of OAuth
// serves once, and ends the session if it is used twice. The pool of tokens in package
// providers renews them with one process at a time:
//
//	step, err := flow.Start(ctx, in)          // then flow.Finish, for OAuth
//	choice := step.Grant.Choices[0]
//	account := choice.Account
//	account.Client = "acme"
//	_, err = store.Save(ctx, account, choice.Token)
//	pool := providers.NewTokenPool(store, flow, nil)
//	client, err := bluesky.New(bluesky.Config{Tokens: pool.Tokens(account), Client: "acme", Account: account}, nil)
//
// For programs that run long and start seldom, [PasswordFlow.Source] keeps a session in
// memory, and so does [Opener].
//
// # References
//
// A post is named by its address, at://did/collection/rkey, and a person by the DID, which
// stays when the handle or the server changes. References carry no host: the network is
// one place.
//
// # Errors
//
// The network's own name of an error is in the Vendor of a [parvis.Error], before its
// message: "InvalidSwap: Record was at …". A token that the server no longer takes is
// renewed and the call repeated, a mutation too, since the server has surely not taken it.
// A server that fails in the middle of a mutation leaves [parvis.ErrUnknownOutcome].
package bluesky
