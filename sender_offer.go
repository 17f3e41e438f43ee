package websocket

import (
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// tryEnterIdle enters the gate if nobody is inside, and a message would go past nobody:
// neither what is held or half on the wire, nor who waits, nor fragments.
func (s *sender) tryEnterIdle() bool {
	if !s.gate.TryLock() {
		return false
	}
	if s.loan != nil || s.due.Load() > 0 || s.pongsDue.Load() > 0 || s.message.Load() != 0 || !s.canSend() {
		s.leave()
		return false
	}
	return true
}

// leaveOffered leaves the gate, to a goroutine that sends the rest if there is one.
func (s *sender) leaveOffered(sent, whole bool) bool {
	if sent && !whole {
		s.handOver()
	} else {
		s.leave()
	}
	return sent
}

// offerFramed offers a frame from where it is. Of one that was taken in part the Outbox
// keeps the rest.
func (s *sender) offerFramed(p []byte) (sent, whole bool) {
	n := (*s.stream).TryWrite(p)
	if n == len(p) || n == 0 {
		return n > 0, n > 0
	}
	s.borrow()
	s.box.AppendRest(p[n:])
	return true, false
}

// offerMasked masks a payload, a part at a time, and offers it behind its header.
func (s *sender) offerMasked(h frame.Header, payload []byte) (sent, whole bool) {
	s.borrow()
	s.inline.OutFrame = conn.OutFrame{Header: h, Payload: payload}
	s.box.Append(&s.inline.OutFrame, newMaskKey())
	s.box.Commit() // nobody waits for it
	s.inline.OutFrame = conn.OutFrame{Owner: &s.inline}
	for s.box.Unsent() {
		head, _ := s.box.Pending()
		n := (*s.stream).TryWrite(head)
		if s.advance(n); n < len(head) {
			break
		}
	}
	on, _ := s.box.Offsets()
	whole = !s.box.Unsent()
	if on == 0 { // as if it had never been here
		s.box.Clear()
	}
	return on > 0, whole
}
