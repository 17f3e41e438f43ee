package hub

import (
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/websocket"
)

// Hub broadcasts messages to a set of connections, and waits for none of them. Messages
// for a peer that does not read wait in a queue. When the queue is full, Slow says what
// happens. The other connections are not affected.
//
// The zero value is ready. The fields must not be changed once the Hub is in use;
// every method may be called from any goroutine. A connection may be in any number
// of hubs, and everything else may be done with it meanwhile. One that is closing or
// has ended leaves by itself.
//
// A message goes out on the goroutine that broadcasts it wherever the connection
// takes it at once, as sockets of TCP do. There is a goroutine for a connection only
// while messages wait for it; over TLS, or on a net.Conn of another kind, that is so
// for every message. [websocket.Timeouts.Write] bounds how long a peer may take for what
// is being written: without it a slow one is limited by its queue only.
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
	OnSlow func(c *websocket.Conn, m *websocket.PreparedMessage)

	dropped atomic.Uint64
	order   sync.Mutex // held by the broadcast under way; before mu

	mu      sync.Mutex
	members map[*websocket.Conn]*member
	list    []*member                   // the same; nothing in it is moved while a broadcast is under way
	active  bool                        // a broadcast is under way
	left    []*member                   // to be taken from the list after the broadcast
	leaving map[*websocket.Conn]*member // removed, while their last message is still being written
}

// defaultQueue is Hub.Queue: some seconds of a lively conversation.
const defaultQueue = 64

// Add adds a connection, from the next broadcast on. It does nothing if c is in the hub
// already, is closing or has ended. If c was removed while a message was being written to
// it, it gets the rest of that message first.
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
		h.left = slices.Delete(h.left, i, i+1) // it is still in the list
		return
	}
	m.index = len(h.list)
	h.list = append(h.list, m)
}

// afterFuncer is implemented by the context of a connection. [context.AfterFunc] would do
// the same and take 300 bytes more for each member.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

// canSend reports whether messages can be sent on c still.
func canSend(c *websocket.Conn) bool {
	_, err := c.TryWritePrepared(nil)
	return err == nil
}

// Remove takes a connection out and drops the messages that wait for it, but not what
// is being written. A broadcast under way may still reach it.
func (h *Hub) Remove(c *websocket.Conn) {
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
	waited, writing := m.leave()
	if writing {
		if h.leaving == nil {
			h.leaving = make(map[*websocket.Conn]*member)
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

// Dropped returns how many messages connections were not sent because they were slow,
// since the Hub was made; a message counts for each of them.
func (h *Hub) Dropped() uint64 { return h.dropped.Load() }
