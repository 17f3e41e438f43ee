// Package soak runs a thousand connections of the engine on a network that fails them, and
// counts. It has only tests, for Linux. go test runs them for half a minute, make soak for ten
// minutes.
//
//	              one process
//	┌────────────────────────────────────────────┐
//	│ client ends ⇄ proxy ⇄ server ends          │   TestFaults
//	│      │          │          │               │
//	│      └──── streams: what was sent, ────────│
//	│            what came, what was acknowledged│
//	└────────────────────────────────────────────┘
//	  client ends ⇄ tun ⇄ wire ⇄ tun ⇄ server ends     TestFaultsNamespace
//	  (namespace)     loses, repeats, delays    (another namespace)
//	  client ends ⇄ haproxy ⇄ server ends              TestHAProxy
//
// A slot runs one connection after the other. Each is a link with a plan drawn from the seed:
// how the server accepts it (Accept, Upgrade, Handler, a Loop, ServeHTTP2Requests, a Hub), what is
// compressed, how many goroutines write and how, which fault strikes after which byte, and how
// the link is to end.
// The proxy cuts the stream into other pieces, joins, delays and stalls. On some links it
// truncates, resets, half-closes or abandons the stream. Reordering and loss mean nothing above
// TCP. They are tested on the wire, which carries IP packets of at most 1500 bytes between two
// network namespaces.
//
// Some links are streams of HTTP/2, on ServeHTTP2Requests or on net/http. A carrier is the
// connection of some of them, and has the fault: it strikes all that are aboard. Behind haproxy,
// which fails nobody, the clients speak HTTP/1.1 and HTTP/2, and it speaks HTTP/2 with the server.
//
// The following is checked for every link:
//
//   - A received message was sent, is whole, and arrived once, in the order of its writer. The same holds
//     for acknowledged messages.
//   - A write that returned an error because its context ended sent nothing, unless the connection was
//     lost because of it.
//   - If nothing struck and the ending was orderly, everything sent has arrived, Close returned nil, and
//     the other end got the code and the reason.
//   - If one end closes amid traffic, everything it had sent has arrived.
//   - The error of an end is a ClosedError that says what happened. It contains a Close frame only if the
//     other end sent one, and a cause if there was none. The cause fits the fault, and is never a protocol
//     violation by the peer.
//
// When the last link has left a carrier that nothing has struck, no stream is in use, and what
// one session may send is what the other takes (with the tag poolcheck).
//
// After the last link, the whole is checked: no goroutine is left, no descriptor, and nothing
// lent by the engine's pools (with the tag poolcheck); memory is back where it was. During the
// run, memory, goroutines and descriptors stay level.
//
// A fault excuses that the stream ends early. So the messages behind it and the closing
// handshake may be missing, and an end may learn of it in different ways. A fault never excuses
// a gap, a repetition or a change.
package soak
