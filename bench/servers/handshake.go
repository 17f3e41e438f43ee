package servers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
	xnet "golang.org/x/net/websocket"

	"github.com/hawser-ws/websocket"
	dropin "github.com/hawser-ws/websocket/gorilla"
)

// A Greeter does opening handshakes, and closes each connection afterwards.
type Greeter struct {
	Name string
	How  string
	Kind Kind
	// One of the two is set: directly on a connection, or behind net/http.
	Raw  func(nc net.Conn) error
	HTTP http.HandlerFunc
}

// The handshakes that are not from a library.
const (
	ByHandInGo   = "by hand in Go"
	ByHandInC    = "by hand in C"
	ByHandInHTTP = "by hand in net/http"
)

// HawserUpgrade is ours without net/http.
const HawserUpgrade = "hawser-upgrade"

// Greeters returns those of the libraries, ours first, and those by hand.
func Greeters() []Greeter {
	return []Greeter{
		{Name: "hawser", How: "Accept", Kind: Own, HTTP: greetHawser},
		{Name: "hawser-handler", How: "Handler", Kind: Own, HTTP: greetHandler.ServeHTTP},
		{Name: "hawser-as-gorilla", How: "Upgrader.Upgrade", Kind: Own, HTTP: greetAsGorilla},
		{Name: "gorilla", How: "Upgrader.Upgrade", Kind: Peer, HTTP: greetGorilla},
		{Name: "coder", How: "Accept", Kind: Peer, HTTP: greetCoder},
		{Name: "gws", How: "Upgrader.Upgrade", Kind: Peer, HTTP: greetGws},
		{Name: "gobwas-http", How: "UpgradeHTTP", Kind: Peer, HTTP: greetGobwasHTTP},
		{Name: "xnet", How: "Server", Kind: Peer, HTTP: greetXnet},
		{Name: ByHandInHTTP, How: "Hijack", Kind: Floor, HTTP: greetHijack},
		{Name: HawserUpgrade, How: "Upgrade", Kind: Own, Raw: greetUpgrade},
		{Name: "gobwas", How: "Upgrade", Kind: Peer, Raw: greetGobwas},
		{Name: "gws-conn", How: "http.ReadRequest, UpgradeFromConn", Kind: Peer, Raw: greetGwsConn},
		{Name: ByHandInGo, How: "read, SHA-1, write", Kind: Floor, Raw: greetGo},
	}
}

// GetGreeter returns a Greeter by name.
func GetGreeter(name string) (Greeter, bool) {
	i := slices.IndexFunc(Greeters(), func(g Greeter) bool { return g.Name == name })
	if i < 0 {
		return Greeter{}, false
	}
	return Greeters()[i], true
}

// Serve greets every connection that l accepts, until l is closed.
func (g Greeter) Serve(l net.Listener) error {
	if g.HTTP != nil {
		return serveHTTP(l, g.HTTP)
	}
	return serveConns(l, func(nc net.Conn) { _ = g.Raw(nc) })
}

func greetHawser(w http.ResponseWriter, r *http.Request) {
	if c, err := websocket.Accept(w, r, nil); err == nil {
		_ = c.CloseNow()
	}
}

var greetHandler = websocket.Handler(func(_ context.Context, c *websocket.Conn) error {
	_ = c.CloseNow()
	return nil
}, nil)

var greetUpgrader gorilla.Upgrader

func greetGorilla(w http.ResponseWriter, r *http.Request) {
	if c, err := greetUpgrader.Upgrade(w, r, nil); err == nil {
		_ = c.Close()
	}
}

var greetUpgraderOurs dropin.Upgrader

func greetAsGorilla(w http.ResponseWriter, r *http.Request) {
	if c, err := greetUpgraderOurs.Upgrade(w, r, nil); err == nil {
		_ = c.Close()
	}
}

func greetCoder(w http.ResponseWriter, r *http.Request) {
	if c, err := coder.Accept(w, r, nil); err == nil {
		_ = c.CloseNow()
	}
}

var greetGwsUpgrader = gws.NewUpgrader(gws.BuiltinEventHandler{}, nil)

func greetGws(w http.ResponseWriter, r *http.Request) {
	if c, err := greetGwsUpgrader.Upgrade(w, r); err == nil {
		_ = c.NetConn().Close()
	}
}

// greetGwsConn does what the library's Server does with a connection.
func greetGwsConn(nc net.Conn) error {
	defer nc.Close()
	br := gwsReaders.Get().(*bufio.Reader)
	defer gwsReaders.Put(br)
	br.Reset(nc)
	r, err := http.ReadRequest(br)
	if err == nil {
		_, err = greetGwsUpgrader.UpgradeFromConn(nc, br, r)
	}
	return err
}

var gwsReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

func greetGobwasHTTP(w http.ResponseWriter, r *http.Request) {
	if nc, _, _, err := ws.UpgradeHTTP(r, w); err == nil {
		_ = nc.Close()
	}
}

func greetXnet(w http.ResponseWriter, r *http.Request) {
	xnet.Server{Handler: func(*xnet.Conn) {}}.ServeHTTP(w, r) // it closes the connection
}

func greetUpgrade(nc net.Conn) error {
	c, err := websocket.Upgrade(nc, nil)
	if err == nil {
		_ = c.CloseNow()
	}
	return err
}

func greetGobwas(nc net.Conn) error {
	defer nc.Close()
	_, err := ws.Upgrade(nc)
	return err
}

var errNoKey = errors.New("no Sec-WebSocket-Key")

// answerKey appends the response for a key.
func answerKey(dst, key []byte) []byte {
	var text [64]byte
	sum := sha1.Sum(append(append(text[:0], key...), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	return append(base64.StdEncoding.AppendEncode(dst, sum[:]), "\r\n\r\n"...)
}

// greetHijack is the minimum behind net/http.
func greetHijack(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	nc, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	b := greetBuffers.Get().(*[]byte)
	defer greetBuffers.Put(b)
	_, _ = nc.Write(answerKey((*b)[:0], []byte(key)))
}

var greetBuffers = sync.Pool{New: func() any { b := make([]byte, 4<<10); return &b }}

// greetGo looks only for the key and the end of the request.
func greetGo(nc net.Conn) error {
	defer nc.Close()
	b := greetBuffers.Get().(*[]byte)
	defer greetBuffers.Put(b)
	p := *b
	for n := 0; n < len(p); {
		m, err := nc.Read(p[n:])
		if err != nil {
			return err
		}
		n += m
		if !bytes.HasSuffix(p[:n], []byte("\r\n\r\n")) {
			continue
		}
		_, rest, ok := bytes.Cut(p[:n], []byte("\r\nSec-WebSocket-Key: "))
		if !ok {
			return errNoKey
		}
		key, _, _ := bytes.Cut(rest, []byte("\r\n"))
		_, err = nc.Write(answerKey(p[n:n], key))
		return err
	}
	return errNoKey
}
