package transport

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// Plain leaves deadlines to their user, and its errors are those of the net.Conn.
func TestPlain(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			near, far := plainPair(t, kind)
			if err := near.SetDeadline(past); err != nil {
				t.Fatal(err)
			}
			s := Plain(near, new(Socket))
			var b Buffer
			defer b.Discard()
			_, readErr := s.Fill(&b)
			_, directErr := s.Read(make([]byte, 1))
			_, writeErr := s.Write([]byte("head"), []byte("tail"))
			_, wantRead := near.Read(make([]byte, 1))
			_, wantWrite := near.Write([]byte("x"))
			for _, e := range []struct{ got, want error }{{readErr, wantRead}, {directErr, wantRead}, {writeErr, wantWrite}} {
				if e.got == nil || e.want == nil || e.got.Error() != e.want.Error() || !errors.Is(e.got, os.ErrDeadlineExceeded) {
					t.Errorf("%v, want %v", e.got, e.want)
				}
			}
			if kind == "tls" { // a write that was interrupted is the last one
				return
			}
			if err := near.SetDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			sent := background(func() error { // a pipe waits for the reader
				_, err := far.Write([]byte("hello"))
				return err
			})
			if wantFill(t, s, "hello"); <-sent != nil {
				t.Error("the peer could not write")
			}
			got := background(func() string {
				p := make([]byte, 8)
				n := 0
				for n < len(p) {
					m, err := far.Read(p[n:])
					if n += m; err != nil {
						return err.Error()
					}
				}
				return string(p)
			})
			if n, err := s.Write([]byte("head"), []byte("tail")); n != 8 || err != nil {
				t.Error(n, err)
			}
			if got := <-got; got != "headtail" {
				t.Errorf("%q", got)
			}
			near.Close()
			_, err := s.Fill(&b)
			_, want := near.Read(make([]byte, 1))
			if err == nil || err.Error() != want.Error() {
				t.Errorf("%v, want %v", err, want)
			}
			if kind == "tcp" && !strings.HasSuffix(err.Error(), ": use of closed network connection") {
				t.Errorf("%v does not end as programs expect", err)
			}
		})
	}
}

// unknown hides of what type a net.Conn is.
type unknown struct{ net.Conn }

func plainPair(t *testing.T, kind string) (near, far net.Conn) {
	t.Helper()
	switch kind {
	case "pipe":
		return net.Pipe()
	case "tls":
		near, far = pair(t, "tcp")
		server, client := overTLS(t, near, far)
		return server, client
	case "wrapped":
		near, far = pair(t, "tcp")
		return unknown{near}, far
	}
	return pair(t, kind)
}
