// Package bluesky starts a real Bluesky network on this machine's loopback, for tests: the
// directory of identities (PLC), a PDS, and on request the app view and Ozone, all as
// Bluesky publishes them for development, with their own Node.
//
// What is missing is installed below the checkout's .cache, and PostgreSQL and npm with
// apt-get, as root. Nothing runs longer than the process that started it.
package bluesky
