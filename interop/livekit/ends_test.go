package livekit

import (
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// restarted is another server on the ports of one that has ended.
func (s *server) restarted(t *testing.T, udp int) *server {
	t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	again := tryServer(t, patience(t), s.cmd.Path, ports{tcp: tcp, udp: udp})
	if again == nil {
		t.Fatalf("port %d is taken", tcp)
	}
	return again
}

// A server that fails leaves no word. The participant comes back as who it was to the
// next one, which does not know it and says so; then as somebody new.
func TestServerKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		ann := s.join(t, "ann", "-attempts", "100")
		ann.await(ctx, "← refresh_token", "a new one for ann")
		s.kill(ctx)
		ann.await(ctx, "* disconnected: connection lost")
		ann.await(ctx, "* again in")
		ann.await(ctx, "* dialing to resume, ", "reconnect=1", "sid=PA_")
		ann.await(ctx, "* disconnected: ", "connection refused")

		s.restarted(t, freePort(t, "udp"))
		ann.await(ctx, "* dialing to resume, ")
		ann.await(ctx, "* 101 Switching Protocols")
		ann.await(ctx, "← leave", "STATE_MISMATCH: RECONNECT")
		ann.await(ctx, "* dialing ws")
		ann.await(ctx, "← join", "we are ann")
		ann.await(ctx, "* PeerConnection connected")
		ann.interrupt()
		ann.exit(ctx, 0)
	})
}

// A server that is stopped says leave, and that there is nothing to come back to.
func TestServerStopped(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		ann := s.join(t, "ann")
		// In the first moments, though it serves, the server does not hear signals.
		ann.await(ctx, "ann (PA_", "ACTIVE")
		s.stop(ctx)
		ann.await(ctx, "← leave", "SERVER_SHUTDOWN: DISCONNECT")
		ann.await(ctx, "* disconnected: closed by ", "close 1000")
		ann.exit(ctx, 1)
	})
}

// A connection that is lost between the two is made again, and the participant is who
// it was, with the same PeerConnection.
func TestConnectionLost(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		wire := relay(t, s.addr)
		ann := s.join(t, "ann", "-url", "ws://"+wire.addr)
		joined := ann.await(ctx, "← join", "we are ann")
		sid := regexp.MustCompile(`PA_\w+`).FindString(joined)
		ann.await(ctx, "* PeerConnection connected")
		ann.await(ctx, "ann ("+sid+") ACTIVE")
		wire.cut()
		ann.await(ctx, "* disconnected: connection lost")
		ann.await(ctx, "* dialing to resume, ", "reconnect=1", "sid="+sid)
		ann.await(ctx, "← reconnect", "resumed")
		ann.await(ctx, "← pong_resp")
		ann.interrupt()
		ann.exit(ctx, 0)
		// ICE begins anew (RFC 8445 §2.4, a restart), on the PeerConnection that there is.
		for what, want := range map[string]int{"← join": 1, "← offer": 2, "* PeerConnection connected": 2, "* PeerConnection closed": 1} {
			if n := strings.Count(ann.printed(), what); n != want {
				t.Errorf("%s: %d times, want %d", what, n, want)
			}
		}
	})
}

// wire is a way to a server that can be cut.
type wire struct {
	addr string
	mu   sync.Mutex
	ends []net.Conn
}

func relay(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		w.cut()
		running.Wait()
	})
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			w.mu.Lock()
			w.ends = append(w.ends, from, server)
			w.mu.Unlock()
			for _, way := range [][2]net.Conn{{from, server}, {server, from}} {
				running.Go(func() {
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
				})
			}
		}
	})
	return w
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.ends {
		end.Close()
	}
	w.ends = nil
}
