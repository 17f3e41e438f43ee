// Package frame is the base framing of the WebSocket Protocol as bytes
// (RFC 6455 §5): headers, control payloads, masking and UTF-8.
//
// It is pure: no sockets, goroutines, clock or randomness, and it never
// learns what a connection is. What a frame means at this point of a
// conversation, such as a continuation with nothing to continue, is for
// package conn to say.
//
// # Reading
//
// [ParseHeader] turns octets into a [Header] and judges nothing. [Check] holds
// every MUST about one header on its own, and answers with a [Violation] that
// carries the close code to send. [CheckPrefix] judges what the first two
// octets can tell, before the length and the masking key have arrived.
//
// # Writing
//
// [AppendHeader] writes a header with the minimal length encoding, and
// [AppendClose] the payload of a Close frame.
//
// # Payload data
//
// [Mask] and [MaskCopy] mask and unmask, which is the same operation (§5.3),
// and return the key for the octet that follows, so that a payload may be cut
// anywhere. [Validator] judges text as it arrives and refuses it at the first
// octet that cannot be part of valid UTF-8 (§8.1). [UnmaskValid] does both.
//
// Nothing here allocates, except [AppendHeader] and [AppendClose] when dst
// has no room, [TruncateReason] when it has to replace something, and the
// methods that produce text.
package frame
