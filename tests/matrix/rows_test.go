package matrix_test

import (
	"context"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// scene is a connection on which two methods meet, and what else they need.
type scene struct {
	stop func() // ends what is beneath the connection
	*websocket.Conn
	ctx      context.Context
	hub      hub.Hub // has the connection
	registry websocket.Registry
	// Those that a row needs are made before: both goroutines use the same.
	writer  io.WriteCloser
	reader  io.Reader
	netConn interface {
		io.ReadWriteCloser
		SetDeadline(time.Time) error
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
}

// matrixRow is one method, called a few times. ready is called once, when the other
// goroutine may begin.
type matrixRow struct {
	name string
	call func(s *scene, ready func()) error
}

// times calls a method a few times, until it fails.
func times(call func(s *scene) error) func(*scene, func()) error {
	return func(s *scene, ready func()) error {
		ready()
		for range 3 {
			if err := call(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// looks is for methods that cannot fail.
func looks(call func(s *scene)) func(*scene, func()) error {
	return times(func(s *scene) error { call(s); return nil })
}

var (
	matrixText     = []byte(strings.Repeat("what two goroutines say at once. ", 40)) // is compressed where that was agreed on
	matrixPrepared = websocket.Prepare(websocket.MessageText, matrixText)
)

func writeAndClose(w io.WriteCloser, err error) error {
	if err == nil {
		_, err = w.Write(matrixText)
	}
	if err == nil {
		err = w.Close()
	}
	return err
}

// matrixRows has a row for every method: TestMatrixIsComplete says so.
var matrixRows = []matrixRow{
	{"Conn.Batch", looks(func(s *scene) { _ = s.Batch() })},
	{"Conn.BeginClose", times(func(s *scene) error { return s.BeginClose(s.ctx, 4000, "began") })},
	{"Conn.Close", times(func(s *scene) error { return s.Close(4001, "closed") })},
	{"Conn.CloseContext", times(func(s *scene) error { return s.CloseContext(s.ctx, 4002, "closed") })},
	{"Conn.CloseNow", times(func(s *scene) error { return s.CloseNow() })},
	{"Conn.CloseRead", times(func(s *scene) error { <-s.CloseRead(s.ctx).Done(); return nil })},
	{"Conn.Compression", looks(func(s *scene) { _, _ = s.Compression() })},
	{"Conn.Context", looks(func(s *scene) { _ = context.Cause(s.Conn.Context()) })},
	{"Conn.Latency", looks(func(s *scene) { _ = s.Latency() })},
	{"Conn.Messages", messagesAtHome},
	{"Conn.NetConn", looks(func(s *scene) {
		if nc := s.NetConn(); nc != nil { // a stream of HTTP/2 has none
			_ = nc.RemoteAddr()
		}
	})},
	{"Conn.Ping", times(func(s *scene) error { return s.Ping(s.ctx) })},
	{"Conn.Read", times(func(s *scene) error { _, _, err := s.Read(s.ctx); return err })},
	{"Conn.ReadInto", times(func(s *scene) error { _, _, err := s.ReadInto(s.ctx, nil); return err })},
	{"Conn.Reader", times(func(s *scene) error {
		_, r, err := s.Reader(s.ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		return err
	})},
	{"Conn.Role", looks(func(s *scene) { _ = s.Role() })},
	{"Conn.SetReadLimit", looks(func(s *scene) { s.SetReadLimit(1 << 20) })},
	{"Conn.Subprotocol", looks(func(s *scene) { _ = s.Subprotocol() })},
	{"Conn.TryWritePrepared", times(func(s *scene) error { _, err := s.TryWritePrepared(matrixPrepared); return err })},
	{"Conn.Uncompressed", looks(func(s *scene) { _ = s.Uncompressed() })},
	{"Conn.WhenWritable", looks(func(s *scene) { _ = s.WhenWritable(func() {}) })},
	{"Conn.Write", times(func(s *scene) error { return s.Write(s.ctx, websocket.MessageText, matrixText) })},
	{"Conn.WritePrepared", times(func(s *scene) error { return s.WritePrepared(s.ctx, matrixPrepared) })},
	{"Conn.Writer", times(func(s *scene) error { return writeAndClose(s.Writer(s.ctx, websocket.MessageText)) })},

	{"Batch.Flush", times(func(s *scene) error { return s.Batch().Flush(s.ctx) })},
	{"Batch.Write", times(func(s *scene) error { return s.Batch().Write(s.ctx, websocket.MessageText, matrixText) })},
	{"Batch.WritePrepared", times(func(s *scene) error { return s.Batch().WritePrepared(s.ctx, matrixPrepared) })},
	{"Uncompressed.Write", times(func(s *scene) error { return s.Uncompressed().Write(s.ctx, websocket.MessageText, matrixText) })},
	{"Uncompressed.Writer", times(func(s *scene) error { return writeAndClose(s.Uncompressed().Writer(s.ctx, websocket.MessageText)) })},

	{"Writer.Write", times(func(s *scene) error { _, err := s.writer.Write(matrixText); return err })},
	{"Writer.Flush", times(func(s *scene) error { return s.writer.(interface{ Flush() error }).Flush() })},
	{"Writer.Close", times(func(s *scene) error { return s.writer.Close() })},
	{"Reader.Read", times(func(s *scene) error { _, err := s.reader.Read(make([]byte, 10)); return err })},

	{"Hub.Add", looks(func(s *scene) { s.hub.Add(s.Conn) })},
	{"Hub.All", looks(func(s *scene) {
		for range s.hub.All() {
		}
	})},
	{"Hub.Broadcast", times(func(s *scene) error { return s.hub.Broadcast(matrixPrepared) })},
	{"Hub.BroadcastExcept", times(func(s *scene) error { return s.hub.BroadcastExcept(nil, matrixPrepared) })},
	{"Hub.Dropped", looks(func(s *scene) { _ = s.hub.Dropped() })},
	{"Hub.Len", looks(func(s *scene) { _ = s.hub.Len() })},
	{"Hub.Remove", looks(func(s *scene) { s.hub.Remove(s.Conn) })},
	{"Registry.All", looks(func(s *scene) {
		for range s.registry.All() {
		}
	})},
	{"Registry.Len", looks(func(s *scene) { _ = s.registry.Len() })},
	{"Registry.Shutdown", times(func(s *scene) error { return s.registry.Shutdown(s.ctx) })},
	{"PreparedMessage.TryWriteEach", times(func(s *scene) (err error) {
		matrixPrepared.TryWriteEach([]*websocket.Conn{s.Conn}, func(_ int, refused error) { err = refused })
		return err
	})},
	{"PreparedMessage.Type", looks(func(s *scene) { _ = matrixPrepared.Type() })},

	{"NetConn.Read", times(func(s *scene) error { _, err := s.netConn.Read(make([]byte, 10)); return err })},
	{"NetConn.Write", times(func(s *scene) error { _, err := s.netConn.Write(matrixText); return err })},
	{"NetConn.Close", times(func(s *scene) error { return s.netConn.Close() })},
	{"NetConn.SetDeadline", times(func(s *scene) error { return s.netConn.SetDeadline(time.Now().Add(-time.Second)) })},
	{"NetConn.SetReadDeadline", times(func(s *scene) error { return s.netConn.SetReadDeadline(time.Time{}) })},
	{"NetConn.SetWriteDeadline", times(func(s *scene) error { return s.netConn.SetWriteDeadline(time.Now().Add(time.Hour)) })},
}

// messagesAtHome is a loop that has so much to do that it lives inside its socket when
// the other method comes.
func messagesAtHome(s *scene, ready func()) error {
	const settled, enough = 40, 50
	n := 0
	for m, err := range s.Messages(s.ctx) {
		if err != nil {
			ready()
			return err
		}
		if n++; n == settled {
			ready()
		}
		if n == enough {
			break
		}
		if err := s.Write(s.ctx, m.Type, m.Data); err != nil {
			ready()
			return err
		}
	}
	if n < settled {
		ready()
	}
	return nil
}

// lookingOnly are methods that have nothing to meet: they return a constant.
var lookingOnly = []string{"NetConn.LocalAddr", "NetConn.RemoteAddr"}

// A method that is added later must be given a row.
func TestMatrixIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := wsplay.Pipe(t, websocket.RoleServer, nil, 0)
		w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		p.Send(wsplay.Frame(wsplay.OpText, ""))
		_, r, err := c.Reader(wsplay.Patience(t))
		if err != nil {
			t.Fatal(err)
		}
		rows := make(map[string]bool)
		for _, row := range matrixRows {
			if rows[row.name] {
				t.Errorf("two rows for %s", row.name)
			}
			rows[row.name] = true
		}
		for prefix, value := range map[string]any{
			"Conn": c, "Batch": c.Batch(), "Uncompressed": c.Uncompressed(), "Writer": w, "Reader": r,
			"Hub": new(hub.Hub), "Registry": new(websocket.Registry), "PreparedMessage": wsplay.Prepared,
			"NetConn": websocket.NetConn(wsplay.Patience(t), c, websocket.MessageText),
		} {
			for m := range reflect.TypeOf(value).Methods() {
				name := prefix + "." + m.Name
				if !rows[name] && !slices.Contains(lookingOnly, name) {
					t.Errorf("%s has no row in the matrix", name)
				}
				delete(rows, name)
			}
		}
		for name := range rows {
			t.Errorf("there is no %s", name)
		}
	})
}
