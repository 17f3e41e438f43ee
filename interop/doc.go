// Package interop contains only tests. They prove that Hawser works with programs written by
// others: a browser, clients and servers in other languages, reverse proxies, the other Go
// libraries, and peers that end a connection badly.
//
// README.md says what to install and how to run the tests.
package interop
