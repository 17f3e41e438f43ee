package session

import (
	"io"
	"testing"

	"github.com/hawser-ws/websocket/internal/h2"
)

// A server that has answered completely stops the request: without an error for either end, and
// what it has sent arrives.
func TestAbortRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		served := make(chan error, 1)
		p := join(t, Config{}, Config{}, func(x *Stream) {
			x.AbortRequest() // too early: the response is not over
			_, err := x.Write([]byte("the answer"), nil)
			if err == nil && !x.CloseWrite() {
				err = h2.ErrStreamOver
			}
			x.AbortRequest()
			x.AbortRequest() // twice is once
			if err == nil {
				_, err = x.Read(make([]byte, 1))
			}
			served <- err
			_ = x.Close()
			x.AbortRequest()
		})
		x := p.open()
		got, err := io.ReadAll(reader{x})
		if string(got) != "the answer" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		wantIs(t, "Read of the server", <-served, io.EOF)
		_ = x.Close()
		p.end()
		if p.clientErr != nil || p.serverErr != nil {
			t.Errorf("%v, %v", p.clientErr, p.serverErr)
		}
	})
}
