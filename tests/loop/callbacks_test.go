package loop_test

import (
	"context"
	"io"
	"log"
	"os"
	"runtime"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A callback that does not return, because it panics or calls runtime.Goexit, costs its
// connection. Closed is told, and the descriptor is closed: serve looks for it.
func TestCallbacksThatDoNotReturn(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	leave := map[string]func(){
		"Goexit": runtime.Goexit,
		"panic":  func() { panic("a callback") },
	}
	callbacks := map[string]func(loop *websocket.Loop, leave func()){
		"OnPingReceived": func(loop *websocket.Loop, leave func()) {
			loop.OnPingReceived = func(context.Context, []byte) bool { leave(); return true }
		},
		"OnPongReceived": func(loop *websocket.Loop, leave func()) {
			loop.OnPongReceived = func(context.Context, []byte) { leave() }
		},
	}
	for name, set := range callbacks {
		for how, leave := range leave {
			t.Run(name+"/"+how, func(t *testing.T) {
				everyWay(t, func(t *testing.T, by way) {
					loop := echoes()
					set(loop, leave)
					s := serve(t, by, loop)
					p := s.play()
					p.Send(wsplay.Frame(wsplay.OpText, "hello"), wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpPong, ""))
					p.Want("the echo", wsplay.OpText, "hello")
					_, l := s.only()
					wantClosedWith1011(t, p)
					l.ended(t)
				})
			})
		}
	}
}

// wantClosedWith1011 reads up to the Close frame, and answers it.
func wantClosedWith1011(t *testing.T, p *wsplay.Peer) {
	t.Helper()
	for {
		f, err := p.Next()
		switch {
		case err != nil:
			t.Fatal(err)
		case f.Opcode == wsplay.OpClose:
			if string(f.Payload[:2]) != "\x03\xf3" {
				t.Errorf("closed with %x, want 1011", f.Payload)
			}
			p.Send(wsplay.CloseFrame(1011, ""))
			_ = p.Close()
			return
		}
	}
}
