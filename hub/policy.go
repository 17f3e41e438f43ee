package hub

// SlowPolicy says what a [Hub] does when a connection does not keep up.
type SlowPolicy uint8

const (
	// CloseSlow drops the messages that wait for the connection and closes it with
	// [websocket.StatusTryAgainLater], within [websocket.Timeouts.Close].
	CloseSlow SlowPolicy = iota
	// DropOldest drops the message that has waited longest, so the peer gets the latest ones. A
	// partly sent message is never dropped.
	DropOldest
	// DropNewest drops the message being broadcast, so the peer gets those that wait.
	DropNewest
)

// String returns the name of the constant.
func (p SlowPolicy) String() string {
	switch p {
	case DropOldest:
		return "DropOldest"
	case DropNewest:
		return "DropNewest"
	}
	return "CloseSlow"
}
