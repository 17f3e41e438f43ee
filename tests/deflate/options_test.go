package deflate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// agree dials a server of ours, and returns what each end says was agreed on.
func agree(t *testing.T, server *websocket.AcceptOptions, client *websocket.DialOptions) (sees [2]handshake.Deflate, compressed bool) {
	t.Helper()
	type agreed struct {
		terms handshake.Deflate
		ok    bool
	}
	atServer := make(chan agreed, 1)
	s := httptest.NewServer(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		terms, ok := c.Compression()
		atServer <- agreed{terms, ok}
		for m, err := range c.Messages(ctx) {
			if err == nil {
				err = c.Write(ctx, m.Type, m.Data)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, server))
	defer s.Close()
	c, resp, err := websocket.Dial(t.Context(), s.URL, client)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	a := <-atServer
	terms, ok := c.Compression()
	if ok != a.ok || ok != (resp.Header.Get("Sec-WebSocket-Extensions") != "") {
		t.Fatalf("compressed: the client says %v, the server %v, the header %q", ok, a.ok, resp.Header.Get("Sec-WebSocket-Extensions"))
	}
	text := []byte(strings.Repeat("what was agreed on holds ", 2000))
	for range 3 {
		if err := c.Write(t.Context(), websocket.MessageText, text); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(t.Context()); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes, %v; want %d", len(got), err, len(text))
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	return [2]handshake.Deflate{a.terms, terms}, ok
}

// The options of the two ends, and what comes of them.
func TestCompressionOptions(t *testing.T) {
	const (
		off      = websocket.CompressionDisabled
		takeover = websocket.CompressionContextTakeover
		alone    = websocket.CompressionNoContextTakeover
	)
	type options = websocket.CompressionOptions
	type end struct {
		mode websocket.CompressionMode
		more options
	}
	for _, test := range []struct {
		name           string
		server, client end
		want           string // as in the header; empty: not compressed
	}{
		{"neither", end{}, end{}, ""},
		{"server only", end{mode: takeover}, end{mode: off}, ""},
		{"client only", end{mode: off}, end{mode: takeover}, ""},
		{"both", end{mode: takeover}, end{mode: takeover}, "permessage-deflate"},
		{"server without takeover", end{mode: alone}, end{mode: takeover}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		{"client without takeover", end{mode: takeover}, end{mode: alone}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		{"server sends without takeover", end{takeover, options{Send: alone}}, end{mode: takeover}, "permessage-deflate; server_no_context_takeover"},
		{"server receives without takeover", end{takeover, options{Receive: alone}}, end{mode: takeover}, "permessage-deflate; client_no_context_takeover"},
		{"client sends without takeover", end{mode: takeover}, end{takeover, options{Send: alone}}, "permessage-deflate; client_no_context_takeover"},
		{"client sends with takeover after all", end{mode: takeover}, end{alone, options{Send: takeover}}, "permessage-deflate; server_no_context_takeover"},
		{"server windows", end{takeover, options{SendWindowBits: 10, ReceiveWindowBits: 11}}, end{mode: takeover}, "permessage-deflate; server_max_window_bits=10; client_max_window_bits=11"},
		{"client windows", end{mode: takeover}, end{takeover, options{SendWindowBits: 10, ReceiveWindowBits: 11}}, "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10"},
		{"the smaller ones", end{takeover, options{SendWindowBits: 9, ReceiveWindowBits: 14}}, end{takeover, options{SendWindowBits: 13, ReceiveWindowBits: 12}}, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=13"},
		{"server memory for both", end{takeover, options{Memory: 64 << 10}}, end{mode: takeover}, "permessage-deflate"},
		{"server memory for less", end{takeover, options{Memory: 40 << 10}}, end{mode: takeover}, "permessage-deflate; server_max_window_bits=14; client_max_window_bits=14"},
		{"server memory for little", end{takeover, options{Memory: 1 << 10}}, end{mode: takeover}, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9"},
		{"server memory for one", end{takeover, options{Memory: 1023}}, end{mode: takeover}, "permessage-deflate; server_no_context_takeover; client_max_window_bits=9"},
		{"server memory for none", end{takeover, options{Memory: 1}}, end{mode: takeover}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		{"server memory for none in small windows", end{takeover, options{SendWindowBits: 10, ReceiveWindowBits: 11, Memory: 1}}, end{mode: takeover}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11"},
		{"client memory", end{mode: takeover}, end{takeover, options{Memory: 8 << 10}}, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
		{"levels differ", end{takeover, options{Level: 9}}, end{takeover, options{Level: 1}}, "permessage-deflate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sees, ok := agree(t,
				&websocket.AcceptOptions{CompressionMode: test.server.mode, Compression: test.server.more},
				&websocket.DialOptions{CompressionMode: test.client.mode, Compression: test.client.more})
			if !ok {
				if test.want != "" {
					t.Errorf("not compressed, want %s", test.want)
				}
				return
			}
			for i, terms := range sees {
				if terms.String() != test.want {
					t.Errorf("the %s sees %v, want %s", []string{"server", "client"}[i], terms, test.want)
				}
			}
		})
	}
}

// Options that make no sense are told of before anything is sent.
func TestCompressionOptionsRefused(t *testing.T) {
	for _, test := range []struct {
		mode websocket.CompressionMode
		more websocket.CompressionOptions
		want string
	}{
		{17, websocket.CompressionOptions{}, "no such CompressionMode: 17"},
		{websocket.CompressionContextTakeover, websocket.CompressionOptions{Send: -1}, "no such CompressionMode: -1"},
		{websocket.CompressionContextTakeover, websocket.CompressionOptions{SendWindowBits: 8}, "Compression.SendWindowBits is 8, not 9 to 15"},
		{websocket.CompressionContextTakeover, websocket.CompressionOptions{ReceiveWindowBits: 16}, "Compression.ReceiveWindowBits is 16, not 9 to 15"},
		{websocket.CompressionContextTakeover, websocket.CompressionOptions{Level: 10}, "Compression.Level is 10, not 1 to 9"},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, _, err := websocket.Dial(t.Context(), "ws://localhost:1", &websocket.DialOptions{CompressionMode: test.mode, Compression: test.more})
			if usage, ok := errors.AsType[*websocket.UsageError](err); !ok || usage.Problem != test.want || usage.Method != "Dial" {
				t.Errorf("Dial: %v", err)
			}
			opts := &websocket.AcceptOptions{CompressionMode: test.mode, Compression: test.more}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := websocket.Accept(w, r, opts)
				if usage, ok := errors.AsType[*websocket.UsageError](err); !ok || usage.Problem != test.want {
					t.Errorf("Accept: %v", err)
				}
			}))
			defer s.Close()
			if _, resp, err := websocket.Dial(t.Context(), s.URL, nil); err == nil || resp == nil || resp.StatusCode != http.StatusInternalServerError {
				t.Errorf("the client was told %v", err)
			}
			near, other := wsplay.TCP(t)
			defer other.Close()
			_, err = websocket.Upgrade(near, opts)
			if usage, ok := errors.AsType[*websocket.UsageError](err); !ok || usage.Problem != test.want {
				t.Errorf("Upgrade: %v", err)
			}
		})
	}
}

// What a handshake of another kind has agreed on is taken as the nearest there is.
func TestDeflateOfOptions(t *testing.T) {
	for given, want := range map[int]int{0: 15, -1: 8, 7: 8, 8: 8, 15: 15, 16: 15, 20: 15} {
		side := handshake.DeflateSide{MaxWindowBits: given}
		opts := &websocket.ConnOptions{Deflate: &handshake.Deflate{Server: side, Client: side}, CompressionThreshold: -1, CompressionLevel: given}
		a, b := wsplay.Pair(opts, 1<<20)
		text := []byte(strings.Repeat("what was agreed on holds ", 4000))
		if err := a.Write(t.Context(), websocket.MessageText, text); err != nil {
			t.Fatal(err)
		}
		if _, got, err := b.Read(t.Context()); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bits: %d bytes, %v", given, len(got), err)
		}
		for _, c := range []*websocket.Conn{a, b} {
			if terms, ok := c.Compression(); !ok || terms.Server.MaxWindowBits != want || terms.Client.MaxWindowBits != want {
				t.Errorf("%d bits are %v", given, terms)
			}
			_ = c.CloseNow()
		}
	}
}

// A client that does not let its window be bounded is not asked to: what the server
// may keep is then nothing.
func TestServerMemoryWithoutClientWindowBits(t *testing.T) {
	for _, test := range []struct{ offer, want string }{
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=12; client_no_context_takeover"},
		{"permessage-deflate; client_max_window_bits", "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
		{"permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10"},
		{"permessage-deflate; nonsense, permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"},
		{"permessage-deflate; server_max_window_bits=7", ""},
	} {
		s := httptest.NewServer(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error { return nil },
			&websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover, Compression: websocket.CompressionOptions{Memory: 8 << 10}}))
		req, _ := http.NewRequest("GET", s.URL, nil)
		req.Header = http.Header{
			"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}, "Sec-Websocket-Extensions": {test.offer},
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := parts(resp.Header.Get("Sec-Websocket-Extensions")); got != parts(test.want) {
			t.Errorf("%s: answered %s, want %s", test.offer, got, test.want)
		}
		_ = resp.Body.Close()
		s.Close()
	}
}

// parts lets answers be compared whatever the order of their parameters.
func parts(extension string) string {
	set := map[string]bool{}
	for p := range strings.SplitSeq(extension, "; ") {
		set[p] = true
	}
	return fmt.Sprint(set)
}
