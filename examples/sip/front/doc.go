// Package front is a small SIP registrar and proxy behind a WebSocket, for clients such as
// JsSIP in a browser.
//
// What it does:
//
//   - Registrar (RFC 3261 §10.3): digest authentication with MD5 and SHA-256 (RFC 8760). Nonces expire,
//     and each nonce count is accepted once. Bindings expire, and end with the connection that made them.
//     A connection may hold several, and an address of record may have several. RFC 5626: a client that
//     has reconnected replaces its former binding.
//   - Proxy (RFC 3261 §16.11, stateless): MESSAGE, OPTIONS, INVITE, ACK, BYE, CANCEL and any other method
//     go from one registered client to another. Record-Route keeps the later requests of a call on this
//     path. The connection of a sender must have registered as the user in its From, or 407 demands it.
//     Max-Forwards is counted, and a request that comes back is refused with 482.
//
// A stateless proxy is enough because every hop is reliable: there are no retransmissions to
// absorb. The return path of a response is in the branch of our own Via. It is signed, so that
// clients cannot misuse it.
//
// What it does not do:
//
//   - Fork: a request goes to the most recent binding, and CANCEL to where the INVITE would go now.
//   - Time out, or answer 100 Trying: the client's own timers do. If a callee's connection is lost while
//     it rings, the caller keeps hearing the ringing until one of them gives up.
//   - Reach other systems: there is no other transport, no other domain, no outbound proxy. It issues no
//     GRUU.
//   - Persist: bindings are in memory only.
package front
