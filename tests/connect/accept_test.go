package connect_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// acceptLoop is a handler as Accept's documentation has it.
func acceptLoop(t *testing.T, read func(*websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // reset before it was answered
		}
		defer c.CloseNow()
		read(c)
	})
}

// When CloseNow has returned the handler may, too: nothing of the connection uses what net/http
// gives to the next request. The race detector sees what does.
func TestAcceptCloseNow(t *testing.T) {
	address := serve(t, acceptLoop(t, func(c *websocket.Conn) { _ = echo(context.Background(), c) }))
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 50 {
				c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p})
				if err != nil {
					t.Error(err)
					return
				}
				_ = c.Close(websocket.StatusNormalClosure, "")
			}
		})
	}
	clients.Wait()
}

// A write that is inside net/http when the client resets the stream does not damage the response to
// another request.
func TestAcceptWritesWhileItEnds(t *testing.T) {
	var writers sync.WaitGroup
	mux := http.NewServeMux()
	mux.Handle("/chat", acceptLoop(t, func(c *websocket.Conn) {
		for range 3 {
			writers.Go(func() {
				for c.Write(context.Background(), websocket.MessageBinary, make([]byte, 3000)) == nil {
				}
			})
		}
		_, _, _ = c.Read(context.Background())
	}))
	part := bytes.Repeat([]byte("x"), 500)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			if _, err := w.Write(part); err != nil {
				t.Errorf("the other handler writes: %v", err)
			}
			_ = http.NewResponseController(w).Flush()
		}
	})
	address := serve(t, mux)
	pages, chats := connect(t, address), connect(t, address)
	chats.stalled.Store(true)
	for round := range 50 {
		var open []*stream
		for range 8 {
			open = append(open, chats.request(false, sample(":path", "/chat")))
		}
		time.Sleep(time.Duration(round%10) * 300 * time.Microsecond)
		for _, s := range open {
			chats.write(func() error { return chats.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
		}
		for range 8 {
			s := pages.request(true, sample(":method", "GET", ":protocol", "", ":path", "/page", "sec-websocket-version", ""))
			if status, _ := s.answer(); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if text, err := io.ReadAll(s); len(text) != 20*len(part) || err != nil {
				t.Fatalf("%d bytes of a page, %v", len(text), err)
			}
		}
	}
	writers.Wait()
}
