package http3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/http3"
)

// long is a timeout that would be noticed if it had to pass.
var long = websocket.Timeouts{Close: time.Hour}

// bothEnds runs test on an end of a WebSocket, with its peer played by hand.
func bothEnds(t *testing.T, test func(t *testing.T, c *websocket.Conn, peer *peerStream)) {
	for name, wrap := range ways {
		t.Run("server/"+name, func(t *testing.T) {
			conns := make(chan *websocket.Conn)
			url := serve(t, wrap(websocket.Handler(func(_ context.Context, c *websocket.Conn) error {
				conns <- c
				<-c.Context().Done()
				return nil
			}, &websocket.AcceptOptions{Timeouts: long, OnError: func(*websocket.HandlerError) {}})))
			peer := open(t, url)
			c := await(t, conns)
			defer c.CloseNow()
			test(t, c, peer)
		})
	}
	t.Run("client", func(t *testing.T) {
		c, peer, _ := opened(t)
		test(t, c, peer)
	})
}

// peerOf is the role of the other end.
func peerOf(c *websocket.Conn) websocket.Role {
	if c.Role() == websocket.RoleServer {
		return websocket.RoleClient
	}
	return websocket.RoleServer
}

// closeFrame is a Close frame with 1000, for a server masked with zeros.
func closeFrame(to websocket.Role) []byte {
	h := frame.Header{FIN: true, Opcode: frame.Close, Masked: to == websocket.RoleServer, Length: 2}
	return append(frame.AppendHeader(nil, h), 3, 0xe8)
}

// "The HTTP/3 stream closure is also analogous to the TCP connection closure of [RFC6455]. Orderly
// TCP-level closures are represented as a FIN bit on the stream" (RFC 9220 §3). It goes out once both
// Close frames have gone, and nobody waits for the other's.
func TestOrderlyClose(t *testing.T) {
	t.Run("we begin", func(t *testing.T) {
		bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
			closed := make(chan error, 1)
			go func() { closed <- c.Close(websocket.StatusNormalClosure, "bye") }()
			p := make([]byte, 100)
			n, err := peer.Read(p)
			if err != nil || p[0] != 0x88 {
				t.Fatalf("%x, %v", p[:n], err)
			}
			peer.data(closeFrame(c.Role()))
			if err := await(t, closed); err != nil {
				t.Error(err)
			}
			if code := peer.end(); code != 0 { // although our direction is open
				t.Errorf("ended with %v", code)
			}
			if c.Role() == websocket.RoleServer { // it has answered completely (RFC 9114 §4.1)
				if code := peer.stopped(); code != h3.ErrCodeNoError {
					t.Errorf("stopped with %v", code)
				}
			}
		})
	})
	t.Run("the peer begins", func(t *testing.T) {
		bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
			peer.data(closeFrame(c.Role()))
			if _, _, err := c.Read(within(t)); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				t.Error(err)
			}
			p := make([]byte, 100)
			if n, err := peer.Read(p); err != nil || p[0] != 0x88 {
				t.Fatalf("%x, %v", p[:n], err)
			}
			if code := peer.end(); code != 0 { // although our direction is open
				t.Errorf("ended with %v", code)
			}
		})
	})
	t.Run("both at once", func(t *testing.T) {
		bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
			peer.data(closeFrame(c.Role()))
			_ = c.Close(websocket.StatusNormalClosure, "")
			if code := peer.end(); code != 0 {
				t.Errorf("ended with %v", code)
			}
		})
	})
}

// "RST exceptions are represented with a stream error … of type H3_REQUEST_CANCELLED" (RFC 9220 §3).
func TestCloseNow(t *testing.T) {
	bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		_ = c.CloseNow()
		code := peer.end()
		switch {
		case strings.HasSuffix(t.Name(), "Plain"): // quic-go ends the stream of a handler that has returned
			if code != 0 {
				t.Errorf("ended with %v", code)
			}
		case code != h3.ErrCodeRequestCanceled:
			t.Errorf("ended with %v", code)
		default:
			if code := peer.stopped(); code != h3.ErrCodeRequestCanceled {
				t.Errorf("stopped with %v", code)
			}
		}
	})
}

