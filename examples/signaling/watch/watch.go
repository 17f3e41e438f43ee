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

// keptFor is how long what was recorded can be read after the connection has ended.
const keptFor = 30 * time.Second

// Watch has the recorders of all connections of this server, and asks other servers for
// those of theirs.
type Watch struct {
	bus   bus.Bus
	limit int

	mu        sync.Mutex
	recorders map[string]*Recorder
	asking    map[uint64]asked // what was asked of other servers
	questions uint64
	answering int // how many questions of others wait for something to happen

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	replies sync.WaitGroup
}

// asked is a question that another server is to answer.
type asked struct {
	server  string
	answers chan answer
}

// New returns a Watch that keeps so many events of each connection. It is to be called
// before the bus starts.
func New(limit int, b bus.Bus) *Watch {
	w := &Watch{bus: b, limit: limit, recorders: make(map[string]*Recorder), asking: make(map[uint64]asked)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	b.Handle(bus.Watch, w.receive)
	return w
}

// Close ends what is being answered to other servers. The bus is closed before.
func (w *Watch) Close() {
	w.cancel()
	w.replies.Wait()
}

// Record returns a recorder and hooks that write to it, for the connection that a
// request is going to open. Without a limit there is nothing to write and the hooks are
// nil.
func (w *Watch) Record(req *http.Request) (*Recorder, *websocket.Trace) {
	var id [8]byte
	_, _ = rand.Read(id[:]) // which never fails
	r := newRecorder(w.bus.ID()+hex.EncodeToString(id[:]), w.limit)
	if w.limit == 0 {
		return r, nil
	}
	return r, r.trace(req, func() { w.keep(r) }, func() { w.release(r) })
}

// keep has r found from now on. It may be called by a hook.
func (w *Watch) keep(r *Recorder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorders[r.id] = r
}

// release has r found for a while yet.
func (w *Watch) release(r *Recorder) {
	time.AfterFunc(keptFor, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.recorders, r.id)
	})
}

// connection is the form of a connection's name: the server's, and 16 digits more.
var connection = regexp.MustCompile(`^[0-9a-f]{32}$`)

// serverOf returns the server that a connection is on.
func serverOf(connection string) string { return connection[:16] }

// proof is what is left of a key here, and what travels between servers.
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
