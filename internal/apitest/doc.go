// Package apitest holds what the test servers of the networks share: [Faults], which
// stages failures in front of a server, and [Recorder], which keeps what was said.
//
// Each network's own server is a package below this one. It enforces the network's
// published rules, and is written from the network's documentation, not from the provider.
package apitest
