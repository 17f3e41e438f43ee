package loop_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A Receiver that blocks keeps nobody waiting but its own connection, whose messages come
// afterwards, all of them.
func TestBlockedReceivers(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const blocked = 10
		goOn := make(chan bool)
		inside := make(chan bool, blocked)
		loop := echoes()
		loop.Loops = 1
		loop.Open = opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			if string(m.Data) == "block" {
				inside <- true
				<-goOn
			}
			return c.Write(ctx, m.Type, m.Data)
		})
		s := serve(t, by, loop)
		var clients, others []*websocket.Conn
		for range blocked {
			others = append(others, s.dial(nil))
			c := s.dial(nil)
			clients = append(clients, c)
			for _, text := range []string{"block", "behind", "it"} {
				if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			arrives(t, "Receive", inside)
			for _, other := range others {
				echoed(t, other, "beside a Receiver that blocks")
			}
		}
		close(goOn)
		for _, c := range clients {
			for _, want := range []string{"block", "behind", "it"} {
				wsplay.WantRead(t, c, want)
			}
		}
	})
}

// The same for Open, for Closed, and for a Receive that blocks in Close: a handshake with a
// peer that does not answer.
func TestBlockedElsewhere(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		goOn := make(chan bool)
		inside := make(chan string, 10)
		loop := echoes()
		loop.Loops = 1
		echo := loop.Open
		first := true // Open is called for one connection at a time here
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			if first {
				first = false
				inside <- "Open"
				<-goOn
			}
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				if string(m.Data) == "close" {
					inside <- "Close"
					return c.Close(4000, "")
				}
				r, _ := echo(ctx, c)
				return r.Receive(ctx, c, m)
			}), nil
		}
		loop.Closed = func(c *websocket.Conn, _ websocket.Receiver, err error) {
			if websocket.CloseStatus(err) == 4001 {
				inside <- "Closed"
				<-goOn
			}
		}
		s := serve(t, by, loop)
		inOpen := s.play() // Open keeps it from being served, not from being connected
		if got := arrives(t, "Open", inside); got != "Open" {
			t.Fatal(got)
		}
		other := s.dial(nil)
		echoed(t, other, "while Open blocks")
		inClose := s.play()
		inClose.Send(wsplay.Frame(wsplay.OpText, "close"))
		if got := arrives(t, "Close", inside); got != "Close" {
			t.Fatal(got)
		}
		inClose.WantClose("ours", 4000)
		echoed(t, other, "while Close waits for the peer")
		inClosed := s.play()
		inClosed.Send(wsplay.CloseFrame(4001, ""))
		inClosed.WantReply(4001)
		_ = inClosed.Close()
		if got := arrives(t, "Closed", inside); got != "Closed" {
			t.Fatal(got)
		}
		echoed(t, other, "while Closed blocks")
		echoed(t, s.dial(nil), "new ones as well")
		inOpen.Send(wsplay.Frame(wsplay.OpText, "waited"))
		close(goOn)
		inOpen.Want("the first", wsplay.OpText, "waited")
		inClose.Send(wsplay.CloseFrame(4000, ""))
		inClose.WantEOF("a server ends TCP first")
	})
}

// Replies are held back while more messages are at hand, but not while Receive takes its time:
// neither that to the first of several messages, nor that to another, nor one that is written
// in a call that a Kick has caused: all of them leave within milliseconds.
func TestRepliesOfABlockedReceiver(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const messages = 5
		goOn := make(chan bool)
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			for _, text := range []string{"one ", "two "} {
				if err := c.Write(ctx, m.Type, append([]byte(text), m.Data...)); err != nil {
					return err
				}
				<-goOn
			}
			return nil
		})}
		s := serve(t, by, loop)
		p := s.play()
		for range 3 {
			var wire []byte
			for i := range messages {
				wire = append(wire, p.Wire(wsplay.Frame(wsplay.OpText, fmt.Sprint(i)))...)
			}
			p.SendBytes(wire)
			for i := range messages {
				for _, text := range []string{"one ", "two "} {
					p.Want("a reply, while Receive waits", wsplay.OpText, text+fmt.Sprint(i))
					goOn <- true
				}
			}
		}
	})
}
