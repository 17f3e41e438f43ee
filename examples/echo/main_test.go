package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

func TestEcho(t *testing.T) {
	server := httptest.NewServer(websocket.Handler(echo, nil))
	defer server.Close()
	c, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	words := []string{"one", "", "three"}
	for _, word := range words {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(word)); err != nil {
			t.Fatal(err)
		}
	}
	for _, word := range words {
		typ, got, err := c.Read(t.Context())
		if err != nil || typ != websocket.MessageText || string(got) != word {
			t.Errorf("got %v %q, %v; want %q", typ, got, err, word)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}
