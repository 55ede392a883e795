// Package bench measures Parvis beside named peers, in one run, so that the ratio can be
// trusted where the absolute figure depends on the machine:
//
//	go test -bench . -count 10 | tee new.txt && benchstat new.txt
//
// It is a module of its own, so that no user of Parvis downloads the peers.
package bench
