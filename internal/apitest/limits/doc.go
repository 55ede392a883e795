// Package limits is a server that keeps limits of every kind, by its own clock, and that
// tells of them or not. It measures how much of its allowance was used and how often it
// had to refuse. [Wire] calls it without a network, with delays, so that hours pass in a
// moment under testing/synctest.
package limits
