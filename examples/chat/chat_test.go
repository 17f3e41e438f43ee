package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, got, err := c.Read(t.Context()); string(got) != want || err != nil {
		t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

// eachWay runs a test with a chat of goroutines, and with one on a loop.
func eachWay(t *testing.T, test func(t *testing.T, c *chat)) {
	t.Run("goroutines", func(t *testing.T) { test(t, newChat()) })
	t.Run("loop", func(t *testing.T) {
		c := newChat()
		c.useLoop()
		test(t, c)
	})
}

// Over the network: the page, rooms that do not hear each other, and the end.
func TestChat(t *testing.T) { eachWay(t, testChat) }

func testChat(t *testing.T, chat *chat) {
	server := httptest.NewServer(chat.routes())
	defer server.Close()

	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	html, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(html), "new WebSocket") {
		t.Errorf("the page is %.80q", html)
	}

	enter := func(room, greeting string) *websocket.Conn {
		c, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/rooms/"+room, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		say(t, c, greeting)
		hear(t, c, greeting)
		return c
	}
	ann := enter("harbour", "ann is here")
	cid := enter("pub", "cid is here")
	bob := enter("harbour", "bob is here")
	hear(t, ann, "bob is here")
	say(t, ann, "ahoy")
	hear(t, ann, "ahoy")
	hear(t, bob, "ahoy")
	say(t, cid, "cheers")
	hear(t, cid, "cheers") // and not the ahoy of the other room

	ended := make(chan error, 1)
	go func() { ended <- chat.shutdown(t.Context()) }()
	for _, c := range []*websocket.Conn{ann, bob, cid} {
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("at the end: %v", err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if chat.loop == nil {
		return // what serves a member may not have returned yet
	}
	chat.rooms.mu.Lock()
	defer chat.rooms.mu.Unlock()
	if n := len(chat.rooms.hubs); n != 0 {
		t.Errorf("%d rooms are left", n)
	}
}

// serveInMemory serves a member on a connection without a network.
func (c *chat) serveInMemory(t *testing.T, conn *websocket.Conn) {
	if c.loop != nil {
		c.rooms.serveOn(c.loop, "room", conn)
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		err := c.rooms.serve(ctx, "room", conn)
		if e, ok := err.(websocket.CloseError); ok {
			_ = conn.Close(e.Code, e.Reason)
		}
		_ = conn.CloseNow()
	}()
}

// In memory: a member that does not read holds nobody up, and is shown out.
func TestSlowMember(t *testing.T) { eachWay(t, testSlowMember) }

func testSlowMember(t *testing.T, c *chat) {
	synctest.Test(t, func(t *testing.T) {
		enter := func(buffer int) *websocket.Conn {
			server, client := wstest.Pipe(&wstest.Options{Buffer: buffer})
			c.serveInMemory(t, server)
			t.Cleanup(func() { client.CloseNow() })
			return client
		}
		slow, quick := enter(100), enter(0)
		synctest.Wait()

		text := strings.Repeat("x", 50)
		for range queueLength + 10 {
			say(t, quick, text)
			hear(t, quick, text)
		}
		synctest.Wait()
		c.rooms.mu.Lock()
		if n := c.rooms.hubs["room"].hub.Len(); n != 1 {
			t.Errorf("%d members are left", n)
		}
		c.rooms.mu.Unlock()

		// It reads on, at last, and is told.
		var err error
		for err == nil {
			_, _, err = slow.Read(t.Context())
		}
		if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
			t.Errorf("the slow member was shown out with %v", err)
		}
	})
}

func TestTextOnly(t *testing.T) {
	eachWay(t, func(t *testing.T, c *chat) {
		server, client := wstest.Pipe(nil)
		defer client.CloseNow()
		if err := client.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
			t.Fatal(err)
		}
		c.serveInMemory(t, server)
		if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
			t.Errorf("a binary message ends it with %v", err)
		}
	})
}
