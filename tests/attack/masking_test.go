package attack_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"net"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// writes are the ways to send a payload.
var writes = map[string]func(t *testing.T, c *websocket.Conn, p []byte) error{
	"Write": func(t *testing.T, c *websocket.Conn, p []byte) error {
		return c.Write(wsplay.Patience(t), websocket.MessageBinary, p)
	},
	"Batch": func(t *testing.T, c *websocket.Conn, p []byte) error {
		if err := c.Batch().Write(wsplay.Patience(t), websocket.MessageBinary, p); err != nil {
			return err
		}
		return c.Batch().Flush(wsplay.Patience(t))
	},
	"Writer": func(t *testing.T, c *websocket.Conn, p []byte) error {
		w, err := c.Writer(wsplay.Patience(t), websocket.MessageBinary)
		if err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		return w.Close()
	},
	"WritePrepared": func(t *testing.T, c *websocket.Conn, p []byte) error {
		return c.WritePrepared(wsplay.Patience(t), websocket.Prepare(websocket.MessageBinary, p))
	},
	"NetConn": func(t *testing.T, c *websocket.Conn, p []byte) error {
		_, err := websocket.NetConn(wsplay.Patience(t), c, websocket.MessageBinary).Write(p)
		return err
	},
}

// message receives a message of any number of frames.
func receiveMessage(p *wsplay.Peer) (m []byte, keys [][4]byte) {
	p.T.Helper()
	for {
		f, err := p.Next()
		if err != nil || f.Opcode >= wsplay.OpClose {
			p.T.Errorf("opcode %d, %v", f.Opcode, err)
			return m, keys
		}
		m, keys = append(m, f.Payload...), append(keys, f.Key)
		if f.FIN {
			return m, keys
		}
	}
}

func TestAttackMasking(t *testing.T) {
	t.Run("user buffer not modified on write", func(t *testing.T) {
		for name, write := range writes {
			for _, n := range []int{1, 100, 4 << 10, 5000, 16 << 10, 100_000} {
				attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
					user := make([]byte, n, n+64)
					for i := range user {
						user[i] = byte(i * 7)
					}
					want := bytes.Clone(user)
					written := wsplay.Go(func() error { return write(t, c, user) })
					if got, _ := receiveMessage(p); !bytes.Equal(got, want) {
						t.Errorf("another message of %d bytes arrived", len(got))
					}
					if err := <-written; err != nil {
						t.Error(err)
					}
					if !bytes.Equal(user, want) || !bytes.Equal(user[n:n+64], make([]byte, 64)) {
						t.Error("the caller's memory was written to")
					}
				})
			}
		}
		attack(t, "Prepare copies", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			user := []byte("as it was")
			m := websocket.Prepare(websocket.MessageText, user)
			copy(user, "XXXXXXXXX")
			for range 3 { // nor does sending it change it
				go c.WritePrepared(wsplay.Patience(t), m)
				if got, _ := receiveMessage(p); string(got) != "as it was" {
					t.Errorf("%q", got)
				}
			}
		})
		attack(t, "the payload of a ping given to a callback", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			go read(t, c)
			for range 3 {
				p.Send(wsplay.Frame(wsplay.OpPing, "same"))
				p.Want("pong", wsplay.OpPong, "same")
			}
		})
	})
	t.Run("fresh unpredictable key per frame (statistical test), never reused, never zero-forced", func(t *testing.T) {
		keys := manyKeys(t, 20_000)
		seen := make(map[[4]byte]int)
		var ones, changed [32]int // by bit
		for i, k := range keys {
			seen[k]++
			v := binary.BigEndian.Uint32(k[:])
			var diff uint32
			if i > 0 {
				diff = v ^ binary.BigEndian.Uint32(keys[i-1][:])
			}
			for bit := range 32 {
				ones[bit] += int(v >> bit & 1)
				changed[bit] += int(diff >> bit & 1)
			}
		}
		// Of 20,000 out of 2^32, 0.05 pairs are expected to be equal, and zero comes
		// once in 200,000 runs: two equal pairs or two zeros do not happen.
		if n := len(keys) - len(seen); n > 2 {
			t.Errorf("%d of %d keys were used before", n, len(keys))
		}
		if seen[[4]byte{}] > 1 {
			t.Error("the key is zero more than once")
		}
		// Ten standard deviations of a fair coin.
		within := func(what string, bit, n int) {
			if d := n - len(keys)/2; d*d > 100*len(keys)/4 {
				t.Errorf("bit %d %s %d times in %d", bit, what, n, len(keys))
			}
		}
		for bit := range 32 {
			within("is set", bit, ones[bit])
			within("changes", bit, changed[bit])
		}
		// Nor does a key follow from the one before by adding or rotating.
		steps := make(map[uint32]int)
		for i := 1; i < len(keys); i++ {
			a, b := binary.BigEndian.Uint32(keys[i-1][:]), binary.BigEndian.Uint32(keys[i][:])
			steps[b-a]++
			for r := range 32 {
				if bits.RotateLeft32(a, r) == b && a != b {
					steps[uint32(r)]++
				}
			}
		}
		for step, n := range steps {
			if n > 5 {
				t.Errorf("%d keys follow from the one before by %#x", n, step)
			}
		}
	})
	t.Run("fresh key per frame, whatever is sent", func(t *testing.T) {
		for name, write := range writes {
			attack(t, name, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				if p.Client {
					return // a server does not mask
				}
				seen := make(map[[4]byte]bool)
				for range 4 {
					go write(t, c, make([]byte, 40_000)) // zeros: the key is the payload
					_, keys := receiveMessage(p)
					for _, k := range keys {
						if seen[k] || k == [4]byte{} {
							t.Errorf("key % x again", k)
						}
						seen[k] = true
					}
				}
			})
		}
		attack(t, "control frames", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			if p.Client {
				return
			}
			seen := make(map[[4]byte]bool)
			go read(t, c)
			for range 50 {
				p.Send(wsplay.Frame(wsplay.OpPing, "a"))
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpPong || seen[f.Key] {
					t.Fatalf("%+v, %v", f, err)
				}
				seen[f.Key] = true
			}
			go c.Close(websocket.StatusNormalClosure, "")
			if f, err := p.Next(); err != nil || f.Opcode != wsplay.OpClose || seen[f.Key] {
				t.Errorf("%+v, %v", f, err)
			}
		})
	})
}

// manyKeys returns the keys of n frames, of four connections in turn.
func manyKeys(t *testing.T, n int) (keys [][4]byte) {
	var wire bytes.Buffer
	var conns []*websocket.Conn
	for range 4 {
		a, _ := net.Pipe()
		c := websocket.NewConn(&tapped{a, &wire}, websocket.RoleClient, nil)
		defer c.CloseNow()
		conns = append(conns, c)
	}
	for i := range n {
		if err := conns[i%4].Write(t.Context(), websocket.MessageText, []byte("12345")); err != nil {
			t.Fatal(err)
		}
	}
	for b := wire.Bytes(); len(b) > 0; {
		f, size := naive.Decode(b)
		if size == 0 || !f.Masked || string(f.Payload) != "12345" {
			t.Fatalf("%+v", f)
		}
		keys, b = append(keys, f.Key), b[size:]
	}
	return keys
}

// tapped is a connection whose output goes elsewhere.
type tapped struct {
	net.Conn
	out io.Writer
}

func (t *tapped) Write(p []byte) (int, error) { return t.out.Write(p) }
