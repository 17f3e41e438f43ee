package websocket

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Hub is a set of connections to which messages are broadcast. It waits for none of
// them: a connection whose peer does not read has messages waiting for it in a queue,
// and when that is full Slow says what happens, while all others go on.
//
// The zero value is ready. The fields must not be changed once the Hub is in use;
// every method may be called from any goroutine. A connection may be in any number
// of hubs, and everything else may be done with it meanwhile. One that is closing or
// has ended leaves by itself.
//
// A message goes out on the goroutine that broadcasts it wherever the connection
// takes it at once, as sockets of TCP do. There is a goroutine for a connection only
// while messages wait for it; over TLS, or on a net.Conn of another kind, that is so
// for every message. [Timeouts.Write] bounds how long a peer may take for what is
// being written: without it a slow one is limited by its queue only.
type Hub struct {
	// Queue is how many messages may wait for a connection, besides those that are
	// being written. Zero or less: 64.
	Queue int
	// Slow says what happens when a message is broadcast to a connection whose queue
	// is full. Zero: CloseSlow.
	Slow SlowPolicy
	// OnSlow is called each time that happens, with the message that is dropped: the
	// oldest in the queue for DropOldest, otherwise the one being broadcast. The call is
	// on the goroutine of [Hub.Broadcast], after that has dealt with all connections, and
	// may call any method. Nil: nothing is called.
	OnSlow func(c *Conn, m *PreparedMessage)

	dropped atomic.Uint64
	order   sync.Mutex // held by the broadcast under way; before mu

	mu      sync.Mutex
	members map[*Conn]*member
	list    []*member         // the same; nothing in it is moved while a broadcast is under way
	active  bool              // a broadcast is under way
	left    []*member         // to be taken from the list after the broadcast
	leaving map[*Conn]*member // removed, while their last message is still being written
}

// SlowPolicy says what a [Hub] does when a connection does not keep up.
type SlowPolicy uint8

const (
	// CloseSlow closes the connection with [StatusTryAgainLater], within
	// [Timeouts.Close], and drops what waits for it.
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

// defaultQueue is Hub.Queue: some seconds of a lively conversation.
const defaultQueue = 64

// Add takes a connection in, from the next broadcast on; one that is in the hub stays
// as it is, and one that is closing or has ended is not added. If c was removed while a
// message was being written to it and is added again, it gets the rest of that message
// first.
func (h *Hub) Add(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members[c] != nil || !c.state().CanSend() {
		return
	}
	if h.members == nil {
		h.members = make(map[*Conn]*member)
	}
	m := h.leaving[c]
	delete(h.leaving, c)
	if m == nil || !m.comeBack() {
		m = &member{hub: h, conn: c, plain: c.offersPlain()}
	}
	m.stop = c.onEnd(func() { h.remove(m) })
	h.members[c] = m
	if i := slices.Index(h.left, m); i >= 0 {
		h.left = slices.Delete(h.left, i, i+1) // it is still in the list
		return
	}
	m.index = len(h.list)
	h.list = append(h.list, m)
}

// Remove takes a connection out and drops the messages that wait for it, but not what
// is being written. A broadcast under way may still reach it.
func (h *Hub) Remove(c *Conn) {
	h.mu.Lock()
	m := h.members[c]
	h.mu.Unlock()
	if m != nil {
		h.remove(m)
	}
}

// remove takes m out, once, and reports how many messages waited for it.
func (h *Hub) remove(m *member) (waited int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members[m.conn] != m {
		return 0
	}
	delete(h.members, m.conn)
	if h.active {
		h.left = append(h.left, m)
	} else {
		h.unlist(m)
	}
	m.stop()
	waited, writing := m.retire()
	if writing {
		if h.leaving == nil {
			h.leaving = make(map[*Conn]*member)
		}
		h.leaving[m.conn] = m
	}
	return waited
}

// forget is called when a member that has left has written its last message.
func (h *Hub) forget(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leaving[m.conn] == m {
		delete(h.leaving, m.conn)
	}
}

// unlist puts the last of the list into m's place. Under mu.
func (h *Hub) unlist(m *member) {
	last := len(h.list) - 1
	h.list[m.index] = h.list[last]
	h.list[m.index].index = m.index
	h.list[last] = nil
	h.list = h.list[:last]
}

// Len returns how many connections there are.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.members)
}

