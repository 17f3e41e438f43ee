package websocket

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

func TestDialSmoke(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, brw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = bufio.NewReader(brw)
		_, _ = conn.Write(handshake.AppendSwitching(nil, handshake.Acceptance{Key: r.Header.Get("Sec-WebSocket-Key")}, nil))
		c := NewConn(conn, RoleServer, nil)
		defer c.CloseNow()
		typ, p, err := c.Read(t.Context())
		if err == nil {
			err = c.Write(t.Context(), typ, p)
		}
		if err != nil {
			t.Error(err)
		}
		_, _, _ = c.Read(t.Context())
	})
	for _, s := range []*httptest.Server{httptest.NewServer(h), httptest.NewTLSServer(h)} {
		for _, cl := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			opts := &DialOptions{}
			if cl {
				opts.HTTPClient = s.Client()
			} else {
				opts.TLSConfig = s.Client().Transport.(*http.Transport).TLSClientConfig
			}
			c, resp, err := Dial(ctx, s.URL, opts)
			cancel()
			if err != nil {
				t.Fatal(err, resp)
			}
			if err := c.Write(t.Context(), MessageText, []byte("hi")); err != nil {
				t.Fatal(err)
			}
			_, p, err := c.Read(t.Context())
			if err != nil || string(p) != "hi" {
				t.Fatal(string(p), err)
			}
			if err := c.Close(StatusNormalClosure, ""); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	}
}
