// Package soak puts a thousand connections of the engine on a network that fails
// them, and counts. It is tests only, for Linux; go test runs them for half a minute,
// make soak for ten.
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
//
// A slot holds one connection after another, each a link with a plan that is drawn
// from the seed: how the server takes it (Accept, Upgrade, Handler, a Hub), what is
// compressed, how many write and how, which fault strikes after which byte, how it is
// to end. The proxy cuts the stream into other pieces, joins, delays and stalls on the
// way, and of some links it truncates, resets, half-closes or abandons the stream.
// Reordering and loss mean nothing above TCP: for these there is the wire, which
// carries IP packets of at most 1500 bytes between two network namespaces.
//
// What is promised, and checked of every link:
//
//   - A message that came was sent, is whole, and came once and in the order in which
//     its writer sent it. So does a message that was acknowledged.
//   - A write that returned an error because its context ended sent nothing, unless the
//     connection was lost for it.
//   - Where nothing struck and the ending was orderly, everything sent has come, Close
//     has returned nil, and the other end has met the code and the reason.
//   - Where one end closes amid traffic, all that it had sent has come.
//   - The error of an end is a ClosedError that tells what happened: a Close frame only
//     if the other end sent one, a cause where there was none, and of a kind that the
//     fault explains; never that the peer broke the protocol.
//
// And of all of them together, when the last is gone: no goroutine is left, no
// descriptor, nothing lent by the engine's pools (with the tag poolcheck), and the memory
// is back where it was. While they run, memory, goroutines and descriptors stay level.
//
// What a fault excuses is that the stream ends early: the messages behind it, the
// closing handshake, and how one end learns of it. Never a gap, a repetition or a
// change.
package soak
