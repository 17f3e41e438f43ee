// Package conn is the protocol of one WebSocket connection: which state it is in, what
// the bytes that arrive mean, whether a frame may come now, and how the connection ended.
//
// It is pure: no sockets, goroutines, clock or randomness. Time is an argument.
// Received payload is never copied here: a shell, which does the I/O, puts it straight
// where it belongs. Outgoing payload is copied into the buffer of an [Outbox] if it is
// small or has to be masked.
//
// # Layers
//
//	frame     bytes of one frame           "this header is well formed"
//	conn      frames in their order        "this frame may come now"      <- here
//	          messages and their windows   "this is its content"
//	root      sockets, goroutines, time    reads, writes, waits
//
// # Receiving
//
// [Decoder] drives: a shell shows it the bytes that have come and is told what they are
// or that more are needed.
//
//	         Next        Open, Inflate, Skip        EndFrame, EndInflated
//	bytes ────────▶ frame ────────▶ payload ────────▶ message
//	         Single: a whole message at once
//
// The blocking shell, in the root, waits for the network where more is needed. The
// packet decoder, in cmd/ws/trace, waits for the next packet, and calls Observe where
// the other calls Next, since it goes on past what is wrong. A third shell, package
// gorilla, leaves the judgement of text to its users: see AcceptAnyText.
//
// # Compression
//
// Of permessage-deflate (RFC 7692) this package has what lies between messages and
// DEFLATE (RFC 1951), which is in internal/deflate and internal/inflate: the window
// that context takeover keeps, the trailer that is left out, and what is wrong with a
// message that does not inflate.
//
//	            lent for one message     kept by a connection
//	sending     DeflateEngine            Deflater: window, which messages are in it
//	receiving   InflateEngine            Inflater: window
//
// A message that is compressed is not yet a message that was sent. Deflater is told
// what became of it, so that its window is what the peer's is:
//
//	         Message, or Begin and Part            Sent, SentParts: into the window
//	between ────────────────────────▶ compressed ─┤
//	   ▲                                          └ Unsent: forgotten
//	   └────────────────────────────────────────────────┘
//
// # A frame on its way out
//
// An [Outbox] holds what is encoded: a buffer, behind it the rest of the last payload,
// and each [OutFrame] in the order of the stream. A frame knows where it begins and ends,
// and the offsets of the Outbox say where it stands:
//
//	frames   │ done │ half on the wire │ committed │ may be taken back │
//	pending                  ··· head ························· tail ·····
//	offsets                  ▲ sent                ▲ committed         ▲ encoded
//
// A shell keeps the frames that wait, and asks Admits which of them may go next.
//
//	           Append                 Advance: all of it
//	waiting ────────────▶ encoded ───────────────────────▶ done
//	   ▲                     │ └─ Hold, Commit ──────────▶ done, for its caller
//	   └──── again ──────────┤
//	            Retract,     └─ dropped: its caller gave up
//	    after an interruption   lost: so it did, and half of the frame is on the wire
//
// A Close frame is committed when it is encoded, and with it what stands
// before it: the state of the connection does not go back. So are pongs, whose payloads
// nobody keeps. [PongQueue] has those that wait.
//
// # The states of a connection
//
// RFC 6455 §7 gives one way to end well: a Close frame each way, then the server
// closes TCP. Everything else is a way of getting there late, or not at all.
//
//	                         Open
//	     ┌──────────────┬─────┴──────┬───────────────┐
//	 SendClose     ReceiveClose   Violate,       BreakWrite,
//	     │              │          Fail          CutWrite
//	     ▼              ▼            ▼               ▼
//	ClosedByUs    ClosedByPeer     Failed           Cut
//	     │              │         (our Close     (nothing can be sent;
//	ReceiveClose    SendClose      goes out,      the peer's last words
//	     │              │          the rest       are still read)
//	     └──────┬───────┘          is discarded)     │
//	            ▼                    │               │
//	      Acknowledged               │               │
//	            │                    │               │
//	       EndOfStream          EndOfStream     ReceiveClose
//	            └────────────┬───────┴───────────────┘
//	                         ▼
//	                    Terminated
//
// From every state, Break (the transport failed), Expire (a deadline passed) and GiveUp
// (a call ended where the connection cannot go on) lead to Terminated, and so does
// Abandon (the application gave up) unless all that is left is to end the transport. The
// tables are transitions and closeFrames.
//
// Three events happen in pairs, which lead to the same state: who is to blame differs, and
// [Ending].Began says it. Violate, BreakWrite and Expire are the peer's doing, Fail,
// CutWrite and GiveUp are our own.
//
// A Close frame from us may also be followed by Failed or Cut, and a stream that
// ends while Open leads straight to Terminated; the drawing leaves these out.
//
// The table does not know the role. Who closes TCP first is asked once, at the
// edge, of [Role.ClosesFirst].
//
// # Our Close frame
//
// There is one (RFC 6455 §5.5.1). It takes its place in the outgoing stream before it is
// written, and between the two a peer that does not read can hold it up. So each cell of
// the table also says what the event means for it:
//
//	        SendClose,             FlushClose
//	        AnswerViolation
//	unsent ────────────────▶ placed ──────────▶ flushed
//	                           │
//	                           └──────────────▶ lost
//	                            BreakWrite, CutWrite; Expire, GiveUp or Abandon, if they
//	                            end the connection
//
// One that is lost is not in the record: [Ending].Sent is empty, and the ending is not
// clean. The end of the stream and a reset do not lose it, because they may well be the
// peer's answer to it.
package conn
