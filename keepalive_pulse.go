package websocket

// pulse judges whether the peer is alive. It has no clock and no connection: keepAlive tells
// it what happens, and does what it says.
//
// The peer is judged in two steps. While the ping waits behind other frames, the peer is
// alive if it takes any of them: that limits how long the ping waits. Once the ping is on
// the wire, the peer has Timeout to answer.
//
//	          Interval               pulseSent
//	resting ──────────▶ queued ────────────────────▶ sent ──▶ lost
//	   ▲                  │ pulsePosted   pulseRoom   ▲ │
//	   │                  └────────────▶ posted ──────┘ │
//	   │                                                │
//	   └── a pong, from any of them; other signs of ────┘
//	       life, or data that the application leaves
//
// A ping is posted if its bytes wait for room in a full socket, and the event loop sends
// them. In queued and posted, a Timeout without a sign leads to lost as well; with one,
// the pulse stays and there is another Timeout.
type pulse struct {
	phase pulsePhase
	seen  signs // the counts when the phase began, or was last judged
}

// signs counts signs of life of the peer. Only their differences count.
type signs struct {
	heard   uint32 // arrivals
	written uint32 // writes to the network
	waited  uint32 // those of them that had to wait for the peer
}

type pulsePhase uint8

const (
	pulseResting pulsePhase = iota // no ping is under way
	pulseQueued                    // a goroutine sends a ping
	pulsePosted                    // the event loop sends it, when the socket has room
	pulseWaiting                   // it is on the wire
	pulseOver                      // lost, or ended
)

// pulseEvent is something that happens to a keepalive.
type pulseEvent uint8

const (
	onTime     pulseEvent = iota // the time that was set has passed
	onSent                       // the ping is on the wire
	onPosted                     // the ping waits for room in the socket
	onRoom                       // what was posted is on the wire
	onPong                       // the ping is answered
	onHidden                     // what the peer sends cannot be seen, because the application does not read
	onNoExcuse                   // it would be seen: the answer to a verdict of doubt
	onEnd                        // the connection has ended, or is about to
)

// verdict is what is to be done after an event.
type verdict uint8

const (
	verdictNone  verdict = iota
	verdictRest          // the next event is onTime, after Interval
	verdictPing          // send a ping; onTime comes after Timeout, if nothing else does
	verdictWait          // onTime comes after Timeout, if nothing else does
	verdictDoubt         // look whether the application is in the way: onHidden or onNoExcuse
	verdictLost          // end the connection
)

// on handles an event. now are the counts at this time.
func (p *pulse) on(e pulseEvent, now signs) verdict {
	switch {
	case p.phase == pulseOver:
		return verdictNone
	case e == onEnd:
		p.phase = pulseOver
		return verdictNone
	case p.phase == pulseResting:
		if e != onTime {
			return verdictNone // too late to matter
		}
		return p.enter(pulseQueued, now)
	}
	switch e {
	case onTime, onNoExcuse:
		switch {
		case p.isAlive(now):
			return p.goOn(now)
		case e == onTime:
			return verdictDoubt
		}
		p.phase = pulseOver
		return verdictLost
	case onHidden:
		return p.goOn(now)
	case onPong:
		return p.enter(pulseResting, now)
	case onPosted:
		if p.phase == pulseQueued {
			return p.enter(pulsePosted, now)
		}
	case onSent:
		if p.phase == pulseQueued {
			return p.enter(pulseWaiting, now)
		}
	case onRoom:
		if p.phase == pulsePosted {
			return p.enter(pulseWaiting, now)
		}
	}
	return verdictNone
}

// isAlive reports whether the peer has given a sign of life since the counts were looked at.
// A write that the system took at once is none when the ping is on the wire: the system
// buffers megabytes for a peer that is long gone.
func (p *pulse) isAlive(now signs) bool {
	if p.phase == pulseWaiting {
		return now.heard != p.seen.heard || now.waited != p.seen.waited
	}
	return now.heard != p.seen.heard || now.written != p.seen.written
}

// goOn is for a peer that is alive, or may be.
func (p *pulse) goOn(now signs) verdict {
	if p.phase == pulseWaiting {
		return p.enter(pulseResting, now)
	}
	return p.enter(p.phase, now)
}

// enter begins a phase.
func (p *pulse) enter(to pulsePhase, now signs) verdict {
	from := p.phase
	p.phase, p.seen = to, now
	switch {
	case to == pulseResting:
		return verdictRest
	case from == pulseResting:
		return verdictPing
	}
	return verdictWait
}
