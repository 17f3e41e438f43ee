package attack_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/vectors"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// badText says that a text was refused.
func badText(p *wsplay.Peer, c *websocket.Conn, err error) {
	p.T.Helper()
	if !errors.Is(err, frame.ErrText) {
		p.T.Errorf("%v, want %v", err, frame.ErrText)
	}
	refused(p, c, err, websocket.StatusInvalidFramePayloadData)
}

// texts runs a test for the rows that choose accepts.
func texts(t *testing.T, choose func(row vectors.Text) bool, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text)) {
	textsOn(t, nil, choose, test)
}

// textsOn is texts with options of the connection.
func textsOn(t *testing.T, opts *websocket.ConnOptions, choose func(row vectors.Text) bool, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text)) {
	for _, row := range vectors.Texts {
		if choose(row) {
			attack(t, row.Name, opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { test(t, c, p, row) })
		}
	}
}

func isBad(row vectors.Text) bool  { return row.Bad >= 0 }
func isGood(row vectors.Text) bool { return row.Complete }
func isHalf(row vectors.Text) bool { return row.Bad < 0 && !row.Complete }

func TestAttackUTF8(t *testing.T) {
	t.Run("invalid, overlong, surrogates, >U+10FFFF", func(t *testing.T) {
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			p.Send(wsplay.Frame(wsplay.OpText, string(row.Text)))
			_, _, err := read(t, c)
			badText(p, c, err)
		})
		texts(t, isHalf, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			p.Send(wsplay.Fragment(wsplay.OpText, string(row.Text)), wsplay.Frame(wsplay.OpContinuation, ""))
			_, _, err := read(t, c)
			badText(p, c, err)
		})
	})
	t.Run("split rune across fragments", func(t *testing.T) {
		texts(t, isGood, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			text := string(row.Text)
			for at := range len(text) + 1 {
				p.Send(wsplay.Fragment(wsplay.OpText, text[:at]), wsplay.Frame(wsplay.OpPong, "\xff"), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, text[at:]))
				if _, got, err := read(t, c); string(got) != text || err != nil {
					t.Fatalf("split at %d: %q, %v", at, got, err)
				}
			}
		})
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			p.Send(wsplay.Fragment(wsplay.OpText, ""))
			for _, b := range row.Text[:row.Bad+1] {
				p.Send(wsplay.Fragment(wsplay.OpContinuation, string([]byte{b})))
			}
			_, _, err := read(t, c)
			badText(p, c, err)
		})
	})
	t.Run("split rune across inflate chunks", func(t *testing.T) {
		textsOn(t, wsplay.Deflating(0), isGood, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			d, text := wsplay.NewDeflater(), string(row.Text)
			for at := range len(text) + 1 { // a block ends in the middle of a rune
				p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpText, d.Payload(text[:at])+"\x00\x00\xff\xff"+d.Payload(text[at:]))))
				read := readWhole
				if at%2 == 1 {
					read = readPieces
				}
				if got, err := read(wsplay.Patience(t), c); got != text || err != nil {
					t.Fatalf("split at %d: %q, %v", at, got, err)
				}
			}
		})
		incomplete := func(row vectors.Text) bool { return !row.Complete }
		for _, read := range []func(context.Context, *websocket.Conn) (string, error){readWhole, readPieces} {
			textsOn(t, wsplay.Deflating(0), incomplete, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
				p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpText, wsplay.Deflated("fine until here "+string(row.Text)))))
				_, err := read(wsplay.Patience(t), c)
				badText(p, c, err)
			})
		}
	})
	t.Run("fail-fast on first bad byte, compressed", func(t *testing.T) {
		textsOn(t, wsplay.Deflating(0), isBad, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, wsplay.Deflated(string(row.Text[:row.Bad+1]))+"\x00\x00\xff\xff")))
			_, _, err := read(t, c)
			badText(p, c, err)
		})
	})
	// The rest of the message never comes, and need not.
	t.Run("fail-fast on first bad byte", func(t *testing.T) {
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
			f := wsplay.Frame(wsplay.OpText, string(row.Text[:row.Bad+1]))
			f.Length = 1 << 16
			wire := p.Wire(f)
			p.SendBytes(wire[:len(wire)-1])
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if _, _, err := readUntil(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("before the bad byte: %v", err)
			}
			p.WantNothing("before the bad byte")
			p.SendBytes(wire[len(wire)-1:])
			_, _, err := read(t, c)
			badText(p, c, err)
		})
		attackReading(t, "a Reader delivers what is good", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Fragment(wsplay.OpText, "Hello-\xce"), wsplay.Fragment(wsplay.OpContinuation, "\xba-"), wsplay.Fragment(wsplay.OpContinuation, "\xed\xa0"))
			_, r, err := c.Reader(wsplay.Patience(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if string(got) != "Hello-κ-" {
				t.Errorf("got %q before the bad fragment", got)
			}
			badText(p, c, err)
		})
	})
	t.Run("what is no text is not judged", func(t *testing.T) {
		attack(t, "binary, ping, pong", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(wsplay.OpPing, "\xff"), wsplay.Frame(wsplay.OpPong, "\xff"), wsplay.Fragment(wsplay.OpBinary, "\xff"), wsplay.Frame(wsplay.OpContinuation, "\xff"))
			wantRead(t, c, "\xff\xff")
			p.Want("the ping's answer", wsplay.OpPong, "\xff")
		})
	})
	t.Run("close reason", func(t *testing.T) {
		for _, bad := range []func(vectors.Text) bool{isBad, isHalf} {
			texts(t, bad, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, row vectors.Text) {
				p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, string(row.Text)))
				_, _, err := read(t, c)
				if !errors.Is(err, frame.ErrCloseReason) {
					t.Errorf("%v, want %v", err, frame.ErrCloseReason)
				}
				refused(p, c, err, websocket.StatusInvalidFramePayloadData)
			})
		}
	})
}
