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
// [ParseHeader] turns bytes into a [Header] and judges nothing. [Check] holds
// every MUST about one header on its own, and answers with a [Violation] that
// carries the close code to send. [CheckPrefix] judges what the first two
// bytes can tell, before the length and the masking key have arrived.
//
// # Writing
//
// [AppendHeader] writes a header with the minimal length encoding, and
// [AppendClose] the payload of a Close frame.
//
// # Payload data
//
// [Mask] and [MaskCopy] mask and unmask, which is the same operation (§5.3),
// and return the key for the byte that follows, so that a payload may be cut
// anywhere. [Validator] judges text as it arrives and refuses it at the first
// byte that cannot be part of valid UTF-8 (§8.1). [UnmaskValid] does both.
//
// # Kernels
//
// Masking, validation and both together exist in plain Go, which is built
// everywhere, and as vector kernels: AVX-512 (F, DQ, BW and VL) and AVX2 on
// amd64, NEON on arm64. The best that processor and system support is chosen
// for each call by the length of the payload; short payloads stay with words in
// Go. The build tag purego leaves the plain code alone.
//
// The kernels are written by a generator in the folder _asm, a module of its
// own: go generate runs it, and "make kernels" fails if that changes anything.
// The same tests hold every kernel against the plain code and against a slow
// second implementation, up against pages that cannot be touched. With
// HAWSER_KERNELS in the environment, such as "avx512,avx2", they fail if those
// kernels are not the ones of this machine, so that none passes unseen; "make
// emulated" requires those that this machine may not have. Text is validated by
// the lookup method of John Keiser and Daniel Lemire, "Validating UTF-8 In Less
// Than One Instruction Per Byte", Software: Practice and Experience 51 (5), 2021.
//
// Nothing here allocates, except [AppendHeader] and [AppendClose] when dst
// has no room, [TruncateReason] when it has to replace something, and the
// methods that produce text.
package frame
