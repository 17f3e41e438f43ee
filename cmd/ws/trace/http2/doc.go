// Package http2 follows one direction of an HTTP/2 connection (RFC 9113), as a capture shows
// it. The rules of frames and heads are those of internal/h2, whose endpoints it does not need:
// an endpoint fails a connection at the first fault, cannot pass a hole, and has windows.
//
//	Reader   bytes and holes   frames; DATA in pieces
//	Fields   field blocks      field lists (HPACK, RFC 7541)
//	Find     bytes             where a frame begins, if that is not known
//
// # Without the beginning
//
// Where a capture begins in the middle of a connection, or has a hole, two things are lost: the
// place where the next frame begins, and a part of HPACK's table.
//
// Find searches for the place: from the start of a segment on, all must be frames. Each adds as
// many bits of evidence as it is improbable that other bytes look like it: 40 for a type with a
// fixed length, 24 for SETTINGS, 16 for the others, 6 if it ends where a segment ends. Equal
// headers count once.
//
// HPACK counts entries of the table from the newest one. So what is added after the gap is found
// by its number, and only a reference to an older entry leads nowhere. Fields shows such names
// and values as [Unknown]. For the numbers to be right, the table must be as full as the sender's
// can be; [Fields.Lose] fills it with entries that stand for the unknown ones.
package http2
