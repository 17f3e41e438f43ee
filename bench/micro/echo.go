package micro

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
	xnet "golang.org/x/net/websocket"

	"github.com/hawser-ws/websocket"
	asgorilla "github.com/hawser-ws/websocket/gorilla"
)

// An Echo is a library's server connection that reads a message and writes it back.
type Echo struct {
	Name   string
	Checks bool // that text is UTF-8
	Loop   bool // only part of a library, without fragments and control frames
	How    string
	// Open makes the connection. run echoes n messages; end is called once.
	Open func(s *Stub) (run func(n int) error, end func(), err error)
}

// Floor is the name of the echo by hand.
const Floor = "by hand"

// Echoes returns the libraries, ours first, and the echo by hand.
func Echoes() []Echo {
	return []Echo{
		{"hawser", true, false, "ReadInto, Write", openHawser},
		{"gws", true, false, "ReadLoop, WriteMessage, CheckUtf8Enabled", openGws},
		{"gobwas-loop", true, true, "a loop for whole texts: ReadHeader on a bufio.Reader, Cipher, utf8.Valid, one Write", openGobwasLoop},
		{"gobwas-reader", true, false, "wsutil.Reader on a bufio.Reader, wsutil.Writer", openGobwasReader},
		{"gobwas-simple", true, false, "wsutil.ReadClientData, WriteServerMessage", openGobwasSimple},
		{"hawser-as-gorilla", false, false, "NextReader, WriteMessage", openAsGorilla},
		{"gorilla", false, false, "NextReader, WriteMessage", openGorilla},
		{"coder", false, false, "Reader, Write", openCoder},
		{"xnet", false, false, "Message.Receive, Write", openXnet},
		{Floor, true, true, "frame.UnmaskValid, nothing copied", openFloor},
	}
}

func nothing() {}

func openHawser(s *Stub) (func(int) error, func(), error) {
	c := websocket.NewConn(s, websocket.RoleServer, nil)
	ctx := context.Background()
	var buf []byte
	run := func(n int) error {
		for range n {
			typ, p, err := c.ReadInto(ctx, buf[:0])
			if err != nil {
				return err
			}
			buf = p
			if err := c.Write(ctx, typ, p); err != nil {
				return err
			}
		}
		return nil
	}
	return run, func() { _ = c.CloseNow() }, nil
}

func openFloor(s *Stub) (func(int) error, func(), error) {
	f := &floor{rw: s, buf: make([]byte, max(4<<10, s.Largest()))}
	return f.run, nothing, nil
}

func openGorilla(s *Stub) (func(int) error, func(), error) {
	var upgrader gorilla.Upgrader
	w, r := handshake(s)
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	return echoGorilla(c)
}

func openAsGorilla(s *Stub) (func(int) error, func(), error) {
	var upgrader asgorilla.Upgrader
	w, r := handshake(s)
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	return echoGorilla(c)
}

// gorillaConn is what an echo needs of gorilla's Conn, or of ours with its API.
type gorillaConn interface {
	NextReader() (typ int, r io.Reader, err error)
	WriteMessage(typ int, data []byte) error
	Close() error
}

func echoGorilla(c gorillaConn) (func(int) error, func(), error) {
	var b bytes.Buffer
	run := func(n int) error {
		for range n {
			typ, r, err := c.NextReader()
			if err != nil {
				return err
			}
			b.Reset()
			if _, err := b.ReadFrom(r); err != nil {
				return err
			}
			if err := c.WriteMessage(typ, b.Bytes()); err != nil {
				return err
			}
		}
		return nil
	}
	return run, func() { _ = c.Close() }, nil
}

func openCoder(s *Stub) (func(int) error, func(), error) {
	w, r := handshake(s)
	c, err := coder.Accept(w, r, nil)
	if err != nil {
		return nil, nil, err
	}
	c.SetReadLimit(1 << 20)
	ctx := context.Background()
	var b bytes.Buffer
	run := func(n int) error {
		for range n {
			typ, r, err := c.Reader(ctx)
			if err != nil {
				return err
			}
			b.Reset()
			if _, err := b.ReadFrom(r); err != nil {
				return err
			}
			if err := c.Write(ctx, typ, b.Bytes()); err != nil {
				return err
			}
		}
		return nil
	}
	return run, func() { _ = c.CloseNow() }, nil
}

