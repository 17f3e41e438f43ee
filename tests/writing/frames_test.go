package writing_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Two million frames from four concurrent writers, with pings, pongs and fragments
// in between, arrive whole and in each writer's order.
func TestTwoMillionFrames(t *testing.T) {
	total := 2_000_000
	if testing.Short() {
		total = 100_000
	}
	const writers = 4
	var left atomic.Int64 // frames still to be sent
	left.Store(int64(total))
	a, b := wsplay.TCP(t)
	server, client := websocket.NewConn(a, websocket.RoleServer, nil), websocket.NewConn(b, websocket.RoleClient, nil)
	t.Cleanup(func() { server.CloseNow(); client.CloseNow() })
	ctx := context.Background()

	// The payload's filling is the number's low byte again and again.
	var fillings [256]string
	for i := range fillings {
		fillings[i] = strings.Repeat(string([]byte{byte(i)}), 64)
	}
	serverPings, clientPings := make(chan struct{}, 1), make(chan struct{}, 1)
	tick := func(pings chan struct{}) {
		select {
		case pings <- struct{}{}:
		default:
		}
	}
	var got [writers]uint32
	done := wsplay.Go(func() error {
		for m, err := range server.Messages(ctx) {
			if err != nil {
				return err
			}
			// A message is its writer, its number, and a filling.
			writer, n := m.Data[0], binary.BigEndian.Uint32(m.Data[1:])
			if n != got[writer] || len(m.Data) != 5+int(n%64) {
				return errors.New("a message is lost or out of order")
			}
			if string(m.Data[5:]) != fillings[byte(n)][:n%64] {
				return errors.New("a message is damaged")
			}
			if got[writer]++; n%500 == 0 {
				tick(serverPings)
			}
		}
		return nil
	})
	reading := wsplay.Go(func() error { // the client's side of pings
		_, _, err := client.Read(ctx)
		return err
	})
	var pinging sync.WaitGroup
	for c, ticks := range map[*websocket.Conn]chan struct{}{server: serverPings, client: clientPings} {
		pinging.Go(func() {
			for range ticks {
				if err := c.Ping(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	var sent [writers]uint32
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			message := make([]byte, 5+64)
			message[0] = byte(writer)
			for left.Add(-1) >= 0 {
				n := sent[writer]
				sent[writer]++
				binary.BigEndian.PutUint32(message[1:], n)
				p := append(message[:5], fillings[byte(n)][:n%64]...)
				if n%500 == 0 {
					tick(clientPings)
				}
				if err := send(ctx, client, n, p); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(clientPings)
	if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(serverPings)
	pinging.Wait()
	<-reading
	if got != sent {
		t.Errorf("sent %v, got %v", sent, got)
	}
}

// send sends every 1000th message in fragments, of the others every 8th by itself
// and the rest in batches.
func send(ctx context.Context, c *websocket.Conn, n uint32, p []byte) error {
	switch {
	case n%8 != 0:
		return c.Batch().Write(ctx, websocket.MessageBinary, p)
	case n%1000 != 0:
		return c.Write(ctx, websocket.MessageBinary, p)
	}
	w, err := c.Writer(ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	_, first := w.Write(p[:3])
	flushed := w.(interface{ Flush() error }).Flush()
	_, second := w.Write(p[3:])
	return errors.Join(first, flushed, second, w.Close())
}
