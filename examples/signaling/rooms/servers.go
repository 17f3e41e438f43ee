package rooms

import (
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// server is another server, from its first message until it is lost.
type server struct {
	id, name string
	heard    time.Time // last sign of life
	standing standing
	asked    time.Time // when we last asked for its roster
	version  uint64    // of its roster, as we have it
	roster   []entry   // the parts received
	parts    int       // their number
}

// standing is what we know of a server's roster.
type standing uint8

const (
	learning  standing = iota // we wait for it. Next: following
	following                 // we have it and every change so far. Next: learning, after a missed change
)

// beat sends signs of life and watches those of others, until Shutdown.
func (r *Rooms) beat() {
	defer close(r.stopped)
	ticker := time.NewTicker(r.options.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-r.stop:
			return
		}
		r.mu.Lock()
		if r.life == running {
			r.broadcast(packet{Kind: kindBeat})
			for _, s := range r.servers {
				if time.Since(s.heard) > missedBeats*r.options.Beat {
					r.log.Warn("server lost", "server", s.name, "id", s.id)
					r.forget(s)
				}
			}
		}
		r.mu.Unlock()
	}
}

// receive processes a message from another server.
func (r *Rooms) receive(from string, body []byte) {
	p, err := parsePacket(body)
	if err != nil {
		r.log.Warn("another server sends what makes no sense", "id", from, "error", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life != running {
		return
	}
	s := r.hear(from, p)
	switch p.Kind {
	case kindHello:
		r.send(from, packet{Kind: kindBeat})
	case kindBeat:
		if s.standing == following && p.Version != s.version {
			s.standing = learning
		}
	case kindChange:
		r.change(s, p)
	case kindAsk:
		r.sendRoster(from)
	case kindRoster:
		r.learn(s, p)
	case kindSignal:
		r.unpack(p.Signal)
	case kindBye:
		r.log.Info("server ends", "server", s.name, "id", s.id)
		r.forget(s)
		return
	}
	if s.standing == learning && time.Since(s.asked) >= r.options.Beat {
		s.asked = time.Now()
		r.send(from, packet{Kind: kindAsk})
	}
}

// hear records a sign of life.
func (r *Rooms) hear(from string, p packet) *server {
	s := r.servers[from]
	if s == nil {
		s = &server{id: from}
		r.servers[from] = s
		r.log.Info("server found", "server", p.Name, "id", from)
	}
	s.name, s.heard = p.Name, time.Now()
	return s
}

// change applies a change, if it is the next one.
func (r *Rooms) change(s *server, p packet) {
	switch {
	case s.standing == learning || p.Version <= s.version:
	case p.Version == s.version+1:
		s.version++
		r.apply(s.id, p.Entries[0])
	default:
		s.standing = learning
	}
}

// learn stores a part of a roster, and applies the roster once it is complete.
func (r *Rooms) learn(s *server, p packet) {
	if s.standing == following {
		return
	}
	if p.Part == 0 {
		s.roster, s.parts, s.version = nil, 0, p.Version
	}
	if p.Part != s.parts || p.Version != s.version {
		s.roster, s.parts = nil, 0 // a part is lost: we will ask again
		return
	}
	s.roster, s.parts = append(s.roster, p.Entries...), s.parts+1
	if s.parts < p.Parts {
		return
	}
	type place struct{ room, id string }
	there := make(map[place]bool)
	for _, e := range s.roster {
		there[place{e.Room, e.ID}] = true
		r.apply(s.id, e)
	}
	for m := range r.hostedBy(s.id) {
		if !there[place{m.room.name, m.id}] {
			r.orphan(m)
		}
	}
	s.roster, s.parts, s.standing = nil, 0, following
}

// forget drops a server and keeps its members as orphans.
func (r *Rooms) forget(s *server) {
	delete(r.servers, s.id)
	for m := range r.hostedBy(s.id) {
		r.orphan(m)
	}
}

// unpack delivers a signal from a member on another server.
func (r *Rooms) unpack(s *parcel) {
	rm := r.rooms[s.Room]
	if rm == nil || rm.members[s.To] == nil {
		return
	}
	d := wire.Delivery{From: s.From, Session: s.FromSession, Seq: s.Seq, Ack: s.Ack}
	if s.Codec != "" {
		codec := wire.BySubprotocol(s.Codec)
		if codec == nil {
			return // of a later version
		}
		var err error
		if d.Data, err = wire.NewData(codec, s.Data); err != nil {
			r.log.Warn("another server sends data that no page may send", "error", err)
			return
		}
	}
	deliver(rm.members[s.To], s.Session, d)
}

// forward sends a signal to the server of its receiver.
func (r *Rooms) forward(from, to *member, signal wire.Signal) {
	s := &parcel{
		Room: from.room.name, From: from.id, FromSession: from.claim.session,
		To: to.id, Session: signal.Session, Seq: signal.Seq, Ack: signal.Ack,
	}
	if codec := signal.Data.Codec(); codec != nil {
		s.Codec = codec.Subprotocol
		s.Data, _ = signal.Data.In(codec) // it is in that codec already
	}
	r.send(to.claim.host, packet{Kind: kindSignal, Signal: s})
}

// broadcast sends a packet to all other servers.
func (r *Rooms) broadcast(p packet) {
	if body := r.seal(p); body != nil {
		r.bus.Broadcast(bus.Rooms, body)
	}
}

func (r *Rooms) send(to string, p packet) {
	if body := r.seal(p); body != nil {
		r.bus.Send(to, bus.Rooms, body)
	}
}

func (r *Rooms) seal(p packet) []byte {
	p.Name = r.options.Name
	if p.Version == 0 {
		p.Version = r.version
	}
	body, err := cbor.Marshal(p)
	if err != nil {
		r.log.Error("packet not encoded", "kind", p.Kind, "error", err)
		return nil
	}
	return body
}
