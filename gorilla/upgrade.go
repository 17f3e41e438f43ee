package websocket

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/nethttp"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// Upgrader has the options of opening handshakes on a server. Its methods may be called
// concurrently; the fields may not be changed meanwhile.
type Upgrader struct {
	// HandshakeTimeout bounds the writing of the response. Zero: no limit.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are in bytes. WriteBufferSize is the most payload
	// that a frame of NextWriter carries; a message of several buffers has several frames.
	// ReadBufferSize changes nothing. They do not limit messages. Zero: as much as fits in
	// net/http's write buffer behind a frame header, 4,082 bytes by default.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool holds the write buffers of connections that have nothing to write.
	// Connections that share a pool should have the same WriteBufferSize. Nil: none.
	WriteBufferPool BufferPool

	// Subprotocols are those that the server speaks, in its order of preference. The first
	// that the client offers is selected, and none if it offers none of them. Nil leaves the
	// choice to the Sec-Websocket-Protocol in the response header, which is sent if the
	// client has offered it.
	Subprotocols []string

	// Error answers a request that is refused. Nil: [http.Error] with the text of the status.
	Error func(w http.ResponseWriter, r *http.Request, status int, reason error)

	// CheckOrigin decides whether pages of the request's Origin may connect. If it always
	// returns true, every page that a user of yours visits can speak to the server in his
	// name. Nil: the Origin must be missing or have the host and port of the Host header.
	CheckOrigin func(r *http.Request) bool

	// EnableCompression accepts permessage-deflate (RFC 7692), without context takeover, if
	// the client offers it.
	EnableCompression bool
}

// HandshakeError is why a request was refused.
type HandshakeError struct {
	message string
}

func (e HandshakeError) Error() string { return e.message }

// Upgrade performs the opening handshake and takes the connection over from net/http.
// responseHeader, which may be nil, is added to the response; it is the place for cookies.
// Fields that the handshake writes itself are left out of it.
//
// If the request is refused, it has been answered, and the error is a [HandshakeError].
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header) (*Conn, error) {
	h := serverHandshakes.Get().(*serverHandshake)
	h.u, h.r, h.header = u, r, responseHeader
	c, err := h.upgrade(w)
	h.clear() // not reached when CheckOrigin, Error or a method of w panics
	serverHandshakes.Put(h)
	return c, err
}

// serverHandshake is one opening handshake, with the memory that it needs.
type serverHandshake struct {
	u      *Upgrader
	r      *http.Request
	header http.Header // of the application for the response

	request  handshake.Request
	policy   handshake.Policy
	chosen   [1]string // of policy
	accepted handshake.Acceptance
	extra    []handshake.Field // of header
	response [512]byte         // room for it
}

var serverHandshakes = poolcheck.NewPool("gorilla handshakes", func() any { return new(serverHandshake) })

// clear drops every reference to what belongs to others.
func (h *serverHandshake) clear() {
	h.request.Reset()
	h.u, h.r, h.header = nil, nil, nil
	h.policy, h.chosen, h.accepted = handshake.Policy{}, [1]string{}, handshake.Acceptance{}
	clear(h.extra)
	h.extra = h.extra[:0]
}

func (h *serverHandshake) upgrade(w http.ResponseWriter) (*Conn, error) {
	if refusal := h.judge(); refusal != nil {
		return nil, h.refuse(w, refusal)
	}
	nc, brw, err := nethttp.Hijack(w)
	if err != nil {
		return nil, h.refuse(w, hijackRefusal(err))
	}
	if err := h.u.send(nc, h.accepted.AppendSwitching(h.response[:0], h.extra)); err != nil {
		_ = nc.Close()
		return nil, err
	}
	p := h.u.params(brw)
	nethttp.DropBuffers(w, brw)
	p.subprotocol = h.accepted.Subprotocol
	if h.accepted.Deflated {
		p.deflate = agreedTerms(h.accepted.Deflate.Server, h.accepted.Deflate.Client)
	}
	return newConn(nc, p), nil
}

// params is what the connection needs to know of u, and of the buffers of net/http: how
// much its write buffer holds, and what its read buffer has from behind the request.
func (u *Upgrader) params(brw *bufio.ReadWriter) connParams {
	p := connParams{
		role:            conn.Server,
		writeBufferSize: u.WriteBufferSize,
		writePool:       u.WriteBufferPool,
		early:           nethttp.CopyBuffered(brw.Reader),
	}
	const least = 256 // a smaller buffer is not worth it
	if size := brw.Writer.Size() - frame.MaxHeaderSize; u.WriteBufferSize == 0 && u.WriteBufferPool == nil && size >= least {
		p.writeBufferSize = size
	}
	return p
}

// send writes the response, and removes the deadlines that net/http has left.
func (u *Upgrader) send(nc net.Conn, response []byte) error {
	_ = nc.SetDeadline(time.Time{})
	if u.HandshakeTimeout > 0 {
		_ = nc.SetWriteDeadline(time.Now().Add(u.HandshakeTimeout))
		defer func() { _ = nc.SetWriteDeadline(time.Time{}) }()
	}
	_, err := nc.Write(response)
	return err
}

// Upgrade performs the opening handshake with the default options but for the sizes of
// buffers. It does not check the Origin, and it does not answer a request that it refuses:
// both are left to the caller.
//
// Deprecated: use [Upgrader], which does both.
func Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header, readBufSize, writeBufSize int) (*Conn, error) {
	u := Upgrader{
		ReadBufferSize:  readBufSize,
		WriteBufferSize: writeBufSize,
		Error:           func(http.ResponseWriter, *http.Request, int, error) {},
		CheckOrigin:     func(*http.Request) bool { return true },
	}
	return u.Upgrade(w, r, responseHeader)
}
