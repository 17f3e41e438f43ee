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

// Over the network: the page, rooms that do not hear each other, and the end.
func TestChat(t *testing.T) {
	chat := newChat()
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
	go func() { ended <- chat.members.Shutdown(t.Context()) }()
	for _, c := range []*websocket.Conn{ann, bob, cid} {
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("at the end: %v", err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// In memory: a member that does not read holds nobody up, and is shown out.
func TestSlowMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rooms
		enter := func(buffer int) *websocket.Conn {
			server, client := wstest.Pipe(&wstest.Options{Buffer: buffer})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				defer cancel()
				defer server.CloseNow()
				_ = r.serve(ctx, "room", server)
			}()
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
		r.mu.Lock()
		if n := r.hubs["room"].hub.Len(); n != 1 {
			t.Errorf("%d members are left", n)
		}
		r.mu.Unlock()

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
	server, client := wstest.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()
	if err := client.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
		t.Fatal(err)
	}
	err := new(rooms).serve(t.Context(), "room", server)
	if ce, ok := err.(websocket.CloseError); !ok || ce.Code != websocket.StatusUnsupportedData {
		t.Errorf("a binary message ends it with %v", err)
	}
}
