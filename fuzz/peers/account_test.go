package peers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/wstest"
)

// limit is how large a message may be, everywhere.
const limit = 1 << 10

type message struct {
	typ  int
	data string
}

// account is what an implementation has made of a stream.
type account struct {
	messages []message
	pings    []string
	end      string // how it ended: "end of stream", "refused" or "closed: …"
	sent     int    // the code of its Close frame; 0: none
}

func (a account) String() string {
	return fmt.Sprintf("%d messages %.200q, pings %.100q, %s, sent code %d", len(a.messages), fmt.Sprint(a.messages), a.pings, a.end, a.sent)
}

// equal compares them. Whoever has sent nothing has no code to compare.
func (a account) equal(b account) bool {
	return slices.Equal(a.messages, b.messages) && slices.Equal(a.pings, b.pings) && a.end == b.end &&
		(a.sent == b.sent || a.sent == notSaid || b.sent == notSaid)
}

// notSaid is the code of those who send no Close frame themselves.
const notSaid = -1

const (
	endOfStream = "end of stream"
	refused     = "refused"
)

func closed(code int, reason string) string { return fmt.Sprintf("closed: %d %q", code, reason) }

// ours is what this library makes of a stream.
func ours(t *testing.T, role websocket.Role, data []byte) (a account) {
	t.Helper()
	stream, peer := wstest.NetPipe(len(data)*2 + 64<<10)
	c := websocket.NewConn(stream, role, &websocket.ConnOptions{
		Limits: websocket.Limits{Message: limit},
		OnPingReceived: func(_ context.Context, p []byte) bool {
			a.pings = append(a.pings, string(p))
			return true
		},
	})
	var wire bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&wire, peer) })
	_, _ = peer.Write(data)
	_ = peer.(interface{ CloseWrite() error }).CloseWrite()

	var err error
	for {
		var typ websocket.MessageType
		var p []byte
		if typ, p, err = c.Read(context.Background()); err != nil {
			break
		}
		a.messages = append(a.messages, message{int(typ), string(p)})
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	reading.Wait()
	_ = peer.Close()

	end, _ := errors.AsType[*websocket.ClosedError](err)
	switch {
	case end == nil:
		t.Fatalf("Read: %v", err)
	case end.Received != nil:
		a.end = closed(int(end.Received.Code), end.Received.Reason)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		a.end = endOfStream
	default:
		a.end = refused
	}
	var pongs []string
	pongs, _, a.sent = said(t, wire.Bytes())
	if !answers(pongs, a.pings, a.sent == 0) {
		t.Errorf("ours: pongs %q for pings %q", pongs, a.pings)
	}
	return a
}

// answers reports whether pongs are some of pings, in order, and the last of them unless
// the stream was cut (RFC 6455 §5.5.3).
func answers(pongs, pings []string, cut bool) bool {
	if !cut && len(pings) > 0 && (len(pongs) == 0 || pongs[len(pongs)-1] != pings[len(pings)-1]) {
		return false
	}
	for _, p := range pongs {
		i := slices.Index(pings, p)
		if i < 0 {
			return false
		}
		pings = pings[i+1:]
	}
	return true
}

// said reads what an end has sent: pongs and then maybe a Close frame.
func said(t *testing.T, wire []byte) (pongs []string, reason string, code int) {
	t.Helper()
	for len(wire) > 0 {
		f, n := naive.Decode(wire)
		if n == 0 || code != 0 || f.Opcode < 8 {
			t.Fatalf("sent %x: frame %+v after code %d", wire, f, code)
		}
		switch f.Opcode {
		case 10:
			pongs = append(pongs, string(f.Payload))
		case 8:
			code, reason, _ = naive.Close(f.Payload)
		}
		wire = wire[n:]
	}
	return pongs, reason, code
}
