package websocket

import (
	"errors"
	"io"
	"time"
)

// What follows becomes real one by one.

var errSkeleton = errors.New("websocket: not built yet")

type PreparedMessage struct{ _ int }

func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	return nil, errSkeleton
}
func FormatCloseMessage(closeCode int, text string) []byte         { return nil }
func JoinMessages(c *Conn, term string) io.Reader                  { return nil }
func ReadJSON(c *Conn, v any) error                                { return c.ReadJSON(v) }
func WriteJSON(c *Conn, v any) error                               { return c.WriteJSON(v) }
func (c *Conn) ReadJSON(v any) error                               { return errSkeleton }
func (c *Conn) WriteJSON(v any) error                              { return errSkeleton }
func (c *Conn) NextReader() (int, io.Reader, error)                { return -1, nil, errSkeleton }
func (c *Conn) ReadMessage() (int, []byte, error)                  { return -1, nil, errSkeleton }
func (c *Conn) NextWriter(messageType int) (io.WriteCloser, error) { return nil, errSkeleton }
func (c *Conn) WriteMessage(messageType int, data []byte) error    { return errSkeleton }
func (c *Conn) WriteControl(messageType int, data []byte, deadline time.Time) error {
	return errSkeleton
}
func (c *Conn) WritePreparedMessage(pm *PreparedMessage) error      { return errSkeleton }
func (c *Conn) SetReadDeadline(t time.Time) error                   { return c.nc.SetReadDeadline(t) }
func (c *Conn) SetWriteDeadline(t time.Time) error                  { return nil }
func (c *Conn) SetReadLimit(limit int64)                            {}
func (c *Conn) CloseHandler() func(code int, text string) error     { return nil }
func (c *Conn) SetCloseHandler(h func(code int, text string) error) {}
func (c *Conn) PingHandler() func(appData string) error             { return nil }
func (c *Conn) SetPingHandler(h func(appData string) error)         {}
func (c *Conn) PongHandler() func(appData string) error             { return nil }
func (c *Conn) SetPongHandler(h func(appData string) error)         {}
func (c *Conn) EnableWriteCompression(enable bool)                  {}
func (c *Conn) SetCompressionLevel(level int) error                 { return nil }
