package wsplay_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A peer sends frames with the mask of its role, and understands what comes back.
func TestPeer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		f, n := naive.Decode(p.Wire(wsplay.Frame(wsplay.OpText, "hello")))
		if f.Masked != (role == websocket.RoleServer) || string(f.Payload) != "hello" || n == 0 {
			t.Errorf("encoded %+v", f)
		}
		echoed := wsplay.Echo(wsplay.Patience(t), c, func(string) {})
		wsplay.Pending(t, "the echo loop", echoed)
		p.Busy()
		p.Send(wsplay.Fragment(wsplay.OpBinary, "ab"), wsplay.Frame(wsplay.OpContinuation, "cd"), wsplay.Frame(wsplay.OpPing, "?"))
		p.Want("the echo", wsplay.OpBinary, "abcd")
		p.Want("the pong", wsplay.OpPong, "?")
		p.WantNothing("after the pong")
		p.Send(wsplay.CloseFrame(websocket.StatusGoingAway, "bye"))
		p.WantReply(websocket.StatusGoingAway)
		if err := <-echoed; err != nil {
			t.Errorf("the echo loop ended with %v", err)
		}
		wsplay.WantSticky(t, c, nil)
	})
}

// A header alone is refused when its length is above the limit.
func TestPeerSendsHeaderAlone(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Limits: websocket.Limits{Message: 10}}, 0)
		p.Send(wsplay.Header(wsplay.OpText, 11))
		_, err := wsplay.ReadWhole(wsplay.Patience(t), c)
		wsplay.WantIs(t, "a message above the limit", err, websocket.ErrMessageTooBig)
		p.WantClose("the refusal", websocket.StatusMessageTooBig)
	})
}

// A flood ends with the connection, and with the test.
func TestPeerFloods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := wsplay.Pipe(t, websocket.RoleServer, nil, 0)
		p.Flood(p.Wire(wsplay.Frame(wsplay.OpText, "again")))
		for range 3 {
			wsplay.WantRead(t, c, "again")
		}
	})
}

func TestStalled(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		w := wsplay.StartWrite(t, c, "behind it")
		p.Want("what fills the stream", wsplay.OpText, wsplay.Filling(role))
		p.Want("what waited", wsplay.OpText, "behind it")
		if err := <-w.Done; err != nil {
			t.Error(err)
		}
	})
}

// What Deflater says the engine understands, and Inflater understands the engine.
func TestCompression(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		opts := websocket.ConnOptions{Deflate: &handshake.Deflate{}, CompressionThreshold: -1}
		c, p, inflater := wsplay.DeflatePipe(t, role, opts, 0)
		deflater := wsplay.NewDeflater()
		sayings := wsplay.Sayings{R: rand.New(rand.NewPCG(1, 2))}
		wsplay.Echo(wsplay.Patience(t), c, func(string) {})
		for range 5 {
			text := string(sayings.Message(1000))
			p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpText, deflater.Payload(text))))
			if compressed, n := p.WantSaid(inflater, text); !compressed || n >= len(text) {
				t.Errorf("compressed: %v, %d bytes for %d", compressed, n, len(text))
			}
		}
	})
}

func TestServeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := wsplay.ServeOnce(t, 0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		}), io.Discard)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		if r := p.Response(); r.StatusCode != http.StatusTeapot {
			t.Errorf("got %s", r.Status)
		}
	})
}

func TestStreams(t *testing.T) {
	a, b := wsplay.SmallTCP(t)
	server, client := wsplay.TLSPair(t, a, b)
	sent := wsplay.Go(func() error { _, err := server.Write([]byte("hello")); return err })
	got := make([]byte, 5)
	if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("got %q, %v", got, err)
	}
	if err := wsplay.Returned(t, "the write", sent); err != nil {
		t.Error(err)
	}
	_, _ = a.Close(), b.Close()
}

func TestAllocated(t *testing.T) {
	var s string
	if n := wsplay.Allocated(func() { s = strings.Repeat("x", 1<<20) }); n < 1<<20 || len(s) != 1<<20 {
		t.Errorf("%d bytes for a MiB", n)
	}
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wsplay.Within(t, "a second", time.Second, func() { time.Sleep(time.Second) })
	})
}
