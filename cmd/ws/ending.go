package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/hawser-ws/websocket"
)

// outcome describes how a connection ended, in the words of ws dial.
type outcome struct {
	*websocket.ClosedError
	timeout time.Duration // the close timeout (-t)
	carrier carrier
}

// carrier is what frames go over: what ends if there is no Close frame.
type carrier uint8

const (
	byTCP   carrier = iota // or TLS
	byHTTP2                // a stream
	byHTTP3                // a stream, by UDP
)

// carrierOf is the carrier of the connection that began with a response.
func carrierOf(resp *http.Response) carrier {
	switch resp.ProtoMajor {
	case 2:
		return byHTTP2
	case 3:
		return byHTTP3
	}
	return byTCP
}

// good reports whether the connection ended well. Either we closed it and the server answered,
// or the server closed it with a code that does not report an error.
func (e outcome) good() bool {
	if e.Clean() && e.Began == websocket.SideLocal {
		return true // whatever -close-code says
	}
	if e.Received == nil {
		return false
	}
	switch e.Received.Code {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return true
	}
	return false
}

// Error says who closed, with code and reason, or what happened instead.
func (e outcome) Error() string {
	switch {
	case e.Received != nil:
		return e.closed()
	case e.Cause == nil:
		return "closed by us without a closing handshake"
	case errors.Is(e.Cause, websocket.ErrCloseTimeout) && e.Sent == nil:
		return fmt.Sprintf("our Close frame could not be sent within %v (-t): the server does not read", e.timeout)
	case errors.Is(e.Cause, websocket.ErrCloseTimeout):
		return fmt.Sprintf("closed by us: %s, but the server did not answer within %v (-t)", codeAndReason(e.Sent), e.timeout)
	}
	why := e.lost()
	switch {
	case e.Sent == nil:
	case e.Began == websocket.SideLocal:
		return "closed by us: " + codeAndReason(e.Sent) + ", but " + why
	default: // we closed because of a fault of the server
		return fmt.Sprintf("%s; closed by us: %d", why, e.Sent.Code)
	}
	return why
}

// closed is the text for a connection on which the server sent a Close frame.
func (e outcome) closed() string {
	if e.Began == websocket.SideLocal {
		text := "closed by us"
		if e.Sent != nil {
			text += ": " + codeAndReason(e.Sent)
		}
		if e.Sent == nil || e.Sent.Code != e.Received.Code {
			text += "; the server answered: " + codeAndReason(e.Received)
		}
		return text
	}
	text := "closed by the server: " + codeAndReason(e.Received)
	if e.Cause != nil && e.Sent == nil {
		text += "; our answer could not be sent"
	}
	return text
}

// lost says how the connection ended without a Close frame from the server.
func (e outcome) lost() string {
	if broke, ok := errors.AsType[*websocket.ProtocolError](e.Cause); ok {
		return "the server broke the protocol: " + broke.Violation.Error()
	}
	if over, ok := errors.AsType[*websocket.LimitError](e.Cause); ok {
		return tooMuch(over)
	}
	switch {
	case e.carrier != byTCP:
		return streamEnd(e.Cause)
	case errors.Is(e.Cause, io.EOF):
		return "the server ended TCP without a Close frame"
	case errors.Is(e.Cause, io.ErrUnexpectedEOF):
		return "the server ended TCP in the middle of a message, without a Close frame"
	case errors.Is(e.Cause, syscall.ECONNRESET), errors.Is(e.Cause, syscall.EPIPE):
		return "the server reset TCP without a Close frame"
	}
	return "connection lost: " + plain(e.Cause)
}

// streamEnd says how a stream ended without a Close frame: by itself, or with the connection that
// it was part of.
func streamEnd(cause error) string {
	switch cause {
	case io.EOF:
		return "the server ended the stream without a Close frame"
	case io.ErrUnexpectedEOF:
		return "the server ended the stream in the middle of a message, without a Close frame"
	}
	text := strings.ReplaceAll(plain(cause), "the peer", "the server")
	if strings.HasSuffix(text, ": EOF") {
		text = strings.TrimSuffix(text, "EOF") + "the server ended TCP"
	}
	return text + ", without a Close frame"
}

func tooMuch(over *websocket.LimitError) string {
	if over.What == "fragments" {
		return fmt.Sprintf("the server sent a message in more than %d fragments", over.Limit)
	}
	return fmt.Sprintf("the server sent a %s of %d bytes or more; -max-message allows %d (-1 for no limit)", over.What, over.Size, over.Limit)
}

// codeAndReason formats a Close frame, as in `1001 "restart"`.
func codeAndReason(f *websocket.CloseError) string {
	text := fmt.Sprint(int(f.Code))
	if f.Code == websocket.StatusNoStatusRcvd {
		text = "no code"
	}
	if f.Reason != "" {
		text += ` "` + visible(f.Reason, false) + `"`
	}
	return text
}
