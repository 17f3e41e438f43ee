package transport

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// Where a write that was cut has reset the stream, the read that fails because of that says so;
// an end of the stream is that of the stream.
func TestResponseStreamReadAfterCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, to, from := responded(t)
		read := make(chan error, 1)
		go func() {
			_, err := s.Read(make([]byte, 1))
			read <- err
		}()
		wrote := make(chan error, 1)
		go func() {
			_, err := s.Write(make([]byte, 1), nil)
			wrote <- err
		}()
		synctest.Wait()
		s.InterruptWrite(true)
		op, isOp := errors.AsType[*net.OpError](<-read)
		if !isOp || op.Net != "stream" {
			t.Errorf("Read: %v", op)
		}
		if err := <-wrote; !errors.Is(err, ErrWriteCut) {
			t.Errorf("Write: %v", err)
		}
		_, err := s.Read(make([]byte, 1))
		if !errors.Is(err, ErrWriteCut) {
			t.Errorf("Read after it: %v", err)
		}
		_, _ = to.Close(), from.Close()
	})
	s, _, to, from := responded(t)
	_, _ = to.Close(), from.Close()
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read at the end: %v", err)
	}
}
