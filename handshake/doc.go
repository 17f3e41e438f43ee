// Package handshake is the opening handshake of the WebSocket protocol (RFC
// 6455 §4) as rules on headers, for both sides. It is pure: no sockets, goroutines,
// clock or randomness. Its caller supplies the random bytes of a key.
//
// # What the server checks
//
// [ParseRequest] reads the head of a request without net/http and without
// allocating, as strictly as RFC 9112 lets a server be. With net/http,
// [Request.Collect] takes the same from an http.Header. [Policy.Accept] then judges
// the request:
//
//   - §4.2.1 item 1: GET, and HTTP/1.1 or later of major version 1 (405, 505)
//   - §4.2.1 item 2: Host is there (400)
//   - RFC 9112 §11.2: no body, neither by Content-Length nor Transfer-Encoding (400)
//   - §4.2.1 item 3: Upgrade has the element websocket (426)
//   - §4.2.1 item 4: Connection has the element Upgrade (426)
//   - §4.2.1 item 6, §4.4: Sec-WebSocket-Version is 13, once (426, with the version we speak)
//   - §4.2.1 item 5: Sec-WebSocket-Key is base64 of 16 bytes, once (400)
//   - §4.2.1 item 7, §10.2: Origin, if there is one, is our own or one allowed (403)
//   - §4.2.1 item 8: Sec-WebSocket-Protocol is a list of different tokens (400)
//   - §4.2.1 item 9, §9.1: Sec-WebSocket-Extensions follows its grammar (400)
//   - RFC 9110 §5.6.1.2: either list may be empty, as if it was not there
//
// The version is checked before the key, since older versions had no such key. A
// header that breaks its grammar is answered with 400, as §4.2.1 demands for "any
// violations of the ABNF grammar". [AppendSwitching] and [AppendRefusal] write
// the answer.
//
// # Over HTTP/2 and HTTP/3
//
// A request of HTTP/2 or HTTP/3 is judged as extended CONNECT (RFC 8441, RFC 9220).
// The checks of origin, subprotocols and extensions are the same. Before them:
//
//   - RFC 8441 §4: the method is CONNECT with :protocol (400, 501, 505)
//   - RFC 8441 §5, RFC 9220 §3: :protocol is websocket, once (400, 501)
//   - RFC 8441 §4, RFC 9113 §8.3.1: :scheme is http or https, :path begins with a slash (400)
//   - RFC 3986 §5.2.4: :path has no dot segments, which routers read differently (400)
//   - RFC 9113 §8.3.1: :authority is a host and port, and Host, if it is there, the same (400)
//   - RFC 9113 §8.2.2: no Upgrade, Connection or Transfer-Encoding (400)
//   - RFC 9110 §9.3.6, RFC 8441 §5: no Content-Length, and the stream stays open (400)
//   - RFC 6455 §4.2.1 item 6: Sec-WebSocket-Version is 13, once (400, with the version we speak)
//
// Sec-WebSocket-Key and Sec-WebSocket-Accept have no meaning there (RFC 8441 §5). They are
// ignored, because haproxy sends both. [Acceptance.Fields] are the fields of the answer,
// whose status is 200. [Offer.CheckConnect] judges it: any 2xx opens the connection.
//
// # What the client checks
//
// [Offer.Check] judges the response by the list at the end of §4.1:
//
//   - step 1: the status is 101
//   - step 2: Upgrade is websocket, and nothing besides (but see [Offer.UpgradeList])
//   - step 3: Connection has the element Upgrade
//   - step 4: Sec-WebSocket-Accept answers our key, once
//   - step 5, §9.1: Sec-WebSocket-Extensions has only what we offered, once
//   - step 6: Sec-WebSocket-Protocol, at most once, is one that we offered
//
// # Compression
//
// permessage-deflate (RFC 7692) is the only extension negotiated. A client sets
// [Offer.Deflate] and sends [Offer.ExtensionsValue]; a server sets [Policy.Deflate].
// The terms agreed on are in [Acceptance.Deflate] and [Agreement.Deflate]. These
// sections of RFC 7692 decide them:
//
//   - §5: the server takes the first offer that it can, and answers it
//   - §7: it passes over an offer with a parameter that is unknown, comes twice or
//     has a value that it may not have; a client fails the connection over such an answer
//   - §7.1.1.1, §7.1.2.1: what a client demands of the server is answered, or the
//     client fails the connection; the server may add what was not demanded
//   - §7.1.1.2: the server may forbid the client context takeover, offered or not
//   - §7.1.2.2: it may bound the client's window only when that was offered; when
//     it was not, our server forbids context takeover instead
//   - §7.1.1.2, §7.1.2.2: what a client says of itself binds it in any case
//
// # What goes out
//
// The caller checks what it sends with [CheckSubprotocols], [ValidFieldName],
// [ValidFieldValue] and [Reserved], so that no string of an application can end a
// header line.
package handshake
