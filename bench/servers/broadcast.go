package servers

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// A Hub is a server that sends the same text to all its connections.
type Hub struct {
	Name string
	How  string
	// Serve accepts connections from l. send sends a text to all connections, and count returns
	// their number. An error on one connection does not affect the others.
	Serve func(l net.Listener) (send func(text []byte), count func() int)
}

// The broadcasts that are not from a library.
const (
	LoopInGo = "loop in Go"
	LoopInC  = "loop in C"
)

// Hubs returns those of the libraries, ours first, and the loop in Go.
func Hubs() []Hub {
	return []Hub{
		{"hawser", "Prepare, Hub.Broadcast", hubHawser},
		{"hawser-as-gorilla", "NewPreparedMessage, WritePreparedMessage", hubAsGorilla},
		{"gorilla", "NewPreparedMessage, WritePreparedMessage", hubGorilla},
		{"coder", "Write", hubCoder},
		{"gws", "NewBroadcaster, Broadcast", hubGws},
		{"gobwas", "CompileFrame, Write on the net.Conn", hubGobwas},
		{"nbio", "WriteMessage", hubNbio},
		{LoopInGo, "Write on the net.Conn", hubGo},
	}
}

// GetHub returns a hub by name.
func GetHub(name string) (Hub, bool) {
	i := slices.IndexFunc(Hubs(), func(h Hub) bool { return h.Name == name })
	if i < 0 {
		return Hub{}, false
	}
	return Hubs()[i], true
}

// members are the connections of a hub.
type members[C comparable] struct {
	mu  sync.Mutex
	all []C
}

func (m *members[C]) add(c C) {
	m.mu.Lock()
	m.all = append(m.all, c)
	m.mu.Unlock()
}

func (m *members[C]) remove(c C) {
	m.mu.Lock()
	if i := slices.Index(m.all, c); i >= 0 {
		m.all = slices.Delete(m.all, i, i+1)
	}
	m.mu.Unlock()
}

func (m *members[C]) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.all)
}

// sender returns a hub's send, from a function that sends to a list of connections.
func (m *members[C]) sender(send func(all []C, text []byte)) func([]byte) {
	return func(text []byte) {
		m.mu.Lock()
		all := slices.Clone(m.all)
		m.mu.Unlock()
		send(all, text)
	}
}

// handle serves requests until l is closed.
func handle(l net.Listener, serve func(w http.ResponseWriter, r *http.Request)) {
	go func() { _ = serveHTTP(l, http.HandlerFunc(serve)) }()
}

// hubGo is what a careful programmer writes without a library.
func hubGo(l net.Listener) (func([]byte), func() int) {
	var m members[net.Conn]
	go func() {
		_ = serveConns(l, func(nc net.Conn) {
			if _, err := floorHandshake(nc); err == nil {
				m.add(nc)
				defer m.remove(nc)
				untilClosed(nc)
			}
		})
	}()
	return m.sender(func(all []net.Conn, text []byte) {
		frame := appendText(nil, text)
		for _, nc := range all {
			_, _ = nc.Write(frame)
		}
	}), m.count
}

// untilClosed waits for the end of a silent client.
func untilClosed(nc net.Conn) {
	var one [1]byte
	for {
		if _, err := nc.Read(one[:]); err != nil {
			return
		}
	}
}

// appendText appends a server frame with a whole text.
func appendText(dst, text []byte) []byte {
	switch n := len(text); {
	case n < 126:
		dst = append(dst, 0x81, byte(n))
	case n <= 0xFFFF:
		dst = append(dst, 0x81, 126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x81, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, text...)
}
