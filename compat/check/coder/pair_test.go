package coder

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// serve runs a server with h, which is stopped when the test ends.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// pair returns the two ends of a connection over TCP. Options may be nil.
func pair(t *testing.T, accept *websocket.AcceptOptions, dial *websocket.DialOptions) (server, client *websocket.Conn) {
	t.Helper()
	accepted := make(chan *websocket.Conn, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, accept)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	})
	client, _, err := websocket.Dial(patience(t), s.URL, dial)
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		_ = client.CloseNow()
		_ = server.CloseNow()
	})
	return server, client
}

// raw returns a client, and the end of TCP at its server, which has sent the 101.
func raw(t *testing.T) (client *websocket.Conn, server net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Accept", acceptKey(r))
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	})
	client, _, err := websocket.Dial(patience(t), s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		_ = client.CloseNow()
		_ = server.Close()
	})
	return client, server
}

// patience ends long after everything should have.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func want(t *testing.T, call string, err, target error, texts ...string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v does not match %v", call, err, target)
	}
	wantText(t, call, err, texts...)
}

func wantNot(t *testing.T, call string, err, target error) {
	t.Helper()
	if errors.Is(err, target) {
		t.Errorf("%s: %v matches %v", call, err, target)
	}
}

func wantText(t *testing.T, call string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", call)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %q lacks %q", call, err, text)
		}
	}
}

func good(t *testing.T, call string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", call, err)
	}
}
