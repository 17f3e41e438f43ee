package play

import "context"

// An Opener does the opening handshake of a connection. It is all that a session knows of how
// the connection came about.
type Opener interface {
	// Gives returns what the connection has besides a stream.
	Gives() Need
	// Open asks the peer, or answers it. It sets the parts of the result that are about the
	// handshake, and agrees to the terms of permessage-deflate.
	Open(ctx context.Context, s *Session) (Opened, error)
}

// Opened is what came in an opening handshake.
type Opened struct {
	Head  *Head  // of the peer's request or response; nil if none came, or none that can be read
	Glued []byte // frames that came with it
}
