package fuzz_test

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/hawser-ws/websocket"
)

// application is what uses the connection, in one of the manners.
type application struct {
	setup
	conn  *websocket.Conn
	sizes []byte // of the reads on a Reader, and the turns of byTurns

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc

	messages []message
	begun    bool   // a Reader was given up: another has the rest
	partial  []byte // of a message, by Readers
	buf      []byte
	err      error // the last
	misuse   []error
}

// callbacks are what the connection calls.
type callbacks struct{ pings, pongs []string }

func (c *callbacks) ping(_ context.Context, p []byte) bool {
	c.pings = append(c.pings, string(p))
	return true
}

func (c *callbacks) pong(_ context.Context, p []byte) { c.pongs = append(c.pongs, string(p)) }

// patience is the context of the next call.
func (a *application) patience() context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ctx
}

// giveUp ends the call under way, if there is one.
func (a *application) giveUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel != nil {
		a.cancel()
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
}

// run reads until there is nothing more.
func (a *application) run() {
	a.giveUp()
	defer a.giveUp()
	if a.manner == byCloseRead {
		<-a.conn.CloseRead(context.Background()).Done()
		_, _, a.err = a.conn.Read(context.Background())
		return
	}
	for turn := 0; ; turn++ {
		err := a.read(turn)
		if err != nil && !errors.Is(err, context.Canceled) {
			a.err = err
			return
		}
	}
}

// read takes one message, or what it can get. byMessages it goes on to the end.
func (a *application) read(turn int) error {
	m := a.manner
	if m == byTurns {
		m = manner((turn + a.size(turn)) % int(byTurns))
	}
	if a.begun {
		m = byReader // the only way to the rest of the message
	}
	switch m {
	case byReadInto:
		typ, p, err := a.conn.ReadInto(a.patience(), a.buf[:0])
		a.buf = p
		return a.took(typ, p, err)
	case byReader:
		return a.readPieces()
	case byMessages, byEcho:
		for msg, err := range a.conn.Messages(a.patience()) {
			if err := a.took(msg.Type, msg.Data, err); err != nil {
				return err
			}
			if m == byEcho {
				a.must(a.conn.Write(context.Background(), msg.Type, msg.Data))
			}
			if a.manner == byTurns {
				return nil
			}
		}
		_, _, err := a.conn.Read(a.patience()) // a silent end is one that Read tells
		return err
	default:
		typ, p, err := a.conn.Read(a.patience())
		if m == byBatch && err == nil {
			a.must(a.conn.Batch().Write(context.Background(), typ, p))
		}
		return a.took(typ, p, err)
	}
}

// readPieces takes a message through a Reader, bytes of odd numbers at a time.
func (a *application) readPieces() error {
	typ, r, err := a.conn.Reader(a.patience())
	if err != nil {
		return err
	}
	a.begun = true
	for i := 0; ; i++ {
		p := make([]byte, 1+a.size(i)%41)
		n, err := r.Read(p)
		a.partial = append(a.partial, p[:n]...)
		if err == io.EOF {
			err = a.took(typ, a.partial, nil)
			a.begun, a.partial = false, nil
			return err
		}
		if err != nil {
			return err
		}
	}
}

func (a *application) size(i int) int {
	if len(a.sizes) == 0 {
		return 2
	}
	return int(a.sizes[i%len(a.sizes)])
}

func (a *application) took(typ websocket.MessageType, p []byte, err error) error {
	if err == nil {
		a.messages = append(a.messages, message{int(typ), string(p)})
	}
	return err
}

// must notes what fails and may not.
func (a *application) must(err error) {
	if err != nil {
		a.misuse = append(a.misuse, err)
	}
}
