//go:build unix

package attack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A loop over messages that lives inside its socket, or a Loop that has it, and a peer that means
// it ill.

// atHome runs a test for both roles on a socket, with a loop that echoes and has moved
// in, and with a Loop. done tells how the loop ended.
func atHome(t *testing.T, name string, opts *websocket.ConnOptions, each func(c *websocket.Conn, text string), test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error)) {
	for _, home := range homes {
		for _, role := range wsplay.Roles {
			t.Run(name+home.name+"/"+role.String(), func(t *testing.T) {
				goroutines, descriptors := goleak.IgnoreCurrent(), wsplay.OpenDescriptors(t)
				a, b := wsplay.TCP(t)
				c, p := websocket.NewConn(a, role, opts), wsplay.NewPeer(t, role, b)
				p.Pace = 0
				done, end := home.echo(t, c, func(text string) { each(c, text) })
				p.Busy()
				test(t, c, p, done)
				_ = p.Close()
				_ = c.CloseNow()
				p.Floods.Wait()
				end()
				goleak.VerifyNone(t, goroutines)
				if now := wsplay.OpenDescriptors(t); now > descriptors {
					t.Errorf("%d descriptors are open, %d before", now, descriptors)
				}
			})
		}
	}
}

// homes are who reads a socket below package net: a loop over messages, and a Loop.
var homes = []struct {
	name string
	echo func(t *testing.T, c *websocket.Conn, each func(text string)) (done <-chan error, end func())
}{
	{"", func(_ *testing.T, c *websocket.Conn, each func(text string)) (<-chan error, func()) {
		return wsplay.Echo(context.Background(), c, each), func() {}
	}},
	{"/on a loop", func(t *testing.T, c *websocket.Conn, each func(text string)) (<-chan error, func()) {
		done := make(chan error, 1)
		loop := &websocket.Loop{Closed: func(_ *websocket.Conn, _ websocket.Receiver, err error) { done <- err }}
		if err := loop.Add(c, websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			each(string(m.Data))
			return c.Write(ctx, m.Type, m.Data)
		})); err != nil {
			t.Fatal(err)
		}
		return done, func() {
			if err := loop.Shutdown(wsplay.Quickly(t)); err != nil {
				t.Error(err)
			}
		}
	}},
}

