// Package bench measures Parvis beside named peers, in one run, so that the ratio can be
// trusted where the absolute figure depends on the machine:
//
//	go test -bench . -count 10 | tee new.txt && benchstat new.txt
//
// The benchmarks of the outbox and its calendar run once, however many iterations are
// asked for, with few posts, which says that they work. What the figures are is measured
// on a machine with nothing else to do:
//
//	go test -bench 'Outbox|Calendar' -benchtime 1x -count 5 -timeout 2h -outbox.posts 100000
//
// Their databases are in TMPDIR. PostgreSQL is started there, with fsync on, unless
// -postgres names one.
//
// It is a module of its own, so that no user of Parvis downloads the peers.
package bench
