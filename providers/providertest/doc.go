// Package providertest is the conformance suite that every provider passes, inside this
// module and outside. The author of a provider writes a [Harness], which opens an account
// on a network and says what happens there past the provider, and calls [Run]:
//
//	func TestConformance(t *testing.T) { providertest.Run(t, harness{}) }
//
// The suite tries each rule on a [Rig] of its own, with words that are on no network yet,
// so that it can run on real servers too. What a network does not have, and what a rig
// cannot do, keeps cases from applying; Run logs which and why. Run it with -race.
//
// A case that fails prints its rule. Besides its own rule every case finds panics, and
// looks for the account's secrets in every error that it met and in the log. The suite is
// itself tested on broken providers: for each rule there is one that breaks it.
//
// # What a network cannot show
//
// The rig's Break stages failures of the network. With [Redirect] the harness runs the
// other host itself and fails the test if a secret arrives there; the suite sees only
// the provider's side. After [RateLimited] the network keeps refusing, or not: the suite
// takes either.
//
// # The rules
//
// They are listed in the order in which they are tried, by topic.
//
//   - account/complete: Account names network, ID and a handle or name once the network has been used, and then stays the same.
//   - account/early: Account answers before the first call, without calling the network, with the network, client and host that it has later.
//   - support/honest: A provider never says yes, or partly, to a power whose interface it lacks.
//   - support/filled: A power whose interface is there is a yes, or a no or partly with the reason in Why or Scope.
//   - support/sound: Degrees make sense: listened kinds and a way of delivery are named, actions are of the vocabulary and name what they are done to, and only what has an inverse can be undone.
//   - support/remembered: Degrees are asked of the network once and then remembered, so that checking a draft costs no call.
//   - support/no: Every power that Support says no to gives ErrUnsupported, or ErrPermission if a scope is missing, and the network is not called.
//   - support/kinds: A query for a kind of event that the account cannot hear is refused with ErrUnsupported, and the network is not called.
//   - publish/once: A draft that is published is on the network exactly once.
//   - publish/post: A published post comes back whole: a reference with client, network, kind and ID, a valid state, the time of its creation, the text, and the network's answer in Raw.
//   - publish/get: Get gives back what was published, under the same reference, address and time.
//   - publish/author: The author of an account's post, where the network names one, is the account.
//   - publish/reply: A post that answers another names it as what it answers.
//   - publish/reply-to-other: The reference of what somebody else said can be answered.
//   - publish/visibility: A degree of visibility that Support lists is taken, and is the one that the post has.
//   - publish/lang: The language of a draft, where Support takes one, is the one that the post has.
//   - publish/warning: The content warning of a draft, where Support takes one, is the one that the post has.
//   - publish/title: The title of a draft, where Support takes one, is the one that the post has.
//   - publish/key: Where Support.Key says yes, two calls with one key make one post.
//   - publish/keys: Two drafts with two keys are two posts, and each post names its own key or none.
//   - text/sent-plain: Plain letters survive publishing and reading back.
//   - text/heard-plain: Plain letters survive when somebody else writes them.
//   - text/sent-accents: Accented letters, precomposed and combining, survive publishing and reading back.
//   - text/heard-accents: Accented letters, precomposed and combining, survive when somebody else writes them.
//   - text/sent-emoji: Emoji, with joiners, flags and skin tones, survive publishing and reading back.
//   - text/heard-emoji: Emoji, with joiners, flags and skin tones, survive when somebody else writes them.
//   - text/sent-cjk: Chinese, Japanese, Korean and right-to-left letters survive publishing and reading back.
//   - text/heard-cjk: Chinese, Japanese, Korean and right-to-left letters survive when somebody else writes them.
//   - text/sent-html: The characters <, >, & and " survive publishing and reading back.
//   - text/heard-html: The characters <, >, & and " survive when somebody else writes them.
//   - text/sent-lines: Line breaks and paragraphs survive publishing and reading back.
//   - text/heard-lines: Line breaks and paragraphs survive when somebody else writes them.
//   - text/hostile: Hostile markup in what strangers write never reaches Text.Plain as markup: a network that shows letters gives the letters, one that has markup gives the text without it. No entity leads to a javascript: address.
//   - check/text-letters: A text of letters as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-accents: A text of accented letters as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-combining: A text of letters with combining accents as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-cjk: A text of Chinese letters as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-emoji: A text of emoji as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-family: A text of emoji joined of several as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/text-links: A text of links as long as Support allows is taken by Check and by the network, and one unit more is refused with ErrInvalid before the network is called.
//   - check/title: A title as long as Support allows is taken, and one unit more is refused before the network is called.
//   - check/warning: Where Support says that the content warning counts with the text, it does: at the limit both are taken, one more is refused before the network is called.
//   - check/empty: A draft that says nothing is refused with ErrInvalid before the network is called.
//   - check/extras: A field of a draft for which Support says no is refused with ErrUnsupported, or ErrInvalid beside other problems, before the network is called.
//   - check/poll-count: A poll with as many options as Support allows is taken; one more, or a single one, is refused before the network is called.
//   - check/poll-option: Options of a poll as long as Support allows are taken, and one unit more is refused before the network is called.
//   - check/poll-time: A poll that runs as long as Support allows is taken; a longer or a shorter one is refused before the network is called.
//   - check/past: A draft for a time that is past, nearer or farther than Support allows is refused before the network is called.
//   - check/silent: Check sends nothing.
//   - media/attached: A picture that is sent with a post comes back with it, once, with its alternative text if Support takes one.
//   - media/count: As many pictures as Support allows are taken, and one more is refused before the network is called.
//   - media/alt: An alternative text as long as Support allows is taken, and one unit more is refused before the network is called.
//   - media/require-alt: A picture without alternative text is refused before the network is called where the client's policy asks for one, and taken where it does not.
//   - media/type: A file of a type that Support does not list is refused before the network is called.
//   - media/bytes: A picture of as many bytes as Support allows is taken, and one byte more is refused before the network is called.
//   - media/pixels: A picture of as many pixels as Support allows is taken, and one row more is refused before the network is called.
//   - media/closed: Every file that is opened for sending is closed again.
//   - media/unreadable: A file that cannot be opened is refused with ErrInvalid before the network is called.
//   - media/broken-off: A file that breaks off while it is sent makes an error, and no post.
//   - media/progress: The upload of a file reports its progress to the function of publish.WithProgress, up to the last byte.
//   - outcome/rate-limited: A publish that the network refuses for its rate gives ErrRateLimited with RetryAfter, and no post; what is sent after it is refused or posted, never doubled.
//   - outcome/server-error-before: A publish is never blindly repeated: after a server error the outcome is unknown, unless the network surely took nothing.
//   - outcome/server-error-after: A publish is never blindly repeated: after a server error that hid a success the outcome is unknown, or there is one post by a key that the network honours.
//   - outcome/cut-before: A connection that breaks before the request arrives means no post: the error says so, or that the outcome is unknown, or it was sent again and is there once.
//   - outcome/cut-after: A publish is never blindly repeated: a connection that breaks before the answer leaves the outcome unknown, or there is one post by a key that the network honours.
//   - outcome/timeout: A publish is never blindly repeated: an answer that does not come leaves the outcome unknown, or there is one post by a key that the network honours.
//   - outcome/bad-token: A token that the network no longer takes gives ErrAuth, with what to do in Help, and no post.
//   - outcome/forbidden: What the account may not do gives ErrPermission, and no post.
//   - outcome/truncated: An answer that breaks off leaves the outcome of a publish unknown, or there is one post by a key that the network honours.
//   - outcome/too-large: An answer that is too large to read leaves the outcome of a publish unknown, or there is one post by a key that the network honours.
//   - outcome/redirect: A redirect of a publish to another host is not followed, gives a typed error, and carries no secret away.
//   - outcome/version-retired: An API version that the network no longer speaks gives ErrAPIVersionRetired, and no post.
//   - outcome/reconcile: Reconcile tells the truth about an attempt that succeeded and about one that was never made: the post, or ErrNotFound.
//   - outcome/reconcile-neighbours: Reconcile is not misled by posts that look like the attempt: an older one with the same text, or a newer one with another.
//   - outcome/same-key-after: Where keys are honoured, an attempt with an unknown outcome that is sent again with its key makes one post.
//   - thread/chain: The items of a thread are there once each, in order, and each answers the one before it.
//   - thread/resume: A thread that stopped at an item says at which, and goes on from there when it is resumed: no item is missing, none is there twice.
//   - thread/split: A text that Split cuts into a thread fits piece by piece, and is there as a whole.
//   - edit/changes: Edit replaces the text under the same reference, and makes no second post.
//   - edit/limit: An edit that is too long is refused before the network is called, and changes nothing.
//   - delete/gone: A post that is deleted is gone: it is not counted and, where posts can be read back, gives ErrNotFound.
//   - delete/twice: Deleting a post that is gone gives ErrNotFound.
//   - delete/other-doors: Editing, reacting to, measuring or trashing a post that is gone gives ErrNotFound.
//   - trash/restore: A trashed post is not shown as published, and comes back as it was.
//   - react/twice: Reacting, and taking a reaction back, are no errors when done twice.
//   - react/unknown: A reaction that Support does not list is refused with ErrUnsupported before the network is called.
//   - schedule/waits: A draft for a later time is scheduled: its state and time say so, and it is in the list of what waits.
//   - schedule/moves: A scheduled post can be moved to another time, once, and what is past is refused before the network is called.
//   - schedule/cancelled: A scheduled post that is taken back is no longer in the list, nor on the network, and cannot be taken back again.
//   - metrics/named: Every figure about a post has a name that no other has, and the time at which the network was asked; none is negative.
//   - places/listed: Every place that is listed has a complete reference and a name, and is listed once; leaving the list early stops it.
//   - places/round-trip: A place can be made, found in the list, changed under the same reference, and removed.
//   - places/post: A post that is sent to a place is there once.
//   - concurrency/publish: Drafts that are published at the same time are one post each, and each call gets its own post. Run the suite with -race.
//   - concurrency/to-all: ToAll gives one outcome for each target, in their order, and one post each.
//   - concurrency/mixed: Publishing, listening, and asking for the account and its degrees at the same time do not disturb one another. Run the suite with -race.
//   - cancel/publish: A publish whose context has ended before the call fails at once with the context's error, says that nothing was posted, and posts nothing.
//   - cancel/listen: Listening whose context has ended before the call fails at once with the context's error, or ends, and delivers nothing.
//   - cancel/moderate: An action whose context has ended before the call fails at once with the context's error, and does nothing.
//   - cancel/doors: Every other door whose context has ended before the call fails at once with the context's error.
//   - listen/answer: What somebody answers is heard once, whole: kind, account, a complete reference, parent, author, time, text, the raw payload, an ID and a cursor.
//   - listen/mention: A mention is heard once, as a mention.
//   - listen/stable: The same events have the same IDs, references and cursors whenever they are listened to, and no two share one.
//   - listen/order: Events come oldest first.
//   - listen/own: What the account itself says is left out, unless the query asks for it; then it is delivered if the account hears posts at all.
//   - listen/kinds: A query for one kind of event delivers that kind, all of it, and no other.
//   - listen/after: A query for what was said after a time delivers nothing older, and everything newer.
//   - listen/again: A stream can be ranged over again, and gives the same: nothing of the query is used up or changed.
//   - listen/thread: A query for one thread delivers the answers below it, and not those below another.
//   - listen/past: History is newest first, and has what was said.
//   - listen/search: Search finds what somebody said by a word of it, and nothing without that word.
//   - listen/members: Members are persons with complete references, each listed once; leaving the list early stops it.
//   - listen/webhook: A webhook without the right signature is refused, and delivers nothing.
//   - cursor/resume: A stream that is resumed at the cursor of an event delivers what came after it, all of it, and not the event itself.
//   - cursor/end: A stream that is resumed at the last cursor delivers nothing, and then what is said later, once.
//   - cursor/burst: Events at the same moment are not lost, and do not come twice, when the stream is left and resumed after each of them.
//   - cursor/text: A cursor is text that can be stored: letters that can be printed, of a sane length.
//   - stream/follow: A followed stream delivers what was said before, and then what is said later, once each.
//   - stream/cancel: The end of the context ends a followed stream soon, with the context's error or without one, and leaves no goroutine behind.
//   - stream/break: Leaving the loop ends a stream at once, followed or not, and leaves no goroutine behind.
//   - stream/last: An error is the last pair of a stream, and comes with no event.
//   - stream/mends: A followed stream mends a passing failure by itself, and loses nothing by it.
//   - moderate/works: Every action that Support lists works on an answer by somebody else, and says what was done, when, by which account, and what the network answered.
//   - moderate/person: Every action on persons that Support lists works on the author of an answer.
//   - moderate/twice: An action on what is in the wanted state already is no error, and has nothing to take back.
//   - moderate/purge: What is purged is heard no more.
//   - moderate/gone: An action on what is gone gives ErrNotFound.
//   - moderate/unlisted: An action that Support does not list is refused with ErrUnsupported, or ErrPermission if a scope is missing, before the network is called.
//   - moderate/unlisted-raw: The provider itself refuses an action that it does not list, with ErrUnsupported; it never says that it has done what it cannot.
//   - moderate/check: Check does nothing, and calls the network for nothing but the degrees that it remembers.
//   - moderate/incomplete: An action without the label, end or target that it needs is refused with ErrInvalid before the network is called.
//   - moderate/support: An ability that Support calls undoable gives acts with an inverse, and one that it does not gives none.
//   - undo/state: Undo brings the state back that was there before the act: the undoing act ends where the first began, and begins where it ended.
//   - undo/heard: What was acted upon and brought back is heard as before, with the same status.
//   - undo/none: An act without an inverse cannot be undone: ErrUnsupported, and the network is not called.
//   - pending/held: What is held for a decision is listed, once, with what it is about, by whom, and what it says; what has been decided is not.
//   - pending/whole: Every case that waits for a decision says why, and has a complete reference; leaving the list early stops it.
//   - log/acts: The network's moderation log, where the account sees one, has lines with a time and the network's word, newest first, and what was just done is in it.
//   - isolation/client: Every door refuses a reference of another client with ErrForeignClient, and the network is not called.
//   - isolation/network: Every door refuses a reference of another network with ErrInvalid, and the network is not called.
//   - isolation/server: Every door refuses a reference of another server of the network with ErrInvalid, and the network is not called.
//   - isolation/zero: Every door that needs a reference refuses an empty one with ErrInvalid, and the network is not called.
//   - isolation/attempt: Reconcile refuses an attempt that was made for another client with ErrForeignClient, and the network is not called.
//   - isolation/marked: Every reference that the provider hands out carries the account's client and network, and is taken back by the account.
//   - errors/listen-rate-limited: Listening that the network refuses for its rate gives ErrRateLimited with RetryAfter.
//   - errors/listen-server-error-before: A server error while listening gives ErrUnavailable, or is mended by reading again; it never looks like the end of the stream.
//   - errors/listen-cut-before: A connection that breaks while listening gives ErrUnavailable, or is mended by reading again; it never looks like the end of the stream.
//   - errors/listen-timeout: An answer that does not come while listening gives ErrUnavailable, or is mended by reading again; it never looks like the end of the stream.
//   - errors/listen-bad-token: Listening with a token that the network no longer takes gives ErrAuth, with what to do in Help.
//   - errors/listen-forbidden: Listening to what the account may not hear gives ErrPermission.
//   - errors/listen-truncated: An answer that breaks off while listening gives ErrBadAnswer, or is mended by reading again; nothing is lost by it.
//   - errors/listen-too-large: An answer that is too large to read gives ErrBadAnswer while listening.
//   - errors/listen-redirect: A redirect to another host is not followed while listening, gives a typed error, and carries no secret away.
//   - errors/listen-version-retired: An API version that the network no longer speaks gives ErrAPIVersionRetired while listening.
//   - errors/moderate-rate-limited: An action that the network refuses for its rate gives ErrRateLimited with RetryAfter.
//   - errors/moderate-server-error-after: A server error that hid a success leaves the outcome of an action unknown, or the action was done again because that is harmless.
//   - errors/moderate-cut-after: A connection that breaks before the answer leaves the outcome of an action unknown, or the action was done again because that is harmless.
//   - errors/moderate-bad-token: An action with a token that the network no longer takes gives ErrAuth, with what to do in Help.
//   - errors/moderate-forbidden: An action that the account may not do gives ErrPermission.
//   - errors/typed: The provider's own methods, called without their doors, give *parvis.Error with a code.
//   - secrets/errors: No token, password or key appears in an error, however it is printed: not after refusals, failures of the server or of the connection, redirects, or broken answers. Every case looks for them; this one provokes all errors that it can.
//   - secrets/log: No token, password or key appears in the log.
//   - secrets/account: No token, password or key appears in the account, in posts, or in events, however they are printed.
package providertest
