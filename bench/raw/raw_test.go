package raw

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// peer runs serve on the far end of a connection that asks for the terms of offer.
func peer(t *testing.T, offer Terms, serve func(*websocket.Conn)) *Conn {
	t.Helper()
	upgrader := websocket.Upgrader{EnableCompression: true}
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		serve(c)
	}))
	c, err := Dial(t.Context(), strings.TrimPrefix(server.URL, "http://"), offer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Drop()
		<-done
		server.Close()
	})
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFramesWithPeer(t *testing.T) {
	c := peer(t, Terms{}, func(c *websocket.Conn) {
		for {
			typ, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(typ, p); err != nil {
				t.Error(err)
			}
		}
	})
	// Around the borders of the length field (RFC 6455 §5.2).
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		want := bytes.Repeat([]byte("hawser "), size/7+1)[:size]
		if err := c.Send(AppendFrame(nil, Binary, false, [4]byte{1, 2, 3, 250}, want)); err != nil {
			t.Fatal(err)
		}
		m, err := c.Receive(true)
		if err != nil || m.Opcode != Binary || m.Compressed || m.Frames < 1 || !bytes.Equal(m.Payload, want) {
			t.Errorf("%d bytes come back as opcode %d, %d bytes in %d frames, %v", size, m.Opcode, len(m.Payload), m.Frames, err)
		}
		if least := size + 2; m.Size < least || m.Size > least+8*m.Frames {
			t.Errorf("%d bytes take %d on the wire", size, m.Size)
		}
	}
}

// What a peer sends between and instead of messages.
func TestReceive(t *testing.T) {
	c := peer(t, Terms{}, func(c *websocket.Conn) {
		_ = c.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
		w, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Error(err)
			return
		}
		for range 3 { // a frame each, as the write buffer has 4 KiB
			_, _ = w.Write(bytes.Repeat([]byte("x"), 10_000))
		}
		_ = w.Close()
		_ = c.WriteMessage(websocket.TextMessage, []byte("second"))
		_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "home"), time.Now().Add(time.Second))
	})
	m, err := c.Receive(false)
	if err != nil || m.Opcode != Text || m.Frames < 3 || m.Size < 30_000 || len(m.Payload) != 0 {
		t.Errorf("got %+v, %v", m, err)
	}
	m, err = c.Receive(true)
	if err != nil || string(m.Payload) != "second" || m.Frames != 1 || m.Size != 8 {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err = c.Receive(true); err == nil || !strings.Contains(err.Error(), `1001 "home"`) {
		t.Errorf("got %v instead of the closing", err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	for name, frames := range map[string]string{
		"a mask":                        "\x81\x81abcdx",
		"a beginning without an opcode": "\x80\x01x",
		"a beginning within a message":  "\x01\x01x\x81\x01x",
		"RSV1 without an agreement":     "\xC1\x01x",
		"RSV2":                          "\xA1\x01x",
		"an absurd length":              "\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx",
		"half of a frame":               "\x81\x05xx",
	} {
		c := &Conn{br: bufio.NewReader(strings.NewReader(frames))}
		if m, err := c.Receive(true); err == nil {
			t.Errorf("%s passes: %+v", name, m)
		}
	}
}

func TestOffersAndTerms(t *testing.T) {
	side := func(noTakeover bool, bits int) Side { return Side{noTakeover, bits} }
	for _, test := range []struct {
		offer  Terms
		header string
	}{
		{Terms{}, ""},
		{Terms{true, side(false, 15), side(false, 15)}, "permessage-deflate; client_max_window_bits"},
		{Terms{true, side(true, 15), side(true, 15)}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"},
		{Terms{true, side(false, 9), side(false, 12)}, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=12"},
	} {
		if got := test.offer.Offer(); got != test.header {
			t.Errorf("%v is offered as %q", test.offer, got)
		}
	}
	for header, want := range map[string]Terms{
		"":                   {},
		"permessage-deflate": {true, side(false, 15), side(false, 15)},
		"permessage-deflate; server_max_window_bits=10;client_no_context_takeover":    {true, side(false, 10), side(true, 15)},
		`permessage-deflate; client_max_window_bits="8"; server_no_context_takeover `: {true, side(true, 15), side(false, 8)},
	} {
		if got, err := ParseTerms(header); err != nil || got != want {
			t.Errorf("%q means %v, %v; want %v", header, got, err, want)
		}
	}
	for _, header := range []string{
		"x-other", "permessage-deflate, permessage-deflate", "permessage-deflate; server_max_window_bits",
		"permessage-deflate; client_max_window_bits=16", "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; other",
	} {
		if got, err := ParseTerms(header); err == nil {
			t.Errorf("%q means %v", header, got)
		}
	}
}

func TestDialRefuses(t *testing.T) {
	for name, response := range map[string]string{
		"another status": "HTTP/1.1 200 OK\r\n\r\n",
		"a wrong accept": "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n",
		"no answer":      "",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(nc))
			_, _ = nc.Write([]byte(response))
			_ = nc.Close()
		}()
		if _, err := Dial(context.Background(), l.Addr().String(), Terms{}); err == nil {
			t.Errorf("%s passes", name)
		}
		_ = l.Close()
	}
}
