package watch

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
)

// keptFor is how long a record can be read after the connection has ended.
const keptFor = 30 * time.Second

// Watch has the recorders of all connections of this server, and reads those of other servers.
type Watch struct {
	bus   bus.Bus
	limit int

	mu        sync.Mutex
	recorders map[string]*Recorder
	asking    map[uint64]asked // questions sent to other servers
	questions uint64
	answering int // questions of others that wait for an event

	ctx     context.Context // ended by Close
	cancel  context.CancelFunc
	replies sync.WaitGroup
}

// asked is a question sent to another server.
type asked struct {
	server  string
	answers chan answer
}

// New returns a Watch that keeps limit events for each connection. Call it before the bus
// starts.
func New(limit int, b bus.Bus) *Watch {
	w := &Watch{bus: b, limit: limit, recorders: make(map[string]*Recorder), asking: make(map[uint64]asked)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	b.Handle(bus.Watch, w.receive)
	return w
}

// Close ends pending answers to other servers. The bus must be closed before.
func (w *Watch) Close() {
	w.cancel()
	w.replies.Wait()
}

// Record returns a recorder for the connection that req is going to open, and the hooks that
// write to it. Without a limit, nothing is recorded and the hooks are nil.
func (w *Watch) Record(req *http.Request) (*Recorder, *websocket.Trace) {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	r := newRecorder(w.bus.ID()+hex.EncodeToString(id[:]), w.limit)
	if w.limit == 0 {
		return r, nil
	}
	return r, r.trace(req, func() { w.keep(r) }, func() { w.release(r) })
}

// keep makes r available for reading. A hook may call it.
func (w *Watch) keep(r *Recorder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorders[r.id] = r
}

// release keeps r available for a while.
func (w *Watch) release(r *Recorder) {
	time.AfterFunc(keptFor, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.recorders, r.id)
	})
}

// connection matches the name of a connection: that of the server, and 16 more digits.
var connection = regexp.MustCompile(`^[0-9a-f]{32}$`)

// serverOf returns the server of a connection.
func serverOf(connection string) string { return connection[:16] }

// proof is the hash of a key. It is what this server keeps, and what travels between servers.
type proof [sha256.Size]byte

func prove(key string) proof { return sha256.Sum256([]byte("trace " + key)) }

// find returns the recorder of a connection of this server, for its owner.
func (w *Watch) find(id string, p proof) *Recorder {
	w.mu.Lock()
	r := w.recorders[id]
	w.mu.Unlock()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proof == (proof{}) || subtle.ConstantTimeCompare(r.proof[:], p[:]) == 0 {
		return nil
	}
	return r
}