// What a peer may do to a stream.
func TestAttackStream(t *testing.T) {
	lost := func(part string, code h3.ErrCode) func(*testing.T, *websocket.Conn, *peerStream) {
		return func(t *testing.T, c *websocket.Conn, peer *peerStream) {
			_, _, err := c.Read(within(t))
			ended, ok := errors.AsType[*websocket.ClosedError](err)
			if !ok || ended.Received != nil || ended.Cause == nil {
				t.Fatalf("Read: %v", err)
			}
			if strings.HasSuffix(t.Name(), "Plain") {
				return
			}
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Read: %v, want %q", err, part)
			}
			if got := peer.end(); code != 0 && got != code {
				t.Errorf("ended with %v, want %v", got, code)
			}
		}
	}
	reads := func(t *testing.T, c *websocket.Conn, _ *peerStream) {
		if _, p, err := c.Read(within(t)); string(p) != "hello" || err != nil {
			t.Errorf("Read: %q, %v", p, err)
		}
	}
	for _, test := range []struct {
		name   string
		attack func(c *websocket.Conn, peer *peerStream)
		holds  func(*testing.T, *websocket.Conn, *peerStream)
	}{
		{"RST in the middle of a message", func(c *websocket.Conn, peer *peerStream) {
			peer.data(message("hello", c.Role())[:3])
			peer.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
		}, lost("H3_REQUEST_CANCELLED", 0)},
		{"FIN without a Close frame", func(_ *websocket.Conn, peer *peerStream) { _ = peer.Close() }, lost("EOF", 0)},
		{"FIN in the middle of a DATA frame", func(c *websocket.Conn, peer *peerStream) {
			peer.send(h3frame(frameData, message("hello", c.Role()))[:6])
			_ = peer.Close()
		}, lost("H3_FRAME_ERROR", h3.ErrCodeFrameError)},
		{"FIN in the head of a frame", func(_ *websocket.Conn, peer *peerStream) {
			peer.send([]byte{frameData, 0x40})
			_ = peer.Close()
		}, lost("H3_FRAME_ERROR", h3.ErrCodeFrameError)},
		{"trailers", func(_ *websocket.Conn, peer *peerStream) {
			peer.send(block("x-trailer", "1"))
			_ = peer.Close()
		}, lost("H3_FRAME_UNEXPECTED", h3.ErrCodeFrameUnexpected)},
		{"SETTINGS on the stream", func(_ *websocket.Conn, peer *peerStream) {
			peer.send(h3frame(frameSettings, nil))
		}, lost("H3_FRAME_UNEXPECTED", h3.ErrCodeFrameUnexpected)},
		{"frames of extensions", func(c *websocket.Conn, peer *peerStream) {
			peer.send(h3frame(greaseFrame, make([]byte, 5000)), h3frame(1<<60, nil), h3frame(frameData, message("hello", c.Role())))
		}, reads},
		{"empty DATA", func(c *websocket.Conn, peer *peerStream) {
			for range 50 { // more in a row end the connection where quic-go reads
				peer.data(nil)
			}
			peer.data(message("hello", c.Role()))
		}, reads},
		{"a byte in each DATA frame", func(c *websocket.Conn, peer *peerStream) {
			for _, b := range message("hello", c.Role()) {
				peer.data([]byte{b})
			}
		}, reads},
		{"a DATA frame byte by byte", func(c *websocket.Conn, peer *peerStream) {
			for _, b := range h3frame(frameData, message("hello", c.Role())) {
				peer.send([]byte{b})
			}
		}, reads},
		{"a DATA frame without end", func(c *websocket.Conn, peer *peerStream) {
			peer.send(append([]byte{frameData}, integers(1<<62-1)...), message("hello", c.Role()))
		}, reads},
		{"flow control starved", func(*websocket.Conn, *peerStream) {}, func(t *testing.T, c *websocket.Conn, _ *peerStream) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			if err := c.Write(ctx, websocket.MessageBinary, make([]byte, 8<<20)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Write: %v", err)
			}
		}},
		{"nobody reads, and then it does", func(*websocket.Conn, *peerStream) {}, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
			wrote := make(chan error, 1)
			go func() { wrote <- c.Write(within(t), websocket.MessageBinary, make([]byte, 2<<20)) }()
			n, err := io.CopyN(io.Discard, peer, 2<<20)
			if err != nil {
				t.Error(n, err)
			}
			if err := await(t, wrote); err != nil {
				t.Error(err)
			}
		}},
		{"STOP_SENDING", func(_ *websocket.Conn, peer *peerStream) {
			peer.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
		}, func(t *testing.T, c *websocket.Conn, _ *peerStream) {
			ctx := within(t)
			for {
				err := c.Write(ctx, websocket.MessageText, []byte("to nobody"))
				if err == nil {
					continue
				}
				if closed, ok := errors.AsType[*websocket.ClosedError](err); !ok || closed.Clean() {
					t.Error(err)
				}
				return
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
				test.attack(c, peer)
				test.holds(t, c, peer)
			})
		})
	}
}

