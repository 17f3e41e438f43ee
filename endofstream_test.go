package websocket_test

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
		server, client := tlsPair(t, near, far)
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
func (p *peer) asks() {
	var wire []byte
	for range questions {
		wire = append(wire, p.wire(whole(opText, "?"))...)
	}
	p.sendBytes(append(wire, p.wire(whole(opText, "."))...))
	p.halfClose()
}

// onHalfClosed runs a test for every kind of stream, way to answer and role, when the
// end of the stream has been read and the answers wait for the peer.
func onHalfClosed(t *testing.T, test func(t *testing.T, c *websocket.Conn, p *peer, ended <-chan error)) {
	for kind, stream := range halfClosable {
		for way, answers := range answering {
			forRoles(t, fmt.Sprint(kind, "/", way, "/"), func(t *testing.T, role websocket.Role) {
				near, far := stream(t)
				defer far.Close()
				c := websocket.NewConn(near, role, closeSoon)
				defer c.CloseNow()
				p := peerOf(t, role, far)
				p.asks()
				ended := background(func() error { return answers(c) })
				pending(t, "the loop", ended)
				test(t, c, p, ended)
			})
		}
	}
}

// What was answered before the peer closed its direction is sent.
func TestAnswersBeforeEndOfStream(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, _ *websocket.Conn, p *peer, ended <-chan error) {
		time.Sleep(closeTimeout - 1)
		for range questions {
			p.want("an answer", opText, answer)
		}
		wantCause(t, "Read", <-ended, io.EOF)
	})
}

// A peer that closed its direction and does not read keeps nobody for longer than
// Timeouts.Close.
func TestAnswersThatNobodyReads(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, c *websocket.Conn, _ *peer, ended <-chan error) {
		begin := time.Now()
		wantCause(t, "Read", <-ended, io.EOF)
		if took := time.Since(begin); took != closeTimeout {
			t.Errorf("it took %v", took)
		}
		sticks(t, c, io.EOF)
	})
}

// What cannot be sent because the peer is gone says nothing new of the ending.
func TestAnswersThatNobodyCanRead(t *testing.T) {
	onHalfClosed(t, func(t *testing.T, c *websocket.Conn, p *peer, ended <-chan error) {
		begin := time.Now()
		if secure, ok := p.Conn.(interface{ NetConn() net.Conn }); ok {
			_ = secure.NetConn().Close() // and does not wait to say goodbye
		}
		_ = p.Close()
		wantCause(t, "Read", <-ended, io.EOF)
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
		sticks(t, c, io.EOF)
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
			onHalfClosed(t, func(t *testing.T, c *websocket.Conn, _ *peer, ended <-chan error) {
				begin := time.Now()
				end(c)
				wantCause(t, "Read", <-ended, io.EOF)
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
		forRoles(t, kind+"/", func(t *testing.T, role websocket.Role) {
			near, far := stream(t)
			defer far.Close()
			c := websocket.NewConn(near, role, closeSoon)
			defer c.CloseNow()
			for range questions {
				_ = c.Batch().Write(patience(t), websocket.MessageText, []byte(answer))
			}
			peerOf(t, role, far).halfClose()
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), closeTimeout/2)
			defer cancel()
			_, _, err := c.Read(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				t.Errorf("Read: %v", err)
			}
			_, _, err = c.Read(patience(t))
			wantCause(t, "Read", err, io.EOF)
			if took := time.Since(begin); took != closeTimeout {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Pongs are owed as well, and what another goroutine is writing.
func TestPongsBeforeEndOfStream(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, closeSoon, stall)
		if err := c.Write(patience(t), websocket.MessageText, []byte(filling(role))); err != nil {
			t.Fatal(err)
		}
		wrote := background(func() error { return c.Write(patience(t), websocket.MessageText, []byte("under way")) })
		synctest.Wait()
		p.send(whole(opPing, "1"), whole(opPing, "2"))
		p.halfClose()
		read := background(func() error { _, _, err := c.Read(patience(t)); return err })
		pending(t, "Read", read)
		p.want("what was there before", opText, filling(role))
		p.want("what was being written", opText, "under way")
		p.want("a pong", opPong, "1")
		p.want("a pong", opPong, "2")
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		wantCause(t, "Read", <-read, io.EOF)
	})
}

// Over TCP as well, where they wait behind a large message.
func TestAnswersBeforeEndOfTCP(t *testing.T) {
	for way, answers := range answering {
		for _, role := range bothRoles {
			t.Run(fmt.Sprint(way, "/", role), func(t *testing.T) {
				near, far := overSmallTCP(t)
				defer far.Close()
				c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: time.Minute}})
				defer c.CloseNow()
				filler := strings.Repeat("f", 1<<20)
				wrote := background(func() error {
					return c.Write(context.Background(), websocket.MessageText, []byte(filler))
				})
				p := peerOf(t, role, far)
				if err := p.more(); err != nil { // it is under way, and the sockets do not hold it
					t.Fatal(err)
				}
				p.asks()
				ended := background(func() error { return answers(c) })
				seen := 0
				for seen <= questions {
					f, err := p.next()
					if err != nil || string(f.Payload) != answer && string(f.Payload) != filler {
						t.Fatalf("after %d: %d octets, %v", seen, len(f.Payload), err)
					}
					seen++
				}
				if err := <-wrote; err != nil {
					t.Error(err)
				}
				wantCause(t, "Read", <-ended, io.EOF)
			})
		}
	}
}
