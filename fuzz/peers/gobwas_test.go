package peers_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/hawser-ws/websocket"
)

// FuzzGobwas: what we accept, gobwas accepts, and the other way round, but for the list.
func FuzzGobwas(f *testing.F) { fuzz(f, gobwasList, gobwas) }

func TestGobwasList(t *testing.T) { testList(t, gobwasList, gobwas) }

var errClosed = errors.New("closed")

// gobwas is what wsutil.Reader makes of a stream with all its checks on. It sends
// nothing.
func gobwas(t *testing.T, role websocket.Role, data []byte) (a account) {
	t.Helper()
	a.sent = notSaid
	state := ws.StateServerSide
	if role == websocket.RoleClient {
		state = ws.StateClientSide
	}
	control := func(h ws.Header, body io.Reader) error {
		p, err := io.ReadAll(body)
		switch {
		case err != nil:
			return err
		case int64(len(p)) < h.Length:
			return io.ErrUnexpectedEOF
		case h.OpCode == ws.OpPing:
			a.pings = append(a.pings, string(p))
		case h.OpCode == ws.OpClose && len(p) == 0:
			a.end = closed(1005, "")
		case h.OpCode == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(p)
			if err := ws.CheckCloseFrameData(code, reason); err != nil {
				return err
			}
			a.end = closed(int(code), reason)
		}
		if a.end != "" {
			return errClosed
		}
		return nil
	}
	r := wsutil.Reader{Source: bytes.NewReader(data), State: state, CheckUTF8: true, MaxMessageSize: limit, OnIntermediate: control}
	for {
		h, err := r.NextFrame()
		var p []byte
		switch {
		case err != nil:
		case h.OpCode.IsControl():
			err = control(h, &r)
		default:
			if p, err = io.ReadAll(&r); err == nil {
				a.messages = append(a.messages, message{int(h.OpCode), string(p)})
			}
		}
		if err == nil {
			continue
		}
		if a.end == "" {
			a.end = refused
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				a.end = endOfStream
			}
		}
		return a
	}
}
