package fuzz_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// party is one end, and the application that uses it.
type party struct {
	*websocket.Conn

	script  []byte
	said    []message // in order; the last may have failed
	failed  error     // of the first write that did
	pinged  []error   // what Ping returned
	drops   bool      // it has called Close, which drops what comes
	heard   []message
	err     error // of the last Read
	writing sync.WaitGroup
	reading sync.WaitGroup
}

// What an application does, two bytes each: what, and how much.
const (
	sayText = iota
	sayBinary
	sayInPieces
	sayInBatch
	flushBatch
	ping
	pause
	beginClose
	closeConn
	doings = iota
)

// perform follows the script.
func (p *party) perform() {
	ctx := context.Background()
	for i := 0; len(p.script) > i+1 && p.failed == nil; i += 2 {
		what, much := p.script[i], int(p.script[i+1])
		// 16 and more are tens to thousands, and 240 is beyond every small buffer.
		size := much
		if much >= 16 {
			size = 10 * (much - 15)
		}
		if much >= 240 {
			size *= 8
		}
		text := bytes.Repeat(fmt.Appendf(nil, "%d of %v ä ", i, p.Role()), size/8+1)[:size]
		switch what % doings {
		case sayText:
			text = bytes.ToValidUTF8(text, []byte("?"))
			p.say(message{1, string(text)}, p.Write(ctx, websocket.MessageText, text))
		case sayBinary:
			p.say(message{2, string(text)}, p.Write(ctx, websocket.MessageBinary, text))
		case sayInPieces:
			p.say(message{2, string(text)}, p.sayInPieces(ctx, text))
		case sayInBatch:
			p.say(message{2, string(text)}, p.Batch().Write(ctx, websocket.MessageBinary, text))
		case flushBatch:
			_ = p.Batch().Flush(ctx)
		case ping:
			brief, cancel := context.WithTimeout(ctx, time.Second)
			p.pinged = append(p.pinged, p.Ping(brief))
			cancel()
		case pause:
			time.Sleep(time.Duration(much) * time.Millisecond)
		case beginClose:
			_ = p.BeginClose(ctx, websocket.StatusCode(4000+much), "so")
			return
		case closeConn:
			p.drops = true
			_ = p.Close(websocket.StatusGoingAway, "away")
			return
		}
	}
}

func (p *party) say(m message, err error) {
	p.said = append(p.said, m)
	p.failed = err
}

func (p *party) sayInPieces(ctx context.Context, text []byte) error {
	w, err := p.Writer(ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	for n := len(text)/3 + 1; len(text) > 0; {
		n = min(n, len(text))
		_, _ = w.Write(text[:n])
		_ = w.(interface{ Flush() error }).Flush()
		text = text[n:]
	}
	return w.Close()
}

// listen reads until there is nothing more.
func (p *party) listen() {
	for {
		typ, data, err := p.Read(context.Background())
		if err != nil {
			p.err = err
			return
		}
		p.heard = append(p.heard, message{int(typ), string(data)})
	}
}

// success is what it knows to be sent.
func (p *party) success() []message {
	if n := len(p.said); n > 0 && p.failed != nil {
		return p.said[:n-1]
	}
	return p.said
}

// wantEnded wants every call to fail with what the last Read has failed with.
func (p *party) wantEnded(t *testing.T) *websocket.ClosedError {
	t.Helper()
	ctx := context.Background()
	closed, ok := errors.AsType[*websocket.ClosedError](p.err)
	if !ok || !errors.Is(p.err, net.ErrClosed) {
		t.Fatalf("%v: Read ended with %T %v", p.Role(), p.err, p.err)
	}
	_, _, read := p.Read(ctx)
	final, _ := errors.AsType[*websocket.ClosedError](read)
	for what, err := range map[string]error{
		"Read": read, "Ping": p.Ping(ctx), "Close": p.Close(websocket.StatusNormalClosure, ""), "CloseNow": p.CloseNow(),
		"Write": p.Write(ctx, websocket.MessageText, nil), "BeginClose": p.BeginClose(ctx, websocket.StatusNormalClosure, ""),
	} {
		again, ok := errors.AsType[*websocket.ClosedError](err)
		// A frame that was still to come when the read failed is known by now.
		if !ok || again.Error() != final.Error() || closed.Cause != nil && again.Cause != closed.Cause || again.Began != closed.Began {
			t.Errorf("%v: Read ended with %v, and now %s returns %v", p.Role(), p.err, what, err)
		}
	}
	return final
}
