package autobahn

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

const (
	// settingsHeld is how late the settings of a connection are: clients must wait for them. It is
	// much longer than a request needs, and a connection serves many cases.
	settingsHeld = 50 * time.Millisecond
	// mostStreams is how many cases a client may play on a connection at a time.
	mostStreams = 250
)

// errHTTP1 is the answer to a client of HTTP/1.1.
var errHTTP1 = errors.New("it judges over HTTP/2 here, and this client has begun with HTTP/1.1")

// serveHTTP2 serves one connection of HTTP/2.
func (f *FuzzingServer) serveHTTP2(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	interrupt := context.AfterFunc(ctx, func() { conn.Close() })
	preface, err := f.readPreface(conn)
	if err != nil {
		interrupt()
		return
	}
	var streams sync.WaitGroup
	settings := []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}, {ID: http2.SettingMaxConcurrentStreams, Val: mostStreams}}
	c, err := mux.Server(conn, preface, mux.Config{
		Window: mux.Usual, Settings: settings, Hold: settingsHeld,
		Request: func(x *mux.Stream) { f.serveStream(ctx, x) },
		Serving: &streams,
	})
	interrupt()
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, c.Close)()
	c.Wait()
	streams.Wait()
}

// readPreface reads the beginning of a client's preface. A client of HTTP/1.1 gets an answer.
func (f *FuzzingServer) readPreface(conn net.Conn) ([]byte, error) {
	conn.SetReadDeadline(time.Now().Add(f.Timeout))
	defer conn.SetReadDeadline(time.Time{})
	if secure, ok := conn.(*tls.Conn); ok {
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
	}
	in := bufio.NewReaderSize(conn, len(http2.ClientPreface))
	begin, err := in.Peek(3)
	if err != nil {
		return nil, err
	}
	if string(begin) != http2.ClientPreface[:3] {
		respond(conn, page{"505 HTTP Version Not Supported", plainText, []byte("A fuzzing server for WebSocket clients: " + errHTTP1.Error() + ".\n")})
		return nil, errHTTP1
	}
	all := make([]byte, in.Buffered())
	_, err = in.Read(all)
	return all, err
}

// serveStream serves one request.
func (f *FuzzingServer) serveStream(ctx context.Context, x *mux.Stream) {
	fields, err := x.AwaitHead(f.Timeout)
	if err != nil {
		x.Close()
		return
	}
	h := play.RequestOf(fields)
	if h.Get(":method") != "CONNECT" {
		p, ok := pageAt(h.Get(":path"), f.Agents)
		if !ok {
			p = refusal(errNotFound)
		}
		respondStream(x, p)
		return
	}
	c, err := parseCall(h.Get(":path"), f.Cases)
	if err == nil && h.Get(":protocol") != "websocket" {
		err = errors.New("this is a WebSocket server")
	}
	if err != nil {
		respondStream(x, refusal(err))
		return
	}
	f.play(ctx, c, x, &play.ConnectAnswer{Head: h})
}

// respondStream answers without a WebSocket, and ends the stream.
func respondStream(x *mux.Stream, p page) {
	status, _, _ := strings.Cut(p.status, " ")
	x.Head([]hpack.HeaderField{
		{Name: ":status", Value: status}, {Name: "content-type", Value: p.kind}, {Name: "cache-control", Value: "no-store"},
	}, mux.Form{})
	x.SetWriteDeadline(time.Now().Add(Timeout))
	_, _ = x.Write(p.body)
	_ = x.CloseWrite()
	x.Reset(http2.ErrCodeNo) // a client may still be sending (RFC 9113 section 8.1)
	_ = x.Close()
}