// All iterates over the connections there are now. Connections may come and go
// meanwhile.
func (h *Hub) All() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		h.mu.Lock()
		conns := slices.Collect(maps.Keys(h.members))
		h.mu.Unlock()
		for _, c := range conns {
			if !yield(c) {
				return
			}
		}
	}
}

// Dropped returns how many messages connections were not sent because they were slow,
// since the Hub was made; a message counts for each of them.
func (h *Hub) Dropped() uint64 { return h.dropped.Load() }

// Broadcast sends a message to every connection in the hub, and waits for none. Calls may
// be concurrent; one waits for the other, so that every connection gets all broadcasts
// in the same order. Messages sent by other methods, or by another hub, may come before,
// between or after them.
//
// A message that is broadcast while a [Conn.Writer] is open waits for it to be closed
// (RFC 6455 §5.4): its connection counts as slow if that takes long.
//
// The error is a [*UsageError] if there is no such type of message, and nil otherwise:
// how connections end is told by their own methods.
func (h *Hub) Broadcast(m *PreparedMessage) error { return h.broadcast("Hub.Broadcast", m, nil) }

// BroadcastExcept is [Hub.Broadcast] to all connections but one, such as that from
// which the message came.
func (h *Hub) BroadcastExcept(except *Conn, m *PreparedMessage) error {
	return h.broadcast("Hub.BroadcastExcept", m, except)
}

func (h *Hub) broadcast(method string, msg *PreparedMessage, except *Conn) error {
	if err := checkType(method, msg.typ); err != nil {
		return err
	}
	for _, s := range h.deliver(msg, except) {
		h.OnSlow(s.conn, s.msg)
	}
	return nil
}

// slowOne is a call of OnSlow that is due.
type slowOne struct {
	conn *Conn
	msg  *PreparedMessage
}

// lookAhead is of how many members together the memory is fetched. For one after
// another the processor would wait each time: a thousand connections do not stay in
// its caches while the kernel sends.
const lookAhead = 16

// deliver hands a message to every member. It returns what OnSlow is to be told.
func (h *Hub) deliver(msg *PreparedMessage, except *Conn) (slow []slowOne) {
	h.order.Lock()
	defer h.order.Unlock()
	list := h.begin()
	for i, m := range list {
		if i%lookAhead == 0 {
			for _, m := range list[i:min(i+lookAhead, len(list))] {
				m.glance()
			}
		}
		if m.conn == except || m.offer(msg) {
			continue
		}
		if lost := h.deliverLater(m, msg); lost != nil && h.OnSlow != nil {
			slow = append(slow, slowOne{m.conn, lost})
		}
	}
	h.end()
	return slow
}

// begin returns the members there are, which stay where they are until end.
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

// deliverLater has a message wait for a member that could not be sent it at once. It
// returns the message that is dropped because of that, if one is.
func (h *Hub) deliverLater(m *member, msg *PreparedMessage) (lost *PreparedMessage) {
	if !m.conn.state().CanSend() {
		h.remove(m)
		return nil
	}
	limit := h.Queue
	if limit <= 0 {
		limit = defaultQueue
	}
	lost = m.push(msg, limit, h.Slow)
	if lost == nil {
		return nil
	}
	h.dropped.Add(1)
	if h.Slow != DropOldest && h.Slow != DropNewest {
		h.dropped.Add(uint64(h.remove(m)))
		// It takes as long as the peer does, up to the timeout of closing.
		go func() { _ = m.conn.Close(StatusTryAgainLater, "too slow") }()
	}
	return lost
}