func TestAttackInline(t *testing.T) {
	inBody, goOn := make(chan bool), make(chan bool)
	stops := func(_ *websocket.Conn, text string) {
		if text == "stop" {
			inBody <- true
			<-goOn
		}
	}
	nothing := func(*websocket.Conn, string) {}
	for what, end := range map[string]func(p *wsplay.Peer){
		"resets":      func(p *wsplay.Peer) { p.Reset() },
		"goes away":   func(p *wsplay.Peer) { _ = p.Close() },
		"half-closes": func(p *wsplay.Peer) { p.HalfClose() },
	} {
		atHome(t, "a peer that "+what+" while the loop waits", nil, nothing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
			end(p)
			wsplay.WantClosed(t, wsplay.Returned(t, "the loop", done))
		})
		atHome(t, "a peer that "+what+" while the body runs", nil, stops, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
			p.Send(wsplay.Frame(wsplay.OpText, "stop"))
			<-inBody
			end(p)
			goOn <- true
			wsplay.WantClosed(t, wsplay.Returned(t, "the loop", done))
		})
	}
	atHome(t, "a peer that stalls while the body runs, and Close", &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 50 * time.Millisecond}}, stops,
		func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
			p.Send(wsplay.Frame(wsplay.OpText, "stop"))
			<-inBody
			p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, "half a frame"))[:5])
			err := wsplay.Returned(t, "Close", wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") }))
			wsplay.WantCause(t, "Close", err, websocket.ErrCloseTimeout)
			goOn <- true
			wsplay.WantCause(t, "the loop", wsplay.Returned(t, "the loop", done), websocket.ErrCloseTimeout)
		})
	atHome(t, "half a frame at the end of a read, then the rest", nil, nothing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
		for _, text := range []string{"short", strings.Repeat("middle", 100), strings.Repeat("long", 30_000)} {
			wire := p.Wire(wsplay.Frame(wsplay.OpText, "before"), wsplay.Frame(wsplay.OpText, text), wsplay.Frame(wsplay.OpText, "behind"))
			for _, at := range []int{9, 13, 14, 15, 17, 20} { // in the header of the second, and its payload
				cut := min(at, len(wire)-1)
				p.SendBytes(wire[:cut])
				if at > 14 { // the first has been dealt with
					p.Want("before", wsplay.OpText, "before")
				}
				p.Floods.Go(func() { p.SendBytes(wire[cut:]) })
				if at <= 14 {
					p.Want("before", wsplay.OpText, "before")
				}
				p.Want("what was cut", wsplay.OpText, text)
				p.Want("behind", wsplay.OpText, "behind")
				p.Floods.Wait()
			}
			p.Busy()
		}
	})
	for _, text := range []string{"short", strings.Repeat("long", 30_000)} {
		for what, end := range map[string]func(p *wsplay.Peer){"FIN": func(p *wsplay.Peer) { p.HalfClose() }, "RST": func(p *wsplay.Peer) { p.Reset() }} {
			atHome(t, "half a frame at the end of a read, then "+what, nil, nothing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
				p.SendBytes(p.Wire(wsplay.Frame(wsplay.OpText, text))[:6])
				end(p)
				err := wsplay.Returned(t, "the loop", done)
				if e := wsplay.WantClosed(t, err); what == "FIN" && !errors.Is(e.Cause, io.ErrUnexpectedEOF) {
					t.Errorf("%v, want an unexpected end", e)
				}
			})
		}
	}
	atHome(t, "a flood of pings", nil, nothing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
		const pings = 20_000
		wire := bytes.Repeat(p.Wire(wsplay.Frame(wsplay.OpPing, "flood")), pings/10)
		buf := make([]byte, 4<<10) // the peer allocates nothing
		end := 0
		untilText := func() { // pongs may follow a text that came behind their pings
			for {
				h, size := frame.ParseHeader(buf[:end])
				if size += int(h.Length); size > int(h.Length) && size <= end {
					if end = copy(buf, buf[size:end]); h.Opcode == frame.Text {
						return
					}
					continue
				}
				n, err := p.Read(buf[end:])
				if end += n; err != nil {
					t.Error(err)
					return
				}
			}
		}
		got := wsplay.Allocated(func() {
			p.Floods.Go(func() {
				for range 10 {
					p.SendBytes(wire)
				}
				p.Send(wsplay.Frame(wsplay.OpText, "behind it"))
			})
			untilText()
			p.Floods.Wait()
		})
		if got > 3*wsplay.Little && !raced {
			t.Errorf("%d bytes allocated for %d pings", got, pings)
		}
		for range 20 {
			p.Send(wsplay.Frame(wsplay.OpText, "still at home"))
			untilText()
		}
	})
	atHome(t, "a flood of messages from a peer that does not read", &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: 200 * time.Millisecond}}, nothing,
		func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
			p.Flood(bytes.Repeat(p.Wire(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 1000))), 100))
			err := wsplay.Returned(t, "the loop", done)
			if !errors.Is(err, websocket.ErrWriteTimeout) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("the loop ended with %v", err)
			}
		})
	for name, bad := range map[string]struct {
		wire func(p *wsplay.Peer) []byte
		code websocket.StatusCode
	}{
		"a reserved opcode": {func(p *wsplay.Peer) []byte { return p.Wire(wsplay.Frame(3, "")) }, websocket.StatusProtocolError},
		"text that is not":  {func(p *wsplay.Peer) []byte { return p.Wire(wsplay.Frame(wsplay.OpText, "\xff")) }, websocket.StatusInvalidFramePayloadData},
		"2^62 bytes":        {func(p *wsplay.Peer) []byte { return p.Wire(wsplay.Header(wsplay.OpBinary, 1<<62)) }, websocket.StatusMessageTooBig},
		"a continuation":    {func(p *wsplay.Peer) []byte { return p.Wire(wsplay.Frame(wsplay.OpContinuation, "")) }, websocket.StatusProtocolError},
		"a mask that is not ": {func(p *wsplay.Peer) []byte {
			b := p.Wire(wsplay.Frame(wsplay.OpText, ""))
			b[1] ^= 0x80
			return append(b, 0, 0, 0, 0)
		}, websocket.StatusProtocolError},
	} {
		atHome(t, "a bad frame behind good ones: "+name, nil, nothing, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, done <-chan error) {
			p.SendBytes(append(p.Wire(wsplay.Frame(wsplay.OpText, "good"), wsplay.Frame(wsplay.OpText, "as well")), bad.wire(p)...))
			p.Want("before it", wsplay.OpText, "good")
			p.Want("before it", wsplay.OpText, "as well")
			p.WantClose("the refusal", bad.code)
			_ = p.Close()
			err := wsplay.Returned(t, "the loop", done)
			if e := wsplay.WantClosed(t, err); e.Sent == nil || e.Sent.Code != bad.code || e.Began != websocket.SideRemote {
				t.Errorf("the loop ended with %v", err)
			}
		})
	}
}
