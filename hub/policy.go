package hub

// SlowPolicy says what a [Hub] does when a connection does not keep up.
type SlowPolicy uint8

const (
	// CloseSlow closes the connection with [websocket.StatusTryAgainLater], within
	// [websocket.Timeouts.Close], and drops what waits for it.
	CloseSlow SlowPolicy = iota
	// DropOldest drops the message that has waited longest: the peer gets the latest
	// ones. What is half sent is never dropped.
	DropOldest
	// DropNewest drops the message being broadcast: the peer gets what has waited.
	DropNewest
)

// String returns the constant's name.
func (p SlowPolicy) String() string {
	switch p {
	case DropOldest:
		return "DropOldest"
	case DropNewest:
		return "DropNewest"
	}
	return "CloseSlow"
}
