package peers_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// FuzzGorilla: a stream means to gorilla's server and client what it means to ours: the
// messages, the pings and their pongs, how it ends and with which code, but for the list.
func FuzzGorilla(f *testing.F) { fuzz(f, gorillaList, theirs) }

func TestGorillaList(t *testing.T) { testList(t, gorillaList, theirs) }

// theirs is what gorilla makes of a stream.
func theirs(t *testing.T, role websocket.Role, data []byte) (a account) {
	t.Helper()
	stream, peer := wstest.NetPipe(len(data)*2 + 64<<10)
	var wire []byte
	var far sync.WaitGroup
	var c *gorilla.Conn
	var err error
	if role == websocket.RoleServer {
		far.Go(func() {
			answer := bufio.NewReader(peer)
			if _, err := http.ReadResponse(answer, nil); err != nil {
				t.Error(err)
			}
			wire = converse(peer, answer, data)
		})
		c, err = (&gorilla.Upgrader{}).Upgrade(&hijack{stream: stream}, request(), nil)
	} else {
		far.Go(func() {
			asked := bufio.NewReader(peer)
			r, err := http.ReadRequest(asked)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
				accept(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
			wire = converse(peer, asked, data)
		})
		d := gorilla.Dialer{NetDial: func(string, string) (net.Conn, error) { return stream, nil }}
		c, _, err = d.Dial((&url.URL{Scheme: "ws", Host: "test", Path: "/"}).String(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(limit)
	for err == nil {
		var typ int
		var p []byte
		if typ, p, err = c.ReadMessage(); err == nil {
			a.messages = append(a.messages, message{typ, string(p)})
		}
	}
	_ = c.Close()
	far.Wait()
	_ = peer.Close()

	a.pings, _, a.sent = said(t, wire)
	end, ok := errors.AsType[*gorilla.CloseError](err)
	switch {
	case ok && end.Code != gorilla.CloseAbnormalClosure:
		a.end = closed(end.Code, end.Text)
	case ok, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		a.end = endOfStream
	default:
		a.end = refused
	}
	return a
}

// converse is the far end, once the handshake is done: it sends bytes, and returns what
// has come.
func converse(peer net.Conn, from io.Reader, data []byte) []byte {
	_, _ = peer.Write(data)
	_ = peer.(interface{ CloseWrite() error }).CloseWrite()
	var wire bytes.Buffer
	_, _ = io.Copy(&wire, from)
	return wire.Bytes()
}

// request is an opening handshake (RFC 6455 §1.2).
func request() *http.Request {
	return &http.Request{
		Method: http.MethodGet, Host: "test", URL: &url.URL{Path: "/"}, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		},
	}
}

// accept is Sec-WebSocket-Accept (RFC 6455 §4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// hijack is a response that gives the stream away, as that of net/http.
type hijack struct {
	http.ResponseWriter
	stream net.Conn
}

func (h *hijack) Header() http.Header { return http.Header{} }

func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.stream, bufio.NewReadWriter(bufio.NewReader(h.stream), bufio.NewWriter(h.stream)), nil
}
