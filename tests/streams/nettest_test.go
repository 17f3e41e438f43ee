package streams_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// beneathNetConn are the streams below two NetConns. Those in memory take all that
// nettest writes while nobody reads.
var beneathNetConn = map[string]func(t *testing.T) (a, b net.Conn){
	"TCP":    wsplay.TCP,
	"memory": func(*testing.T) (a, b net.Conn) { return wstest.NetPipe(16 << 20) },
	"TLS": func(t *testing.T) (a, b net.Conn) {
		a, b = wstest.NetPipe(16 << 20)
		return wsplay.TLSPair(t, a, b)
	},
}

// nettestOrder is the order in which nettest.TestConn asks for pairs.
var nettestOrder = []string{
	"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout",
	"PastTimeout", "PresentTimeout", "FutureTimeout", "CloseTimeout", "ConcurrentMethods",
}

// cannotHold are subtests that go on with a connection although a deadline may have cut
// a write, and why that cannot be. There the deadlines are kept apart from the writes.
var cannotHold = map[string]map[string]string{
	"TCP": {
		"FutureTimeout": "the write is cut in its frame: the length is on the wire, and the rest was not to be sent",
	},
	"memory": {
		"FutureTimeout": "as over TCP",
	},
	"TLS": {
		"RacyWrite":         "crypto/tls: after a Write has timed out, the TLS state is corrupt and all future writes will return the same error",
		"FutureTimeout":     "as RacyWrite",
		"ConcurrentMethods": "as RacyWrite",
	},
}

// NetConn is what nettest holds a net.Conn to be, but for what cannot hold.
func TestNetConnAsNettest(t *testing.T) {
	for name, beneath := range beneathNetConn {
		for _, role := range wsplay.Roles {
			t.Run(name+"/"+role.String(), func(t *testing.T) {
				pairs := 0
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					a, b := beneath(t)
					c1, c2 = netConnOf(a, role), netConnOf(b, role.Peer())
					if subtest := nettestOrder[min(pairs, len(nettestOrder)-1)]; cannotHold[name][subtest] != "" {
						c1 = &betweenWrites{Conn: c1}
					}
					pairs++
					stop = func() { // both at once: each end waits for the other
						var closing sync.WaitGroup
						closing.Go(func() { _ = c1.Close() })
						closing.Go(func() { _ = c2.Close() })
						closing.Wait()
					}
					return c1, c2, stop, nil
				})
				if pairs != len(nettestOrder) {
					t.Errorf("nettest has asked for %d pairs, it has %d subtests here: are those of cannotHold still where they were?", pairs, len(nettestOrder))
				}
			})
		}
	}
}

func netConnOf(stream net.Conn, role websocket.Role) net.Conn {
	return websocket.NetConn(context.Background(), websocket.NewConn(stream, role, nil), websocket.MessageBinary)
}

// betweenWrites has write deadlines pass while no write is under way. Of those that are
// begun before one passes, all but a few wait for it: nobody may be reading.
type betweenWrites struct {
	net.Conn
	writing sync.RWMutex // for reading by a write

	mu     sync.Mutex
	ahead  *aheadDeadline // nil: none
	writes int            // begun since it was set
}

// aheadDeadline is a deadline that has not passed.
type aheadDeadline struct {
	timer *time.Timer
	over  context.Context // ends when it has passed, or is moved
	end   context.CancelFunc
}

func (b *betweenWrites) Write(p []byte) (int, error) {
	b.mu.Lock()
	ahead := b.ahead
	if b.writes++; b.writes < 20 {
		ahead = nil
	}
	b.mu.Unlock()
	if ahead != nil {
		<-ahead.over.Done()
	}
	b.writing.RLock()
	defer b.writing.RUnlock()
	return b.Conn.Write(p)
}

func (b *betweenWrites) SetWriteDeadline(t time.Time) error {
	set := func(t time.Time) error {
		b.writing.Lock()
		defer b.writing.Unlock()
		return b.Conn.SetWriteDeadline(t)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ahead != nil {
		b.ahead.timer.Stop()
		b.ahead.end()
		b.ahead = nil
	}
	if until := time.Until(t); !t.IsZero() && until > 0 {
		ahead := &aheadDeadline{}
		ahead.over, ahead.end = context.WithCancel(context.Background())
		ahead.timer = time.AfterFunc(until, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.ahead == ahead { // it was not moved meanwhile
				_ = set(wsplay.PastTime)
				ahead.end()
			}
		})
		b.ahead, b.writes = ahead, 0
		t = time.Time{}
	}
	return set(t)
}

func (b *betweenWrites) SetDeadline(t time.Time) error {
	return errors.Join(b.SetReadDeadline(t), b.SetWriteDeadline(t))
}

// A deadline that cuts a frame is a timeout to the Write, and the end of the connection
// to everybody else.
func TestNetConnDeadlineCutsAWrite(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		near, far := wstest.NetPipe(1 << 10)
		defer far.Close()
		nc := netConnOf(near, role)
		nc.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := nc.Write(make([]byte, 4<<10))
		var timeout net.Error
		if n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the write that was cut: %d, %v", n, err)
		}
		nc.SetDeadline(time.Time{})
		_, err = nc.Write([]byte("x"))
		wsplay.WantIs(t, "the next write", err, net.ErrClosed)
		_, err = nc.Read(make([]byte, 1))
		wsplay.WantIs(t, "the next read", err, net.ErrClosed)
		wsplay.WantIs(t, "Close", nc.Close(), net.ErrClosed)
	})
}

// Close is no error after the peer has closed as it should, as with a net.Conn, nor is
// Close once more.
func TestNetConnCloseAfterThePeer(t *testing.T) {
	for _, code := range []websocket.StatusCode{websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusInternalError} {
		wsplay.ForRoles(t, code.String()+"/", func(t *testing.T, role websocket.Role) {
			c, p := wsplay.Pipe(t, role, nil, 0)
			nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
			p.Send(wsplay.CloseFrame(code, ""))
			_, err := nc.Read(make([]byte, 1))
			good := code != websocket.StatusInternalError
			if good != (err == io.EOF) {
				t.Errorf("Read: %v", err)
			}
			p.WantReply(code)
			p.Close()
			for range 2 {
				if err := nc.Close(); good != (err == nil) {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
}

// A call after Close says that the connection is closed, not that a context was
// cancelled; a deadline that is set then keeps nothing for the time until it.
func TestNetConnAfterClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		nc := websocket.NetConn(context.Background(), c, websocket.MessageBinary)
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		if err := nc.Close(); err != nil {
			t.Error(err)
		}
		for range 2 {
			_, err := nc.Write([]byte("late"))
			wsplay.WantIs(t, "Write", err, net.ErrClosed)
			_ = nc.SetDeadline(time.Now().Add(time.Hour))
		}
		p.Close()
	})
}
