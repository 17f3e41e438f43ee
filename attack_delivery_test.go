package websocket_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
	"github.com/hawser-ws/websocket/wstest"
)

// conversations are frames that a peer may send, each with an end.
var conversations = map[string][]naive.Frame{
	"messages with control frames between their fragments, then close": {
		part(opText, "Hel"), whole(opPing, "one"), part(opContinuation, ""), whole(opPong, "two"), whole(opContinuation, "lo"),
		whole(opText, ""), whole(opBinary, strings.Repeat("b", 126)), whole(opPing, ""), whole(opText, "κόσμε"), farewell(4000, "tschüß"),
	},
	"bad text":         {whole(opText, "good"), part(opText, "\xce"), whole(opPing, ""), whole(opContinuation, "\xbaa\xff not read")},
	"lone tail":        {whole(opPing, "a"), whole(opContinuation, "")},
	"too many octets":  {part(opBinary, strings.Repeat("x", 900)), whole(opPong, ""), whole(opContinuation, strings.Repeat("y", 101))},
	"bad close reason": {whole(opText, "a"), farewell(1000, "\xed\xa0\x80")},
	"cut in a payload": {part(opText, "abc"), with(whole(opContinuation, "d"), func(f *naive.Frame) { f.Length = 9 })},
}

// observe has play send to an engine, and returns all that the application sees
// and all that comes back.
func observe(t *testing.T, role websocket.Role, limit int64, pair func() (net.Conn, net.Conn), play func(p *peer)) (events []string) {
	t.Helper()
	note := func(format string, args ...any) { events = append(events, fmt.Sprintf(format, args...)) }
	a, b := pair()
	c := websocket.NewConn(a, role, &websocket.ConnOptions{
		Limits:         websocket.Limits{Message: limit},
		OnPingReceived: func(_ context.Context, p []byte) bool { note("ping %q", p); return true },
		OnPongReceived: func(_ context.Context, p []byte) { note("pong %q", p) },
	})
	p := peerOf(t, role, b)
	var back []string
	heard, played := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		for {
			f, err := p.next()
			if err != nil {
				return
			}
			back = append(back, fmt.Sprintf("sent %d %q", f.Opcode, f.Payload))
			if f.Opcode == opClose {
				_ = p.Close()
			}
		}
	}()
	go func() {
		defer close(played)
		play(p)
	}()
	for {
		typ, m, err := c.Read(patience(t))
		if err != nil {
			note("%v", err)
			break
		}
		note("%v %q", typ, m)
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	<-heard
	<-played
	_ = p.Close()
	return append(events, back...)
}

func plain() (net.Conn, net.Conn) { return wstest.NetPipe(0) }

// compare says that deliveries of a conversation give the same events as all of it
// at once.
func compare(t *testing.T, pair func() (net.Conn, net.Conn), deliveries func(frames []naive.Frame, wire []byte) []func(p *peer)) {
	for name, frames := range conversations {
		for _, role := range bothRoles {
			t.Run(name+"/"+role.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					wire := peerOf(t, role, nil).wire(frames...)
					end := func(p *peer) {
						if strings.HasPrefix(name, "cut") {
							synctest.Wait()
							_ = p.Close()
						}
					}
					atOnce := observe(t, role, 1000, plain, func(p *peer) { p.sendBytes(wire); end(p) })
					for i, play := range deliveries(frames, wire) {
						got := observe(t, role, 1000, pair, func(p *peer) { play(p); end(p) })
						if !slices.Equal(got, atOnce) {
							t.Fatalf("delivery %d gives\n%q, at once\n%q", i, got, atOnce)
						}
					}
				})
			})
		}
	}
}

// inPieces sends wire in pieces of n octets, each of which is read before the next
// comes, until the engine has had enough.
func inPieces(p *peer, wire []byte, n int) {
	for piece := range slices.Chunk(wire, n) {
		if _, err := p.Write(piece); err != nil {
			return
		}
		synctest.Wait()
	}
}

func TestAttackDelivery(t *testing.T) {
	t.Run("byte-at-a-time delivery", func(t *testing.T) {
		compare(t, plain, func(_ []naive.Frame, wire []byte) []func(*peer) {
			var plays []func(*peer)
			for _, n := range []int{1, 2, 3, 7, 64} {
				plays = append(plays, func(p *peer) { inPieces(p, wire, n) })
			}
			return plays
		})
	})
	t.Run("header split at every offset", func(t *testing.T) {
		compare(t, plain, func(_ []naive.Frame, wire []byte) []func(*peer) {
			var plays []func(*peer)
			for at := 1; at < len(wire); at++ {
				if len(wire) > 400 && at > 20 && at < 890 {
					continue // in the long payload
				}
				plays = append(plays, func(p *peer) {
					p.sendBytes(wire[:at])
					synctest.Wait()
					_, _ = p.Write(wire[at:]) // unless the engine has had enough
				})
			}
			return plays
		})
		for _, row := range vectors.Frames {
			for _, role := range bothRoles {
				if row.Masked == (role == websocket.RoleServer) && !row.RSV1 && row.Opcode != 0 {
					t.Run(row.Name+"/"+role.String(), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { splitHeader(t, role, row) })
					})
				}
			}
		}
	})
	t.Run("TLS record splits", func(t *testing.T) {
		compare(t, tlsPipe, func(frames []naive.Frame, wire []byte) []func(*peer) {
			plays := []func(*peer){
				func(p *peer) { p.sendBytes(wire) }, // many frames in a record
				func(p *peer) { // a record for each
					for _, f := range frames {
						_, _ = p.Write(p.wire(f))
					}
				},
			}
			for _, n := range []int{1, 5, 63, 64, 65} { // records that end anywhere
				plays = append(plays, func(p *peer) { inPieces(p, wire, n) })
			}
			return plays
		})
	})
}

func splitHeader(t *testing.T, role websocket.Role, row vectors.Frame) {
	var want []string
	for at := len(row.Head); at >= 0; at-- {
		got := observe(t, role, 1<<20, plain, func(p *peer) {
			p.sendBytes(row.Head[:at])
			synctest.Wait()
			_, _ = p.Write(slices.Concat(row.Head[at:], row.Body)) // unless it was a Close frame
			synctest.Wait()
			_ = p.Close()
		})
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Fatalf("split at %d gives\n%.300q, at once\n%.300q", at, got, want)
		}
	}
}
