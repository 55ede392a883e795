// Package fake is a whole social network in memory, for tests and demonstrations. Every
// [Account] on it is a full provider: it has every interface of the three verbs.
//
//	town := fake.New(fake.Options{})
//	acme, ana := town.Join("acme"), town.Join("ana")
//	post, err := publish.To(ctx, acme, publish.Draft{Text: "Good morning"})
//
// The network behaves like a real one. It counts texts, reads uploads to their end,
// holds answers of strangers for approval, keeps banned people from posting, limits the
// rate of calls, honours idempotency keys for an hour, and answers with typed errors
// that carry a code of its own. Nothing in it is random: the same calls give the same
// identifiers, "p1", "p2" and so on.
//
// # Failures
//
// [Network.Inject] scripts a failure for the next call, or for many: see [FaultKind].
//
// # Time
//
// The network asks its clock only when somebody calls: posts go out, time-outs end and
// processing finishes when their time has passed. Streams that follow wait for the
// nearest such time by a timer of their own, and block otherwise without polling, so all
// of it works under [testing/synctest]. With [Options.Now] the clock can be any other.
//
// # Who may do what
//
// Everybody decides on the answers below their own posts: hide, hold, approve, reject,
// mark as spam, remove, and take each back. They also lock and pin their own posts, mute
// and block for themselves, and report. The rest is for a [Member] with Moderator set.
//
// # Connecting
//
// [Network.Flow] and [Network.ConsentPage] are an OAuth 2.0 of its own, so that connecting
// accounts can be tried and tested without a network; [Network.Open] opens what was connected.
//
// The package uses nothing that is internal to this module, and so shows that a provider
// can be written outside it.
package fake
