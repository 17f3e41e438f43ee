// The testee of github.com/gobwas/ws: frames through wsutil, compression through
// wsflate, which knows no context takeover and no smaller windows.

package main

import (
	"compress/flate"
	"errors"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

func serveGobwas(w http.ResponseWriter, r *http.Request) {
	ext := wsflate.Extension{Parameters: wsflate.Parameters{
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: true,
	}}
	upgrader := ws.HTTPUpgrader{Negotiate: ext.Negotiate}
	conn, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		log.Print(err)
		return
	}
	defer conn.Close()
	state := ws.StateServerSide
	if _, ok := ext.Accepted(); ok {
		state = state.Set(ws.StateExtended)
	}
	closeFrame, err := echoGobwas(conn, buffered.Reader, state)
	if _, closed := errors.AsType[wsutil.ClosedError](err); !closed {
		log.Print(err)
	}
	if !closeFrame {
		failGobwas(conn, err)
	}
	linger(conn, true)
}

// echoGobwas also returns whether a Close frame was received. The control handler answers it,
// with 1002 if it is invalid.
func echoGobwas(conn net.Conn, src io.Reader, state ws.State) (closeFrame bool, err error) {
	// Control frames are never compressed.
	answer := wsutil.ControlFrameHandler(conn, ws.StateServerSide)
	control := func(h ws.Header, r io.Reader) error {
		closeFrame = closeFrame || h.OpCode == ws.OpClose
		return answer(h, r)
	}
	var msg wsflate.MessageState
	rd := wsutil.Reader{Source: src, State: state, OnIntermediate: control}
	wr := wsutil.NewWriterSize(conn, state, 0, 64<<10)
	if state.Extended() {
		rd.Extensions = []wsutil.RecvExtension{&msg}
		wr.SetExtensions(&msg)
	}
	inflate := wsflate.NewReader(nil, func(r io.Reader) wsflate.Decompressor {
		return flate.NewReader(r)
	})
	deflate := wsflate.NewWriter(nil, func(w io.Writer) wsflate.Compressor {
		fw, _ := flate.NewWriter(w, flate.BestSpeed) // the level is valid
		return fw
	})
	for {
		h, err := rd.NextFrame()
		if err != nil {
			return closeFrame, err
		}
		if h.OpCode.IsControl() {
			if err := control(h, &rd); err != nil {
				return closeFrame, err
			}
			continue
		}
		wr.ResetOp(h.OpCode)
		var in, out = io.Reader(&rd), io.Writer(wr)
		if msg.IsCompressed() {
			inflate.Reset(in)
			deflate.Reset(out)
			in, out = inflate, deflate
		}
		// Not rd.CheckUTF8, which would check compressed data.
		var text *wsutil.UTF8Reader
		if h.OpCode == ws.OpText {
			text = wsutil.NewUTF8Reader(in)
			in = text
		}
		if _, err := io.Copy(out, in); err != nil {
			return closeFrame, err
		}
		if text != nil && !text.Valid() {
			return closeFrame, wsutil.ErrInvalidUTF8
		}
		if msg.IsCompressed() {
			if err := deflate.Close(); err != nil {
				return closeFrame, err
			}
		}
		if err := wr.Flush(); err != nil {
			return closeFrame, err
		}
	}
}

// failGobwas sends the Close frame for a read error that was the peer's fault.
func failGobwas(conn net.Conn, err error) {
	code := ws.StatusProtocolError
	if errors.Is(err, wsutil.ErrInvalidUTF8) {
		code = ws.StatusInvalidFramePayloadData
	} else if _, ok := errors.AsType[ws.ProtocolError](err); !ok {
		return
	}
	_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
}
