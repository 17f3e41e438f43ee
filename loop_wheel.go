package websocket

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// aliveOnLoop has a keepAlive go on by the timer wheel of an event loop. There is no timer for
// the connection, and no goroutine waits for the pong: the loop reads it.
//
//	pulse            here
//	verdictPing      send: a goroutine for a moment, because the wheel must not wait
//	verdictDoubt     doubt: the same
//	onPosted         the socket is full, and so the loop sends the ping
//	onRoom           loopConn.Turn, when the socket has taken it
//	onPong           the read that meets the pong
type aliveOnLoop struct {
	eventloop.Entry
	c       *Conn
	number  atomic.Uint64 // of the last ping
	backlog int           // what it was when the socket was last found full; 0: it was not
}

func newAliveOnLoop(c *Conn) *aliveOnLoop {
	s := &aliveOnLoop{c: c}
	s.Owner = s
	return s
}

// Expired is called by the wheel.
func (s *aliveOnLoop) Expired(*eventloop.Entry) {
	s.countRoom()
	s.c.keepAlive().due()
}

// countRoom counts a write that waited if the peer has taken something from a full socket, or
// the socket has become full. The loop itself is told of room only when a third of the socket
// is free, which may be a megabyte.
func (s *aliveOnLoop) countRoom() {
	before, socket := s.backlog, s.c.transport.(transport.Driven)
	s.backlog = 0
	if !socket.Full() {
		return
	}
	if s.backlog = socket.Backlog(); s.backlog < before || before == 0 && s.backlog > 0 {
		p := s.c.out.pace
		p.count(p.aliveTimeout)
	}
}

func (s *aliveOnLoop) set(d time.Duration) { s.loop().After(d, &s.Entry) }
func (s *aliveOnLoop) stop()               { s.loop().Stop(&s.Entry) }
func (s *aliveOnLoop) ping()               { go s.send() }

// answers counts also where the ping before was sent by a timer.
func (s *aliveOnLoop) answers(upTo uint64) bool { return upTo >= s.number.Load() }

func (s *aliveOnLoop) look() { go s.doubt() }

// send sends a ping. It waits only where the application waits as well: behind the frame of a
// Write that does, and with [Timeouts.Write].
func (s *aliveOnLoop) send() {
	c, k := s.c, s.c.keepAlive()
	number, payload := c.pings.sendAlone(s.number.Load())
	s.number.Store(number)
	_, err := c.out.submit(context.Background(), &outFrame{OutFrame: conn.OutFrame{
		Header:  frame.Header{Opcode: frame.Ping, FIN: true},
		Payload: payload[:],
	}})
	if err != nil {
		k.on(onEnd)
		return
	}
	k.on(onPosted)
	// The loop clears what full reports before it takes the turn that calls room. So either
	// that finds the ping posted, or it is seen here that the socket has room.
	if !c.out.full() {
		k.on(onRoom)
	}
}

// doubt reads what is there before it condemns the peer. The loop may not have read it,
// because the Receiver takes its time or the socket is full.
func (s *aliveOnLoop) doubt() {
	k := s.c.keepAlive()
	switch s.c.in.look((*connContext)(s.c)) {
	case lookedAtData:
		k.on(onHidden)
	case lookedAtEnd:
		k.on(onEnd)
	default:
		k.on(onNoExcuse)
	}
}

func (h *forKeepAlive) shell(k *keepAlive) aliveShell {
	if lc := h.served.Load(); lc != nil && lc.member.Loop() != nil { // it opens in a turn
		return newAliveOnLoop((*Conn)(h))
	}
	return &aliveByTimer{k: k, pings: &h.pings}
}

func (s *aliveOnLoop) loop() *eventloop.Loop { return s.c.served.Load().member.Loop() }

// eventLoop returns the loop of an open connection, nil if there is none. lc may be nil. Any
// goroutine may call it.
func (lc *loopConn) eventLoop() *eventloop.Loop {
	if lc == nil || !lc.facts.polled() {
		return nil
	}
	return lc.member.Loop()
}

// closeLimit limits the time of a closing handshake by the wheel of an event loop: Shutdown may
// begin a million of them at the same time.
type closeLimit struct {
	eventloop.Entry
	life *lifetime
	loop *eventloop.Loop
}

func (h *forLifetime) expireIn(d time.Duration) timeLimit {
	loop := h.served.Load().eventLoop()
	if loop == nil {
		return time.AfterFunc(d, h.life.expire)
	}
	x := &closeLimit{life: &h.life, loop: loop}
	x.Owner = x
	loop.After(d, &x.Entry)
	return x
}

// Expired is called by the wheel, which must not wait.
func (x *closeLimit) Expired(*eventloop.Entry) { go x.life.expire() }

func (x *closeLimit) Stop() bool { return x.loop.Stop(&x.Entry) }
