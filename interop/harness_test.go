package interop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

const (
	// bound ends every test that hangs; the whole module needs less.
	bound = 30 * time.Second

	// readLimit leaves room for the largest message here, 200,000 bytes.
	readLimit = 1 << 20
)

// bounded returns a context that ends with the test, or at the bound.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	return ctx
}

// message is one message as an application sees it.
type message struct {
	kind websocket.MessageType
	data []byte
}

func text(s string) message         { return message{websocket.MessageText, []byte(s)} }
func binary(b []byte) message       { return message{websocket.MessageBinary, b} }
func (m message) is(o message) bool { return m.kind == o.kind && string(m.data) == string(o.data) }

func (m message) String() string {
	if len(m.data) > 40 {
		return fmt.Sprintf("%v of %d bytes (%s…)", m.kind, len(m.data), m.digest().SHA256[:8])
	}
	return fmt.Sprintf("%v %q", m.kind, m.data)
}

// digest is a message as the peer scripts report it.
type digest struct {
	Kind   string `json:"kind"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func (m message) digest() digest {
	kind := "text"
	if m.kind == websocket.MessageBinary {
		kind = "binary"
	}
	sum := sha256.Sum256(m.data)
	return digest{kind, len(m.data), hex.EncodeToString(sum[:])}
}

// pattern returns n bytes that repeat neither at 256 nor at 65,536 bytes.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31 + i>>8)
	}
	return b
}

func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return string(b)
}

// conversation is what every client script sends to /echo.
var conversation = []message{
	text("héllo wörld € 😀"),
	binary(pattern(256)),
	text(letters(200_000)),
	binary(pattern(200_000)),
}

// fragmented is what the scripts that can fragment send after it.
var fragmented = text("fragment€ed")

// thirds cuts data into three parts, wherever that falls inside a character.
func thirds(data []byte) [][]byte {
	cut := (len(data) + 2) / 3
	return slices.Collect(slices.Chunk(data, max(cut, 1)))
}

// party is one end of a connection: ours, or that of another Go library.
type party interface {
	// send writes one message, each part in a frame of its own.
	send(kind websocket.MessageType, parts ...[]byte) error
	// ping returns when the pong is here.
	ping() error
	// close begins the closing handshake; nil means that the answer came.
	close(code int, reason string) error
	// drop ends the connection without one.
	drop()
	// arrivals is what this end receives.
	arrivals() *inbox
}

// inbox holds what one end has received; a goroutine of its own fills it.
type inbox struct {
	messages chan message
	pongs    chan string
	ended    chan struct{}
	err      error // why it ended; valid once ended is closed
}

func newInbox() *inbox {
	return &inbox{make(chan message, 1024), make(chan string, 16), make(chan struct{}), nil}
}

func (in *inbox) end(err error) {
	in.err = err
	close(in.messages)
	close(in.ended)
}

func (in *inbox) arrivals() *inbox { return in }

// next returns the next message.
func (in *inbox) next(ctx context.Context) (message, error) {
	select {
	case m, ok := <-in.messages:
		if !ok {
			return message{}, fmt.Errorf("ended instead of a message: %w", in.err)
		}
		return m, nil
	case <-ctx.Done():
		return message{}, fmt.Errorf("waiting for a message: %w", ctx.Err())
	}
}

// ending returns why the connection ended.
func (in *inbox) ending(ctx context.Context) error {
	for {
		select {
		case <-in.messages: // left over
			select {
			case <-in.ended:
				return in.err
			default:
			}
		case <-in.ended:
			return in.err
		case <-ctx.Done():
			return fmt.Errorf("waiting for the end of the connection: %w", ctx.Err())
		}
	}
}

// pong waits for a pong with this payload.
func (in *inbox) pong(payload string) error {
	select {
	case <-time.After(bound):
		return errors.New("no pong")
	case got := <-in.pongs:
		if got != payload {
			return fmt.Errorf("pong %q, want %q", got, payload)
		}
		return nil
	case <-in.ended:
		return fmt.Errorf("ended instead of a pong: %w", in.err)
	}
}

// answered waits for the answer to a Close frame that this end has sent.
func (in *inbox) answered(code int) error {
	select {
	case <-in.ended:
	case <-time.After(bound):
		return errors.New("no answer to our Close frame")
	}
	if v := verdictOf(in.err); v.Code != code {
		return fmt.Errorf("closing with %d, this end saw %v (%w)", code, v, in.err)
	}
	return nil
}

// closed is the error of a peer that has received a Close frame.
type closed struct {
	code   int
	reason string
}

func (c closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// verdict is how a connection ended, as one end saw it.
type verdict struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Clean  *bool  `json:"clean"` // only browsers say
}

func (v verdict) String() string { return fmt.Sprintf("%d %q", v.Code, v.Reason) }

// verdictOf returns the received close code and reason in err; the code is -1
// when there is none.
func verdictOf(err error) verdict {
	var theirs closed
	if errors.As(err, &theirs) {
		return verdict{Code: theirs.code, Reason: theirs.reason}
	}
	var ours websocket.CloseError
	if errors.As(err, &ours) {
		return verdict{Code: int(ours.Code), Reason: ours.Reason}
	}
	return verdict{Code: -1}
}

// ours is our end of a connection.
type ours struct {
	*inbox
	ctx context.Context
	c   *websocket.Conn
}

func newOurs(ctx context.Context, c *websocket.Conn) *ours {
	c.SetReadLimit(readLimit)
	o := &ours{newInbox(), ctx, c}
	go func() {
		for {
			kind, data, err := c.Read(ctx)
			if err != nil {
				o.end(err)
				return
			}
			o.messages <- message{kind, data}
		}
	}()
	return o
}

func dialOurs(ctx context.Context, url string) (party, error) {
	return dialWith(nil)(ctx, url)
}

func dialWith(opts *websocket.DialOptions) dialFunc {
	return func(ctx context.Context, url string) (party, error) {
		c, _, err := websocket.Dial(ctx, url, opts)
		if err != nil {
			return nil, err
		}
		return newOurs(ctx, c), nil
	}
}

func acceptOurs(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newOurs(ctx, c), nil
}

func (o *ours) send(kind websocket.MessageType, parts ...[]byte) error {
	if len(parts) == 1 {
		return o.c.Write(o.ctx, kind, parts[0])
	}
	w, err := o.c.Writer(o.ctx, kind)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

func (o *ours) ping() error { return o.c.Ping(o.ctx) }
func (o *ours) drop()       { o.c.CloseNow() }

func (o *ours) close(code int, reason string) error {
	if err := o.c.Close(websocket.StatusCode(code), reason); err != nil {
		return fmt.Errorf("our Close: %w", err)
	}
	return o.answered(code)
}

// ending is how one connection to a server ended.
type ending struct {
	received []message // at most the first 16
	err      error     // of reading
	closeErr error     // of close, where the server begins the closing handshake
}

// server serves, with one party, the paths of the conversation: /echo,
// /fragments, /ping, /close?code=…&reason=… and /terminate. The last two do
// what they say after the first message.
type server struct {
	*httptest.Server
	mux *http.ServeMux

	mu      sync.Mutex
	endings map[string]chan ending
}

type acceptFunc func(context.Context, http.ResponseWriter, *http.Request) (party, error)

func serve(t *testing.T, ctx context.Context, accept acceptFunc) *server {
	t.Helper()
	s := &server{mux: http.NewServeMux(), endings: map[string]chan ending{}}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var e ending
		p, err := accept(ctx, w, r)
		if err != nil {
			e.err = fmt.Errorf("no handshake: %w", err)
		} else {
			e = answer(ctx, p, r.URL)
			p.drop()
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if as := r.URL.Query().Get("as"); as != "" {
			name = as
		}
		select {
		case s.endingsOf(name) <- e:
		default: // nobody asks for this one
		}
	})
	s.Server = httptest.NewServer(s.mux)
	t.Cleanup(s.Close)
	return s
}

// ws returns the address of the server as clients dial it.
func (s *server) ws() string { return "ws" + strings.TrimPrefix(s.URL, "http") }

func (s *server) endingsOf(name string) chan ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endings[name] == nil {
		s.endings[name] = make(chan ending, 8)
	}
	return s.endings[name]
}

// ending waits for the next ended connection of that name: its path, or the
// query parameter "as".
func (s *server) ending(t *testing.T, ctx context.Context, name string) ending {
	t.Helper()
	select {
	case e := <-s.endingsOf(name):
		return e
	case <-ctx.Done():
		t.Fatalf("our server has not seen the end of %s: %v", name, ctx.Err())
		return ending{}
	}
}

// answer is one connection of the server.
func answer(ctx context.Context, p party, u *url.URL) (e ending) {
	in := p.arrivals()
	defer func() {
		if err := in.ending(ctx); e.err == nil {
			e.err = err
		}
	}()
	for {
		m, err := in.next(ctx)
		if err != nil {
			return e
		}
		if len(e.received) < 16 {
			e.received = append(e.received, m)
		}
		switch u.Path {
		case "/echo":
			err = p.send(m.kind, m.data)
		case "/fragments":
			err = p.send(m.kind, thirds(m.data)...)
		case "/ping":
			if err = p.ping(); err == nil {
				err = p.send(websocket.MessageText, []byte("ponged"))
			}
		case "/close":
			code, _ := strconv.Atoi(u.Query().Get("code"))
			e.closeErr = p.close(code, u.Query().Get("reason"))
			return e
		case "/terminate":
			p.drop()
			return e
		}
		if err != nil {
			e.err = fmt.Errorf("answering %v: %w", m, err)
			return e
		}
	}
}

// want fails the test unless the connection ended with this code and reason.
func want(t *testing.T, who string, got verdict, code int, reason string) {
	t.Helper()
	if got.Code != code || got.Reason != reason {
		t.Errorf("%s saw %v, want %d %q", who, got, code, reason)
	}
}
