package closing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// The kinds of stream over which a peer closes its direction and goes on reading. They
// hold less than the answers.
var halfClosable = map[string]func(t *testing.T) (near io.ReadWriteCloser, far net.Conn){
	"net.Conn": func(*testing.T) (io.ReadWriteCloser, net.Conn) { return wstest.NetPipe(4 << 10) },
	"stream": func(*testing.T) (io.ReadWriteCloser, net.Conn) {
		near, far := wstest.NetPipe(4 << 10)
		return struct{ io.ReadWriteCloser }{near}, far
	},
	"TLS": func(t *testing.T) (io.ReadWriteCloser, net.Conn) {
		near, far := wstest.NetPipe(4 << 10)
		server, client := wsplay.TLSPair(t, near, far)
		return server, client
	},
}

var answer = strings.Repeat("answer ", 150)

// answering are ways to answer messages that hold answers back. They return how it
// ended.
var answering = map[string]func(c *websocket.Conn) error{
	"Messages": func(c *websocket.Conn) error {
		return answerAll(c, c.Write)
	},
	"Messages and Batch": func(c *websocket.Conn) error {
		return answerAll(c, c.Batch().Write)
	},
	"Read and Batch": func(c *websocket.Conn) error {
		for {
			typ, m, err := c.Read(context.Background())
			if err == nil && string(m) == "?" {
				err = c.Batch().Write(context.Background(), typ, []byte(answer))
			}
			if err != nil {
				return err
			}
		}
	},
}

func answerAll(c *websocket.Conn, write func(context.Context, websocket.MessageType, []byte) error) error {
	for m, err := range c.Messages(context.Background()) {
		if err == nil && string(m.Data) == "?" {
			err = write(context.Background(), m.Type, []byte(answer))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const questions = 8

// asks sends questions, a message that is none, and the end of the peer's direction
// right behind them.
func asks(p *wsplay.Peer) {
	var wire []byte
	for range questions {
		wire = append(wire, p.Wire(wsplay.Frame(wsplay.OpText, "?"))...)
	}
	p.SendBytes(append(wire, p.Wire(wsplay.Frame(wsplay.OpText, "."))...))
	p.HalfClose()
}

// onHalfClosed runs a test for every kind of stream, way to answer and role, when the
// end of the stream has been read and the answers wait for the peer.
func onHalfClosed(t *testing.T, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, ended <-chan error)) {
	for kind, stream := range halfClosable {
		for way, answers := range answering {
			wsplay.ForRoles(t, fmt.Sprint(kind, "/", way, "/"), func(t *testing.T, role websocket.Role) {
				near, far := stream(t)
				defer far.Close()
				c := websocket.NewConn(near, role, wsplay.CloseSoon)
				defer c.CloseNow()
				p := wsplay.NewPeer(t, role, far)
				asks(p)
				ended := wsplay.Go(func() error { return answers(c) })
				wsplay.Pending(t, "the loop", ended)
				test(t, c, p, ended)
			})
		}
	}
}

// What was answered before the peer closed its direction is sent.
func TestAnswersBeforeEndOfStream(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, _ *websocket.Conn, p *wsplay.Peer, ended <-chan error) {
		time.Sleep(wsplay.CloseTimeout - 1)
		for range questions {
			p.Want("an answer", wsplay.OpText, answer)
		}
		wsplay.WantCause(t, "Read", <-ended, io.EOF)
	})
}

// A peer that closed its direction and does not read keeps nobody for longer than
// Timeouts.Close.
func TestAnswersThatNobodyReads(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, c *websocket.Conn, _ *wsplay.Peer, ended <-chan error) {
		begin := time.Now()
		wsplay.WantCause(t, "Read", <-ended, io.EOF)
		if took := time.Since(begin); took != wsplay.CloseTimeout {
			t.Errorf("it took %v", took)
		}
		wsplay.WantSticky(t, c, io.EOF)
	})
}

