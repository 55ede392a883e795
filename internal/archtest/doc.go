// Package archtest keeps the rules of the house as ordinary tests: which package may
// import which, that everything exported is documented, how large files and functions
// may grow, and what must not appear in the tree.
package archtest
