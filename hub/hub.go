package hub

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/websocket"
)

// Hub broadcasts messages to a set of connections without waiting for any of them. Messages for
// a peer that does not read wait in a queue. When the queue is full, Slow says what happens.
// Other connections are not affected.
//
// The zero value is ready to use. The fields must not be changed once the Hub is in use. Every
// method may be called from any goroutine. A connection may be in any number of hubs, and all
// its methods may be used meanwhile. It leaves the hub by itself when it is closing or has
// ended.
//
// A message is written on the goroutine that broadcasts it if the connection takes it at once,
// as TCP sockets do. A connection has a goroutine only while messages wait for it, and on a
// [websocket.Loop] not even then. Over TLS that is not on a Loop, and on other kinds of net.Conn,
// every message goes through that goroutine.
// [websocket.Timeouts.Write] bounds how long a peer may take for the message being written.
// Without it, only the queue limits a slow peer.
type Hub struct {
	// Queue is how many messages may wait for a connection, not counting those being written.
	// Zero or less means 64.
	Queue int
	// Slow says what happens when a message is broadcast to a connection whose queue is full.
	// Zero means CloseSlow.
	Slow SlowPolicy
	// OnSlow is called each time that happens, with the message that is dropped: for DropOldest
	// the oldest in the queue, otherwise the one being broadcast. The call is made on the
	// goroutine of [Hub.Broadcast], after all connections were served, and may call any method.
	// Nil means no call.
	OnSlow func(c *websocket.Conn, m *websocket.PreparedMessage)

	dropped atomic.Uint64
	order   sync.Mutex // held during a broadcast; before mu

	mu      sync.Mutex
	members map[*websocket.Conn]*member
	list    []*member                   // the same; nothing in it moves during a broadcast
	active  bool                        // a broadcast is in progress
	left    []*member                   // to be taken off the list after the broadcast
	leaving map[*websocket.Conn]*member // removed, while their last message is being written
}

// defaultQueue is the default of Hub.Queue: some seconds of a lively conversation.
const defaultQueue = 64

// Add adds a connection, from the next broadcast on. It does nothing if c is already in the
// hub, is closing or has ended. If c was removed while a message was being written to it, it
// gets the rest of that message first.
func (h *Hub) Add(c *websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members[c] != nil || !canSend(c) {
		return
	}
	if h.members == nil {
		h.members = make(map[*websocket.Conn]*member)
	}
	m := h.leaving[c]
	delete(h.leaving, c)
	if m == nil || !m.comeBack() {
		m = &member{hub: h, conn: c}
	}
	m.stop = c.Context().(afterFuncer).AfterFunc(func() { h.remove(m) })
	h.members[c] = m
	if i := slices.Index(h.left, m); i >= 0 {
		h.left = slices.Delete(h.left, i, i+1) // it is still on the list
		return
	}
	m.index = len(h.list)
	h.list = append(h.list, m)
}

// afterFuncer is implemented by the context of a connection. [context.AfterFunc] would work
// too, but use 300 bytes more for each member.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

// canSend reports whether messages can still be sent on c.
func canSend(c *websocket.Conn) bool {
	_, err := c.TryWritePrepared(nil)
	return err == nil
}

// Remove removes a connection. It drops the messages that wait for it, but not the one being
// written. A broadcast in progress may still reach it.
func (h *Hub) Remove(c *websocket.Conn) {
	h.mu.Lock()
	m := h.members[c]
	h.mu.Unlock()
	if m != nil {
		h.remove(m)
	}
}

// remove removes m, once, and returns how many messages waited for it.
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
	waited, writing := m.leave()
	if writing {
		if h.leaving == nil {
			h.leaving = make(map[*websocket.Conn]*member)
		}
		h.leaving[m.conn] = m
	}
	return waited
}

// forget is called when a removed member has written its last message.
func (h *Hub) forget(m *member) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leaving[m.conn] == m {
		delete(h.leaving, m.conn)
	}
}

// unlist moves the last member of the list into m's place. The caller holds mu.
func (h *Hub) unlist(m *member) {
	last := len(h.list) - 1
	h.list[m.index] = h.list[last]
	h.list[m.index].index = m.index
	h.list[last] = nil
	h.list = h.list[:last]
}

// Len returns the number of connections.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.members)
}

// All iterates over the present connections. Connections may come and go meanwhile.
func (h *Hub) All() iter.Seq[*websocket.Conn] {
	return func(yield func(*websocket.Conn) bool) {
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

// Dropped returns how many messages were not sent to slow connections since the Hub was made. A
// message counts once for each connection.
func (h *Hub) Dropped() uint64 { return h.dropped.Load() }
