package connect_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// streamer is the writer of a server whose streams can be taken over.
type streamer struct {
	*httptest.ResponseRecorder
	nc  net.Conn
	err error
}

func (s *streamer) Hijack() (net.Conn, *bufio.ReadWriter, error) { return s.nc, nil, s.err }

func (s *streamer) SetReadDeadline(time.Time) error  { return nil }
func (s *streamer) SetWriteDeadline(time.Time) error { return nil }

func connectRequest() *http.Request {
	r := httptest.NewRequest(http.MethodConnect, "/chat", nil)
	r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength = "websocket", 3, 0, -1
	r.RequestURI, r.Host = "/chat", "example.com"
	r.Header.Set("Sec-WebSocket-Version", "13")
	return r
}

// A stream that can be taken over outlives the handler, behind middleware as well.
func TestTakeover(t *testing.T) {
	a, b := net.Pipe()
	w := &streamer{httptest.NewRecorder(), a, nil}
	h := websocket.Handler(echo, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Own": {"1"}}})
	h.ServeHTTP(&unwrapper{wrapper{ResponseWriter: w}}, connectRequest())
	if w.Code != http.StatusOK || w.Header().Get("X-Own") != "1" || w.Header().Get("Sec-WebSocket-Accept") != "" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	c := websocket.NewConn(b, websocket.RoleClient, nil)
	ctx := context.Background()
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); string(p) != "ahoy" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// A stream whose response cannot be sent is an error; so is one that comes after Shutdown.
func TestTakeoverFails(t *testing.T) {
	_, err := websocket.Accept(&streamer{httptest.NewRecorder(), nil, io.ErrClosedPipe}, connectRequest(), nil)
	if refused, ok := errors.AsType[*websocket.AcceptError](err); !ok || refused.Status != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
