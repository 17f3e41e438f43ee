package websocket

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"
)

func tcpPair(t testing.TB) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

func TestSmoke(t *testing.T) {
	s, cl := tcpPair(t)
	srv := NewConn(s, RoleServer, &ConnOptions{Limits: Limits{Message: -1}})
	c := NewConn(cl, RoleClient, &ConnOptions{Limits: Limits{Message: -1}})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		for m, err := range srv.Messages(ctx) {
			if err != nil {
				got <- err
				return
			}
			if err := srv.Write(ctx, m.Type, m.Data); err != nil {
				got <- err
				return
			}
		}
		got <- nil
	}()
	var buf []byte
	for _, n := range []int{0, 1, 125, 126, 4096, 5000, 65535, 65536, 200000, 3 << 20} {
		msg := bytes.Repeat([]byte("é"), n)[:n]
		done := make(chan error, 1)
		go func() { done <- c.Write(ctx, MessageBinary, msg) }()
		typ, p, err := c.ReadInto(ctx, buf[:0])
		if err != nil || typ != MessageBinary || !bytes.Equal(p, msg) {
			t.Fatal(n, typ, len(p), err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		buf = p
	}
	go c.CloseRead(ctx)
	if err := c.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	t.Log(c.Latency())
	if err := c.Close(StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	t.Log(c.closedError())
	t.Log(srv.closedError())
}