// A peer may break off after every byte: nothing hangs, and every call ends with an error.
func TestResetAnywhere(t *testing.T) {
	whole := func(to websocket.Role) []byte {
		return append(h3frame(frameData, message("one", to)), h3frame(frameData, append(message("two", to), closeFrame(to)...))...)
	}
	for i := range whole(websocket.RoleServer) {
		for name, leave := range map[string]func(*peerStream){
			"reset": func(p *peerStream) {
				p.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
				p.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
			},
			"FIN": func(p *peerStream) { _ = p.Close() },
		} {
			t.Run(name, func(t *testing.T) {
				bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
					if p := whole(c.Role()); i < len(p) {
						peer.send(p[:i])
					}
					leave(peer)
					for {
						if _, _, err := c.Read(within(t)); err != nil {
							if closed, ok := errors.AsType[*websocket.ClosedError](err); !ok || closed.Clean() {
								t.Fatal(err)
							}
							break
						}
					}
				})
			})
		}
	}
}

// A client that ends the connection in the middle of its request, and one that is gone before the
// answer, leave nothing behind.
func TestResetRequest(t *testing.T) {
	url := serve(t, http3.Handler(websocket.Handler(echo, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})))
	c := connect(t, url)
	head := sample()
	for i := range head {
		s := request(t, c, head[:i+1])
		s.CancelWrite(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
		s.CancelRead(quic.StreamErrorCode(h3.ErrCodeRequestCanceled))
	}
	s := request(t, c, head)
	if status, _ := s.answer(); status != http.StatusOK {
		t.Error(status)
	}
	_ = s.Close()
}

// A server may break off after every byte of its answer.
func TestResetAnswer(t *testing.T) {
	p := pool(t, &http3.Pool{})
	s := listen(t)
	var c *quic.Conn
	answer := block(":status", "200", "server", "x")
	for i := range answer {
		done := s.dial(&websocket.DialOptions{HTTP3: p})
		if c == nil {
			c, _ = s.accept(welcome)
		}
		peer, _ := asked(t, c)
		if i > 0 {
			peer.send(answer[:i])
		}
		peer.CancelWrite(quic.StreamErrorCode(h3.ErrCodeInternalError))
		if d := await(t, done); !errors.As(d.err, new(*websocket.HandshakeError)) || !strings.Contains(d.err.Error(), "H3_INTERNAL_ERROR") {
			t.Fatalf("byte %d: %v", i, d.err)
		}
	}
}
