// Package desk drives the web desk of examples/desk with a real browser: the program is
// built and started on a free port, and a headless Chromium clicks through it.
//
// It needs Chromium, which is installed with apt-get when it is missing and the tests
// run as root. With the flag -shots, pictures of every page are left in that folder:
//
//	go test ./desk -args -shots pictures
package desk
