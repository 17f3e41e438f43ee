package websocket

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// loop is a stream on which the same bytes arrive again and again.
type loop struct {
	net.Conn
	arrives []byte
	at      int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.arrives[l.at:])
	l.at = (l.at + n) % len(l.arrives)
	return n, nil
}
func (l *loop) Write(p []byte) (int, error)      { return len(p), nil }
func (l *loop) SetWriteDeadline(time.Time) error { return nil }

// masked is a message of one frame, as a client sends it.
func masked(n int) []byte {
	return frame.AppendWhole(nil, frame.Binary, make([]byte, n), true, 0x12345678)
}

func newLoop(n int) *Conn {
	return newConn(&loop{arrives: masked(n)}, connParams{role: conn.Server})
}

func BenchmarkEcho(b *testing.B) {
	b.Run("NextReader, WriteMessage", func(b *testing.B) {
		c := newLoop(125)
		var buf bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			typ, r, err := c.NextReader()
			if err != nil {
				b.Fatal(err)
			}
			buf.Reset()
			if _, err := buf.ReadFrom(r); err != nil {
				b.Fatal(err)
			}
			if err := c.WriteMessage(typ, buf.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ReadMessage, WriteMessage", func(b *testing.B) {
		c := newLoop(125)
		b.ReportAllocs()
		for b.Loop() {
			typ, p, err := c.ReadMessage()
			if err != nil {
				b.Fatal(err)
			}
			if err := c.WriteMessage(typ, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("NextReader, NextWriter", func(b *testing.B) {
		c := newLoop(125)
		b.ReportAllocs()
		for b.Loop() {
			typ, r, err := c.NextReader()
			if err != nil {
				b.Fatal(err)
			}
			w, err := c.NextWriter(typ)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(w, r); err != nil {
				b.Fatal(err)
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	p := make([]byte, 125)
	pm, err := NewPreparedMessage(BinaryMessage, p)
	if err != nil {
		b.Fatal(err)
	}
	for name, write := range map[string]func(c *Conn) error{
		"WriteMessage": func(c *Conn) error { return c.WriteMessage(BinaryMessage, p) },
		"WriteControl": func(c *Conn) error { return c.WriteControl(PingMessage, p, time.Time{}) },
		"Prepared":     func(c *Conn) error { return c.WritePreparedMessage(pm) },
		"WriteJSON":    func(c *Conn) error { return c.WriteJSON(1) },
		"NextWriter": func(c *Conn) error {
			w, err := c.NextWriter(BinaryMessage)
			if err != nil {
				return err
			}
			if _, err := w.Write(p); err != nil {
				return err
			}
			return w.Close()
		},
	} {
		b.Run(name, func(b *testing.B) {
			c := newLoop(125)
			b.ReportAllocs()
			for b.Loop() {
				if err := write(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