// What cannot be sent because the peer is gone says nothing new of the ending.
func TestAnswersThatNobodyCanRead(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer, ended <-chan error) {
		begin := time.Now()
		if secure, ok := p.Conn.(interface{ NetConn() net.Conn }); ok {
			_ = secure.NetConn().Close() // and does not wait to say goodbye
		}
		_ = p.Close()
		wsplay.WantCause(t, "Read", <-ended, io.EOF)
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
		wsplay.WantSticky(t, c, io.EOF)
	})
}

// The application may end it sooner.
func TestAnswersGivenUp(t *testing.T) {
	for name, end := range map[string]func(c *websocket.Conn){
		"CloseNow": func(c *websocket.Conn) { _ = c.CloseNow() },
		"CloseContext": func(c *websocket.Conn) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = c.CloseContext(ctx, websocket.StatusNormalClosure, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onHalfClosed(t, func(t *testing.T, c *websocket.Conn, _ *wsplay.Peer, ended <-chan error) {
				begin := time.Now()
				end(c)
				wsplay.WantCause(t, "Read", <-ended, io.EOF)
				if took := time.Since(begin); took != 0 {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A read that is cancelled while the last answers wait returns; the next finds the end
// again, and the time is not counted anew.
func TestReadCancelledBeforeEnd(t *testing.T) {
	for kind, stream := range halfClosable {
		wsplay.ForRoles(t, kind+"/", func(t *testing.T, role websocket.Role) {
			near, far := stream(t)
			defer far.Close()
			c := websocket.NewConn(near, role, wsplay.CloseSoon)
			defer c.CloseNow()
			for range questions {
				_ = c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte(answer))
			}
			wsplay.NewPeer(t, role, far).HalfClose()
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), wsplay.CloseTimeout/2)
			defer cancel()
			_, _, err := c.Read(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				t.Errorf("Read: %v", err)
			}
			_, _, err = c.Read(wsplay.Patience(t))
			wsplay.WantCause(t, "Read", err, io.EOF)
			if took := time.Since(begin); took != wsplay.CloseTimeout {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Pongs are owed as well, and what another goroutine is writing.
func TestPongsBeforeEndOfStream(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, wsplay.CloseSoon, wsplay.Stall)
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role))); err != nil {
			t.Fatal(err)
		}
		wrote := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageText, []byte("under way")) })
		synctest.Wait()
		p.Send(wsplay.Frame(wsplay.OpPing, "1"), wsplay.Frame(wsplay.OpPing, "2"))
		p.HalfClose()
		read := wsplay.Go(func() error { _, _, err := c.Read(wsplay.Patience(t)); return err })
		wsplay.Pending(t, "Read", read)
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("what was being written", wsplay.OpText, "under way")
		p.Want("a pong", wsplay.OpPong, "1")
		p.Want("a pong", wsplay.OpPong, "2")
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		wsplay.WantCause(t, "Read", <-read, io.EOF)
	})
}

// Over TCP as well, where they wait behind a large message.
func TestAnswersBeforeEndOfTCP(t *testing.T) {
	for way, answers := range answering {
		for _, role := range wsplay.Roles {
			t.Run(fmt.Sprint(way, "/", role), func(t *testing.T) {
				near, far := wsplay.SmallTCP(t)
				defer far.Close()
				c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: time.Minute}})
				defer c.CloseNow()
				filler := strings.Repeat("f", 1<<20)
				wrote := wsplay.Go(func() error {
					return c.Write(context.Background(), websocket.MessageText, []byte(filler))
				})
				p := wsplay.NewPeer(t, role, far)
				if err := p.More(); err != nil { // it is under way, and the sockets do not hold it
					t.Fatal(err)
				}
				asks(p)
				ended := wsplay.Go(func() error { return answers(c) })
				seen := 0
				for seen <= questions {
					f, err := p.Next()
					if err != nil || string(f.Payload) != answer && string(f.Payload) != filler {
						t.Fatalf("after %d: %d bytes, %v", seen, len(f.Payload), err)
					}
					seen++
				}
				if err := <-wrote; err != nil {
					t.Error(err)
				}
				wsplay.WantCause(t, "Read", <-ended, io.EOF)
			})
		}
	}
}
