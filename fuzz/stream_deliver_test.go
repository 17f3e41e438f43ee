package fuzz_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// delivery is how a stream comes.
type delivery struct {
	name   string
	pieces []byte // piece i has pieces[i]+1 bytes, over and over; nil: one piece
	settle bool   // before the next piece everything rests
	end    bool   // the end of the stream follows at once
}

func (d delivery) String() string {
	return fmt.Sprintf("%s, settling %v, with its end %v", d.name, d.settle, d.end)
}

// next is how many bytes the piece that begins has.
func (d delivery) next(i, left int) int {
	if len(d.pieces) == 0 {
		return left
	}
	return min(left, int(d.pieces[i%len(d.pieces)])+1)
}

// outcome is what came of a stream.
type outcome struct {
	*application
	*callbacks
	wire     []byte // what went the other way
	finished bool   // the application got its last error before the stream ended
	sticky   error  // what another read returns
}

// sips is a stream whose reads bring a piece each, at the most.
type sips struct {
	net.Conn
	delivery
	i, left int
}

func (s *sips) Read(p []byte) (int, error) {
	if s.left == 0 {
		s.left = s.next(s.i, 1<<20)
		s.i++
	}
	n, err := s.Conn.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

func (s *sips) CloseWrite() error { return s.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// inMemory delivers bytes inside a synctest bubble.
func (s setup) inMemory(data []byte, sizes []byte, d delivery) outcome {
	ours, peer := wstest.NetPipe(len(data)*4 + 64<<10)
	var stream io.ReadWriteCloser = &sips{Conn: ours, delivery: d}
	switch {
	case s.beneath == overStream:
		stream = struct{ io.ReadWriteCloser }{stream}
	case s.loop:
		stream = wsplay.Reporting(ours, s.cuts(sizes, d))
	}
	o, wait := s.begin(stream, sizes)
	var wire bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&wire, peer) })

	if d.settle {
		for i := 0; len(data) > 0; i++ {
			n := d.next(i, len(data))
			_, _ = peer.Write(data[:n]) // which may be more than anybody wants
			data = data[n:]
			synctest.Wait()
			if s.cancels {
				o.giveUp()
				synctest.Wait()
			}
		}
	} else {
		_, _ = peer.Write(data)
	}
	if !d.end {
		synctest.Wait()
		select {
		case <-wait:
			o.finished = true
		default:
			_ = o.conn.CloseNow()
		}
	}
	_ = peer.(interface{ CloseWrite() error }).CloseWrite()
	<-wait
	o.finished = o.finished || s.loop && o.endedByPeer()
	o.sticky = o.again()
	_ = o.conn.CloseNow()
	synctest.Wait()
	_ = peer.Close()
	reading.Wait()
	o.wire = wire.Bytes()
	return o
}

// begin has the application read. wait is closed when it has ended.
func (s setup) begin(stream io.ReadWriteCloser, sizes []byte) (o outcome, wait chan struct{}) {
	o.callbacks = &callbacks{}
	o.application = &application{setup: s, sizes: sizes}
	o.conn = websocket.NewConn(stream, s.role, s.options(o.callbacks))
	wait = make(chan struct{})
	if s.loop {
		o.join(wait)
		return o, wait
	}
	go func() {
		defer close(wait)
		o.run()
	}()
	return o, wait
}

// all delivers bytes in every way, through what the setup says.
func (s setup) all(t *testing.T, data, pieces, sizes []byte) {
	if s.beneath >= overUnix {
		s.onSocketAll(t, data, pieces, sizes)
	} else {
		s.inMemoryAll(t, data, pieces, sizes)
	}
}

// inMemoryAll delivers bytes in every way, and checks what comes of it.
func (s setup) inMemoryAll(t *testing.T, data, pieces, sizes []byte) {
	v := s.receiver.judge(data)
	if v.unsure {
		return
	}
	one := []byte{0}
	synctest.Test(t, func(t *testing.T) {
		excused, ways := 0, []delivery{
			{"at once", nil, false, true},
			{"byte by byte", one, false, true},
			{"in pieces", pieces, true, false},
			{"in pieces", pieces, true, true},
		}
		for _, d := range ways {
			if s.check(t, v, d, s.inMemory(data, sizes, d)) {
				excused++
			}
		}
		if excused != 0 {
			if excused != len(ways) {
				t.Errorf("%v: an explained refusal in %d of %d deliveries", s, excused, len(ways))
			}
			return
		}
		if v.over() {
			// It is refused when the byte comes that shows it, and not before.
			d := delivery{"no more than it takes", nil, false, false}
			s.check(t, v, d, s.inMemory(data[:v.at], sizes, d))
			if v.packed {
				return // compress/flate may need a byte more
			}
			d.name = "one byte less than it takes"
			s.check(t, s.receiver.judge(data[:v.at-1]), d, s.inMemory(data[:v.at-1], sizes, d))
		}
	})
}
