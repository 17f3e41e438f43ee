// Package frame is the base framing of the WebSocket Protocol as bytes
// (RFC 6455 §5): headers, control payloads, masking and UTF-8.
//
// It is pure: no sockets, goroutines, clock or randomness. It knows single frames
// only. Package conn judges what a frame means at its place in a conversation, such
// as a continuation with nothing to continue.
//
// # Reading
//
// [ParseHeader] turns bytes into a [Header] and judges nothing. [Check] applies
// every MUST that concerns one header alone. It returns a [Violation] that carries
// the close code to send. [CheckPrefix] judges the first two bytes, before the
// length and the masking key have arrived.
//
// # Writing
//
// [AppendHeader] writes a header with the minimal length encoding, and
// [AppendClose] the payload of a Close frame.
//
// # Payload data
//
// [Mask] and [MaskCopy] mask and unmask: it is the same operation (§5.3). They
// return the key for the next byte, so a payload may be cut anywhere. [Validator]
// checks text as it arrives and refuses it at the first byte that cannot be part of
// valid UTF-8 (§8.1). [UnmaskValid] does both.
//
// # Kernels
//
// Masking, validation and the two combined exist in plain Go, built everywhere,
// and as vector kernels: AVX-512 (F, DQ, BW and VL) and AVX2 on amd64, NEON on
// arm64. Each call picks the best kernel that the machine supports for the length
// of the payload; short payloads use plain Go. With the build tag purego there is
// plain Go only.
//
// A generator writes the kernels. It is in the folder _asm, a module of its own;
// go generate runs it, and "make kernels" fails if its output differs from what is
// committed. The same tests compare every kernel with the plain code and with a
// slow second implementation, next to unreadable pages. If HAWSER_KERNELS is set,
// such as to "avx512,avx2", they fail unless exactly those kernels run on this
// machine; "make emulated" tests the ones that it may lack. Text is validated by
// the lookup method of John Keiser and Daniel Lemire, "Validating UTF-8 In Less
// Than One Instruction Per Byte", Software: Practice and Experience 51 (5), 2021.
//
// Nothing here allocates, with three exceptions: the Append functions when dst has
// no room, [TruncateReason] when it replaces something, and the methods that
// return text.
package frame
