package hub

import "github.com/hawser-ws/websocket"

// Broadcast sends a message to every connection in the hub without waiting for any of them.
// Concurrent calls wait for each other, so every connection gets all broadcasts in the same
// order. Messages sent by other methods, or by another hub, may come before, between or after
// them.
//
// A message broadcast while a [websocket.Conn.Writer] is open waits until the writer is closed
// (RFC 6455 §5.4). If that takes long, the connection counts as slow.
//
// The error is a [*websocket.UsageError] if the type of the message is invalid, and nil
// otherwise. How a connection ends is reported by its own methods.
func (h *Hub) Broadcast(m *websocket.PreparedMessage) error {
	return h.broadcast("Hub.Broadcast", m, nil)
}

// BroadcastExcept is like [Hub.Broadcast] for all connections but one, such as the one that
// sent the message.
func (h *Hub) BroadcastExcept(except *websocket.Conn, m *websocket.PreparedMessage) error {
	return h.broadcast("Hub.BroadcastExcept", m, except)
}

func (h *Hub) broadcast(method string, msg *websocket.PreparedMessage, except *websocket.Conn) error {
	if typ := msg.Type(); typ != websocket.MessageText && typ != websocket.MessageBinary {
		return &websocket.UsageError{Method: method, Problem: "no such message type: " + typ.String()}
	}
	for _, s := range h.deliver(msg, except) {
		h.OnSlow(s.conn, s.msg)
	}
	return nil
}

// slowOne is a call of OnSlow to be made.
type slowOne struct {
	conn *websocket.Conn
	msg  *websocket.PreparedMessage
}

// delivery is a broadcast in progress.
type delivery struct {
	hub  *Hub
	msg  *websocket.PreparedMessage
	slow []slowOne
}

// together is how many members one call offers a message to.
const together = 16

// deliver hands a message to every member. It returns the calls of OnSlow to be made.
func (h *Hub) deliver(msg *websocket.PreparedMessage, except *websocket.Conn) []slowOne {
	h.order.Lock()
	defer h.order.Unlock()
	d := delivery{hub: h, msg: msg}
	for rest := h.begin(); len(rest) > 0; {
		n := min(together, len(rest))
		d.offer(rest[:n], except)
		rest = rest[n:]
	}
	h.end()
	return d.slow
}

// offer sends the message to the members that take it at once, and queues it for the others.
// Hub.order is held, so the queue of an idle member stays empty until the offer.
func (d *delivery) offer(members []*member, except *websocket.Conn) {
	var idle [together]*member
	var conns [together]*websocket.Conn
	n := 0
	for _, m := range members {
		switch {
		case m.conn == except:
		case m.isIdle():
			idle[n], conns[n] = m, m.conn
			n++
		case canSend(m.conn):
			d.later(m)
		default:
			d.hub.remove(m)
		}
	}
	d.msg.TryWriteEach(conns[:n], func(i int, err error) {
		if err != nil {
			d.hub.remove(idle[i])
			return
		}
		d.later(idle[i])
	})
}

// later queues the message for a member that did not take it at once.
func (d *delivery) later(m *member) {
	h := d.hub
	limit := h.Queue
	if limit <= 0 {
		limit = defaultQueue
	}
	lost := m.push(d.msg, limit, h.Slow)
	if lost == nil {
		return
	}
	h.dropped.Add(1)
	if h.Slow != DropOldest && h.Slow != DropNewest {
		h.dropped.Add(uint64(h.remove(m)))
		// This takes as long as the peer does, up to the close timeout.
		go func() { _ = m.conn.Close(websocket.StatusTryAgainLater, "too slow") }()
	}
	if h.OnSlow != nil {
		d.slow = append(d.slow, slowOne{m.conn, lost})
	}
}

// begin returns the members. Their places in the list do not change until end is called.
func (h *Hub) begin() []*member {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.active = true
	return h.list
}

func (h *Hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.active = false
	for _, m := range h.left {
		h.unlist(m)
	}
	h.left = nil
}
