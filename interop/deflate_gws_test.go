package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/lxzan/gws"
)

// deflatingGWS is gws, which is in this process.
var deflatingGWS = echoer{
	name: "gws",
	dial: func(t *testing.T, ctx context.Context, url string, asks handshake.Deflate) func() told {
		e := newGWSEcho(url)
		c, extensions, err := gwsDial(e, url, asks)
		if err != nil {
			return func() told { return told{Error: err.Error()} }
		}
		e.saw.Extensions = extensions
		go c.ReadLoop()
		return func() told { return e.report(ctx) }
	},
	serve: func(t *testing.T, ctx context.Context, asks handshake.Deflate) (string, func() told) {
		var e *gwsEcho
		url, next := arrival(t, ctx, "/", func(w http.ResponseWriter, r *http.Request) (*gws.Conn, error) {
			e = newGWSEcho(r.URL.Path)
			c, err := gws.NewUpgrader(e, gwsServer(asks)).Upgrade(w, r)
			if err == nil {
				go c.ReadLoop()
			}
			return c, err
		})
		return url[:len(url)-1], func() told {
			next()
			return e.report(ctx)
		}
	},
}

// gwsTerms: what is not asked for must be written out, since gws has other defaults.
func gwsTerms(asks handshake.Deflate) gws.PermessageDeflate {
	asks = plainTerms(asks)
	return gws.PermessageDeflate{
		Enabled:               true,
		ServerContextTakeover: !asks.Server.NoContextTakeover,
		ClientContextTakeover: !asks.Client.NoContextTakeover,
		ServerMaxWindowBits:   asks.Server.MaxWindowBits,
		ClientMaxWindowBits:   asks.Client.MaxWindowBits,
		Threshold:             1,
	}
}

func gwsServer(asks handshake.Deflate) *gws.ServerOption {
	return &gws.ServerOption{
		PermessageDeflate: gwsTerms(asks), CheckUtf8Enabled: true, ReadMaxPayloadSize: readLimit, WriteMaxPayloadSize: bombSize,
	}
}

func gwsDial(handler gws.Event, url string, asks handshake.Deflate) (*gws.Conn, string, error) {
	c, resp, err := gws.NewClient(handler, &gws.ClientOption{
		Addr: url, PermessageDeflate: gwsTerms(asks), CheckUtf8Enabled: true, ReadMaxPayloadSize: readLimit, WriteMaxPayloadSize: bombSize,
	})
	if err != nil {
		return nil, "", err
	}
	return c, resp.Header.Get("Sec-WebSocket-Extensions"), nil
}

// gwsEcho echoes; on the path /bomb it sends one.
type gwsEcho struct {
	gws.BuiltinEventHandler
	bomb bool
	saw  told
	done chan struct{}
}

func newGWSEcho(url string) *gwsEcho {
	return &gwsEcho{bomb: bytes.HasSuffix([]byte(url), []byte("/bomb")), done: make(chan struct{})}
}

func (e *gwsEcho) OnOpen(c *gws.Conn) {
	if e.bomb {
		if err := c.WriteMessage(gws.OpcodeBinary, make([]byte, bombSize)); err != nil {
			e.saw.Error = err.Error()
		}
	}
}

// OnMessage sends every third message as a stream, which gws cuts into frames at
// 128 KiB.
func (e *gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	var err error
	if e.saw.Messages++; e.saw.Messages%3 == 0 {
		err = c.WriteFile(m.Opcode, bytes.NewReader(m.Bytes()))
	} else {
		err = c.WriteMessage(m.Opcode, m.Bytes())
	}
	if err != nil {
		e.saw.Error = err.Error()
	}
}

func (e *gwsEcho) OnClose(_ *gws.Conn, err error) {
	if ce, ok := errors.AsType[*gws.CloseError](err); ok {
		e.saw.verdict = verdict{Code: int(ce.Code), Reason: string(ce.Reason)}
	} else if e.saw.Error == "" {
		e.saw.Error = err.Error()
	}
	close(e.done)
}

func (e *gwsEcho) report(ctx context.Context) told {
	select {
	case <-e.done:
		return e.saw
	case <-ctx.Done():
		return told{Error: "gws has not seen the end: " + ctx.Err().Error()}
	}
}

// gwsTalker is gws in the place of our end.
type gwsTalker struct {
	gws.BuiltinEventHandler
	c        *gws.Conn
	client   bool
	arrivals chan message
	ended    chan struct{}
	end      sync.Once
	why      error
}

func newGWSTalker() *gwsTalker {
	return &gwsTalker{arrivals: make(chan message, inFlight), ended: make(chan struct{})}
}

func (g *gwsTalker) run(c *gws.Conn) {
	g.c = c
	go c.ReadLoop()
}

func (g *gwsTalker) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	g.arrivals <- message{websocket.MessageType(m.Opcode), bytes.Clone(m.Bytes())}
}

func (g *gwsTalker) OnClose(_ *gws.Conn, err error) {
	g.end.Do(func() {
		g.why = err
		close(g.ended)
	})
}

func (g *gwsTalker) write(_ context.Context, i int, m message) error {
	if i%3 == 2 {
		return g.c.WriteFile(gws.Opcode(m.kind), bytes.NewReader(m.data))
	}
	return g.c.WriteMessage(gws.Opcode(m.kind), m.data)
}

func (g *gwsTalker) flush(context.Context) error { return nil }

func (g *gwsTalker) read(ctx context.Context, _ int) (message, error) {
	select {
	case m := <-g.arrivals:
		return m, nil
	case <-g.ended:
		return message{}, fmt.Errorf("ended instead of a message: %w", g.why)
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// close writes the Close frame past gws, which would put it into its window while its
// ReadLoop, at the answer, gives that away: a data race.
func (g *gwsTalker) close() error {
	frame := []byte{0x88, 2, 1000 >> 8, 1000 & 0xFF}
	if g.client {
		frame = []byte{0x88, 0x80 | 2, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xFF} // masked with zeros
	}
	_, err := g.c.NetConn().Write(frame)
	return err
}

func (g *gwsTalker) drop() { _ = g.c.NetConn().Close() }
