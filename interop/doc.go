// Package interop proves, with its tests alone, that Hawser talks to programs
// nobody here wrote: a browser, clients and servers in other languages, reverse
// proxies, the other Go libraries, and peers that end a connection badly.
//
// README.md says what to install and how to run it.
package interop
