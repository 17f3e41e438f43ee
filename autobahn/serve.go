package autobahn

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// Serve judges the clients that connect to l, until ctx ends. It closes l.
func (f *FuzzingServer) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	f.mu.Lock()
	f.results, f.begun = map[string]map[string]*Result{}, map[string]time.Time{}
	f.playing, f.told = map[string]map[string]int{}, make(chan struct{})
	f.keys, f.open = map[string]bool{}, map[*Result]bool{}
	f.stop = stop
	f.Timeout = cmp.Or(f.Timeout, Timeout)
	f.mu.Unlock()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			stop(err) // do not wait for clients
			return err
		}
		clients.Go(func() {
			if f.HTTP2 {
				f.serveHTTP2(ctx, conn)
			} else {
				f.serve(ctx, conn)
			}
		})
	}
}

// serve serves one connection.
func (f *FuzzingServer) serve(ctx context.Context, conn net.Conn) {
	interrupt := context.AfterFunc(ctx, func() { conn.Close() })
	raw, glued, err := play.ReadHead(conn, time.Now().Add(f.Timeout))
	interrupt()
	if err != nil {
		conn.Close()
		return
	}
	h, err := play.ParseHead(raw)
	if err == nil && browse(conn, h, f.Agents) {
		return
	}
	var c call
	if err == nil {
		c, err = parseStart(h, f.Cases)
	}
	if err == nil && (!h.Has("Upgrade", "websocket") || h.Get("Sec-WebSocket-Key") == "") {
		err = errors.New("this is a WebSocket server")
	}
	if err != nil {
		respond(conn, refusal(err))
		return
	}
	f.play(ctx, c, play.OverTCP(conn), &play.Answer{Head: h, Raw: raw, Glued: glued, Reused: f.used(h.Get("Sec-WebSocket-Key"))})
}
