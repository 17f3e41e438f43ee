package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func tell(t *testing.T, h *hub.Hub, text string) {
	t.Helper()
	if err := h.Broadcast(websocket.Prepare(websocket.MessageText, []byte(text))); err != nil {
		t.Fatal(err)
	}
}

// Every connection gets every message once, in the order of the broadcasts.
func TestHub(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var h hub.Hub
		tell(t, &h, "to nobody")
		var conns []*websocket.Conn
		var peers []*wsplay.Peer
		for range 5 {
			c, p := wsplay.Pipe(t, role, nil, 0)
			h.Add(c)
			h.Add(c) // it is in already
			conns, peers = append(conns, c), append(peers, p)
		}
		if all := slices.Collect(h.All()); h.Len() != 5 || len(all) != 5 || !slices.Contains(all, conns[3]) {
			t.Errorf("%d connections, and %d to go through; want 5", h.Len(), len(all))
		}
		for range h.All() {
			break
		}
		for i := range 50 {
			tell(t, &h, fmt.Sprint(i))
		}
		if err := h.BroadcastExcept(conns[0], websocket.Prepare(websocket.MessageBinary, []byte("binary"))); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		h.Remove(conns[4])
		h.Remove(conns[4])
		tell(t, &h, "last")
		for i, p := range peers {
			for n := range 50 {
				p.Want("in order", wsplay.OpText, fmt.Sprint(n))
			}
			if i != 0 {
				p.Want("in order", wsplay.OpBinary, "binary")
			}
			if i != 4 {
				p.Want("in order", wsplay.OpText, "last")
			}
			p.WantNothing("no more")
		}
		var usage *websocket.UsageError
		if err := h.Broadcast(websocket.Prepare(9, nil)); !errors.As(err, &usage) || usage.Method != "Hub.Broadcast" {
			t.Errorf("no such type: %v", err)
		}
		if h.Dropped() != 0 {
			t.Errorf("%d messages were dropped", h.Dropped())
		}
	})
}

// A connection leaves when it has ended, however it ended, and when it is found to be
// closing; then it cannot come in either.
func TestHubConnectionsLeave(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var h, other hub.Hub
		endings := map[string]func(c *websocket.Conn, p *wsplay.Peer){
			"CloseNow": func(c *websocket.Conn, p *wsplay.Peer) { _ = c.CloseNow() },
			"reset":    func(c *websocket.Conn, p *wsplay.Peer) { p.Reset(); _, _, _ = c.Read(context.Background()) },
			"the peer's Close": func(c *websocket.Conn, p *wsplay.Peer) {
				p.Send(wsplay.CloseFrame(1000, ""))
				go func() { _, _ = p.Next(); _ = p.Close() }()
				_, _, _ = c.Read(context.Background())
			},
		}
		for name, end := range endings {
			c, p := wsplay.Pipe(t, role, nil, 0)
			h.Add(c)
			other.Add(c)
			end(c, p)
			synctest.Wait()
			if h.Len() != 0 || other.Len() != 0 {
				t.Errorf("%s: %d are left", name, h.Len())
			}
			h.Add(c)
			if h.Len() != 0 {
				t.Errorf("%s: one that has ended was added", name)
			}
		}
		c, p := wsplay.Pipe(t, role, nil, 0)
		h.Add(c)
		if err := c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		tell(t, &h, "too late")
		if h.Len() != 0 {
			t.Error("one that is closing has not left")
		}
		p.WantClose("ours", websocket.StatusNormalClosure)
		p.WantNothing("RFC 6455 §5.5.1: nothing follows a Close frame")
	})
}

// What is broadcast keeps out of a message in fragments (RFC 6455 §5.4), and comes
// behind what a Batch holds.
func TestHubBesideOtherWriters(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		var h, other hub.Hub
		h.Add(c)
		other.Add(c)
		w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte("frag"))
		_ = w.(interface{ Flush() error }).Flush()
		f, err := p.Next()
		if f.FIN || string(f.Payload) != "frag" || err != nil {
			t.Fatal(f, err)
		}
		tell(t, &h, "1")
		tell(t, &other, "a")
		tell(t, &h, "2")
		p.WantNothing("a message is open")
		_, _ = w.Write([]byte("ment"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p.Want("the rest", wsplay.OpContinuation, "ment")
		var got []string
		for range 3 {
			f, err := p.Next()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(f.Payload))
		}
		if slices.Index(got, "1") > slices.Index(got, "2") || !slices.Contains(got, "a") {
			t.Errorf("got %v", got)
		}

		if err := c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte("held")); err != nil {
			t.Fatal(err)
		}
		tell(t, &h, "behind")
		p.Want("the batch", wsplay.OpText, "held")
		p.Want("what was broadcast", wsplay.OpText, "behind")
		go c.Ping(context.Background())
		f, _ = p.Next()
		p.Send(wsplay.Frame(wsplay.OpPong, string(f.Payload)))
		tell(t, &h, "before Close")
		p.Want("what was broadcast", wsplay.OpText, "before Close")
		go c.Close(websocket.StatusNormalClosure, "")
		p.WantClose("ours", websocket.StatusNormalClosure)
		c.CloseNow()
	})
}

// Compressed connections get it compressed, and the window goes on from there.
func TestHubDeflated(t *testing.T) {
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for name, terms := range map[string]handshake.Deflate{"takeover/": {}, "no takeover/": {Server: alone, Client: alone}} {
		wsplay.ForRoles(t, name, func(t *testing.T, role websocket.Role) {
			var h hub.Hub
			c, p, f := wsplay.DeflatePipe(t, role, websocket.ConnOptions{Deflate: &terms}, 0)
			plain, plainPeer := wsplay.Pipe(t, role, nil, 0)
			h.Add(c)
			h.Add(plain)
			for i := range 20 {
				text := strings.Repeat(fmt.Sprint("message ", i), 100)
				tell(t, &h, text)
				if compressed, _ := p.WantSaid(f, text); !compressed {
					t.Error("it was not compressed")
				}
				plainPeer.Want("as it is", wsplay.OpText, text)
				if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte(text+"!")); err != nil {
					t.Fatal(err)
				}
				p.WantSaid(f, text+"!")
				tell(t, &h, "short")
				p.WantSaid(f, "short")
				plainPeer.Want("as it is", wsplay.OpText, "short")
			}
		})
	}
}
