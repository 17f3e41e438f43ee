package websocket_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// badText says that a text was refused.
func (p *peer) badText(c *websocket.Conn, err error) {
	p.t.Helper()
	if !errors.Is(err, frame.ErrText) {
		p.t.Errorf("%v, want %v", err, frame.ErrText)
	}
	p.refused(c, err, websocket.StatusInvalidFramePayloadData)
}

// texts runs a test for the rows that choose accepts.
func texts(t *testing.T, choose func(row vectors.Text) bool, test func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text)) {
	textsOn(t, nil, choose, test)
}

// textsOn is texts with options of the connection.
func textsOn(t *testing.T, opts *websocket.ConnOptions, choose func(row vectors.Text) bool, test func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text)) {
	for _, row := range vectors.Texts {
		if choose(row) {
			attack(t, row.Name, opts, func(t *testing.T, c *websocket.Conn, p *peer) { test(t, c, p, row) })
		}
	}
}

func isBad(row vectors.Text) bool  { return row.Bad >= 0 }
func isGood(row vectors.Text) bool { return row.Complete }
func isHalf(row vectors.Text) bool { return row.Bad < 0 && !row.Complete }

func TestAttackUTF8(t *testing.T) {
	t.Run("invalid, overlong, surrogates, >U+10FFFF", func(t *testing.T) {
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			p.send(whole(opText, string(row.Text)))
			_, _, err := c.Read(patience(t))
			p.badText(c, err)
		})
		texts(t, isHalf, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			p.send(part(opText, string(row.Text)), whole(opContinuation, ""))
			_, _, err := c.Read(patience(t))
			p.badText(c, err)
		})
	})
	t.Run("split rune across fragments", func(t *testing.T) {
		texts(t, isGood, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			text := string(row.Text)
			for at := range len(text) + 1 {
				p.send(part(opText, text[:at]), whole(opPong, "\xff"), part(opContinuation, ""), whole(opContinuation, text[at:]))
				if _, got, err := c.Read(patience(t)); string(got) != text || err != nil {
					t.Fatalf("split at %d: %q, %v", at, got, err)
				}
			}
		})
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			p.send(part(opText, ""))
			for _, b := range row.Text[:row.Bad+1] {
				p.send(part(opContinuation, string([]byte{b})))
			}
			_, _, err := c.Read(patience(t))
			p.badText(c, err)
		})
	})
	t.Run("split rune across inflate chunks", func(t *testing.T) {
		textsOn(t, deflating(0), isGood, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			d, text := newDeflater(), string(row.Text)
			for at := range len(text) + 1 { // a block ends in the middle of a rune
				p.send(rsv1(whole(opText, d.payload(text[:at])+"\x00\x00\xff\xff"+d.payload(text[at:]))))
				read := readWhole
				if at%2 == 1 {
					read = readPieces
				}
				if got, err := read(patience(t), c); got != text || err != nil {
					t.Fatalf("split at %d: %q, %v", at, got, err)
				}
			}
		})
		incomplete := func(row vectors.Text) bool { return !row.Complete }
		for _, read := range []func(context.Context, *websocket.Conn) (string, error){readWhole, readPieces} {
			textsOn(t, deflating(0), incomplete, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
				p.send(rsv1(whole(opText, deflated("fine until here "+string(row.Text)))))
				_, err := read(patience(t), c)
				p.badText(c, err)
			})
		}
	})
	t.Run("fail-fast on first bad byte, compressed", func(t *testing.T) {
		textsOn(t, deflating(0), isBad, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			p.send(rsv1(part(opText, deflated(string(row.Text[:row.Bad+1]))+"\x00\x00\xff\xff")))
			_, _, err := c.Read(patience(t))
			p.badText(c, err)
		})
	})
	// The rest of the message never comes, and need not.
	t.Run("fail-fast on first bad byte", func(t *testing.T) {
		texts(t, isBad, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
			f := whole(opText, string(row.Text[:row.Bad+1]))
			f.Length = 1 << 16
			wire := p.wire(f)
			p.sendBytes(wire[:len(wire)-1])
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("before the bad octet: %v", err)
			}
			p.wantNothing("before the bad octet")
			p.sendBytes(wire[len(wire)-1:])
			_, _, err := c.Read(patience(t))
			p.badText(c, err)
		})
		attack(t, "a Reader delivers what is good", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(part(opText, "Hello-\xce"), part(opContinuation, "\xba-"), part(opContinuation, "\xed\xa0"))
			_, r, err := c.Reader(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if string(got) != "Hello-κ-" {
				t.Errorf("got %q before the bad fragment", got)
			}
			p.badText(c, err)
		})
	})
	t.Run("what is no text is not judged", func(t *testing.T) {
		attack(t, "binary, ping, pong", nil, func(t *testing.T, c *websocket.Conn, p *peer) {
			p.send(whole(opPing, "\xff"), whole(opPong, "\xff"), part(opBinary, "\xff"), whole(opContinuation, "\xff"))
			wantRead(t, c, "\xff\xff")
			p.want("the ping's answer", opPong, "\xff")
		})
	})
	t.Run("close reason", func(t *testing.T) {
		for _, bad := range []func(vectors.Text) bool{isBad, isHalf} {
			texts(t, bad, func(t *testing.T, c *websocket.Conn, p *peer, row vectors.Text) {
				p.send(farewell(websocket.StatusNormalClosure, string(row.Text)))
				_, _, err := c.Read(patience(t))
				if !errors.Is(err, frame.ErrCloseReason) {
					t.Errorf("%v, want %v", err, frame.ErrCloseReason)
				}
				p.refused(c, err, websocket.StatusInvalidFramePayloadData)
			})
		}
	})
}
