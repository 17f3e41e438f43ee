//go:build linux

package soak

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// carrier is a connection of HTTP/2 for the links that share it, some at a time. What strikes
// it strikes them all. When the last has left, the accounts of its two sessions are compared.
type carrier struct {
	path
	hazards
	carrierKind
	id   uint32
	pool *websocket.HTTP2Pool

	// Under carriers.mu.
	aboard map[*link]bool
	seats  int // for how many more
	wires  []*wiring
}

// carrierKind is what links have in common that may share a carrier.
type carrierKind struct {
	server string // its address
	silent bool   // the links are impatient: see patience
}

// carrierBit tells the number of a carrier from that of a link.
const carrierBit = 1 << 31

// carriers are those that have not ended.
type carriers struct {
	mu      sync.Mutex
	last    uint32
	open    map[carrierKind]*carrier // to be boarded
	all     map[uint32]*carrier
	closing sync.WaitGroup
}

// board finds a carrier for l, whose hazards are the link's from then on.
func (cs *carriers) board(l *link) *carrier {
	kind := carrierKind{l.run.servers.address(l), l.fault.silent()}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.open[kind]
	if c != nil && (c.seats == 0 || c.struck.Load()) {
		cs.retire(c)
		c = nil
	}
	if c == nil {
		c = cs.add(l.run, kind)
	}
	c.seats--
	c.aboard[l] = true
	l.carrier, l.hazards = c, c.hazards
	return c
}

// add makes a carrier. Under mu.
func (cs *carriers) add(r *run, kind carrierKind) *carrier {
	if cs.open == nil {
		cs.open, cs.all = make(map[carrierKind]*carrier), make(map[uint32]*carrier)
	}
	cs.last++
	c := &carrier{
		carrierKind: kind, id: cs.last | carrierBit, aboard: make(map[*link]bool),
		pool: &websocket.HTTP2Pool{PriorKnowledge: true, Require: true},
	}
	c.begin(r)
	random := randomFor(r.seed, c.id, 0)
	c.seats = 1 + random.IntN(200)
	for c.hazards = drawHazards(random, 10_000); c.fault.silent() != kind.silent; {
		c.hazards = drawHazards(random, 10_000)
	}
	cs.open[kind], cs.all[c.id] = c, c
	return c
}

// retire has nobody board c any more. Under mu.
func (cs *carriers) retire(c *carrier) {
	delete(cs.open, c.carrierKind)
	cs.endIfEmpty(c)
}

// endIfEmpty ends c, if nobody is aboard and nobody can be. Under mu.
func (cs *carriers) endIfEmpty(c *carrier) {
	if len(c.aboard) > 0 || cs.open[c.carrierKind] == c {
		return
	}
	cs.closing.Go(func() {
		if !c.struck.Load() && len(c.wires) > 0 {
			c.settle()
		}
		c.pool.Close()
		c.forget()
		cs.mu.Lock()
		defer cs.mu.Unlock()
		delete(cs.all, c.id)
	})
}

// leave is called when both ends of l are over.
func (cs *carriers) leave(l *link) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c := l.carrier; c != nil && c.aboard[l] {
		delete(c.aboard, l)
		cs.endIfEmpty(c)
	}
}

// close ends all carriers. Nobody is aboard.
func (cs *carriers) close() {
	cs.mu.Lock()
	for _, c := range cs.open {
		cs.retire(c)
	}
	cs.mu.Unlock()
	cs.closing.Wait()
}

// dial performs the opening handshake of a link that is aboard.
func (c *carrier) dial(ctx context.Context, l *link, p *proxy) (*websocket.Conn, error) {
	return c.run.connect(ctx, l, c.pool, func(ctx context.Context) (net.Conn, error) { return p.connect(ctx, c.id) })
}

// freight is a connection of the carrier of this number; nil: it has ended.
func (cs *carriers) freight(id uint32) *freight {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.all[id]
	if c == nil {
		return nil
	}
	return &freight{
		path: &c.path, hazards: &c.hazards, server: c.server,
		wired: func(w *wiring) {
			cs.mu.Lock()
			defer cs.mu.Unlock()
			c.wires = append(c.wires, w)
		},
		strike: func() { cs.strike(c) },
		fail:   c.fail,
	}
}

// strike notes that something has ended c, or may have.
func (cs *carriers) strike(c *carrier) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.struck.Store(true)
	for l := range c.aboard {
		l.struck.Store(true)
	}
}

func (c *carrier) fail(format string, args ...any) {
	c.run.fail(fmt.Sprintf(format, args...), fmt.Sprintf("carrier %d to %s", c.id&^carrierBit, c.server))
}

// settle waits until the sessions of a carrier that nothing has struck owe each other nothing:
// no stream is in use, and what the one may send is what the other takes.
//
// A pool makes another connection where the first is silent for five seconds, which a stall on a
// slow machine may take. That is counted: on any other it does not happen.
func (c *carrier) settle() {
	for _, w := range c.wires[1:] {
		c.run.count.faults[countSilent].Add(1)
		c.settleOne(w)
	}
	c.settleOne(c.wires[0])
}

func (c *carrier) settleOne(w *wiring) {
	wrong := ""
	for limit := time.Now().Add(time.Minute); poolcheck.Enabled && time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if wrong = w.unsettled(); wrong == "" {
			return
		}
	}
	if wrong != "" && !c.struck.Load() {
		c.fail("%s", wrong)
	}
}

// unsettled tells what two sessions owe each other; empty: nothing. net/http's is not ours to
// ask.
func (w *wiring) unsettled() string {
	var ends [2]*session.Account
	for _, a := range session.Accounts() {
		switch {
		case a.Role == h2.Client && a.Local.String() == w.socket[client].RemoteAddr().String():
			ends[client] = &a
		case a.Role == h2.Server && a.Remote.String() == w.socket[server].LocalAddr().String():
			ends[server] = &a
		}
	}
	if ends[client] == nil {
		return "the client's session has ended"
	}
	for s, a := range ends {
		if a == nil {
			continue
		}
		if a.InUse > 0 || a.Pending > 0 || a.In+a.Owed != a.Size {
			return fmt.Sprintf("the %v's session has %+v left", side(s), *a)
		}
		if other := ends[side(s).other()]; other != nil && a.Out != other.In {
			return fmt.Sprintf("the %v's session may send %d bytes, and the other takes %d", side(s), a.Out, other.In)
		}
	}
	return ""
}
