package play

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/internal/naive"
)

// EchoElsewhere opens another stream on the connection to a server, by the same request, and has a
// message come back. It waits, so it is for [Session.Meanwhile].
func (s *Session) EchoElsewhere(payload string) error {
	x, err := s.openElsewhere()
	if err != nil {
		return err
	}
	defer x.Close()
	for _, f := range []naive.Frame{Text(payload), Whole(OpClose, "\x03\xe8")} {
		if err := sendElsewhere(x, f); err != nil {
			return err
		}
		back, err := receiveElsewhere(x, f.Opcode)
		switch {
		case err != nil:
			return err
		case f.Opcode == OpText && string(back.Payload) != payload:
			return errors.New("another message came back on the second stream")
		}
	}
	return nil
}

// BreakElsewhere opens another stream on the connection to a server, and resets it in the middle of
// a frame.
func (s *Session) BreakElsewhere() error {
	x, err := s.openElsewhere()
	if err != nil {
		return err
	}
	defer x.Close()
	f := Text("half of this")
	f.Masked, f.Key = true, FreshKey()
	_, err = x.Write(naive.Encode(f)[:8])
	x.Reset(http2.ErrCodeCancel)
	return err
}

// openElsewhere opens another stream. Its deadlines are set.
func (s *Session) openElsewhere() (*mux.Stream, error) {
	x := s.HTTP2().Conn().NewStream()
	end := time.Now().Add(s.timeout)
	x.SetReadDeadline(end)
	x.SetWriteDeadline(end)
	x.Head(s.asked, mux.Form{})
	fields, err := x.AwaitHead(s.timeout)
	if err != nil {
		x.Close()
		return nil, fmt.Errorf("the second stream was not opened: %w", err)
	}
	if h := headOf("HTTP/2 ", fields); len(h.Get(":status")) != 3 || h.Get(":status")[0] != '2' {
		x.Close()
		return nil, fmt.Errorf("the second stream was not opened: %q", h.Start)
	}
	return x, nil
}

func sendElsewhere(x *mux.Stream, f naive.Frame) error {
	f.Masked, f.Key = true, FreshKey()
	_, err := x.Write(naive.Encode(f))
	return onSecond(err)
}

// receiveElsewhere waits for a frame.
func receiveElsewhere(x *mux.Stream, opcode byte) (naive.Frame, error) {
	var pending []byte
	buf := make([]byte, 4096)
	for {
		f, size := naive.DecodeHeader(pending)
		for size == 0 || uint64(len(pending)-size) < f.Length {
			n, err := x.Read(buf)
			if err != nil {
				return f, onSecond(err)
			}
			pending = append(pending, buf[:n]...)
			f, size = naive.DecodeHeader(pending)
		}
		f.Payload = pending[size : size+int(f.Length)]
		if f.Opcode == opcode {
			return f, nil
		}
		pending = pending[size+int(f.Length):]
	}
}

func onSecond(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("on the second stream: %s", EndOf(err))
}
