// Package front is a small SIP registrar and proxy behind a WebSocket, for clients
// such as JsSIP in a browser.
//
// What it does:
//
//   - Registrar (RFC 3261 §10.3): digest authentication with MD5 and SHA-256 (RFC
//     8760), nonces that expire and are good for each nonce count once; bindings that
//     expire, and end with the connection over which they were made. A connection may
//     hold several, and an address of record may have several. RFC 5626: a client
//     that has reconnected takes the place of itself.
//   - Proxy (RFC 3261 §16.11, stateless): MESSAGE, OPTIONS, INVITE, ACK, BYE, CANCEL
//     and any other method go from one registered client to another. Record-Route
//     keeps a call's later requests on this way. Senders have to be who their From
//     says: the connection has to have registered as him, or 407 asks it. Max-Forwards
//     is counted, and a request that comes back is refused with 482.
//
// A stateless proxy is enough because every hop is reliable: nobody sends anything
// again, so there is nothing to absorb. The way back for a response is in the branch
// of our own Via, signed, so that clients can make no use of it.
//
// What it does not do:
//
//   - Fork: a request goes to the binding that was made last, and CANCEL to where the
//     INVITE would go now.
//   - Time out, or answer 100 Trying: the client's own timers do. When a callee's
//     connection is lost while it rings, the caller goes on hearing that until one of
//     them gives up.
//   - Leave: there is no other transport, no other domain, no outbound proxy. GRUU is
//     not given out.
//   - Remember: bindings are in memory.
package front
