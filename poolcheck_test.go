//go:build poolcheck

package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// lent returns how many values the pool of this name has out.
func lent(t *testing.T, pool string) int {
	t.Helper()
	for _, l := range poolcheck.All() {
		if l.Pool == pool {
			return l.Out
		}
	}
	t.Fatalf("there is no pool %q", pool)
	return 0
}

// The check reports what is not given back: a Writer that is never closed keeps its
// buffer, and the body of a loop over messages has one while it runs.
func TestPoolCheckSeesWhatIsOut(t *testing.T) {
	ctx := t.Context()
	server, client := tcpEnds(t)
	writers, messages := lent(t, "Writer buffers"), lent(t, "message buffers")

	w, err := client.Writer(ctx, websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("a message")); err != nil {
		t.Fatal(err)
	}
	if n := lent(t, "Writer buffers") - writers; n != 1 {
		t.Errorf("%d buffers are out while a Writer has one", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := lent(t, "Writer buffers") - writers; n != 0 {
		t.Errorf("%d buffers are out after the Writer was closed", n)
	}
	for _, err := range server.Messages(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if n := lent(t, "message buffers") - messages; n != 1 {
			t.Errorf("%d buffers are out while the body has one", n)
		}
		break
	}
	if n := lent(t, "message buffers") - messages; n != 0 {
		t.Errorf("%d buffers are out after the loop", n)
	}
	if faults := poolcheck.Faults(); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
}

// A body that ends its loop while another read waits leaves its buffer behind. The next
// read gives it back, so that an idle connection does not hold it.
func TestPoolCheckOfOrphan(t *testing.T) {
	ctx := t.Context()
	server, client := tcpEnds(t)
	before, reads := lent(t, "read buffers"), lent(t, "socket fills")
	send := func() {
		b := client.Batch()
		for range 2 {
			if err := b.Write(ctx, websocket.MessageText, []byte("a message")); err != nil {
				t.Error(err)
			}
		}
		if err := b.Flush(ctx); err != nil {
			t.Error(err)
		}
	}
	begin := time.Now()
	read := func() error { _, _, err := server.Read(ctx); return err }
	var waits <-chan error
	n := 0
	send()
	for _, err := range server.Messages(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if n%2 == 1 && time.Since(begin) > 1500*time.Millisecond { // it has been busy for long enough to run inline
			waits = wsplay.Go(func() error { return errors.Join(read(), read()) })
			for lent(t, "socket fills") == reads { // it takes the other message and waits for one more
				time.Sleep(time.Millisecond)
			}
			break
		}
		if n%2 == 0 {
			time.Sleep(time.Millisecond)
			send()
		}
	}
	send()
	if err := errors.Join(<-waits, read()); err != nil {
		t.Fatal(err)
	}
	idle := wsplay.Go(read)
	for i := 0; lent(t, "read buffers") != before; i++ {
		if time.Sleep(time.Millisecond); i == 2000 {
			t.Fatalf("%d buffers are out while the connection is idle", lent(t, "read buffers")-before)
		}
	}
	send()
	if err := <-idle; err != nil {
		t.Error(err)
	}
}

// What is too large to be kept is not lost: it is let go.
func TestPoolCheckLetsGoOfLargeMessages(t *testing.T) {
	ctx := t.Context()
	server, client := tcpEnds(t)
	before := lent(t, "message buffers")
	go func() { _ = client.Write(ctx, websocket.MessageBinary, bytes.Repeat([]byte{1}, 300<<10)) }()
	for m, err := range server.Messages(ctx) {
		if err != nil || len(m.Data) != 300<<10 {
			t.Fatalf("%d bytes, %v", len(m.Data), err)
		}
		break
	}
	if n := lent(t, "message buffers") - before; n != 0 {
		t.Errorf("%d buffers are out after the loop", n)
	}
}

// tcpEnds returns two ends of a connection over TCP.
func tcpEnds(t *testing.T) (server, client *websocket.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan *websocket.Conn, 1)
	go func() {
		defer close(accepted)
		nc, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		c, err := websocket.Upgrade(nc, nil)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, _, err = websocket.Dial(context.Background(), "ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if server = <-accepted; server == nil {
		t.FailNow()
	}
	t.Cleanup(func() {
		_ = client.CloseNow()
		_ = server.CloseNow()
	})
	return server, client
}

// An idle connection over TLS has borrowed nothing, after messages of every size.
func TestPoolCheckOfIdleTLS(t *testing.T) {
	pools := []string{"read buffers", "large read buffers", "small read buffers", "message buffers", "outboxes"}
	synctest.Test(t, func(t *testing.T) {
		before := map[string]int{}
		for _, pool := range pools {
			before[pool] = lent(t, pool)
		}
		a, b := wstest.NetPipe(0)
		near, other := wsplay.TLSPair(t, a, b)
		c := websocket.NewConn(near, websocket.RoleServer, nil)
		defer c.CloseNow()
		p := websocket.NewConn(other, websocket.RoleClient, nil)
		defer p.CloseNow()
		done := wsplay.Echo(t.Context(), c, func(string) {})
		for _, size := range []int{1, 64, 65, 480, 500, 1 << 10, 4 << 10, 20 << 10, 100 << 10} {
			message := bytes.Repeat([]byte("x"), size)
			sent := wsplay.Go(func() error { return p.Write(t.Context(), websocket.MessageText, message) })
			_, got, err := p.Read(t.Context())
			if err := errors.Join(err, <-sent); err != nil || len(got) != size {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			synctest.Wait()
			for _, pool := range pools {
				if n := lent(t, pool) - before[pool]; n != 0 {
					t.Errorf("%d of the %s are out after a message of %d bytes", n, pool, size)
				}
			}
		}
		_ = p.CloseNow()
		<-done
	})
}