// openGobwasLoop uses the library's lower level, as its documentation does for speed. It
// handles only messages of one frame, so it is a floor rather than a library.
func openGobwasLoop(s *Stub) (func(int) error, func(), error) {
	br := bufio.NewReaderSize(s, 4<<10)
	var out bytes.Buffer
	one := func() error {
		h, err := ws.ReadHeader(br)
		if err == nil {
			err = ws.CheckHeader(h, ws.StateServerSide)
		}
		if err != nil {
			return err
		}
		if !h.Fin || h.OpCode != ws.OpText {
			return errNotText
		}
		out.Reset()
		if err := ws.WriteHeader(&out, ws.Header{Fin: true, OpCode: h.OpCode, Length: h.Length}); err != nil {
			return err
		}
		out.Grow(int(h.Length))
		p := out.AvailableBuffer()[:h.Length]
		if _, err := io.ReadFull(br, p); err != nil {
			return err
		}
		ws.Cipher(p, h.Mask, 0)
		if !utf8.Valid(p) {
			return errNotText
		}
		out.Write(p)
		_, err = s.Write(out.Bytes())
		return err
	}
	run := func(n int) error {
		for range n {
			if err := one(); err != nil {
				return err
			}
		}
		return nil
	}
	return run, nothing, nil
}

var errNotText = errors.New("not a whole text")

func openGobwasSimple(s *Stub) (func(int) error, func(), error) {
	run := func(n int) error {
		for range n {
			p, op, err := wsutil.ReadClientData(s)
			if err != nil {
				return err
			}
			if err := wsutil.WriteServerMessage(s, op, p); err != nil {
				return err
			}
		}
		return nil
	}
	return run, nothing, nil
}

// openGobwasReader reuses everything that this library allows to reuse.
func openGobwasReader(s *Stub) (func(int) error, func(), error) {
	size := max(4<<10, s.Largest())
	r := wsutil.NewServerSideReader(bufio.NewReaderSize(s, 4<<10))
	r.CheckUTF8 = true
	w := wsutil.NewWriterSize(s, ws.StateServerSide, ws.OpText, size)
	w.DisableFlush()
	buf := make([]byte, size)
	run := func(n int) error {
		for range n {
			header, err := r.NextFrame()
			if err != nil {
				return err
			}
			p := buf[:header.Length]
			if _, err := io.ReadFull(r, p); err != nil && err != io.EOF {
				return err
			}
			w.ResetOp(header.OpCode)
			if _, err := w.Write(p); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
		}
		return nil
	}
	return run, nothing, nil
}

// laps runs rounds in a goroutine in which a library calls us.
type laps struct {
	ask  chan int
	done chan error
	left int
	over bool
}

func newLaps() *laps { return &laps{ask: make(chan int), done: make(chan error)} }

// run echoes n messages.
func (l *laps) run(n int) error {
	l.ask <- n
	return <-l.done
}

// more reports whether there is a message to echo. If not, it waits for the next round. It is
// called before each message.
func (l *laps) more() bool {
	for l.left == 0 {
		n, ok := <-l.ask
		if !ok {
			l.over = true
			return false
		}
		l.left = n
	}
	return true
}

// did counts a message, or ends the round with an error.
func (l *laps) did(err error) {
	if l.left--; l.left == 0 || err != nil {
		l.left = 0
		l.done <- err
	}
}

type gwsEcho struct {
	gws.BuiltinEventHandler
	*laps
}

func (e gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if e.over {
		return // read ahead
	}
	e.did(c.WriteMessage(m.Opcode, m.Bytes()))
	if !e.more() {
		_ = c.NetConn().Close()
	}
}

func (e gwsEcho) OnOpen(*gws.Conn) { e.more() }

func openGws(s *Stub) (func(int) error, func(), error) {
	e := gwsEcho{laps: newLaps()}
	upgrader := gws.NewUpgrader(e, &gws.ServerOption{CheckUtf8Enabled: true})
	w, r := handshake(s)
	c, err := upgrader.Upgrade(w, r)
	if err != nil {
		return nil, nil, err
	}
	go c.ReadLoop()
	return e.run, func() { close(e.ask) }, nil
}

func openXnet(s *Stub) (func(int) error, func(), error) {
	l := newLaps()
	begun, ended := make(chan struct{}), make(chan struct{})
	server := xnet.Server{Handler: func(c *xnet.Conn) {
		close(begun)
		var p []byte
		for l.more() {
			err := xnet.Message.Receive(c, &p)
			if err == nil {
				_, err = c.Write(p)
			}
			l.did(err)
		}
	}}
	w, r := handshake(s)
	go func() {
		defer close(ended)
		server.ServeHTTP(w, r)
	}()
	select {
	case <-begun:
	case <-ended:
		return nil, nil, errors.New("the handshake failed")
	}
	return l.run, func() { close(l.ask); <-ended }, nil
}
