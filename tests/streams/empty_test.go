package streams_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A haltingConn returns from so many reads with nothing before each that brings
// something.
type haltingConn struct {
	net.Conn
	empty, left int
}

func (h *haltingConn) Read(p []byte) (int, error) {
	if h.left--; h.left >= 0 {
		return 0, nil
	}
	h.left = h.empty
	return h.Conn.Read(p)
}

// io.Reader, of a read that brought nothing and no error: "Callers should treat a
// return of 0 and nil as indicating that nothing happened".
func TestEmptyReads(t *testing.T) {
	for name, stream := range map[string]func(h *haltingConn) io.ReadWriteCloser{
		"with deadlines":    func(h *haltingConn) io.ReadWriteCloser { return h },
		"without deadlines": func(h *haltingConn) io.ReadWriteCloser { return struct{ io.ReadWriteCloser }{h} },
	} {
		t.Run(name, func(t *testing.T) {
			wsplay.ForRoles(t, "a few/", func(t *testing.T, role websocket.Role) {
				ours, theirs := net.Pipe()
				c := websocket.NewConn(stream(&haltingConn{Conn: ours, empty: 30, left: 30}), role, nil)
				defer c.CloseNow()
				p := wsplay.NewPeer(t, role, theirs)
				for range 3 {
					read := wsplay.Go(func() error {
						_, m, err := c.Read(wsplay.Patience(t))
						if string(m) != "a" {
							t.Errorf("%q, %v", m, err)
						}
						return err
					})
					_, _ = theirs.Write(nil) // which is an empty read of the other end
					p.Send(wsplay.Frame(wsplay.OpText, "a"))
					if err := <-read; err != nil {
						t.Fatal(err)
					}
				}
				_ = p.Close()
			})
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				c := websocket.NewConn(stream(&haltingConn{Conn: ours, empty: 1 << 30, left: 1 << 30}), websocket.RoleServer, nil)
				_, _, err := c.Read(context.Background())
				wsplay.WantCause(t, "Read of a stream that never brings anything", err, io.ErrNoProgress)
			})
		})
	}
}
