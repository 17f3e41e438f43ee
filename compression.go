package websocket

// CompressionMode says whether and how permessage-deflate (RFC 7692) is offered
// and accepted. This version negotiates it off, whatever the mode.
type CompressionMode int

const (
	// CompressionDisabled does not negotiate compression.
	CompressionDisabled CompressionMode = iota

	// CompressionContextTakeover keeps the sliding window from one message to the
	// next. It compresses better and costs memory for as long as the connection
	// lives.
	CompressionContextTakeover

	// CompressionNoContextTakeover compresses each message on its own.
	CompressionNoContextTakeover
)
