package attack_test

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
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// conversations are frames that a peer may send, each with an end.
var conversations = map[string][]naive.Frame{
	"messages with control frames between their fragments, then close": {
		wsplay.Fragment(wsplay.OpText, "Hel"), wsplay.Frame(wsplay.OpPing, "one"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpPong, "two"), wsplay.Frame(wsplay.OpContinuation, "lo"),
		wsplay.Frame(wsplay.OpText, ""), wsplay.Frame(wsplay.OpBinary, strings.Repeat("b", 126)), wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpText, "κόσμε"), wsplay.CloseFrame(4000, "tschüß"),
	},
	"bad text":         {wsplay.Frame(wsplay.OpText, "good"), wsplay.Fragment(wsplay.OpText, "\xce"), wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpContinuation, "\xbaa\xff not read")},
	"lone tail":        {wsplay.Frame(wsplay.OpPing, "a"), wsplay.Frame(wsplay.OpContinuation, "")},
	"too many bytes":   {wsplay.Fragment(wsplay.OpBinary, strings.Repeat("x", 900)), wsplay.Frame(wsplay.OpPong, ""), wsplay.Frame(wsplay.OpContinuation, strings.Repeat("y", 101))},
	"bad close reason": {wsplay.Frame(wsplay.OpText, "a"), wsplay.CloseFrame(1000, "\xed\xa0\x80")},
	"cut in a payload": {wsplay.Fragment(wsplay.OpText, "abc"), with(wsplay.Frame(wsplay.OpContinuation, "d"), func(f *naive.Frame) { f.Length = 9 })},
}

// observe has play send to an engine, and returns all that the application sees
// and all that comes back.
func observe(t *testing.T, role websocket.Role, limit int64, pair func() (net.Conn, net.Conn), play func(p *wsplay.Peer)) (events []string) {
	t.Helper()
	note := func(format string, args ...any) { events = append(events, fmt.Sprintf(format, args...)) }
	a, b := pair()
	c := websocket.NewConn(a, role, &websocket.ConnOptions{
		Limits:         websocket.Limits{Message: limit},
		OnPingReceived: func(_ context.Context, p []byte) bool { note("ping %q", p); return true },
		OnPongReceived: func(_ context.Context, p []byte) { note("pong %q", p) },
	})
	p := wsplay.NewPeer(t, role, b)
	var back []string
	heard, played := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		for {
			f, err := p.Next()
			if err != nil {
				return
			}
			back = append(back, fmt.Sprintf("sent %d %q", f.Opcode, f.Payload))
			if f.Opcode == wsplay.OpClose {
				_ = p.Close()
			}
		}
	}()
	go func() {
		defer close(played)
		play(p)
	}()
	for {
		typ, m, err := read(t, c)
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
func compare(t *testing.T, pair func() (net.Conn, net.Conn), deliveries func(frames []naive.Frame, wire []byte) []func(p *wsplay.Peer)) {
	for name, frames := range conversations {
		for _, role := range wsplay.Roles {
			t.Run(name+"/"+role.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					wire := wsplay.NewPeer(t, role, nil).Wire(frames...)
					end := func(p *wsplay.Peer) {
						if strings.HasPrefix(name, "cut") {
							synctest.Wait()
							_ = p.Close()
						}
					}
					atOnce := observe(t, role, 1000, plain, func(p *wsplay.Peer) { p.SendBytes(wire); end(p) })
					for i, play := range deliveries(frames, wire) {
						got := observe(t, role, 1000, pair, func(p *wsplay.Peer) { play(p); end(p) })
						if !slices.Equal(got, atOnce) {
							t.Fatalf("delivery %d gives\n%q, at once\n%q", i, got, atOnce)
						}
					}
				})
			})
		}
	}
}

// inPieces sends wire in pieces of n bytes, each of which is read before the next
// comes, until the engine has had enough.
func inPieces(p *wsplay.Peer, wire []byte, n int) {
	for piece := range slices.Chunk(wire, n) {
		if _, err := p.Write(piece); err != nil {
			return
		}
		synctest.Wait()
	}
}

func TestAttackDelivery(t *testing.T) {
	t.Run("byte-at-a-time delivery", func(t *testing.T) {
		compare(t, plain, func(_ []naive.Frame, wire []byte) []func(*wsplay.Peer) {
			var plays []func(*wsplay.Peer)
			for _, n := range []int{1, 2, 3, 7, 64} {
				plays = append(plays, func(p *wsplay.Peer) { inPieces(p, wire, n) })
			}
			return plays
		})
	})
	t.Run("header split at every offset", func(t *testing.T) {
		compare(t, plain, func(_ []naive.Frame, wire []byte) []func(*wsplay.Peer) {
			var plays []func(*wsplay.Peer)
			for at := 1; at < len(wire); at++ {
				if len(wire) > 400 && at > 20 && at < 890 {
					continue // in the long payload
				}
				plays = append(plays, func(p *wsplay.Peer) {
					p.SendBytes(wire[:at])
					synctest.Wait()
					_, _ = p.Write(wire[at:]) // unless the engine has had enough
				})
			}
			return plays
		})
		for _, row := range vectors.Frames {
			for _, role := range wsplay.Roles {
				if row.Masked == (role == websocket.RoleServer) && !row.RSV1 && row.Opcode != 0 {
					t.Run(row.Name+"/"+role.String(), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { splitHeader(t, role, row) })
					})
				}
			}
		}
	})
	t.Run("TLS record splits", func(t *testing.T) {
		compare(t, wsplay.TLSPipe, func(frames []naive.Frame, wire []byte) []func(*wsplay.Peer) {
			plays := []func(*wsplay.Peer){
				func(p *wsplay.Peer) { p.SendBytes(wire) }, // many frames in a record
				func(p *wsplay.Peer) { // a record for each
					for _, f := range frames {
						_, _ = p.Write(p.Wire(f))
					}
				},
			}
			for _, n := range []int{1, 5, 63, 64, 65} { // records that end anywhere
				plays = append(plays, func(p *wsplay.Peer) { inPieces(p, wire, n) })
			}
			return plays
		})
	})
}

func splitHeader(t *testing.T, role websocket.Role, row vectors.Frame) {
	var want []string
	for at := len(row.Head); at >= 0; at-- {
		got := observe(t, role, 1<<20, plain, func(p *wsplay.Peer) {
			p.SendBytes(row.Head[:at])
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
