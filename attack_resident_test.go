//go:build unix

package websocket_test

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
)

// A loop over messages that lives inside its socket, and a peer that means it ill.

// atHome runs a test for both roles on a socket, with a loop that echoes and has moved
// in. done tells how the loop ended.
func atHome(t *testing.T, name string, opts *websocket.ConnOptions, each func(c *websocket.Conn, text string), test func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error)) {
	for _, role := range bothRoles {
		t.Run(name+"/"+role.String(), func(t *testing.T) {
			goroutines, descriptors := goleak.IgnoreCurrent(), openDescriptors(t)
			a, b := overTCP(t)
			c, p := websocket.NewConn(a, role, opts), peerOf(t, role, b)
			p.pace = 0
			done := echoes(context.Background(), c, func(text string) { each(c, text) })
			p.busy()
			test(t, c, p, done)
			_ = p.Close()
			_ = c.CloseNow()
			p.floods.Wait()
			goleak.VerifyNone(t, goroutines)
			if now := openDescriptors(t); now > descriptors {
				t.Errorf("%d descriptors are open, %d before", now, descriptors)
			}
		})
	}
}

func TestAttackResident(t *testing.T) {
	inBody, goOn := make(chan bool), make(chan bool)
	stops := func(_ *websocket.Conn, text string) {
		if text == "stop" {
			inBody <- true
			<-goOn
		}
	}
	nothing := func(*websocket.Conn, string) {}
	for what, end := range map[string]func(p *peer){
		"resets":      func(p *peer) { p.reset() },
		"goes away":   func(p *peer) { _ = p.Close() },
		"half-closes": func(p *peer) { p.halfClose() },
	} {
		atHome(t, "a peer that "+what+" while the loop waits", nil, nothing, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
			end(p)
			wantClosed(t, returned(t, "the loop", done))
		})
		atHome(t, "a peer that "+what+" while the body runs", nil, stops, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
			p.send(whole(opText, "stop"))
			<-inBody
			end(p)
			goOn <- true
			wantClosed(t, returned(t, "the loop", done))
		})
	}
	atHome(t, "a peer that stalls while the body runs, and Close", &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 50 * time.Millisecond}}, stops,
		func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
			p.send(whole(opText, "stop"))
			<-inBody
			p.sendBytes(p.wire(whole(opText, "half a frame"))[:5])
			err := returned(t, "Close", background(func() error { return c.Close(websocket.StatusNormalClosure, "") }))
			wantCause(t, "Close", err, websocket.ErrCloseTimeout)
			goOn <- true
			wantCause(t, "the loop", returned(t, "the loop", done), websocket.ErrCloseTimeout)
		})
	atHome(t, "half a frame at the end of a read, then the rest", nil, nothing, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
		for _, text := range []string{"short", strings.Repeat("middle", 100), strings.Repeat("long", 30_000)} {
			wire := p.wire(whole(opText, "before"), whole(opText, text), whole(opText, "behind"))
			for _, at := range []int{9, 13, 14, 15, 17, 20} { // in the header of the second, and its payload
				cut := min(at, len(wire)-1)
				p.sendBytes(wire[:cut])
				if at > 14 { // the first has been dealt with
					p.want("before", opText, "before")
				}
				p.floods.Go(func() { p.sendBytes(wire[cut:]) })
				if at <= 14 {
					p.want("before", opText, "before")
				}
				p.want("what was cut", opText, text)
				p.want("behind", opText, "behind")
				p.floods.Wait()
			}
			p.busy()
		}
	})
	for _, text := range []string{"short", strings.Repeat("long", 30_000)} {
		for what, end := range map[string]func(p *peer){"FIN": func(p *peer) { p.halfClose() }, "RST": func(p *peer) { p.reset() }} {
			atHome(t, "half a frame at the end of a read, then "+what, nil, nothing, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
				p.sendBytes(p.wire(whole(opText, text))[:6])
				end(p)
				err := returned(t, "the loop", done)
				if e := wantClosed(t, err); what == "FIN" && !errors.Is(e.Cause, io.ErrUnexpectedEOF) {
					t.Errorf("%v, want an unexpected end", e)
				}
			})
		}
	}
	atHome(t, "a flood of pings", nil, nothing, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
		const pings = 20_000
		wire := bytes.Repeat(p.wire(whole(opPing, "flood")), pings/10)
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
		got := allocated(func() {
			p.floods.Go(func() {
				for range 10 {
					p.sendBytes(wire)
				}
				p.send(whole(opText, "behind it"))
			})
			untilText()
			p.floods.Wait()
		})
		if got > 3*little && !raced {
			t.Errorf("%d octets allocated for %d pings", got, pings)
		}
		for range 20 {
			p.send(whole(opText, "still at home"))
			untilText()
		}
	})
	atHome(t, "a flood of messages from a peer that does not read", &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: 200 * time.Millisecond}}, nothing,
		func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
			p.flood(bytes.Repeat(p.wire(whole(opText, strings.Repeat("x", 1000))), 100))
			err := returned(t, "the loop", done)
			if !errors.Is(err, websocket.ErrWriteTimeout) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("the loop ended with %v", err)
			}
		})
	for name, bad := range map[string]struct {
		wire func(p *peer) []byte
		code websocket.StatusCode
	}{
		"a reserved opcode":   {func(p *peer) []byte { return p.wire(whole(3, "")) }, websocket.StatusProtocolError},
		"text that is not":    {func(p *peer) []byte { return p.wire(whole(opText, "\xff")) }, websocket.StatusInvalidFramePayloadData},
		"2^62 octets":         {func(p *peer) []byte { return p.wire(only(opBinary, 1<<62)) }, websocket.StatusMessageTooBig},
		"a continuation":      {func(p *peer) []byte { return p.wire(whole(opContinuation, "")) }, websocket.StatusProtocolError},
		"a mask that is not ": {func(p *peer) []byte { b := p.wire(whole(opText, "")); b[1] ^= 0x80; return append(b, 0, 0, 0, 0) }, websocket.StatusProtocolError},
	} {
		atHome(t, "a bad frame behind good ones: "+name, nil, nothing, func(t *testing.T, c *websocket.Conn, p *peer, done <-chan error) {
			p.sendBytes(append(p.wire(whole(opText, "good"), whole(opText, "as well")), bad.wire(p)...))
			p.want("before it", opText, "good")
			p.want("before it", opText, "as well")
			p.wantFarewell("the refusal", bad.code)
			_ = p.Close()
			err := returned(t, "the loop", done)
			if e := wantClosed(t, err); e.Sent == nil || e.Sent.Code != bad.code || e.Began != websocket.SideRemote {
				t.Errorf("the loop ended with %v", err)
			}
		})
	}
}
