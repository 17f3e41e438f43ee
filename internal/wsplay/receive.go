package wsplay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
)

// More waits for bytes, for an hour at the most, and appends them to Unread.
func (p *Peer) More() error {
	b := make([]byte, 32<<10)
	_ = p.SetReadDeadline(time.Now().Add(time.Hour))
	n, err := p.Read(b)
	_ = p.SetReadDeadline(time.Time{})
	if p.Unread = append(p.Unread, b[:n]...); n > 0 {
		return nil
	}
	return err
}

// Next returns the next frame that arrives, or io.EOF. It must be a frame that the other
// role may send.
func (p *Peer) Next() (naive.Frame, error) {
	for {
		if f, n := naive.Decode(p.Unread); n > 0 {
			p.Unread = p.Unread[n:]
			if broken := naive.Broken(f, !p.Client, p.Deflate); broken != nil {
				p.T.Errorf("got a frame that breaks rules: %v", broken)
			}
			return f, nil
		}
		if err := p.More(); err == io.EOF && len(p.Unread) > 0 {
			return naive.Frame{}, io.ErrUnexpectedEOF
		} else if err != nil {
			return naive.Frame{}, err
		}
	}
}

// ReadBytes reads n bytes, whatever they are.
func (p *Peer) ReadBytes(n int) []byte {
	p.T.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p, b); err != nil {
		p.T.Fatal(err)
	}
	return b
}

// Head receives the head of a response and keeps what follows it.
func (p *Peer) Head() string {
	p.T.Helper()
	for {
		if head, rest, ok := bytes.Cut(p.Unread, []byte("\r\n\r\n")); ok {
			p.Unread = rest
			return string(head) + "\r\n\r\n"
		}
		if err := p.More(); err != nil {
			p.T.Fatalf("after %q: %v; want a response", p.Unread, err)
		}
	}
}

// Want receives the next frame and compares it with a whole one.
func (p *Peer) Want(why string, opcode byte, payload string) {
	p.T.Helper()
	f, err := p.Next()
	if err != nil || f.Opcode != opcode || !f.FIN || string(f.Payload) != payload {
		p.T.Fatalf("%s: got opcode %d, fin %v, %d bytes %.60q, %v; want opcode %d %.60q", why, f.Opcode, f.FIN, len(f.Payload), f.Payload, err, opcode, payload)
	}
}

// WantClose receives a Close frame.
func (p *Peer) WantClose(why string, code websocket.StatusCode) (reason string) {
	p.T.Helper()
	f, err := p.Next()
	if err != nil || f.Opcode != OpClose {
		p.T.Fatalf("%s: got opcode %d %.60q, %v; want a Close frame with %d", why, f.Opcode, f.Payload, err, code)
	}
	got, reason, fail := naive.Close(f.Payload)
	if got != int(code) || fail != 0 {
		p.T.Fatalf("%s: got a Close frame with %d %q (deserves %d), want %d", why, got, reason, fail, code)
	}
	return reason
}

// WantReply receives the Close frame that answers the peer. From a server it also wants
// the end of the stream: nothing follows a Close frame, and the server closes first.
func (p *Peer) WantReply(code websocket.StatusCode) (reason string) {
	p.T.Helper()
	reason = p.WantClose("the reply", code)
	if p.Client {
		p.WantEOF("after the reply")
	}
	return reason
}

// WantEOF checks that the stream ends here.
func (p *Peer) WantEOF(why string) {
	p.T.Helper()
	if f, err := p.Next(); err != io.EOF {
		p.T.Fatalf("%s: got opcode %d %.60q, %v; want the end of the stream", why, f.Opcode, f.Payload, err)
	}
}

// WantNothing checks that no frame has come and that the stream has not ended.
func (p *Peer) WantNothing(why string) {
	p.T.Helper()
	synctest.Wait()
	_ = p.SetReadDeadline(time.Now().Add(1))
	b := make([]byte, 100)
	n, err := p.Read(b)
	_ = p.SetReadDeadline(time.Time{})
	if n > 0 || len(p.Unread) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		p.T.Fatalf("%s: got % x % x, %v; want nothing", why, p.Unread, b[:n], err)
	}
}

// Busy has so many messages echoed, one after the other, that the loop no longer looks
// whether there is more before it waits.
func (p *Peer) Busy() {
	p.T.Helper()
	for i := range 20 {
		p.Send(Frame(OpText, fmt.Sprint(i)))
		p.Want("a busy peer", OpText, fmt.Sprint(i))
	}
}
