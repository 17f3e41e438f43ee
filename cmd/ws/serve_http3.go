package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	quichttp3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket/http3"
)

// A quicServer serves HTTP/3 beside the server of TCP.
type quicServer struct {
	server *quichttp3.Server
	socket net.PacketConn
}

// streams is how many WebSockets a client may have on a connection, as with net/http's HTTP/2.
const streams = 250

// openQUIC opens the port of UDP that has the number of a listener's.
func openQUIC(beside net.Listener, certificate *tls.Certificate, h http.Handler) (*quicServer, error) {
	socket, err := net.ListenPacket("udp", beside.Addr().String())
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{*certificate}}
	return &quicServer{&quichttp3.Server{Handler: http3.Handler(h), TLSConfig: config, QUICConfig: http3.QUICConfig(streams)}, socket}, nil
}

// run serves until close.
func (s *quicServer) run() error { return s.server.Serve(s.socket) }

// leave takes no more WebSockets, and waits for the clients to end their connections, or for ctx.
func (s *quicServer) leave(ctx context.Context) { _ = s.server.Shutdown(ctx) }

// close ends all connections.
func (s *quicServer) close() {
	_ = s.server.Close()
	_ = s.socket.Close()
}

// offer tells a browser that came by TCP of HTTP/3 (RFC 7838, RFC 9114 §3.1.1).
func (s *quicServer) offer(w http.ResponseWriter) {
	if s == nil {
		return
	}
	if at, ok := s.socket.LocalAddr().(*net.UDPAddr); ok {
		w.Header().Set("Alt-Svc", fmt.Sprintf(`h3=":%d"; ma=3600`, at.Port))
	}
}
