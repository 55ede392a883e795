// Package fakenet serves a town of providers/fake over HTTP, so that processes which are
// killed can post to a network that lives on, keeps what it took, and counts.
//
// [Start] runs the network in the process of the test, on a loopback address. The processes
// under test call [Open] with that address, and get a provider on the same HTTP client that
// the providers of real networks use, so that a lost answer is judged by the same code.
//
//	net := fakenet.Start(t, fake.New(fake.Options{}), &fakenet.Options{Faults: fakenet.Faults{Lose: 0.05, Slow: 0.05}})
//	acme := net.Join(fake.Member{Handle: "acme", Client: "acme"}, fakenet.Keyed)
//	…hand net.URL and acme to a process, which calls fakenet.Open, and kill it…
//	err := net.Drain(ctx)
//	assert.Len(t, net.Delivered()["key-1"], 1)
//
// # Classes
//
// What a network offers against posting twice is its [Class], given when an account joins:
//
//   - [Keyed]: a second post with the same idempotency key is answered with the first.
//   - [ClientID]: the client chooses the ID; an ID that is taken is a conflict.
//   - [Lookup]: nothing keeps a post from being made twice, but a post can be found by the mark in it.
//   - [Blind]: nothing at all; what became of an unclear attempt nobody can tell.
//
// # What is counted
//
// Every post that was ever made is a [Delivery], deleted ones too: see [Server.Delivered],
// [Server.Marked], [Server.Doubles] and [Server.Order]. The network never drops a second
// copy for Lookup and Blind, so that each copy is seen.
//
// # What goes wrong
//
// [Faults] are drawn from a seeded source; [Server.Inject] chooses them one by one, and
// [Options.At] stops the network at a [Point] of a call, for example to kill whoever called.
// What a network takes it carries out, also if its client has gone meanwhile: until the
// network has settled (see [Options.Settle]), a post that is not there may still come.
package fakenet
